/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci/psci.h"

#include <unistd.h>

#include "vpsci_kvm.h"

static uint32_t call_number(uint32_t function)
{
    return function & 0xff;
}

/* Counts a call that put its vCPU to sleep, for the state that it named or that libvpsci chose. */
static void call_count_idle(struct psci *psci, unsigned index,
                            const struct vpsci_guest_call *guest_call,
                            const struct vpsci_outcome *out)
{
    if (out->action != VPSCI_WAIT ||
        (out->wait != VPSCI_WAIT_STANDBY && out->wait != VPSCI_WAIT_POWERDOWN)) {
        return;
    }
    bool by_default = call_number((uint32_t)guest_call->function) == VPSCI_FN_CPU_DEFAULT_SUSPEND;
    int state = by_default ? idle_deepest_core(&psci->plan)
                           : idle_find(&psci->plan, (uint32_t)guest_call->args[0]);

    if (state >= 0) {
        psci->idle_counts[(size_t)index * IDLE_STATES_MAX + (unsigned)state]++;
        naps_begin(psci->naps, index, (unsigned)state);
    }
}

struct vpsci_vcpu *psci_vcpu(const struct psci *psci, unsigned index)
{
    return vpsci_vcpu_at(psci->vm, index);
}

static struct psci_step step_make(enum psci_verdict verdict)
{
    return (struct psci_step){.verdict = verdict, .start = -1};
}

/* An ioctl that must not fail did. */
static struct psci_step step_fail(struct vcpu_exit *exit, int error)
{
    *exit = (struct vcpu_exit){.kind = VCPU_EXIT_FAILED, .error = -error};
    return step_make(PSCI_HAND_OVER);
}

static struct psci_step step_start_too(struct psci_step result, const struct vpsci_vcpu *target)
{
    result.start = target != NULL ? (int)vpsci_vcpu_index(target) : -1;
    return result;
}

static struct psci_step step_run_unless(struct vcpu_exit *exit, int error)
{
    return error == 0 ? step_make(PSCI_RUN) : step_fail(exit, error);
}

static struct psci_step step_hand_over(struct vcpu_exit *exit, enum power_exit why)
{
    *exit = (struct vcpu_exit){.kind = VCPU_EXIT_POWER, .power = why};
    return step_make(PSCI_HAND_OVER);
}

/*
 * A vCPU that no interrupt may wake stays out, at its gate. The others wait in KVM_RUN, as in WFI with their timers on;
 * after a pause in between they come here again, because only a wake ends the wait.
 */
static struct psci_step step_carry_out(struct vcpu *vcpu, const struct vpsci_outcome *out,
                                       struct vcpu_exit *exit)
{
    if (out->action == VPSCI_WAIT && vpsci_outcome_mp_state(out) == VPSCI_MP_STOPPED) {
        return step_make(PSCI_STAY_OUT);
    }
    return step_run_unless(exit, vpsci_kvm_apply(vcpu_psci(vcpu), out));
}

/* The main thread has something to look at. */
static void notify_main(const struct psci *psci)
{
    uint64_t one = 1;

    (void)!write(psci->notify_fd, &one, sizeof(one));
}

static void change_end(struct psci *psci, unsigned index, uint64_t ticket, enum change what)
{
    changes_end(psci->changes, ticket, index, what);
    notify_main(psci);
}

static void outcome_wait_off(struct vpsci_outcome *out)
{
    *out = (struct vpsci_outcome){.action = VPSCI_WAIT, .wait = VPSCI_WAIT_OFF};
}

/* vpsci_next() for a vCPU that a CPU_ON starts; notes that it has come on. */
static void outcome_of_start(struct psci *psci, unsigned index, struct vpsci_outcome *out)
{
    if (!changes_want_room(psci->changes, index)) {
        outcome_wait_off(out); /* Main nudges this vCPU after it has taken an earlier ticket. */
        return;
    }
    uint64_t ticket = changes_begin(psci->changes, index);
    vpsci_next(psci_vcpu(psci, index), out);
    change_end(psci, index, ticket, out->action == VPSCI_ENTER ? CHANGE_ON : CHANGE_NONE);
}

