/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM that shares its machine with another one, and tries all that could reach it there:
 * registers of the interrupt controller, SGIs, memory, calls of the firmware. What the other VM
 * does meanwhile shows whether anything did.
 */
#include <stddef.h>

#include "args.h"
#include "exceptions.h"
#include "gic.h"
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
    GICD_CTLR = 0x0,
    GICD_CTLR_GROUP1 = 1 << 1,
    GICX_ISENABLER = 0x100,
    GICX_ICENABLER = 0x180,
    GICX_ICPENDR = 0x280,
    GICX_ISACTIVER = 0x300,
    GICX_ICACTIVER = 0x380,
    GICX_IPRIORITYR = 0x400,
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

/* A core that has written to its interrupt controller at random may have turned that off, masked the timer that is
 * to end its WFI, or left it active: it sets the controller up again before it rests. */
static void recover_controller(void)
{
    gic_init();
    mmio_write32(smp_self()->gic_frame + GICX_ICACTIVER, UINT32_MAX);
}

static bool goes_off(const struct cpu *cpu)
{
    bool is_off = false;

    recover_controller();
    for (unsigned i = 0; i < 6 && !is_off; i++) {
        is_off = smp_wait_off(cpu);
    }
    return is_off;
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

/*
 * ---- An interrupt after all that ----
 *
 * What the guest reads from its interrupt controller says whether the timer's interrupt has to come. If so, it must
 * end a WFI and be the one that is acknowledged. The physical timer ends the wait if it does not.
 */

enum { PAUSE = 1, GO_ON = 0, LEAVE = 2, PRIORITY_BITS = 0xf8 };

/* When the timer is due: before, in the middle of, or after what is done to the interrupt controller. */
enum { REST_TICKS_MOST = 1 << 17, WATCH_SECONDS = 20, FUZZ_ROUNDS = 2048 };

static void flood_in_turns(struct cpu *self)
{
    uint64_t random = 99;

    while (self->command != LEAVE) {
        if (self->command == PAUSE) {
            smp_set_progress(self, PAUSE);
        } else {
            smp_set_progress(self, GO_ON);
            send_sgis(4, &random);
        }
    }
}

static void tell_other(uint64_t command)
{
    smp_set_command(&cpus[1], command);
    while (cpus[1].progress != command) {
    }
}

static uint32_t own_register(uint64_t offset)
{
    return mmio_read32(smp_self()->gic_frame + offset);
}

static uint8_t own_priority(unsigned intid)
{
    return mmio_read8(smp_self()->gic_frame + GICX_IPRIORITYR + intid) & PRIORITY_BITS;
}

/* Why the interrupt does not have to come; NULL if it has to. */
static const char *excuse_of(unsigned intid)
{
    if ((mmio_read32(platform.gicd.base + GICD_CTLR) & GICD_CTLR_GROUP1) == 0) {
        return "the distributor is off";
    }
    if (!gic_is_enabled(intid)) {
        return "it is disabled";
    }
    if (gic_is_active(intid)) {
        return "it is active";
    }
    return own_priority(intid) >= READ_SYSREG(icc_pmr_el1) ? "its priority is masked" : NULL;
}

/* Nothing but the two timers may interrupt, so that a WFI lasts. */
static void silence(unsigned timer, unsigned watch)
{
    for (unsigned word = 1; word < SPI_END / 32; word++) {
        mmio_write32(platform.gicd.base + GICX_ICENABLER + (uint64_t)word * 4, UINT32_MAX);
    }
    mmio_write32(smp_self()->gic_frame + GICX_ICENABLER, ~(1u << timer));
    mmio_write32(smp_self()->gic_frame + GICX_ICPENDR, 1u << watch);
    gic_set_priority(watch, 0);
    gic_enable(watch);
}

/* Returns the timer's interrupt or the watch's, and ends what was pending before; GIC_SPURIOUS if neither was. */
static unsigned take_timer(void)
{
    unsigned taken;

    do {
        taken = gic_acknowledge();
        if (taken == timer_intid(TIMER_VIRTUAL)) {
            timer_stop(TIMER_VIRTUAL);
        } else if (taken == timer_intid(TIMER_PHYSICAL)) {
            timer_stop(TIMER_PHYSICAL);
        }
        if (taken < GIC_SPURIOUS) {
            gic_end(taken);
        }
    } while (taken < GIC_SPURIOUS && taken != timer_intid(TIMER_VIRTUAL) &&
             taken != timer_intid(TIMER_PHYSICAL));
    return taken;
}

static void remark_lost(uint64_t seed, unsigned intid)
{
    remark("seed %lu: lost: enabled 0x%lx pending 0x%lx active 0x%lx priority 0x%lx", seed,
           (uint64_t)own_register(GICX_ISENABLER), (uint64_t)gic_private_pending(),
           (uint64_t)own_register(GICX_ISACTIVER), (uint64_t)own_priority(intid));
    remark("timer 0x%lx watch 0x%lx pmr 0x%lx rpr 0x%lx", timer_control(TIMER_VIRTUAL),
           timer_control(TIMER_PHYSICAL), READ_SYSREG(icc_pmr_el1), READ_SYSREG(icc_rpr_el1));
}

/* Returns false if the watch interrupts, or is over, before the timer. */
static bool rest_until(unsigned intid)
{
    unsigned taken;

    timer_arm(TIMER_PHYSICAL, timer_now(TIMER_PHYSICAL) + WATCH_SECONDS * timer_frequency());
    do {
        __asm__ volatile("isb\n\tdsb sy\n\twfi" ::: "memory");
        taken = take_timer();
    } while (taken == GIC_SPURIOUS && (timer_control(TIMER_PHYSICAL) & TIMER_CTL_FIRED) == 0);
    timer_stop(TIMER_PHYSICAL);
    return taken == intid;
}

/* Returns false if an interrupt did not come that had to. */
static bool rest_after_fuzz(uint64_t seed, uint64_t *excused)
{
    const unsigned intid = timer_intid(TIMER_VIRTUAL);
    uint64_t random = seed;
    uint64_t first = pattern_random(&random);
    bool is_late = first % 2 == 0;

    tell_other(GO_ON);
    timer_arm(TIMER_VIRTUAL, timer_now(TIMER_VIRTUAL) + (first >> 8) % REST_TICKS_MOST);
    fuzz_controller(FUZZ_ROUNDS, &random);
    send_sgis(FUZZ_ROUNDS / 8, &random);
    seize_interrupts();
    tell_other(PAUSE);
    if (is_late) {
        timer_stop(TIMER_VIRTUAL);
    }
    silence(intid, timer_intid(TIMER_PHYSICAL));
    if (excuse_of(intid) != NULL) {
        (*excused)++;
        recover_controller();
        silence(intid, timer_intid(TIMER_PHYSICAL));
    }
    gic_enable(intid);
    if (is_late) {
        mmio_write32(smp_self()->gic_frame + GICX_ICPENDR, UINT32_MAX);
        timer_arm(TIMER_VIRTUAL, timer_now(TIMER_VIRTUAL) + (first >> 32) % REST_TICKS_MOST);
    }
    if (excuse_of(intid) == NULL && rest_until(intid)) {
        return true;
    }
    remark_lost(seed, intid);
    return false;
}

SCENARIO(neighbour_rests, "neighbour-rests", "times=200 seed=1",
         "a timer's interrupt comes and ends a WFI, whatever was done to the interrupt controller "
         "before")
{
    uint64_t times = args_number("times", 200);
    uint64_t seed = args_number("seed", 1);
    uint64_t excused = 0;
    uint64_t lost = 0;

    check(smp_start(&cpus[1], flood_in_turns, 1) == 0, "the other core floods");
    for (uint64_t i = 0; i < times && lost == 0; i++) {
        lost += !rest_after_fuzz(seed + i, &excused);
    }
    smp_set_command(&cpus[1], LEAVE);
    check(goes_off(&cpus[1]), "the other core goes off");
    check_equal(lost, 0, "interrupts that had to come and did not");
    remark("%lu of %lu would not have come, and the interrupt controller was set up again", excused,
           times);
}
