/* SPDX-License-Identifier: BSD-2-Clause */
/* What libvpsci says of a vCPU is done in KVM, and what happens in KVM is told to libvpsci. */
#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include "vpsci_kvm.h"

static int cpu_enter(struct vpsci_kvm_vcpu *cpu, const struct vpsci_entry *entry)
{
    int error = vpsci_kvm_reset(cpu, VPSCI_MP_RUNNABLE);

    return error != 0 ? error : vpsci_kvm_start(cpu, entry);
}

/*
 * The reset stops the timers, one of which may have ended the wait. Device trees call them
 * always-on, so the guest relies on them.
 */
static int cpu_enter_with_timers(struct vpsci_kvm_vcpu *cpu, const struct vpsci_entry *entry)
{
    struct vpsci_kvm_timers timers;
    int error = vpsci_kvm_timers_save(cpu, &timers);

    if (error == 0) {
        error = cpu_enter(cpu, entry);
    }
    return error != 0 ? error : vpsci_kvm_timers_restore(cpu, &timers);
}

static int cpu_change_state(struct vpsci_kvm_vcpu *cpu, enum vpsci_mp_state state)
{
    return cpu->mp_state == (uint32_t)state ? 0 : vpsci_kvm_mp_state_set(cpu, state);
}

int vpsci_kvm_apply(struct vpsci_kvm_vcpu *cpu, const struct vpsci_outcome *out)
{
    int error;

    switch (out->action) {
    case VPSCI_ENTER:
        return out->ended == VPSCI_WAIT_POWERDOWN ? cpu_enter_with_timers(cpu, &out->entry)
                                                  : cpu_enter(cpu, &out->entry);
    case VPSCI_RETURN:
    case VPSCI_FOREIGN:
        error = cpu_change_state(cpu, VPSCI_MP_RUNNABLE);
        return error != 0 ? error : vpsci_kvm_answer(cpu, out->x0);
    case VPSCI_RUN:
        return cpu_change_state(cpu, VPSCI_MP_RUNNABLE);
    case VPSCI_WAIT:
        break;
    }
    return cpu_change_state(cpu, vpsci_outcome_mp_state(out));
}

/* ---- Calls -------------------------------------------------------------------------------- */

int vpsci_kvm_read_call(const struct vpsci_kvm_vcpu *cpu, const struct vpsci_vm *vm,
                        uint32_t function, struct vpsci_guest_call *call)
{
    struct vpsci_function_info info;
    unsigned first;
    int error;

    *call = (struct vpsci_guest_call){.function = function, .aarch32 = vpsci_kvm_is_aarch32(cpu)};
    vpsci_describe_function(vm, function, &info);
    if (info.arguments == 0) {
        return 0;
    }
    first = info.by_power_state ? 1 : info.arguments;
    error = vpsci_kvm_read_x(cpu, 1, 1 + first, call->args);
    if (error != 0) {
        return error;
    }
    if (info.by_power_state && !vpsci_needs_entry(vm, (uint32_t)call->args[0])) {
        return 0;
    }
    error = vpsci_kvm_read_x(cpu, 1 + first, 1u + info.arguments, &call->args[first]);
    if (error != 0 || !info.starts_core) {
        return error;
    }
    return vpsci_kvm_read_endianness(cpu, &call->big_endian);
}

/* ---- Running ------------------------------------------------------------------------------ */

int vpsci_kvm_run(struct vpsci_kvm_vcpu *cpu)
{
    struct vpsci_outcome out;
    int error;

    vpsci_next(cpu->vcpu, &out);
    error = vpsci_kvm_apply(cpu, &out);
    if (error != 0) {
        return error;
    }
    error = ioctl(cpu->fd, KVM_RUN, 0) < 0 ? -errno : 0;
    if (error == -EINTR || error == -EAGAIN) {
        vpsci_kvm_unkick(cpu); /* what the kick was for has not been looked at yet */
        return 0;
    }
    return error != 0 ? error : 1;
}

/* A call that waits is left to the next turn: its answer may come first. */
static int exit_take_call(struct vpsci_kvm_vcpu *cpu, struct vpsci_outcome *out)
{
    struct vpsci_guest_call call;
    int error = vpsci_kvm_read_call(cpu, cpu->vm, (uint32_t)cpu->run->hypercall.nr, &call);

    if (error != 0) {
        return error;
    }
    vpsci_call(cpu->vcpu, &call, out);
    error = out->action == VPSCI_WAIT ? 0 : vpsci_kvm_apply(cpu, out);
    return error != 0 ? error : 1;
}

int vpsci_kvm_exit(struct vpsci_kvm_vcpu *cpu, struct vpsci_outcome *out)
{
    const struct kvm_run *run = cpu->run;

    if (run->exit_reason == KVM_EXIT_HYPERCALL) {
        return exit_take_call(cpu, out);
    }
    if (run->exit_reason != KVM_EXIT_SYSTEM_EVENT ||
        run->system_event.type != KVM_SYSTEM_EVENT_WAKEUP) {
        return 0;
    }
    vpsci_wake(cpu->vcpu);
    *out = (struct vpsci_outcome){.action = VPSCI_RUN};
    return 1;
}
