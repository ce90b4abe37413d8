/* SPDX-License-Identifier: BSD-2-Clause */
/* Cores that go down by the firmware, and come back where they were (core_keep()). */
#include "arch.h"

#include "board.h"
#include "cores.h"
#include "gic_interface.h"
#include "gic_registers.h"
#include "mmio.h"
#include "start.h"
#include "sysreg.h"
#include "vpsci/abi.h"

enum {
    FIRST_SPI = 32,
    SPI_END = 1020,
    TIMER_ENABLE = 1, /* and not masked */
    SYSTEM_TRIES = 1000,
    PATIENCE_SHARE = 100, /* of a second */
    CAME_BACK = 1
};

#define VTTBR_VMID_SHIFT 48
#define VTTBR_ROOT       ((UINT64_C(1) << VTTBR_VMID_SHIFT) - 1)

/* What a core loses and hyp_core_main() does not set: the vCPU itself starts anew. */
struct sleep_kept {
    struct gic_kept gic;
    uint64_t vttbr;
    uint64_t mpidr;
    uint64_t counts[3]; /* CNTHP, CNTV, CNTP: when they are due */
    uint64_t controls[3];
};

static struct sleep_kept sleep_slots[BOARD_CORE_MAX];
static uint32_t sleep_leader;         /* the core that wants to be the last one, + 1 */
static uint8_t sleep_routes[SPI_END]; /* the core whose interrupt the leader has, + 1 */

static void sleep_keep(struct sleep_kept *kept)
{
    gic_keep(&kept->gic);
    kept->vttbr = READ_SYSREG(vttbr_el2);
    kept->mpidr = READ_SYSREG(vmpidr_el2);
    kept->counts[0] = READ_SYSREG(cnthp_cval_el2);
    kept->counts[1] = READ_SYSREG(cntv_cval_el0);
    kept->counts[2] = READ_SYSREG(cntp_cval_el0);
    kept->controls[0] = READ_SYSREG(cnthp_ctl_el2);
    kept->controls[1] = READ_SYSREG(cntv_ctl_el0);
    kept->controls[2] = READ_SYSREG(cntp_ctl_el0);
}

static void sleep_restore(const struct sleep_kept *kept)
{
    arch_use_vm(kept->vttbr & VTTBR_ROOT, (unsigned)(kept->vttbr >> VTTBR_VMID_SHIFT), kept->mpidr);
    WRITE_SYSREG(cnthp_cval_el2, kept->counts[0]);
    WRITE_SYSREG(cntv_cval_el0, kept->counts[1]);
    WRITE_SYSREG(cntp_cval_el0, kept->counts[2]);
    WRITE_SYSREG(cnthp_ctl_el2, kept->controls[0]);
    WRITE_SYSREG(cntv_ctl_el0, kept->controls[1]);
    WRITE_SYSREG(cntp_ctl_el0, kept->controls[2]);
    gic_restore(&kept->gic);
}

/* Returns CAME_BACK if the core was down. Otherwise the firmware's result, 0 if the core has only
 * waited. */
static int64_t sleep_go_down(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct arch_smc_result result;

    sleep_keep(&sleep_slots[arch_core()]);
    if (!core_keep(core_here())) {
        arch_firmware(function, a1, a2, a3, &result);
        return (int64_t)result.x[0];
    }
    sleep_restore(&sleep_slots[arch_core()]);
    return CAME_BACK;
}

static void sleep_core(struct core *core)
{
    if (board.core_down == 0 || sleep_go_down(VPSCI_FID_64 + VPSCI_FN_CPU_SUSPEND, board.core_down,
                                              (uint64_t)core_resume, (uint64_t)core) < 0) {
        arch_wait();
    }
}

