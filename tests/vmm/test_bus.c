/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices on one bus: several of one class, each at an address of its own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "boot/fdt.h"
#include "core/loop.h"
#include "core/map.h"
#include "dev/bus.h"
#include "dev/mirror.h"
#include "power/wake.h"

enum { SPI_COUNT = 64, TREE_SIZE = 16384 };

/* Registers of the PL031. */
enum { MR = 0x04, LR = 0x08, IMSC = 0x10, RIS = 0x14 };

#define SECOND_RTC UINT64_C(0x09020000)
enum { SECOND_RTC_SPI = 9 };

static struct loop *loop;
static struct instances devices;
static struct bus bus;
static bool lines[SPI_COUNT];

static void drive(void *arg, uint32_t spi, bool level)
{
    assert_ptr_equal(arg, lines);
    assert_in_range(spi, 0, SPI_COUNT - 1);
    lines[spi] = level;
}

static void ignore_wake(void *arg, unsigned source)
{
    (void)arg;
    (void)source;
}

static int create_bus(void)
{
    const struct bus_env env = {
        .instances = &devices, .loop = loop, .drive_irq = drive, .wake = ignore_wake, .arg = lines};

    return bus_create(&bus, &env);
}

static const struct device_class *rtc(void)
{
    const struct device_class *cls = device_class_find("pl031");

    assert_non_null(cls);
    return cls;
}

static int setup(void **state)
{
    (void)state;
    loop = loop_create();
    devices = (struct instances){0};
    memset(lines, 0, sizeof(lines));
    assert_int_equal(instances_add(&devices, rtc(), ipa(MAP_RTC_BASE), MAP_RTC_SPI), 0);
    assert_int_equal(instances_add(&devices, rtc(), ipa(SECOND_RTC), SECOND_RTC_SPI), 0);
    return create_bus();
}

static int teardown(void **state)
{
    (void)state;
    bus_destroy(&bus);
    loop_destroy(loop);
    return 0;
}

static uint32_t read32(uint64_t address)
{
    return (uint32_t)bus_read(&bus, ipa(address), 4);
}

static void write32(uint64_t address, uint32_t value)
{
    bus_write(&bus, ipa(address), 4, value);
}

static void two_of_a_class_have_a_state_each(void **state)
{
    (void)state;
    write32(MAP_RTC_BASE + LR, 1000);
    write32(SECOND_RTC + LR, 2000);
    write32(SECOND_RTC + MR, 77);
    assert_int_equal(read32(MAP_RTC_BASE + LR), 1000);
    assert_int_equal(read32(SECOND_RTC + LR), 2000);
    assert_int_equal(read32(MAP_RTC_BASE + MR), 0);
    assert_int_equal(read32(SECOND_RTC + MR), 77);
    bus_reset(&bus);
    assert_int_equal(read32(MAP_RTC_BASE + LR), 0);
    assert_int_equal(read32(SECOND_RTC + MR), 0);
}

/* Sets an alarm for this second; again if a new second begins between the two accesses. */
static void let_alarm_go_off(uint64_t base)
{
    write32(base + IMSC, 1);
    while (read32(base + RIS) == 0) {
        write32(base + MR, read32(base));
    }
}

static void two_of_a_class_have_an_interrupt_each(void **state)
{
    (void)state;
    let_alarm_go_off(SECOND_RTC);
    assert_true(lines[SECOND_RTC_SPI]);
    assert_false(lines[MAP_RTC_SPI]);
    assert_int_equal(bus_wakes_pending(&bus), WAKE_RTC);
    let_alarm_go_off(MAP_RTC_BASE);
    assert_true(lines[MAP_RTC_SPI]);
    bus_hold(&bus, WAKE_CONSOLE);
    assert_false(lines[MAP_RTC_SPI] || lines[SECOND_RTC_SPI]);
    bus_release(&bus);
    assert_true(lines[MAP_RTC_SPI] && lines[SECOND_RTC_SPI]);
    bus_reset(&bus);
    assert_false(lines[MAP_RTC_SPI] || lines[SECOND_RTC_SPI]);
}

static uint32_t cell(const void *tree, const char *path, const char *name, int index)
{
    int size;
    int node = fdt_path_offset(tree, path);
    const fdt32_t *cells = fdt_getprop(tree, node, name, &size);

    assert_non_null(cells);
    assert_in_range(index, 0, size / (int)sizeof(*cells) - 1);
    return fdt32_to_cpu(cells[index]);
}

