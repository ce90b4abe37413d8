/* SPDX-License-Identifier: BSD-2-Clause */
/* What no sane guest does. Whatever the results, the machine must continue. */
#include <stddef.h>

#include "args.h"
#include "exceptions.h"
#include "guest_scenario.h"
#include "mmio.h"
#include "mmu.h"
#include "pattern.h"
#include "platform.h"
#include "psci.h"
#include "report.h"
#include "rest.h"
#include "rtc.h"
#include "smp.h"
#include "timer.h"
#include "uart.h"
#include "uart_pl011.h"

/* An access that may end in an abort, which counts as an answer. */
#define TRY(instruction, address)                                                                  \
    do {                                                                                           \
        exceptions_expect();                                                                       \
        __asm__ volatile(instruction ::"r"((uint64_t)(address)) : "x2", "x3", "memory");           \
        __asm__ volatile("dsb sy\n\tisb" ::: "memory");                                            \
        answered(exceptions_seen());                                                               \
    } while (0)

static uint64_t answers;
static uint64_t aborts;

static void answered(bool by_abort)
{
    answers++;
    aborts += by_abort;
}

/* Accesses that the hardware does not decode for a hypervisor. */
static void undecoded(uint64_t address)
{
    TRY("ldp w2, w3, [%0]", address);
    TRY("stp wzr, wzr, [%0]", address);
    TRY("ldp x2, x3, [%0]", address);
    TRY("stp xzr, xzr, [%0]", address);
    TRY("mov x3, %0\n\tldr w2, [x3], #4", address);
    TRY("mov x3, %0\n\tstr wzr, [x3, #4]!", address);
    TRY("ldxr w2, [%0]", address);
    TRY("ldar w2, [%0]", address);
    TRY("dc zva, %0", address);
    TRY("dc civac, %0", address);
}

static void plain(uint64_t address)
{
    TRY("ldrb w2, [%0]", address);
    TRY("ldrh w2, [%0]", address);
    TRY("ldr w2, [%0]", address);
    TRY("ldr x2, [%0]", address);
    TRY("strb wzr, [%0]", address);
    TRY("strh wzr, [%0]", address);
    TRY("str wzr, [%0]", address);
    TRY("str xzr, [%0]", address);
}

/* `blr` to where no code can be; exceptions.c comes back by x30. */
static void execute(uint64_t address)
{
    exceptions_expect();
    __asm__ volatile("blr %0" ::"r"(address) : "x30", "memory");
    answered(exceptions_seen());
}

static void check_answered(uint64_t expected, const char *text)
{
    /* Some of the bytes may have been printed, or have changed the UART's settings. */
    uart_init();
    print("\n");
    check_equal(answers, expected, text);
    remark("%lu answers, %lu of them aborts", answers, aborts);
    answers = aborts = 0;
}

static void unaligned(void)
{
    mmu_prepare();
    mmu_map_devices_as_memory(true);
    mmu_on();
    for (uint64_t offset = 1; offset < 8; offset++) {
        plain(platform.uart.base + UART_FR + offset);
    }
    plain(platform.uart.base + platform.uart.size - 1);
    mmu_off();
}

SCENARIO(bad_access, "bad-access", "",
         "accesses to devices and to nowhere in sizes and by instructions that nobody emulates")
{
    const uint64_t holes[] = {
        0,
        0x100,
        0x08010000,
        0x0a000000,
        0x10000000,
        0x3fffffff - 7,
        platform_ram_end() + 0x1000,
        UINT64_C(0x7fffffff0000),
        UINT64_C(1) << 39,
    };
    const size_t hole_count = sizeof(holes) / sizeof(holes[0]);

    undecoded(platform.uart.base + UART_FR);
    undecoded(platform.rtc.base);
    check_answered(20, "undecoded accesses to devices");
    for (size_t i = 0; i < hole_count; i++) {
        plain(holes[i]);
        undecoded(holes[i]);
    }
    check_answered(hole_count * 18, "accesses to holes in the map");
    plain(platform.uart.base + platform.uart.size - 8);
    plain(platform.uart.base + UART_RSR);
    check_answered(16, "accesses of every size to a device");
    unaligned();
    check_answered(64, "unaligned accesses to a device");
    execute(platform.uart.base);
    execute(platform_ram_end() + 0x1000);
    execute(0);
    check_answered(3, "branches into devices and holes");
    check(pl011_read(UART_FR) != 0, "the UART still answers");
}

/* One random access somewhere in the region. */
static void poke(const struct region *region, uint64_t *random)
{
    uint64_t what = pattern_random(random);
    uint64_t value = pattern_random(random);
    unsigned shift = what & 3;
    uint64_t size = UINT64_C(1) << shift;
    /* Most registers are at the start; the rest of the frame is accessed too. */
    uint64_t span = (what & 4) != 0 ? region->size : 0x50;
    uint64_t address = region->base + ((what >> 8) % span & ~(size - 1));

    exceptions_expect();
    switch (what >> 3 & 7) {
    case 0:
        mmio_read8(address & ~UINT64_C(3));
        break;
    case 1:
        mmio_read32(address & ~UINT64_C(3));
        break;
    case 2:
        mmio_read64(address & ~UINT64_C(7));
        break;
    case 3:
        mmio_write8(address, (uint8_t)value);
        break;
    case 4:
        mmio_write16(address & ~UINT64_C(1), (uint16_t)value);
        break;
    case 5:
        mmio_write64(address & ~UINT64_C(7), value);
        break;
    default:
        mmio_write32(address & ~UINT64_C(3), (uint32_t)value);
        break;
    }
    answered(exceptions_seen());
}

/* Byte writes of all ones, of zero and of a random byte to every register. */
static void sweep(const struct region *region, uint64_t *random)
{
    for (uint64_t offset = 0; offset < region->size; offset += 4) {
        mmio_write8(region->base + offset, (uint8_t)pattern_random(random));
    }
}

SCENARIO(device_fuzz, "device-fuzz", "rounds=2000 seed=1",
         "random accesses to the registers of UART and clock")
{
    uint64_t rounds = args_number("rounds", 2000);
    uint64_t random = args_number("seed", 1);

    for (uint64_t i = 0; i < rounds; i++) {
        poke(&platform.uart, &random);
        poke(&platform.rtc, &random);
    }
    sweep(&platform.uart, &random);
    sweep(&platform.rtc, &random);
    check_answered(2 * rounds, "random accesses to devices");
    check((pl011_read(UART_FR) & UART_FR_TXFF) == 0, "the UART still sends");
    if (rtc_present()) {
        rtc_clear_alarm();
        uint32_t now = rtc_read(RTC_DR);
        rest_milliseconds(1100);
        check_at_least(rtc_read(RTC_DR), now + 1, "s", "the clock still goes");
    }
}
