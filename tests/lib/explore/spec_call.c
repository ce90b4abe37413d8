/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's calls. */
#include "step.h"

static bool cpu_on(struct step *step)
{
    static const bool is_taken[] = {[S_STARTING] = true, [S_PENDING] = true, [S_HELD] = false};
    struct spec_vcpu *target = &step->spec->vcpus[step->action->argument];
    uint8_t before = target->state;

    if (!spec_is_off(target)) {
        spec_answer(step, is_taken[before] && !(step->spec->flags & NO_ON_PENDING)
                              ? VPSCI_ON_PENDING
                              : VPSCI_ALREADY_ON);
        return true;
    }
    spec_become(target, step->spec->flags & ASKS ? S_STARTING : S_PENDING);
    target->token = step->action->token;
    if (step->spec->flags & ASKS) {
        target->detail = before;
        *step->vcpu = (struct spec_vcpu){
            .state = S_ASKING, .function = VPSCI_FN_CPU_ON, .peer = step->action->argument};
        spec_wait(step, VPSCI_WAIT_ANSWER);
        spec_show_request(step);
    } else {
        spec_answer(step, VPSCI_SUCCESS);
        step->result->start = (uint8_t)(step->action->argument + 1);
    }
    return true;
}

static bool cpu_off(struct step *step, enum spec_state off)
{
    if ((step->spec->flags & TRUSTED_OS) && step->spec->resident == step->action->vcpu) {
        spec_answer(step, VPSCI_DENIED);
        return true;
    }
    spec_become(step->vcpu, off);
    spec_wait(step, off == S_OFF ? VPSCI_WAIT_OFF : VPSCI_WAIT_FROZEN);
    return true;
}

static bool affinity_info(struct step *step)
{
    const struct spec_vcpu *target = &step->spec->vcpus[step->action->argument];

    if (spec_is_off(target)) {
        spec_answer(step, 1);
    } else if (target->state == S_STARTING || target->state == S_PENDING) {
        spec_answer(step, step->spec->flags & NO_ON_PENDING ? 0 : 2);
    } else {
        spec_answer(step, 0);
    }
    return true;
}

/* Variant 1 of SYSTEM_SUSPEND and of going back from OS-initiated mode: the host is turning on
 * another one. */
static bool deny_by_host(struct step *step)
{
    spec_answer(step, VPSCI_DENIED);
    return spec_host_turns_on(step);
}

static bool system_suspend(struct step *step)
{
    bool woken = step->vcpu->wake == MAYBE_WOKEN;

    if (step->variant == 1) {
        return deny_by_host(step);
    }
    if (spec_count(step->spec) != 1) {
        spec_answer(step, VPSCI_DENIED);
        return true;
    }
    spec_become(step->vcpu, S_SUSPEND_ASKED);
    step->vcpu->token = step->action->token;
    step->vcpu->wake = woken ? WOKEN : NOT_WOKEN;
    spec_wait(step, VPSCI_WAIT_ANSWER);
    spec_show_request(step);
    return true;
}

/* OS-initiated mode, of a state of level 1: all others of the domain have to be off or asleep, or
 * not to know yet that they no longer are. */
static int64_t os_initiated(const struct step *step)
{
    const struct spec *spec = step->spec;
    int64_t result = VPSCI_SUCCESS;
    uint8_t i;

    for (i = 0; i < spec->vcpu_count; i++) {
        const struct spec_vcpu *other = &spec->vcpus[i];

        if (other == step->vcpu || spec_domain[i] != spec_domain[step->action->vcpu]) {
            continue;
        }
        if (!spec_is_down(other)) {
            return VPSCI_DENIED;
        }
        if (other->state == S_STANDBY &&
            spec_states[step->action->argument].local == VPSCI_HW_OFF) {
            result = VPSCI_INVALID_PARAMETERS;
        }
    }
    return result;
}

static void fall_asleep(struct step *step, uint8_t detail)
{
    bool powerdown = (detail & 1) != 0; /* in this table */

    spec_become(step->vcpu, powerdown ? S_POWERDOWN : S_STANDBY);
    step->vcpu->detail = detail;
    step->vcpu->token = powerdown ? step->action->token : 0;
    spec_wait(step, powerdown ? VPSCI_WAIT_POWERDOWN : VPSCI_WAIT_STANDBY);
}

/* Variant 1: with another core inside a call, OS-initiated mode may say no. Of level 2 it may always,
 * by variants 1 and 2: which domains are down is not part of the specification here. The model
 * (tests/lib/model) has that. */
