/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters and the timers of a VM that moves in time, and perhaps to another host. */
#include <errno.h>

#include "kvm/state_parts.h"

/* Linux 6.4 has it; the headers of older kernels, with which this builds too, lack it. */
struct counter_offset {
    uint64_t counter_offset;
    uint64_t reserved;
};

#define SET_COUNTER_OFFSET _IOW(KVMIO, 0xb5, struct counter_offset)

uint64_t kvm_counter_frequency(void)
{
    uint64_t frequency;

    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return frequency;
}

/* Before Linux 6.4 KVM shows nobody the physical counter and its timer. */
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
        return vcpu_save_timers(vcpu, &clock->timers);
    }
    clock->physical = clock->counter;
    return clock_may_use_physical(vcpu) ? -ENOENT : vcpu_save_virtual_timer(vcpu, &clock->timers);
}

/*
 * The offset is one for both counters, and KVM ignores writes of TIMER_CNT afterwards (Linux,
 * Documentation/virt/kvm/api.rst 4.139). Before 6.4 the virtual counter alone has an offset, which
 * TIMER_CNT sets.
 */
static int clock_set_counter(struct vcpu *vcpu, uint64_t counter)
{
    uint64_t physical;

    if (!clock_has_physical(vcpu, &physical)) {
        return vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CNT, counter);
    }
    struct counter_offset offset = {.counter_offset = physical - counter};
    return kvm_call(vcpu->vm->fd, SET_COUNTER_OFFSET, &offset);
}

int vcpu_write_clock(struct vcpu *vcpu, const struct vcpu_clock *clock, uint64_t ahead)
{
    struct vcpu_timers timers = clock->timers;
    uint64_t physical;
    int error = clock_set_counter(vcpu, clock->counter + ahead);

    if (error != 0) {
        return error;
    }
    if (!clock_has_physical(vcpu, &physical)) {
        return vcpu_timer_is_armed(timers.value[VCPU_TIMER_PHYSICAL_CONTROL])
                   ? -ENOENT
                   : vcpu_restore_virtual_timer(vcpu, &timers);
    }
    /* The physical counter is the virtual one now; it was further on, or less far. */
    timers.value[VCPU_TIMER_PHYSICAL] -= clock->physical - clock->counter;
    return vcpu_restore_timers(vcpu, &timers);
}
