/* SPDX-License-Identifier: BSD-2-Clause */
/* Cores that go down by the firmware, and come back where they were (core_keep()). */
#include "arch.h"

#include "board.h"
#include "cores.h"
#include "gic_interface.h"
#include "mmio.h"
#include "start.h"
#include "sysreg.h"
#include "vpsci/abi.h"

enum { GICR_ISPENDR0 = 0x10200, TIMER_ENABLE = 1, SYSTEM_TRIES = 1000, CAME_BACK = 1 };

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
    mmio_write32(arch_gic_redistributor(index) + GICR_ISPENDR0, 1u << ARCH_INTID_KICK);
    if (sleep_change(core, CORE_OFF, CORE_COMING)) {
        sleep_turn_on(core);
    }
}

static bool sleep_is_last(const struct core *core)
{
    for (unsigned i = 0; i < board.core_count; i++) {
        uint32_t state = __atomic_load_n(&core_slot(i)->state, __ATOMIC_SEQ_CST);

        if (i != core->index && state != CORE_OFF && state != CORE_UNUSED) {
            return false;
        }
    }
    return true;
}

/* The firmware denies it while another core is on its way down, or up. */
static void sleep_system(struct core *core)
{
    struct arch_smc_result result;
    int64_t error = VPSCI_DENIED;

    arch_firmware(VPSCI_FID_32 + VPSCI_FN_FEATURES, VPSCI_FID_64 + VPSCI_FN_SYSTEM_SUSPEND, 0, 0,
                  &result);
    if ((int32_t)result.x[0] < 0) {
        sleep_core(core);
        return;
    }
    for (unsigned i = 0; i < SYSTEM_TRIES && error == VPSCI_DENIED && sleep_is_last(core); i++) {
        error = sleep_go_down(VPSCI_FID_64 + VPSCI_FN_SYSTEM_SUSPEND, (uint64_t)core_resume,
                              (uint64_t)core, 0);
    }
    if (error < 0) {
        sleep_core(core);
    }
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