/*
 * Does not call vpsci_next() for a vCPU that is off: a CPU_ON could come in between, and the vCPU
 * would start without a ticket. The caller of CPU_ON nudges the vCPU afterwards.
 */
static void outcome_next(struct psci *psci, unsigned index, struct vpsci_outcome *out)
{
    struct vpsci_vcpu *self = psci_vcpu(psci, index);

    switch (psci->changes != NULL ? vpsci_vcpu_state(self) : VPSCI_STATE_ON) {
    case VPSCI_STATE_OFF:
    case VPSCI_STATE_FROZEN:
    case VPSCI_STATE_STARTING:
        outcome_wait_off(out);
        return;
    case VPSCI_STATE_ON_PENDING:
        outcome_of_start(psci, index, out);
        return;
    default:
        vpsci_next(self, out);
        return;
    }
}

struct psci_step psci_next(struct psci *psci, unsigned index, struct vcpu *vcpu,
                           struct vcpu_exit *exit)
{
    struct vpsci_outcome out;

    outcome_next(psci, index, &out);
    return step_carry_out(vcpu, &out, exit);
}

static bool call_may_go_off(uint32_t function)
{
    return function == (VPSCI_FID_32 | VPSCI_FN_CPU_OFF) ||
           function == (VPSCI_FID_32 | VPSCI_FN_CPU_FREEZE);
}

/* vpsci_call(); notes that the vCPU has gone off. */
static void outcome_of_call(struct psci *psci, unsigned index,
                            const struct vpsci_guest_call *guest_call, struct vpsci_outcome *out)
{
    struct vpsci_vcpu *self = psci_vcpu(psci, index);

    if (psci->changes == NULL || !call_may_go_off((uint32_t)guest_call->function)) {
        vpsci_call(self, guest_call, out);
        return;
    }
    uint64_t ticket = changes_begin(psci->changes, index);
    vpsci_call(self, guest_call, out);
    bool is_off = out->wait == VPSCI_WAIT_OFF || out->wait == VPSCI_WAIT_FROZEN;
    change_end(psci, index, ticket, is_off ? CHANGE_OFF : CHANGE_NONE);
}

/*
 * Hands over a SYSTEM_SUSPEND that has been judged. SMC32 arguments are 32 bits wide (SMCCC 3.1).
 */
static struct psci_step step_hand_over_suspend(struct vcpu_exit *exit, enum power_exit judged,
                                               const struct vpsci_guest_call *guest_call)
{
    bool smc32 = ((uint32_t)guest_call->function & (VPSCI_FID_32 ^ VPSCI_FID_64)) == 0;
    uint64_t mask = smc32 ? UINT32_MAX : UINT64_MAX;
    struct psci_step result = step_hand_over(exit, judged);

    exit->call.suspend = (struct suspend_call){
        .entry = ipa(guest_call->args[0] & mask),
        .context = guest_call->args[1] & mask,
        .smc32 = smc32,
        .big_endian = guest_call->big_endian,
    };
    return result;
}

/* Hands over a request, which the main thread decides. */
static struct psci_step step_ask_main(const struct vpsci_request *request,
                                      const struct vpsci_guest_call *guest_call,
                                      struct vcpu_exit *exit)
{
    struct psci_step result;

    switch (request->function) {
    case VPSCI_FN_SYSTEM_SUSPEND:
        return step_hand_over_suspend(exit, POWER_EXIT_ALLOWED, guest_call);
    case VPSCI_FN_SYSTEM_OFF:
        result = step_hand_over(exit, POWER_EXIT_OFF);
        break;
    case VPSCI_FN_SYSTEM_OFF2:
        result = step_hand_over(exit, POWER_EXIT_HIBERNATE);
        break;
    case VPSCI_FN_SYSTEM_RESET:
        result = step_hand_over(exit, POWER_EXIT_RESET);
        break;
    default:
        result = step_hand_over(exit, POWER_EXIT_RESET2);
        exit->call.reset_type = request->type;
        exit->call.reset_cookie = request->cookie;
        break;
    }
    result.stop = true;
    return result;
}