static bool refuse_suspend(struct step *step, uint32_t level)
{
    spec_answer(step, step->variant == 1 ? VPSCI_DENIED : VPSCI_INVALID_PARAMETERS);
    return step->variant == 1 ? level > 1 || (level == 1 && step->around->other_count > 0)
                              : level > 1 && step->variant == 2;
}

static bool cpu_suspend(struct step *step)
{
    /* That the caller decides about. */
    uint32_t level = step->spec->os_initiated ? spec_states[step->action->argument].level : 0;

    if (step->variant > 0) {
        return refuse_suspend(step, level);
    }
    if (level == 1 && os_initiated(step)) {
        spec_answer(step, os_initiated(step));
        return true;
    }
    step->spec->mode_used = 1;
    fall_asleep(step, step->action->argument);
    return true;
}

/* Variant 1, on the way to OS-initiated mode: a CPU_SUSPEND is half way. */
static bool set_suspend_mode(struct step *step)
{
    struct spec *spec = step->spec;
    bool leaves = spec->os_initiated && !step->action->argument;

    if (step->variant == 1) {
        spec_answer(step, VPSCI_DENIED);
        return leaves ? spec_host_turns_on(step) : spec_is_in_cpu_suspend(step);
    }
    if (spec->os_initiated == step->action->argument) {
        spec_answer(step, VPSCI_SUCCESS);
    } else if (leaves ? spec_count(spec) != 1 : spec->mode_used) {
        spec_answer(step, VPSCI_DENIED);
    } else {
        spec->os_initiated = step->action->argument;
        spec->mode_used = 0;
        spec_answer(step, VPSCI_SUCCESS);
    }
    return true;
}

static bool system_stop(struct step *step)
{
    struct spec *spec = step->spec;

    spec_become(step->vcpu, S_RETURNING);
    step->vcpu->code = -VPSCI_INTERNAL_FAILURE;
    if (spec->stage == STAGE_RUNNING) {
        spec->stage = STAGE_ASKED;
        spec->actor = step->action->vcpu;
        spec->function = step->action->function;
        spec->token = spec->function == VPSCI_FN_SYSTEM_RESET2 ? step->action->token : 0;
        spec_wait_stopped(step);
    } else {
        spec_wait(step, VPSCI_WAIT_STOPPED);
    }
    return true;
}

static bool ask_migrate(struct step *step)
{
    if (step->spec->resident != step->action->vcpu) {
        spec_answer(step, VPSCI_NOT_PRESENT);
        return true;
    }
    *step->vcpu = (struct spec_vcpu){
        .state = S_ASKING, .function = VPSCI_FN_MIGRATE, .peer = step->action->argument};
    spec_wait(step, VPSCI_WAIT_ANSWER);
    spec_show_request(step);
    return true;
}

static bool mem_protect(struct step *step)
{
    spec_answer(step, step->spec->protect);
    step->spec->protect = step->action->argument;
    return true;
}

static bool call_strictly(struct step *step)
{
    switch (step->action->function) {
    case VPSCI_FN_CPU_ON:
        return cpu_on(step);
    case VPSCI_FN_CPU_OFF:
        return cpu_off(step, S_OFF);
    case VPSCI_FN_CPU_FREEZE:
        return cpu_off(step, S_FROZEN);
    case VPSCI_FN_AFFINITY_INFO:
        return affinity_info(step);
    case VPSCI_FN_CPU_DEFAULT_SUSPEND:
        fall_asleep(step, 1);
        return true;
    case VPSCI_FN_MIGRATE:
        return ask_migrate(step);
    case VPSCI_FN_MEM_PROTECT:
        return mem_protect(step);
    default:
        return system_stop(step);
    }
}

bool spec_call(struct step *step)
{
    if (step->vcpu->state != S_ON) {
        return spec_next(step);
    }
    if (step->variant > 1 && step->action->function != VPSCI_FN_CPU_SUSPEND) {
        return false;
    }
    switch (step->action->function) {
    case VPSCI_FN_SYSTEM_SUSPEND:
        return system_suspend(step);
    case VPSCI_FN_CPU_SUSPEND:
        return cpu_suspend(step);
    case VPSCI_FN_SET_SUSPEND_MODE:
        return set_suspend_mode(step);
    default:
        return step->variant == 0 && call_strictly(step);
    }
}
