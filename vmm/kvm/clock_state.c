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

static int clock_read_counters(struct vcpu *vcpu, uint64_t *counter, uint64_t *physical)
{
    int error = vcpu_get_reg(vcpu, KVM_REG_ARM_TIMER_CNT, counter);

    return error != 0 ? error : vcpu_get_reg(vcpu, KVM_REG_ARM_PTIMER_CNT, physical);
}

int vcpu_read_clock(struct vcpu *vcpu, struct vcpu_clock *clock)
{
    clock->frequency = kvm_counter_frequency();
    int error = clock_read_counters(vcpu, &clock->counter, &clock->physical);

    return error != 0 ? error : vcpu_save_timers(vcpu, &clock->timers);
}

/*
 * The offset is one for both counters, and KVM ignores writes of TIMER_CNT afterwards (Linux,
 * Documentation/virt/kvm/api.rst 4.139). Before 6.4 the virtual counter alone has an offset, which
 * TIMER_CNT sets.
 */
static int clock_set_counter(struct vcpu *vcpu, uint64_t counter)
{
    uint64_t old;
    uint64_t physical;
    int error = clock_read_counters(vcpu, &old, &physical);

    if (error != 0) {
        return error;
    }
    struct counter_offset offset = {.counter_offset = physical - counter};
    error = kvm_call(vcpu->vm->fd, SET_COUNTER_OFFSET, &offset);
    return error == -ENOTTY || error == -EINVAL ? vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CNT, counter)
                                                : error;
}

int vcpu_write_clock(struct vcpu *vcpu, const struct vcpu_clock *clock, uint64_t ahead)
{
    struct vcpu_timers timers = clock->timers;
    uint64_t counter;
    uint64_t physical;
    int error = clock_set_counter(vcpu, clock->counter + ahead);

    if (error == 0) {
        error = clock_read_counters(vcpu, &counter, &physical);
    }
    if (error != 0) {
        return error;
    }
    /* The physical timer was set by a physical counter that was further on, or less far. */
    uint64_t saved_lead = clock->physical - clock->counter;
    timers.value[VCPU_TIMER_PHYSICAL] += physical - counter - saved_lead;
    return vcpu_restore_timers(vcpu, &timers);
}