/*
 * The main thread also gets a SYSTEM_SUSPEND that libvpsci refuses: it reports the call and answers
 * it.
 */
static bool call_is_refused_suspend(const struct vpsci_guest_call *guest_call,
                                    const struct vpsci_outcome *out)
{
    uint32_t function = (uint32_t)guest_call->function & ~(VPSCI_FID_32 ^ VPSCI_FID_64);

    return function == (VPSCI_FID_32 | VPSCI_FN_SYSTEM_SUSPEND) && out->action == VPSCI_RETURN &&
           ((int64_t)out->x0 == VPSCI_DENIED || (int64_t)out->x0 == VPSCI_INVALID_ADDRESS);
}

/*
 * Answers a CPU_ON by what the operator has admitted before, so that the caller need not wait. *out
 * becomes what the caller does next. The caller has no other request pending, and no other thread
 * answers this one.
 */
static void outcome_decide_start(struct psci *psci, unsigned index, struct vpsci_outcome *out)
{
    struct vpsci_vcpu *caller = psci_vcpu(psci, index);
    struct vpsci_vcpu *target = out->request.target;
    bool admitted = admission_ask(psci->admission, vpsci_vcpu_index(target));

    vpsci_answer(caller, admitted ? VPSCI_SUCCESS : VPSCI_DENIED);
    vpsci_next(caller, out);
    out->start = admitted ? target : NULL;
    if (!admitted) {
        notify_main(psci);
    }
}

static struct psci_step step_refuse_suspend(struct vcpu_exit *exit, const struct vpsci_outcome *out,
                                            const struct vpsci_guest_call *guest_call)
{
    bool denied = (int64_t)out->x0 == VPSCI_DENIED;

    return step_hand_over_suspend(exit, denied ? POWER_EXIT_DENIED : POWER_EXIT_BAD_ENTRY,
                                  guest_call);
}

static struct psci_step call_answer(struct psci *psci, unsigned index, struct vcpu *vcpu,
                                    struct vcpu_exit *exit)
{
    struct vpsci_guest_call guest_call;
    struct vpsci_outcome out;
    int error = vpsci_kvm_read_call(vcpu_psci(vcpu), psci->vm, exit->function, &guest_call);

    if (error != 0) {
        return step_fail(exit, error);
    }
    outcome_of_call(psci, index, &guest_call, &out);
    if (out.request.pending && out.request.function == VPSCI_FN_CPU_ON) {
        outcome_decide_start(psci, index, &out);
    }
    if (out.request.pending) {
        return step_ask_main(&out.request, &guest_call, exit);
    }
    if (call_is_refused_suspend(&guest_call, &out)) {
        return step_refuse_suspend(exit, &out, &guest_call);
    }
    call_count_idle(psci, index, &guest_call, &out);
    return step_start_too(step_carry_out(vcpu, &out, exit), out.start);
}

/* An interrupt for a vCPU that waits in KVM_RUN. Main decides whether it ends a SYSTEM_SUSPEND. */
static struct psci_step wake_vcpu(struct psci *psci, unsigned index, struct vcpu *vcpu,
                                  struct vcpu_exit *exit)
{
    struct vpsci_vcpu *self = psci_vcpu(psci, index);

    if (vpsci_vcpu_state(self) == VPSCI_STATE_SUSPENDED) {
        return step_make(PSCI_HAND_OVER);
    }
    naps_end(psci->naps, index);
    vpsci_wake(self);
    return psci_next(psci, index, vcpu, exit);
}

struct psci_step psci_serve(struct psci *psci, unsigned index, struct vcpu *vcpu,
                            struct vcpu_exit *exit)
{
    if (exit->kind == VCPU_EXIT_CALL) {
        return call_answer(psci, index, vcpu, exit);
    }
    return exit->power == POWER_EXIT_WAKEUP ? wake_vcpu(psci, index, vcpu, exit)
                                            : step_make(PSCI_HAND_OVER);
}
