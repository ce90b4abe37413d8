/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM that shares its machine with another one, and tries all that could reach it there:
 * registers of the interrupt controller, SGIs, memory, calls of the firmware. What the other VM
 * does meanwhile shows whether anything did.
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
#include "smp.h"
#include "sysreg.h"
#include "timer.h"

enum {
    GICD_ISENABLER = 0x100,
    GICD_IPRIORITYR = 0x400,
    GICD_IROUTER = 0x6000,
    GIC_REGISTERS = 0x1000, /* nearly all registers of a frame are before here */
    FRAME = 0x10000,
    SPI_FIRST = 32,
    SPI_END = 288,
    OTHER_RAM_STEP = 0x100000,
};

#define SGI_ALL_OTHERS (UINT64_C(1) << 40)
#define RAM_END        UINT64_C(0x140000000)

static void poke(uint64_t address, uint64_t what, uint64_t value)
{
    exceptions_expect();
    switch (what % 6) {
    case 0:
        mmio_read32(address & ~UINT64_C(3));
        break;
    case 1:
        mmio_write8(address, (uint8_t)value);
        break;
    case 2:
        mmio_write64(address & ~UINT64_C(7), value);
        break;
    case 3:
        mmio_write32(address & ~UINT64_C(3), UINT32_MAX);
        break;
    default:
        mmio_write32(address & ~UINT64_C(3), (uint32_t)value);
        break;
    }
    exceptions_seen();
}

/* All SPIs: enabled, urgent, pending, and sent to every affinity. */
static void seize_interrupts(void)
{
    for (unsigned intid = SPI_FIRST; intid < SPI_END; intid++) {
        mmio_write8(platform.gicd.base + GICD_IPRIORITYR + intid, 0);
        mmio_write64(platform.gicd.base + GICD_IROUTER + (uint64_t)intid * 8, intid % 8);
    }
    for (uint64_t registers = 0x80; registers < GICD_IPRIORITYR; registers += 0x80) {
        for (unsigned word = 1; word < SPI_END / 32; word++) {
            mmio_write32(platform.gicd.base + registers + (uint64_t)word * 4, UINT32_MAX);
        }
    }
}

static void fuzz_controller(uint64_t rounds, uint64_t *random)
{
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t what = pattern_random(random);
        uint64_t offset = (what >> 8) % ((what >> 32) % 4 == 0 ? FRAME : GIC_REGISTERS);

        poke(platform.gicd.base + offset, what, pattern_random(random));
        poke(platform.gicr[0].base + ((what >> 40) % 10) * FRAME + offset, what >> 4,
             pattern_random(random));
    }
}

static void send_sgis(uint64_t rounds, uint64_t *random)
{
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t value = pattern_random(random);

        WRITE_SYSREG(icc_sgi1r_el1, value);
        WRITE_SYSREG(icc_sgi1r_el1, (value & 0xf000000) | SGI_ALL_OTHERS);
        WRITE_SYSREG(icc_sgi1r_el1, (value & 0xf000000) | 0xffff);
        WRITE_SYSREG(icc_asgi1r_el1, value);
        WRITE_SYSREG(icc_sgi0r_el1, value);
    }
}

/* Where the other VM and hyp may have their memory. Returns how many accesses were answered. */
static uint64_t reach_memory(void)
{
    uint64_t reached = 0;

    for (uint64_t at = platform_ram_end(); at < RAM_END; at += OTHER_RAM_STEP) {
        exceptions_expect();
        mmio_write64(at, 0);
        reached += !exceptions_seen();
    }
    return reached;
}

/* Calls of all services but PSCI: of the firmware, of its vendor, of a hypervisor. */
static void call_firmware(uint64_t rounds, uint64_t *random)
{
    struct psci_call call;

    for (uint64_t i = 0; i < rounds; i++) {
        uint32_t function = (uint32_t)pattern_random(random) | 0x80000000;

        if ((function >> 24 & 0x3f) == 4) {
            continue; /* a standard service: PSCI */
        }
        psci_prepare(&call, function, pattern_random(random), 0, 0);
        call.smc = i % 2;
        psci_call(&call);
    }
}

static void flood_of_other_core(struct cpu *self)
{
    uint64_t random = 77;

    while (self->command == 0) {
        send_sgis(16, &random);
        smp_set_progress(self, self->progress + 1);
    }
}

/* Not smp_wait_off(), which may rest by WFI: no interrupt has to come to a core that has written to its
 * interrupt controller at random. */
static bool goes_off(const struct cpu *cpu)
{
    const uint64_t patience_seconds = 60;
    uint64_t end = timer_now(TIMER_VIRTUAL) + patience_seconds * timer_frequency();

    while (smp_affinity(cpu) != AFFINITY_OFF) {
        if (timer_now(TIMER_VIRTUAL) > end) {
            return false;
        }
    }
    return true;
}

SCENARIO(neighbour, "neighbour", "rounds=20000 seed=1",
         "all that could reach another VM on the same machine")
{
    uint64_t rounds = args_number("rounds", 20000);
    uint64_t random = args_number("seed", 1);

    check(smp_start(&cpus[1], flood_of_other_core, 1) == 0, "the other core floods");
    check_equal(reach_memory(), 0, "accesses beyond the RAM that were answered");
    seize_interrupts();
    call_firmware(rounds / 16, &random);
    for (unsigned i = 0; i < 16; i++) {
        fuzz_controller(rounds / 16, &random);
        send_sgis(rounds / 64, &random);
        seize_interrupts();
    }
    smp_set_command(&cpus[1], 1);
    check(goes_off(&cpus[1]), "the other core goes off");
    check(cpus[1].progress != 0, "it has sent SGIs");
}
