/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvpsci answers PSCI, on the vCPUs' threads (calls.c). This file is the main thread's half: it
 * answers the requests that those threads hand over. While a vCPU is paused the main thread owns
 * its power state.
 */
#include "psci/backend.h"

#include <errno.h>

#include "vpsci_kvm.h"

static int user_create(struct psci_backend *backend, const struct psci_options *options)
{
    if (options->observer != NULL) {
        backend->observer = *options->observer;
    }
    return psci_create(&backend->psci, options);
}

static void user_destroy(struct psci_backend *backend)
{
    psci_destroy(&backend->psci);
}

static int user_attach(struct psci_backend *backend, struct vm *vm, bool suspend)
{
    (void)suspend; /* psci_create() knows. */
    psci_reset(&backend->psci);
    return vm_forward_psci(vm);
}

static int user_version(struct psci_backend *backend, struct vcpu *vcpu, uint32_t *version)
{
    (void)vcpu;
    *version = psci_version(&backend->psci);
    return 0;
}

static size_t user_record_size(const struct psci_backend *backend)
{
    return vpsci_save_size(backend->psci.vm);
}

static int user_save(const struct psci_backend *backend, void *record, size_t size)
{
    return vpsci_save(backend->psci.vm, record, size) == (ptrdiff_t)size ? 0 : -EBUSY;
}

/* Every vCPU is off but this one. */
static int user_start_with(const struct psci_backend *backend, unsigned vcpu)
{
    int error = vpsci_mp_state_set(psci_vcpu(&backend->psci, vcpu), VPSCI_MP_RUNNABLE);

    if (error == 0 && vcpu != 0) {
        error = vpsci_mp_state_set(psci_vcpu(&backend->psci, 0), VPSCI_MP_STOPPED);
    }
    return error;
}

/* A guest whose calls KVM answered until now: makes its last call once more. */
static int user_repeat_call(const struct psci_backend *backend, unsigned vcpu,
                            const struct suspend_call *call)
{
    const struct vpsci_guest_call again = {
        .function = (call->smc32 ? VPSCI_FID_32 : VPSCI_FID_64) | VPSCI_FN_SYSTEM_SUSPEND,
        .args = {call->entry.value, call->context},
        .big_endian = call->big_endian,
    };
    struct vpsci_vcpu *sleeper = psci_vcpu(&backend->psci, vcpu);
    struct vpsci_outcome out;
    int error = user_start_with(backend, vcpu);

    if (error != 0) {
        return error;
    }
    vpsci_call(sleeper, &again, &out);
    return out.request.pending ? vpsci_answer(sleeper, VPSCI_SUCCESS) : -EINVAL;
}

/* A record may be of any origin, and of any moment. */
static bool user_is_asleep(const struct psci_backend *backend, unsigned vcpu)
{
    return vpsci_on_count(backend->psci.vm) == 1 &&
           vpsci_vcpu_state(psci_vcpu(&backend->psci, vcpu)) == VPSCI_STATE_SUSPENDED;
}

static int user_resume(struct psci_backend *backend, unsigned vcpu, const struct suspend_call *call,
                       const void *record, size_t size, const char **why)
{
    int error = record != NULL ? vpsci_restore(backend->psci.vm, record, size)
                               : user_repeat_call(backend, vcpu, call);

    *why = "it does not say that the guest sleeps";
    if (record != NULL && error != 0) {
        *why = vpsci_error_text(error);
    }
    return error == 0 && user_is_asleep(backend, vcpu) ? 0 : -EINVAL;
}

/* As the operator sees it: what the library waits for is answered at once. */
static const char *user_state_name(struct psci_backend *backend, unsigned index)
{
    enum vpsci_state state = vpsci_vcpu_state(psci_vcpu(&backend->psci, index));

    switch (state) {
    case VPSCI_STATE_STARTING:
        return vpsci_state_name(VPSCI_STATE_OFF);
    case VPSCI_STATE_ASKING:
        return vpsci_state_name(VPSCI_STATE_ON);
    default:
        return vpsci_state_name(state);
    }
}

