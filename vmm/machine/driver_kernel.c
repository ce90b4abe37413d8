/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver under the power controller where the kernel answers PSCI: what the controller decides,
 * in terms of vCPU threads, MP states and interrupt lines.
 */
#include "machine/driver.h"

static int is_off(void *driver, unsigned vcpu)
{
    struct machine *machine = driver;

    return vcpu_is_off(machine->board.vcpu[vcpu]);
}

static int answer(void *driver, unsigned vcpu, enum vpsci_result result)
{
    struct machine *machine = driver;

    return vcpu_answer(machine->board.vcpu[vcpu], result);
}

/* KVM needs no word: to it the call has been over since it left the guest. */
static int honour(void *driver, unsigned vcpu)
{
    (void)driver;
    (void)vcpu;
    return 0;
}

/*
 * KVM_ARM_VCPU_INIT turns the vCPU's timers off and makes it able to run, so it must not come
 * before the sleep is over: a timer could not end it any more.
 */
static int restart(void *driver, unsigned vcpu, const struct suspend_call *call)
{
    struct machine *machine = driver;
    int error = vcpu_init(machine->board.vcpu[vcpu], false);

    vcpus_forget_exit(machine->board.threads, vcpu);
    if (error != 0) {
        return error;
    }
    return vcpu_set_entry(machine->board.vcpu[vcpu], call->entry, call->context, call->big_endian);
}

static int reset_arguments(void *driver, unsigned vcpu, uint64_t *type, uint64_t *cookie)
{
    struct machine *machine = driver;

    return vcpu_call_arguments(machine->board.vcpu[vcpu], type, cookie);
}

const struct power_ops driver_kernel_ops = {
    .pause = driver_pause,
    .resume = driver_resume,
    .vcpu_is_off = is_off,
    .suspend_call = driver_suspend_call,
    .answer = answer,
    .honour = honour,
    .ram_contains = driver_ram_contains,
    .doze = driver_doze,
    .resume_one = driver_resume_one,
    .deadline = driver_deadline,
    .restart = restart,
    .waking_intid = driver_waking_intid,
    .sleep_begins = driver_sleep_begins,
    .sleep_ends = driver_sleep_ends,
    .wakes_pending = driver_wakes_pending,
    .reset_arguments = reset_arguments,
    .tell = driver_tell,
};
