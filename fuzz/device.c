/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: any sequence of accesses to the devices' registers, of all sizes and at all offsets, mixed
 * with actions of the host: input, keys, a slow line, resets, held interrupt lines. The console is a fake
 * of this file. An input is a sequence of steps of STEP_SIZE bytes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/loop.h"
#include "core/map.h"
#include "dev/bus.h"
#include "host/console/console.h"

enum { STEP_SIZE = 12, SPI_COUNT = 8, REGISTERS_SIZE = 0x1000 };

/* Replaces vmm/host/console: it only keeps what the UART and the fuzzer tell it. */
struct console {
    struct console_receiver receiver;
    bool connected;
    bool slow;
    bool accepted; /* the receiver has said that it has room */
};

static struct console console;
static bool line_level[SPI_COUNT];
static uint8_t fresh_uart[256]; /* the state of a new device */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

void console_connect(struct console *to, const struct console_receiver *receiver)
{
    to->connected = receiver != NULL;
    if (receiver != NULL) {
        to->receiver = *receiver;
    }
}

bool console_put(struct console *to, uint8_t byte)
{
    (void)byte;
    return !to->slow;
}

void console_accept(struct console *to)
{
    to->accepted = true;
}

bool console_pending(const struct console *to)
{
    return to->accepted;
}

/* The bus must report only changes. */
static void drive_irq(void *arg, uint32_t spi, bool level)
{
    (void)arg;
    check(spi < SPI_COUNT && line_level[spi] != level);
    line_level[spi] = level;
}

static void note_wake(void *arg, unsigned source)
{
    (void)arg;
    check(source != 0);
}

/* A read returns no more bits than it asked for. */
static void check_read(const struct bus *bus, struct ipa address, unsigned access_size)
{
    uint64_t value = bus_read(bus, address, access_size);

    check(access_size == 8 || value >> (access_size * 8) == 0);
}

static void send_input(const uint8_t *bytes, size_t count)
{
    size_t room = console.receiver.room(console.receiver.arg);

    if (room != 0) {
        console.receiver.receive(console.receiver.arg, bytes, count < room ? count : room);
    }
}

static void change_line(bool slow)
{
    bool was_slow = console.slow;

    console.slow = slow;
    if (was_slow && !slow) {
        console.receiver.writable(console.receiver.arg);
    }
}

static void keep_fresh(const struct bus *bus)
{
    const struct bus_device *uart = &bus->devices[MAP_PLACE_UART];
    const struct device_class *cls = uart->instance.cls;

    check(cls->state_size <= sizeof(fresh_uart));
    memcpy(fresh_uart, device_state(cls, uart->device), cls->state_size);
}

/* After a reset nothing remains of the guest's changes to the UART. */
static void check_uart(const struct bus *bus)
{
    const struct bus_device *uart = &bus->devices[MAP_PLACE_UART];
    const struct device_class *cls = uart->instance.cls;

    check(memcmp(device_state(cls, uart->device), fresh_uart, cls->state_size) == 0);
}

static void reset_bus(struct bus *bus)
{
    bus_release(bus);
    bus_reset(bus);
    for (unsigned i = 0; i < SPI_COUNT; i++) {
        check(!line_level[i]);
    }
    check_uart(bus);
}

/* An address in a device, across one of its ends, or outside of all devices. */
static struct ipa step_address(const uint8_t *step)
{
    static const uint64_t bases[] = {
        MAP_UART_BASE,      MAP_RTC_BASE,  MAP_UART_BASE - 16, MAP_RTC_BASE + REGISTERS_SIZE - 16,
        MAP_GPIO_BASE - 16, MAP_GPIO_BASE,
    };
    enum { BASE_COUNT = sizeof(bases) / sizeof(bases[0]) };
    uint64_t offset = step[2] | (uint64_t)(step[3] & 0xf) << 8;

    return ipa(bases[step[1] % BASE_COUNT] + offset);
}

static void take_step(struct bus *bus, const uint8_t *step)
{
    unsigned access_size = 1u << (step[0] >> 6);
    uint64_t value;

    memcpy(&value, step + 4, sizeof(value));
    switch (step[0] % 8) {
    case 0:
        reset_bus(bus);
        return;
    case 1:
        send_input(step + 4, 8);
        return;
    case 2:
        change_line((step[1] & 1) != 0);
        bus_press(bus, step[2] % DEVICE_KEY_COUNT);
        return;
    case 3:
        bus_hold(bus, step[1]);
        return;
    case 4:
        bus_release(bus);
        (void)bus_wakes_pending(bus);
        return;
    case 5:
        check_read(bus, step_address(step), access_size);
        return;
    default:
        bus_write(bus, step_address(step), access_size, value);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct loop *loop = loop_create();
    struct instances devices = {0};
    const struct bus_env env = {.instances = &devices,
                                .loop = loop,
                                .console = &console,
                                .drive_irq = drive_irq,
                                .wake = note_wake};
    struct bus bus;

    console = (struct console){0};
    memset(line_level, 0, sizeof(line_level));
    instances_add_fixed(&devices);
    check(loop != NULL && bus_create(&bus, &env) == 0 && console.connected);
    keep_fresh(&bus);
    for (size_t at = 0; at + STEP_SIZE <= size; at += STEP_SIZE) {
        take_step(&bus, bytes + at);
    }
    bus_destroy(&bus);
    check(!console.connected);
    loop_destroy(loop);
    return 0;
}
