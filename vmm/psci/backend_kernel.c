/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel answers PSCI. For SYSTEM_SUSPEND it only leaves the guest; dormouse does the rest. */
#include "psci/backend.h"

static int kernel_create(struct psci_backend *backend, const struct psci_options *options)
{
    if (options->observer == NULL) {
        return 0;
    }
    backend->observer = *options->observer;
    return observe_open(backend, options->cpu_count);
}

static void kernel_destroy(struct psci_backend *backend)
{
    observe_close(backend);
}

static int kernel_attach(struct psci_backend *backend, struct vm *vm, bool suspend)
{
    observe_forget(backend);
    return suspend ? vm_enable_system_suspend(vm) : 0;
}

static int kernel_version(struct psci_backend *backend, struct vcpu *vcpu, uint32_t *version)
{
    uint32_t wanted = *version;
    int error = vcpu_get_psci_version(vcpu, version);

    (void)backend;
    if (error != 0 || wanted == 0) {
        return error;
    }
    error = vcpu_set_psci_version(vcpu, wanted);
    if (error == 0) {
        *version = wanted;
    }
    return error;
}

/* KVM knows no more of a sleeping guest than that one vCPU is not off. */
static int kernel_resume(struct psci_backend *backend, unsigned vcpu,
                         const struct suspend_call *call, const void *record, size_t size,
                         const char **why)
{
    (void)backend, (void)vcpu, (void)call, (void)record, (void)size, (void)why;
    return 0;
}

/* KVM gives the state only of a vCPU that does not run. */
static const char *kernel_state_name(struct psci_backend *backend, unsigned index)
{
    return vcpu_is_off(backend->vcpu[index]) == 1 ? "off" : "on";
}

static void kernel_observe(struct psci_backend *backend, bool on)
{
    observe_set(backend, on);
}

/* KVM notes no changes; observe.c looks for them. */
static bool kernel_take_changes(struct psci_backend *backend, unsigned most)
{
    (void)backend;
    (void)most;
    return false;
}

static struct psci_step kernel_next(struct psci_backend *backend, unsigned index, struct vcpu *vcpu,
                                    struct vcpu_exit *exit)
{
    (void)backend;
    (void)index;
    (void)vcpu;
    (void)exit;
    return (struct psci_step){.verdict = PSCI_RUN, .start = -1};
}

/* Reads the arguments of the call, once, into the exit. */
static int kernel_read_call(struct vcpu *vcpu, struct vcpu_exit *exit)
{
    switch (exit->power) {
    case POWER_EXIT_SUSPEND:
        return vcpu_suspend_call(vcpu, &exit->call.suspend);
    case POWER_EXIT_RESET2:
        return vcpu_call_arguments(vcpu, &exit->call.reset_type, &exit->call.reset_cookie);
    default:
        return 0;
    }
}

static struct psci_step kernel_serve(struct psci_backend *backend, unsigned index,
                                     struct vcpu *vcpu, struct vcpu_exit *exit)
{
    int error = kernel_read_call(vcpu, exit);

    (void)backend;
    (void)index;
    if (error != 0) {
        *exit = (struct vcpu_exit){.kind = VCPU_EXIT_FAILED, .error = -error};
    }
    return (struct psci_step){.verdict = PSCI_HAND_OVER, .start = -1};
}

static int kernel_is_off(void *arg, unsigned vcpu)
{
    const struct psci_backend *backend = arg;

    return vcpu_is_off(backend->vcpu[vcpu]);
}

static int kernel_answer(void *arg, unsigned vcpu, enum vpsci_result result)
{
    const struct psci_backend *backend = arg;

    return vcpu_answer(backend->vcpu[vcpu], result);
}

/* There is nothing to do: for KVM the call ended when it left the guest. */
static int kernel_honour(void *arg, unsigned vcpu)
{
    (void)arg;
    (void)vcpu;
    return 0;
}

static int kernel_doze(void *arg, unsigned vcpu)
{
    const struct psci_backend *backend = arg;

    return vcpu_doze(backend->vcpu[vcpu]);
}

/*
 * KVM_ARM_VCPU_INIT turns the vCPU's timers off and makes the vCPU runnable. So it comes after the
 * sleep: before, no timer could end the sleep any more.
 */
static int kernel_restart(void *arg, unsigned vcpu, const struct suspend_call *call)
{
    const struct psci_backend *backend = arg;
    int error = vcpu_init(backend->vcpu[vcpu], false);

    if (error != 0) {
        return error;
    }
    return vcpu_set_entry(backend->vcpu[vcpu], call->entry, call->context, call->big_endian);
}

const struct psci_backend_ops psci_kernel_ops = {
    .mode = PSCI_MODE_KERNEL,
    .counts_calls = true,
    .needs_pause = true,
    .create = kernel_create,
    .destroy = kernel_destroy,
    .attach = kernel_attach,
    .version = kernel_version,
    .resume = kernel_resume,
    .state_name = kernel_state_name,
    .observe = kernel_observe,
    .take_changes = kernel_take_changes,
    .next = kernel_next,
    .serve = kernel_serve,
    .power =
        {
            .is_off = kernel_is_off,
            .answer = kernel_answer,
            .honour = kernel_honour,
            .doze = kernel_doze,
            .restart = kernel_restart,
        },
};
