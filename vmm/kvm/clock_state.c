/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters and the timers of a VM that moves in time, and perhaps to another host. */
#include <errno.h>

#include "kvm/state_parts.h"

uint64_t kvm_counter_frequency(void)
{
    uint64_t frequency;

    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return frequency;
}

/* Before Linux 6.4 KVM does not show the physical counter and its timer. */
static bool clock_has_physical(struct vcpu *vcpu, uint64_t *physical)
{
    return vcpu_get_reg(vcpu, KVM_REG_ARM_PTIMER_CNT, physical) == 0;
}

/* Linux as a guest leaves the physical timer alone, with its interrupt disabled. */
static bool clock_may_use_physical(struct vcpu *vcpu)
{
    uint64_t mpidr = 0;

    return vcpu_get_mpidr(vcpu, &mpidr) != 0 ||
           gic_private_is_enabled(vcpu->vm, mpidr, MAP_INTID_PTIMER);
}

int vcpu_read_clock(struct vcpu *vcpu, struct vcpu_clock *clock)
{
    *clock = (struct vcpu_clock){.frequency = kvm_counter_frequency()};
    int error = vcpu_get_reg(vcpu, KVM_REG_ARM_TIMER_CNT, &clock->counter);

    if (error != 0) {
        return error;
    }
    if (clock_has_physical(vcpu, &clock->physical)) {
        return vpsci_kvm_timers_save(&vcpu->kvm, &clock->timers);
    }
    clock->physical = clock->counter;
    return clock_may_use_physical(vcpu) ? -ENOENT : vcpu_save_virtual_timer(vcpu, &clock->timers);
}

/* When a timer fires that was to fire at `deadline`, seen from `then`: as far from `now`, or at once. */
static uint64_t clock_move_deadline(uint64_t deadline, uint64_t then, uint64_t now)
{
    uint64_t left = deadline > then ? deadline - then : 0;

    return left <= UINT64_MAX - now ? now + left : UINT64_MAX;
}

/*
 * TIMER_CNT sets the virtual counter of the whole VM; the physical one stays the host's, as in a VM that was
 * never saved. KVM_ARM_SET_COUNTER_OFFSET (Linux 6.4) would move both: then the physical counter jumps back
 * even on the same host, and a processor without FEAT_ECV makes the guest leave for each access to it.
 */
int vcpu_write_clock(struct vcpu *vcpu, const struct vcpu_clock *clock, uint64_t ahead)
{
    struct vpsci_kvm_timers timers = clock->timers;
    uint64_t physical;
    int error = vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CNT, clock->counter + ahead);

    if (error != 0) {
        return error;
    }
    if (!clock_has_physical(vcpu, &physical)) {
        return vcpu_timer_is_armed(timers.value[VPSCI_KVM_TIMER_PHYSICAL_CONTROL])
                   ? -ENOENT
                   : vcpu_restore_virtual_timer(vcpu, &timers);
    }
    timers.value[VPSCI_KVM_TIMER_PHYSICAL] = clock_move_deadline(
        timers.value[VPSCI_KVM_TIMER_PHYSICAL], clock->physical + ahead, physical);
    return vpsci_kvm_timers_restore(&vcpu->kvm, &timers);
}
