/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest that sleeps leaves in its interrupt controller, and finds there after it was saved. */
#include <stddef.h>

#include "args.h"
#include "gic.h"
#include "guest_scenario.h"
#include "mmio.h"
#include "pattern.h"
#include "platform.h"
#include "report.h"
#include "rtc.h"
#include "smp.h"
#include "suspend.h"
#include "sysreg.h"
#include "timer.h"

#define CONTEXT UINT64_C(0x5a5e000000000000)

enum {
    GICR_STRIDE = 0x20000,
    ITS_BASE = 0x08080000, /* as on QEMU's `virt` */
    SPI_WORDS = 7,
    REGISTERS_MAX = 1024,
};

/* `count` registers from `offset` on, of which the guest can choose the bits of `mask`. */
struct bank {
    const char *name;
    uint32_t offset;
    uint32_t count;
    uint32_t mask;
};

/* What is pending or active is not enabled: nothing but the timer wakes the guest. */
#define EVEN 0x55555555u
#define ODD  0xaaaaaaaau

static const struct bank distributor[] = {
    {"GICD_IGROUPR", 0x0084, SPI_WORDS, UINT32_MAX},
    {"GICD_ISENABLER", 0x0104, SPI_WORDS, EVEN},
    {"GICD_IPRIORITYR", 0x0420, SPI_WORDS * 8, 0xf8f8f8f8},
    {"GICD_ICFGR", 0x0c08, SPI_WORDS * 2, ODD},
    {"GICD_IROUTER", 0x6100, SPI_WORDS * 32 * 2, 0x00000001},
    {"GICD_ISPENDR", 0x0204, SPI_WORDS, ODD},
    {"GICD_ISACTIVER", 0x0304, SPI_WORDS, ODD},
    {NULL, 0, 0, 0},
};

/* SGIs and PPIs, without the timers' (26 to 30). */
static const struct bank redistributor[] = {
    {"GICR_PENDBASER", 0x00078, 1, 0x7fff0000},
    {"GICR_ISENABLER0", 0x10100, 1, EVEN & 0x000fffff},
    {"GICR_IPRIORITYR", 0x10400, 5, 0xf8f8f8f8},
    {"GICR_ICFGR1", 0x10c04, 1, 0x000000aa},
    {"GICR_ISPENDR0", 0x10200, 1, ODD & 0x000fffff},
    {NULL, 0, 0, 0},
};

/* KVM has one place for the properties of LPIs, in all redistributors. */
static const struct bank shared[] = {
    {"GICR_PROPBASER", 0x00070, 1, 0x7ffff000},
    {NULL, 0, 0, 0},
};

static const struct bank its[] = {
    {"GITS_CBASER", 0x0080, 1, 0x7ffff000},
    {"GITS_BASER", 0x0100, 4, 0x7ffff000},
    {NULL, 0, 0, 0},
};

static uint32_t left[REGISTERS_MAX];
static unsigned left_count;

static void bank_fill(const struct bank *bank, uint64_t base, uint64_t *seed)
{
    for (uint32_t i = 0; i < bank->count; i++) {
        uint64_t at = base + bank->offset + (uint64_t)i * 4;

        mmio_write32(at, (uint32_t)pattern_random(seed) & bank->mask);
        left[left_count++ % REGISTERS_MAX] = mmio_read32(at) & bank->mask;
    }
}

static void banks_fill(const struct bank *banks, uint64_t base, uint64_t *seed)
{
    for (const struct bank *bank = banks; bank->name != NULL; bank++) {
        bank_fill(bank, base, seed);
    }
}

static bool bank_is_kept(const struct bank *bank, uint64_t base, unsigned *next)
{
    bool kept = true;

    for (uint32_t i = 0; i < bank->count; i++) {
        uint64_t at = base + bank->offset + (uint64_t)i * 4;
        uint32_t found = mmio_read32(at) & bank->mask;
        uint32_t expected = left[(*next)++ % REGISTERS_MAX];

        if (kept && found != expected) {
            remark("register %u from 0x%lx on", i, base + bank->offset);
            kept = check_equal(found, expected, bank->name);
        }
    }
    return kept;
}

static void banks_check(const struct bank *banks, uint64_t base, unsigned *next, const char *text)
{
    bool kept = true;

    for (const struct bank *bank = banks; bank->name != NULL; bank++) {
        kept = bank_is_kept(bank, base, next) && kept;
    }
    check(kept, text);
}

static uint64_t redistributor_of(uint32_t cpu)
{
    return platform.gicr[0].base + (uint64_t)cpu * GICR_STRIDE;
}

static void leave_all(uint64_t seed)
{
    left_count = 0;
    banks_fill(distributor, platform.gicd.base, &seed);
    for (uint32_t i = 0; i < cpu_count; i++) {
        banks_fill(redistributor, redistributor_of(i), &seed);
    }
    banks_fill(shared, redistributor_of(0), &seed);
    banks_fill(its, ITS_BASE, &seed);
}

static void check_all(void)
{
    unsigned next = 0;

    banks_check(distributor, platform.gicd.base, &next, "the distributor is as it was");
    for (uint32_t i = 0; i < cpu_count; i++) {
        banks_check(redistributor, redistributor_of(i), &next,
                    "the core's redistributor is its own");
    }
    banks_check(shared, redistributor_of(0), &next, "the LPIs' properties are where they were");
    banks_check(its, ITS_BASE, &next, "the ITS is as it was");
    check_equal(next, left_count, "all registers were looked at");
}

/* Sleeps for so long, or with 0 until the operator wakes it. The guest's own mask is what the interrupt that wakes it has to pass. */
enum { URGENT = 0x40, MASK = 0x80 };

static bool saved_once(uint64_t milliseconds, uint64_t round)
{
    struct region scratch = platform_scratch();
    struct psci_call call;

    scratch.size = args_number("kib", scratch.size >> 10) << 10;
    pattern_fill(scratch, round);
    gic_set_priority(timer_intid(TIMER_VIRTUAL), URGENT);
    gic_set_mask(MASK);
    uint64_t start = timer_now(TIMER_VIRTUAL);
    uint32_t second = rtc_read(RTC_DR);
    suspend_prepare(&call, SUSPEND_64, (uint64_t)(uintptr_t)entry_point, CONTEXT + round);
    if (milliseconds > 0) {
        suspend_arm(TIMER_VIRTUAL, milliseconds);
    }
    if (!suspend_check_resumed(suspend_call(&call), &call, "the core comes back")) {
        return false;
    }
    uint64_t slept = suspend_duration(start, &smp_self()->entry);
    remark("slept %lu ms by the counter, %u s by the clock", slept, rtc_read(RTC_DR) - second);
    check_at_least(slept, milliseconds, "ms", "it slept until the timer");
    check_none(suspend_entry_problem(&smp_self()->entry, CONTEXT + round, false),
               "in the prescribed state");
    return check_equal(pattern_find_damage(scratch, round), 0, "memory is as it was");
}

SCENARIO(saved, "saved", "ms=300 sleeps=1 kib=KIB",
         "registers of the interrupt controller, and memory, are as they were after each sleep")
{
    uint64_t sleeps = args_number("sleeps", 1);

    if (!check(platform.gic == PLATFORM_GIC_V3, "there is a GICv3")) {
        return;
    }
    leave_all(sleeps);
    for (uint64_t i = 0; i < sleeps; i++) {
        if (!saved_once(args_number("ms", 300), i)) {
            return;
        }
        check_all();
    }
}