static void two_of_a_class_have_a_node_each(void **state)
{
    static uint8_t tree[TREE_SIZE];
    const struct fdt_input input = {.name = "bus",
                                    .memory_size = 1 << 21,
                                    .cpu_count = 1,
                                    .psci_version = 0x10001,
                                    .devices = &devices};

    (void)state;
    assert_true(fdt_build(&input, tree, sizeof(tree)) > 0);
    assert_int_equal(cell(tree, "/pl031@9010000", "reg", 1), MAP_RTC_BASE);
    assert_int_equal(cell(tree, "/pl031@9010000", "interrupts", 1), MAP_RTC_SPI);
    assert_int_equal(cell(tree, "/pl031@9020000", "reg", 1), SECOND_RTC);
    assert_int_equal(cell(tree, "/pl031@9020000", "interrupts", 1), SECOND_RTC_SPI);
}

static void addresses_between_devices_belong_to_none(void **state)
{
    (void)state;
    write32(MAP_RTC_BASE + MR, UINT32_MAX);
    assert_int_equal(bus_read(&bus, ipa(MAP_RTC_BASE + MR), 4), UINT32_MAX);
    assert_int_equal(bus_read(&bus, ipa(MAP_RTC_BASE + 0x1000 + MR), 4), 0);
    assert_int_equal(bus_read(&bus, ipa(MAP_RTC_BASE - 4), 8), 0);
    assert_int_equal(bus_read(&bus, ipa(MAP_RTC_BASE + 0xFFC), 8), 0);
    assert_int_equal(bus_read(&bus, ipa(MAP_RTC_BASE + 0xFFC), 4), 0xB1);
    assert_int_equal(bus_read(&bus, ipa(0), 8), 0);
    assert_int_equal(bus_read(&bus, ipa(UINT64_MAX), 8), 0);
}

/* --- A class that only this test has. --- */

struct device {
    struct device_env env;
    uint64_t value;
};

static unsigned alive;
static unsigned refused_at; /* create() fails for the device of this number, from 1; 0: for none */

static int word_create(const struct device_env *env, struct device **out)
{
    if (alive + 1 == refused_at) {
        return -ENOMEM;
    }
    *out = calloc(1, sizeof(**out));
    assert_non_null(*out);
    (*out)->env = *env;
    alive++;
    return 0;
}

static void word_destroy(struct device *device)
{
    free(device);
    alive--;
}

static void word_reset(struct device *device)
{
    device->value = 0;
    irq_set(device->env.irq, false);
}

static uint64_t word_read(struct device *device, uint64_t offset, unsigned size)
{
    (void)size;
    return device->value + offset;
}

static void word_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
    (void)offset;
    (void)size;
    device->value = value;
    irq_set(device->env.irq, value != 0);
}

static const struct device_class word = {
    .name = "word",
    .size = 0x200,
    .create = word_create,
    .destroy = word_destroy,
    .reset = word_reset,
    .read = word_read,
    .write = word_write,
};

enum { WORD_COUNT = 32, WORD_SPI = 16 };

static struct ipa word_base(unsigned index)
{
    return ipa(UINT64_C(0x0a000000) + index * word.size);
}

static int setup_words(void **state)
{
    (void)state;
    alive = 0;
    refused_at = 0;
    devices = (struct instances){0};
    memset(lines, 0, sizeof(lines));
    /* Created in reverse order of their addresses. */
    for (unsigned i = WORD_COUNT; i-- > 0;) {
        assert_int_equal(instances_add(&devices, &word, word_base(i), WORD_SPI + i), 0);
    }
    return 0;
}

static void places_follow_from_instance_numbers(void **state)
{
    (void)state;
    assert_int_equal(create_bus(), 0);
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        bus_write(&bus, word_base(i), 8, 100 * ((uint64_t)i + 1));
    }
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        assert_int_equal(bus_read(&bus, ipa_add(word_base(i), 8), 8), 100 * (i + 1) + 8);
        assert_true(lines[WORD_SPI + i]);
        bus_write(&bus, word_base(i), 8, 0);
        assert_false(lines[WORD_SPI + i]);
    }
    bus_destroy(&bus);
    assert_int_equal(alive, 0);
}

static void instances_are_in_order_of_address(void **state)
{
    (void)state;
    assert_int_equal(devices.count, WORD_COUNT);
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        assert_int_equal(devices.at[i].base.value, word_base(i).value);
        assert_int_equal(devices.at[i].spi, WORD_SPI + i);
    }
}

static void occupied_places_are_refused(void **state)
{
    struct ipa free_base = word_base(WORD_COUNT);

    (void)state;
    assert_int_equal(instances_add(&devices, &word, word_base(3), 1), -EEXIST);
    assert_int_equal(instances_add(&devices, &word, ipa_add(word_base(3), 0x1FF), 1), -EEXIST);
    assert_int_equal(instances_add(&devices, rtc(), ipa(word_base(0).value - 0xFFF), 1), -EEXIST);
    assert_int_equal(instances_add(&devices, &word, free_base, WORD_SPI + 3), -EEXIST);
    assert_int_equal(devices.count, WORD_COUNT);
    for (unsigned i = WORD_COUNT; i < INSTANCES_MAX; i++) {
        assert_int_equal(instances_add(&devices, &word, word_base(i), WORD_SPI + i), 0);
    }
    assert_int_equal(instances_add(&devices, &word, word_base(INSTANCES_MAX), 1), -ENOSPC);
}