static bool sleep_change(struct core *core, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(&core->state, &from, to, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

/*
 * A kick is noted first, then the state is looked at; here it is the other way round. So either this
 * core sees the kick, or the other core sees that this one goes off, and calls CPU_ON until the firmware
 * has turned it off.
 */
static void sleep_off(struct core *core)
{
    int64_t result;

    __atomic_store_n(&core->state, CORE_OFF, __ATOMIC_SEQ_CST);
    if (__atomic_exchange_n(&core->is_kicked, 0, __ATOMIC_SEQ_CST) != 0 &&
        sleep_change(core, CORE_OFF, CORE_ON)) {
        return;
    }
    result = sleep_go_down(VPSCI_FID_32 + VPSCI_FN_CPU_OFF, 0, 0, 0);
    __atomic_store_n(&core_here()->state, CORE_ON, __ATOMIC_SEQ_CST);
    if (result != CAME_BACK) {
        arch_wait();
    }
}

/* The core's own entry is what CPU_ON is given, for whatever reason it is called. */
static void sleep_turn_on(struct core *core)
{
    struct arch_smc_result result;

    do {
        arch_firmware(VPSCI_FID_64 + VPSCI_FN_CPU_ON, core->mpidr, (uint64_t)core_resume,
                      (uint64_t)core, &result);
    } while ((int64_t)result.x[0] == VPSCI_ALREADY_ON &&
             __atomic_load_n(&core->state, __ATOMIC_SEQ_CST) == CORE_COMING);
}

void arch_kick(unsigned index)
{
    struct core *core = core_slot(index);

    __atomic_store_n(&core->is_kicked, 1, __ATOMIC_SEQ_CST);
    __asm__ volatile("dsb ish" ::: "memory");
    mmio_write32(arch_gic_redistributor(index) + GICR_SGI_FRAME + GICX_ISPENDR,
                 1u << ARCH_INTID_KICK);
    if (sleep_change(core, CORE_OFF, CORE_COMING)) {
        sleep_turn_on(core);
    }
}

enum { SLEEPS_NOT, SLEEPS_ALONE, SLEEPS_WITH_ALL };

/* Returns SLEEPS_WITH_ALL if all other cores are off, SLEEPS_ALONE if the rest is in sleep_system(). */
static int sleep_look_at_others(const struct core *core)
{
    int found = SLEEPS_WITH_ALL;

    for (unsigned i = 0; i < board.core_count; i++) {
        const struct core *other = core_slot(i);
        uint32_t state = __atomic_load_n(&other->state, __ATOMIC_SEQ_CST);

        if (other == core || state == CORE_OFF || state == CORE_UNUSED) {
            continue;
        }
        if (__atomic_load_n(&other->is_asleep, __ATOMIC_SEQ_CST) == 0) {
            return SLEEPS_NOT;
        }
        found = SLEEPS_ALONE;
    }
    return found;
}

static void sleep_kick_sleepers(const struct core *core)
{
    for (unsigned i = 0; i < board.core_count; i++) {
        if (i != core->index && __atomic_load_n(&core_slot(i)->is_asleep, __ATOMIC_SEQ_CST) != 0) {
            arch_kick(i);
        }
    }
}

/* Makes all other cores that sleep turn themselves off: each wakes for a moment. Returns false if one
 * stays awake. */
static bool sleep_gather(const struct core *core)
{
    uint64_t end = arch_now() + arch_frequency() / PATIENCE_SHARE;
    uint32_t no_core = 0;

    if (!__atomic_compare_exchange_n(&sleep_leader, &no_core, core->index + 1, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        return false;
    }
    sleep_kick_sleepers(core);
    while (sleep_look_at_others(core) != SLEEPS_WITH_ALL) {
        if (arch_now() > end) {
            return false;
        }
    }
    return true;
}

/* What a sleeping core was waiting for would not wake it any more. */
static void sleep_let_go(const struct core *core)
{
    if (sleep_leader == core->index + 1) {
        __atomic_store_n(&sleep_leader, 0, __ATOMIC_SEQ_CST);
        sleep_kick_sleepers(core);
    }
}

/* Interrupts that go to cores that sleep come here meanwhile. */
static void sleep_take_routes(const struct core *core)
{
    for (unsigned intid = FIRST_SPI; intid < SPI_END; intid++) {
        uint64_t at = arch_gic_distributor() + GICD_IROUTER + (uint64_t)intid * 8;
        uint64_t route = mmio_read64(at);

        sleep_routes[intid] = 0;
        for (unsigned i = 0; i < board.core_count; i++) {
            if (core_slot(i)->is_asleep != 0 && core_slot(i)->mpidr == route) {
                sleep_routes[intid] = (uint8_t)(i + 1);
                mmio_write64(at, core->mpidr);
            }
        }
    }
}

static void sleep_give_routes_back(void)
{
    for (unsigned intid = FIRST_SPI; intid < SPI_END; intid++) {
        if (sleep_routes[intid] != 0) {
            mmio_write64(arch_gic_distributor() + GICD_IROUTER + (uint64_t)intid * 8,
                         core_slot(sleep_routes[intid] - 1u)->mpidr);
        }
    }
}

/* When the first of the sleeping cores' timers is due that would interrupt its core. */
static uint64_t sleep_first_due(void)
{
    static const uint8_t intids[3] = {ARCH_INTID_TIMER, ARCH_INTID_VIRTUAL_TIMER,
                                      ARCH_INTID_PHYSICAL_TIMER};
    uint64_t first = UINT64_MAX;

    for (unsigned i = 0; i < board.core_count; i++) {
        const struct sleep_kept *kept = &sleep_slots[i];
        uint64_t frame = arch_gic_redistributor(i) + GICR_SGI_FRAME;

        for (unsigned timer = 0; core_slot(i)->is_asleep != 0 && timer < 3; timer++) {
            uint32_t open =
                mmio_read32(frame + GICX_ISENABLER) & ~mmio_read32(frame + GICX_ISACTIVER);

            if ((open >> intids[timer] & 1) != 0 && (kept->controls[timer] & 3) == TIMER_ENABLE &&
                kept->counts[timer] < first) {
                first = kept->counts[timer];
            }
        }
    }
    return first;
}

/* The firmware denies it while another core is on its way down. */
static int64_t sleep_machine(struct core *core)
{
    struct sleep_kept *kept = &sleep_slots[core->index];
    int64_t result = VPSCI_DENIED;

    sleep_keep(kept);
    uint64_t own = (kept->controls[0] & 3) == TIMER_ENABLE ? kept->counts[0] : UINT64_MAX;
    arch_set_deadline(sleep_first_due());
    sleep_take_routes(core);
    for (unsigned i = 0; i < SYSTEM_TRIES && result == VPSCI_DENIED; i++) {
        result = sleep_go_down(VPSCI_FID_64 + VPSCI_FN_SYSTEM_SUSPEND, (uint64_t)core_resume,
                               (uint64_t)core, 0);
    }
    sleep_give_routes_back();
    arch_set_deadline(own);
    return result;
}

static bool sleep_firmware_has_system_suspend(void)
{
    struct arch_smc_result result;

    arch_firmware(VPSCI_FID_32 + VPSCI_FN_FEATURES, VPSCI_FID_64 + VPSCI_FN_SYSTEM_SUSPEND, 0, 0,
                  &result);
    return (int32_t)result.x[0] >= 0;
}

/* The last core that falls asleep leads: the others turn themselves off, and come back with it. */
static void sleep_system(struct core *core)
{
    int64_t result = VPSCI_DENIED;

    __atomic_store_n(&core->is_asleep, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&sleep_leader, __ATOMIC_SEQ_CST) != 0) {
        sleep_keep(&sleep_slots[core->index]); /* before the leader sees that it is off */
        sleep_off(core);
        result = 0;
    } else if (sleep_look_at_others(core) != SLEEPS_NOT && sleep_firmware_has_system_suspend() &&
               sleep_gather(core)) {
        result = sleep_machine(core);
    }
    sleep_let_go(core);
    if (result < 0) {
        sleep_core(core);
    }
    __atomic_store_n(&core->is_asleep, 0, __ATOMIC_SEQ_CST);
}

void arch_sleep(enum arch_sleep depth)
{
    struct core *core = core_here();

    if (depth == ARCH_SLEEP_OFF && (READ_SYSREG(cnthp_ctl_el2) & TIMER_ENABLE) == 0) {
        sleep_off(core);
    } else if (depth == ARCH_SLEEP_SYSTEM) {
        sleep_system(core);
    } else {
        sleep_core(core);
    }
}