/* There is nothing to look for: the vCPUs' threads note changes. */
static void user_observe(struct psci_backend *backend, bool on)
{
    (void)backend;
    (void)on;
}

/* A vCPU whose start waited for room is nudged. */
static bool user_take_changes(struct psci_backend *backend, unsigned most)
{
    const struct psci_observer *observer = &backend->observer;
    struct changes *changes = backend->psci.changes;
    struct change_told told;

    for (; most > 0; most--) {
        if (changes == NULL || !changes_take(changes, &told)) {
            return false;
        }
        if (told.what != CHANGE_NONE) {
            power_changed(observer->power, told.vcpu, told.what == CHANGE_ON);
        }
        if (told.waits) {
            observer->nudge(observer->arg, told.vcpu);
        }
    }
    return true;
}

bool psci_withdraw(struct psci *psci, unsigned vcpu)
{
    admission_withdraw(psci->admission, vcpu);
    return vpsci_mp_state_get(psci_vcpu(psci, vcpu)) == VPSCI_MP_STOPPED &&
           admission_saw_off(psci->admission, vcpu);
}

static struct psci_step user_next(struct psci_backend *backend, unsigned index, struct vcpu *vcpu,
                                  struct vcpu_exit *exit)
{
    return psci_next(&backend->psci, index, vcpu, exit);
}

static struct psci_step user_serve(struct psci_backend *backend, unsigned index, struct vcpu *vcpu,
                                   struct vcpu_exit *exit)
{
    return psci_serve(&backend->psci, index, vcpu, exit);
}

/*
 * If libvpsci has refused the call itself, no request is pending there, and the answer goes to x0
 * only.
 */
static int user_answer(void *arg, unsigned vcpu, enum vpsci_result result)
{
    const struct psci_backend *backend = arg;
    struct vpsci_vcpu *caller = psci_vcpu(&backend->psci, vcpu);
    struct vpsci_request request;

    if (!vpsci_pending_request(caller, &request)) {
        return vcpu_answer(backend->vcpu[vcpu], result);
    }
    return vpsci_answer(caller, result) == 0 ? 0 : -EPROTO;
}

static int user_honour(void *arg, unsigned vcpu)
{
    const struct psci_backend *backend = arg;

    return vpsci_answer(psci_vcpu(&backend->psci, vcpu), VPSCI_SUCCESS) == 0 ? 0 : -EPROTO;
}

/* The vCPU's own thread does so at its gate, whenever it is resumed: psci_next(). */
static int user_doze(void *arg, unsigned vcpu)
{
    (void)arg;
    (void)vcpu;
    return 0;
}

/* The vCPU is paused, so main may do what its own thread would. */
static int user_restart(void *arg, unsigned vcpu, const struct suspend_call *call)
{
    const struct psci_backend *backend = arg;
    struct vpsci_vcpu *sleeper = psci_vcpu(&backend->psci, vcpu);
    struct vpsci_outcome out;

    (void)call; /* libvpsci has it too. */
    vpsci_wake(sleeper);
    vpsci_next(sleeper, &out);
    return out.action == VPSCI_ENTER ? vpsci_kvm_apply(vcpu_psci(backend->vcpu[vcpu]), &out)
                                     : -EPROTO;
}

const struct psci_backend_ops psci_user_ops = {
    .mode = PSCI_MODE_USER,
    .has_suspend = true,
    .create = user_create,
    .destroy = user_destroy,
    .attach = user_attach,
    .version = user_version,
    .record_size = user_record_size,
    .save = user_save,
    .resume = user_resume,
    .state_name = user_state_name,
    .observe = user_observe,
    .take_changes = user_take_changes,
    .next = user_next,
    .serve = user_serve,
    .power =
        {
            .answer = user_answer,
            .honour = user_honour,
            .doze = user_doze,
            .restart = user_restart,
        },
};