static void failed_creation_leaves_nothing(void **state)
{
    (void)state;
    refused_at = 5;
    assert_int_equal(create_bus(), -ENOMEM);
    assert_int_equal(alive, 0);
    assert_int_equal(bus_read(&bus, word_base(0), 8), 0);
    bus_destroy(&bus);
}

/* --- Devices whose registers guests read from a mirror. --- */

static const struct device_class mirrored_word = {
    .name = "mirrored word",
    .size = 0x200,
    .mirrored = true,
    .create = word_create,
    .destroy = word_destroy,
    .reset = word_reset,
    .read = word_read,
    .write = word_write,
};

static struct device_rom shown_rom;
static struct ipa shown_base;
static int show_error;

static int show_mirror(void *arg, struct ipa base, const struct device_rom *rom, bool shown)
{
    assert_ptr_equal(arg, lines);
    assert_true(shown);
    shown_base = base;
    shown_rom = *rom;
    return show_error;
}

/* Devices of both classes by turns. */
static int create_mirrored_bus(int error)
{
    const struct bus_env env = {.instances = &devices,
                                .loop = loop,
                                .drive_irq = drive,
                                .show_rom = show_mirror,
                                .arg = lines};

    alive = 0;
    refused_at = 0;
    devices = (struct instances){0};
    show_error = error;
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        const struct device_class *cls = i % 2 == 0 ? &word : &mirrored_word;

        assert_int_equal(instances_add(&devices, cls, word_base(i), WORD_SPI + i), 0);
    }
    return bus_create(&bus, &env);
}

static void mirror_has_a_part_for_each_device(void **state)
{
    (void)state;
    assert_int_equal(create_mirrored_bus(0), 0);
    assert_int_equal(shown_base.value, word_base(0).value);
    assert_int_equal(shown_rom.size % (64 << 10), 0);
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        uint8_t *part = bus.devices[i].device->env.mirror;

        if (i % 2 == 0) {
            assert_null(part);
            continue;
        }
        mirror_put(part + word.size - 4, i);
        assert_memory_equal((const char *)shown_rom.host + (i + 1) * word.size - 4, &i, sizeof(i));
    }
    bus_destroy(&bus);
}

static void mirror_that_cannot_be_shown_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(create_mirrored_bus(-ENOSPC), -ENOSPC);
    assert_int_equal(alive, 0);
}

static void every_fixed_place_has_its_device(void **state)
{
    struct instances fixed = {0};

    (void)state;
    instances_add_fixed(&fixed);
    assert_int_equal(fixed.count, MAP_PLACE_COUNT);
    assert_string_equal(fixed.at[0].cls->name, "pl011");
    assert_int_equal(fixed.at[0].base.value, 0x09000000);
    assert_int_equal(fixed.at[0].spi, 1);
    assert_string_equal(fixed.at[1].cls->name, "pl031");
    assert_int_equal(fixed.at[1].base.value, 0x09010000);
    assert_int_equal(fixed.at[1].spi, 2);
    assert_null(device_class_find("pl"));
    assert_string_equal(fixed.at[MAP_PLACE_VMGENID].cls->name, "vmgenid");
    instances_remove(&fixed, 1);
    assert_int_equal(fixed.count, MAP_PLACE_COUNT - 1);
    assert_string_equal(fixed.at[0].cls->name, "pl011");
    assert_string_equal(fixed.at[1].cls->name, "pl061");
    assert_string_equal(fixed.at[2].cls->name, "vmgenid");
}

#define RTC_TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
#define WORD_TEST(name) cmocka_unit_test_setup(name, setup_words)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RTC_TEST(two_of_a_class_have_a_state_each),
        RTC_TEST(two_of_a_class_have_an_interrupt_each),
        RTC_TEST(two_of_a_class_have_a_node_each),
        RTC_TEST(addresses_between_devices_belong_to_none),
        WORD_TEST(places_follow_from_instance_numbers),
        WORD_TEST(instances_are_in_order_of_address),
        WORD_TEST(occupied_places_are_refused),
        WORD_TEST(failed_creation_leaves_nothing),
        WORD_TEST(mirror_has_a_part_for_each_device),
        WORD_TEST(mirror_that_cannot_be_shown_is_an_error),
        cmocka_unit_test(every_fixed_place_has_its_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
