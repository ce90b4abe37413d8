/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM that does at random what could reach another one on the same machine, and checks itself that it
 * has reached nothing: memory, registers, calls of all owners, starts of cores.
 */
#include <stddef.h>

#include "args.h"
#include "exceptions.h"
#include "guest_scenario.h"
#include "mmio.h"
#include "pattern.h"
#include "platform.h"
#include "psci.h"
#include "report.h"
#include "sysreg.h"

/* Where hyp has a guest's GIC, and the UART of another VM. */
enum {
    DISTRIBUTOR = 0x08000000,
    DISTRIBUTOR_SIZE = 0x10000,
    REDISTRIBUTORS = 0x080a0000,
    REDISTRIBUTORS_SIZE = 0x200000,
    FOREIGN_UART = 0x09000000,
};

static uint64_t reached;
static uint64_t aborts;

/* Everywhere but in this VM's own RAM, where its code is. */
static uint64_t foreign_address(uint64_t *random)
{
    uint64_t address = pattern_random(random) >> (24 + pattern_random(random) % 12) & ~UINT64_C(7);

    return platform_ram_contains(address, 8) ? address - UINT64_C(0x40000000) : address;
}

static void touch(uint64_t address, uint64_t value, bool is_write)
{
    exceptions_expect();
    if (is_write) {
        mmio_write32(address, (uint32_t)value);
    } else {
        mmio_read64(address);
    }
    aborts += exceptions_seen();
}

static void reach_memory(uint64_t *random)
{
    uint64_t what = pattern_random(random);

    touch(foreign_address(random), what >> 8, (what & 1) != 0);
    touch(FOREIGN_UART + (what >> 8 & 0xffc), what >> 32, (what & 2) != 0);
}

static void reach_gic(uint64_t *random)
{
    uint64_t what = pattern_random(random);
    uint64_t value = pattern_random(random);

    touch(DISTRIBUTOR + (value >> 32) % DISTRIBUTOR_SIZE / 4 * 4, value, (what & 3) != 0);
    touch(REDISTRIBUTORS + (what >> 32) % REDISTRIBUTORS_SIZE / 4 * 4, value, (what & 12) != 0);
}

/* SGIs to all that an MPIDR can name, some to all but the sender. */
static void reach_cores(uint64_t *random)
{
    uint64_t what = pattern_random(random);

    WRITE_SYSREG(S3_0_C12_C11_5, what & UINT64_C(0x0f00000f000f));
    WRITE_SYSREG(S3_0_C12_C11_5, what & UINT64_C(0xffffff0fffffff));
    WRITE_SYSREG(S3_0_C12_C11_6, what);
    WRITE_SYSREG(S3_0_C12_C11_7, what);
}

/* What would end or stop this VM itself is left out. */
static bool is_harmless(uint32_t function)
{
    switch (function & 0x1f) {
    case FN_CPU_SUSPEND:
    case FN_CPU_OFF:
    case FN_CPU_FREEZE:
    case FN_CPU_DEFAULT_SUSPEND:
    case FN_SYSTEM_OFF:
    case FN_SYSTEM_RESET:
    case FN_SYSTEM_RESET2:
    case FN_SYSTEM_OFF2:
    case FN_SYSTEM_SUSPEND:
        return false;
    default:
        return true;
    }
}

static void reach_firmware(uint64_t *random)
{
    const uint32_t owners[] = {0x80000000, 0x81000000, 0x82000000, 0x83000000, 0x84000000,
                               0xc4000000, 0x85000000, 0xc5000000, 0x86000000, 0xc6000000,
                               0xb0000000, 0xf2000000, 0x00000000, 0x02000000};
    uint64_t what = pattern_random(random);
    uint32_t function = owners[what % (sizeof(owners) / sizeof(owners[0]))] + (what >> 32 & 0x1f);
    struct psci_call call;

    if (!is_harmless(function)) {
        return;
    }
    /* No core of this VM has Aff0 of 2 or more, and so none may start. */
    psci_prepare(&call, function, 2 + (what >> 8) % 14, (uint64_t)entry_point, what);
    call.smc = what >> 60 & 1;
    psci_call(&call);
    reached += psci_result(&call) == RET_SUCCESS && (function & 0x1f) == FN_CPU_ON &&
               (function >> 24 & 0x3f) == 4;
}

/* Registers that are not this level's, and what is said to all cores. */
static void reach_registers(void)
{
    exceptions_expect();
    __asm__ volatile("msr hcr_el2, xzr");
    aborts += exceptions_seen();
    exceptions_expect();
    __asm__ volatile("msr vttbr_el2, xzr");
    aborts += exceptions_seen();
    __asm__ volatile("tlbi vmalle1is\n\tic ialluis\n\tdsb sy\n\tisb" ::: "memory");
}

SCENARIO(reach, "reach", "rounds=2000 seed=1",
         "random accesses and calls that another VM on the same machine must not see")
{
    uint64_t rounds = args_number("rounds", 2000);
    uint64_t random = args_number("seed", 1);
    uint64_t aborts_before;

    for (uint64_t i = 0; i < rounds; i++) {
        reach_memory(&random);
        reach_gic(&random);
        reach_cores(&random);
        reach_firmware(&random);
        if (i % 64 == 0) {
            reach_registers();
        }
    }
    aborts_before = aborts;
    touch(FOREIGN_UART, 0, false);
    check_equal(aborts - aborts_before, 1, "the other VM's UART is not here");
    check_equal(reached, 0, "no core of another VM was started");
    check_at_least(aborts, rounds, "aborts", "accesses to what is not here are aborts");
}
