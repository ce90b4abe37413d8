/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host does, looks at, and saves. */
#include "step.h"

/* What its owner is in, or NULL. */
static const struct action *owners_call(const struct step *step)
{
    uint32_t i;

    for (i = 0; i < step->around->other_count; i++) {
        const struct action *other = step->around->others[i];

        if (is_owners(other) && other->vcpu == step->action->vcpu) {
            return other;
        }
    }
    return NULL;
}

/* One that is held goes on at once; others when they ask what to do. */
static void rouse_vcpu(struct spec_vcpu *vcpu)
{
    if (vcpu->state == S_HELD) {
        spec_become(vcpu, S_ON);
    } else if (spec_is_asleep(vcpu) || vcpu->state == S_SUSPENDED ||
               vcpu->state == S_SUSPEND_ASKED) {
        vcpu->wake = WOKEN;
    }
}

/* Variant 1: one that is about to ask keeps it already; one that is just being honoured keeps it
 * without a kick, since the answer brings one; and where the owner is still in the call that puts
 * it to sleep, or off, it is lost: the caller looks at what is pending afterwards. */
static bool wake_half_way(struct step *step)
{
    const struct action *owners = owners_call(step);
    struct spec_vcpu *vcpu = step->vcpu;

    if (vcpu->state == S_ON && owners && owners->function == VPSCI_FN_SYSTEM_SUSPEND) {
        vcpu->wake = MAYBE_WOKEN;
        return true;
    }
    if (vcpu->state == S_SUSPENDED && !vcpu->wake && spec_is_answered(step, false)) {
        vcpu->wake = WOKEN;
        return true;
    }
    return owners && (owners->function == VPSCI_FN_CPU_SUSPEND || owners->kind == DO_MP_SET);
}

static bool wake_vcpu(struct step *step)
{
    struct spec_vcpu *vcpu = step->vcpu;
    bool sleeps = spec_is_asleep(vcpu) || vcpu->state == S_SUSPENDED || vcpu->state == S_HELD;

    if (step->variant == 1) {
        return wake_half_way(step);
    }
    step->result->value = sleeps && !vcpu->wake;
    rouse_vcpu(vcpu);
    return true;
}

static void answer_asking(struct step *step, bool yes)
{
    struct spec *spec = step->spec;
    struct spec_vcpu *target = &spec->vcpus[step->vcpu->peer];

    if (step->vcpu->function == VPSCI_FN_CPU_ON) {
        uint8_t token = target->token;

        spec_become(target, yes ? S_PENDING : (enum spec_state)target->detail);
        target->token = yes ? token : 0;
    } else if (yes) {
        spec->resident = step->vcpu->peer;
    }
    spec_become(step->vcpu, S_RETURNING);
    step->vcpu->code = yes ? 0 : -VPSCI_DENIED;
}

static void answer_stop(struct step *step, bool yes)
{
    struct spec *spec = step->spec;

    if (!yes) {
        step->vcpu->code = -VPSCI_DENIED;
    } else if (spec->function == VPSCI_FN_SYSTEM_RESET2) {
        spec->protect = 0;
    }
    spec->stage = yes ? STAGE_STOPPED : STAGE_RUNNING;
    spec->actor = NO_ACTOR;
    spec->function = 0;
    spec->token = 0;
}

/* Another one that answers, or the call that asks, is half way. Of several that answer at once one
 * has to get through: one that has been turned away itself is no reason. */
static bool comes_too_early(const struct step *step)
{
    uint32_t i;

    for (i = 0; i < step->around->other_count; i++) {
        const struct action *other = step->around->others[i];
        bool counts = is_answer(other)
                          ? !step->around->other_is_done[i] || step->around->other_value[i] == 0
                          : other->kind == DO_CALL;

        if (other->vcpu == step->action->vcpu && counts) {
            return true;
        }
    }
    return false;
}

static bool answer_request(struct step *step)
{
    struct spec *spec = step->spec;
    bool yes = step->action->kind == DO_ACCEPT;

    if (step->variant == 1) {
        step->result->value = VPSCI_E_STATE;
        return comes_too_early(step);
    }
    if (step->vcpu->state == S_ASKING) {
        answer_asking(step, yes);
    } else if (step->vcpu->state == S_SUSPEND_ASKED && yes) {
        step->vcpu->state = S_SUSPENDED;
    } else if (step->vcpu->state == S_SUSPEND_ASKED) {
        spec_become(step->vcpu, S_RETURNING);
        step->vcpu->code = -VPSCI_DENIED;
    } else if (spec->stage == STAGE_ASKED && spec->actor == step->action->vcpu) {
        answer_stop(step, yes);
    } else {
        step->result->value = VPSCI_E_STATE;
    }
    return true;
}

/* What vpsci_mp_state_set() says when it does nothing, else 1. */
static int64_t mp_refusal(const struct step *step)
{
    const struct spec_vcpu *vcpu = step->vcpu;

    if (vcpu->state == S_STARTING || vcpu->state == S_ASKING || vcpu->state == S_SUSPEND_ASKED) {
        return VPSCI_E_BUSY;
    }
    switch (step->action->argument) {
    case VPSCI_MP_STOPPED:
        return spec_is_off(vcpu) ? 0 : 1;
    case VPSCI_MP_SUSPENDED:
        return spec_is_ready(vcpu) ? VPSCI_E_STATE : 1;
    default:
        return spec_is_ready(vcpu) || vcpu->state == S_ON ? 0 : 1;
    }
}

static void mp_set(struct step *step)
{
    struct spec_vcpu *vcpu = step->vcpu;
    bool waits = spec_is_asleep(vcpu) || vcpu->state == S_SUSPENDED || vcpu->state == S_HELD;

    switch (step->action->argument) {
    case VPSCI_MP_STOPPED:
        spec_become(vcpu, S_OFF);
        break;
    case VPSCI_MP_SUSPENDED:
        if (!waits) {
            spec_become(vcpu, S_HELD);
        }
        break;
    default:
        if (waits) {
            rouse_vcpu(vcpu);
        } else {
            spec_become(vcpu, S_ON);
        }
        break;
    }
}

/* Variant 1: the system has begun to stop only afterwards; or a CPU_ON of it is half way. */
static bool mp_state_set(struct step *step)
{
    bool runs = step->spec->stage == STAGE_RUNNING;
    int64_t refusal = mp_refusal(step);

    if (step->variant == 1 && runs) {
        step->result->value = VPSCI_E_BUSY;
        return spec_is_being_changed(step, step->action->vcpu);
    }
    if (step->variant == 1 ? !step->around->was_running : !runs) {
        step->result->value = VPSCI_E_BUSY;
        return step->variant == 0;
    }
    if (refusal == 1) {
        mp_set(step);
    } else {
        step->result->value = refusal;
    }
    return true;
}

static int64_t state_of(const struct spec_vcpu *vcpu)
{
    static const uint8_t states[] = {
        [S_OFF] = VPSCI_STATE_OFF,
        [S_FROZEN] = VPSCI_STATE_FROZEN,
        [S_STARTING] = VPSCI_STATE_STARTING,
        [S_PENDING] = VPSCI_STATE_ON_PENDING,
        [S_ON] = VPSCI_STATE_ON,
        [S_RETURNING] = VPSCI_STATE_ON,
        [S_ASKING] = VPSCI_STATE_ASKING,
        [S_STANDBY] = VPSCI_STATE_STANDBY,
        [S_POWERDOWN] = VPSCI_STATE_POWERDOWN,
        [S_SUSPEND_ASKED] = VPSCI_STATE_SUSPEND_REQUESTED,
        [S_SUSPENDED] = VPSCI_STATE_SUSPENDED,
        [S_HELD] = VPSCI_STATE_HELD,
    };

    return spec_is_ready(vcpu) ? vcpu->state == S_PENDING ? VPSCI_STATE_ON_PENDING : VPSCI_STATE_ON
                               : states[vcpu->state];
}

/* Variant 1: while it is being changed it may show what it is on its way to. */
static bool show_state(struct step *step)
{
    step->result->value = step->variant ? -1 : state_of(step->vcpu);
    return step->variant == 0 || spec_is_being_changed(step, step->action->vcpu);
}

/* Variant 1: a call that may turn out to turn nothing on counts ahead. */
static bool show_count(struct step *step)
{
    uint32_t i;

    step->result->value = step->variant ? -1 : (int64_t)spec_count(step->spec);
    for (i = 0; step->variant == 1 && i < step->around->other_count; i++) {
        const struct action *other = step->around->others[i];

        if (other->function == VPSCI_FN_CPU_ON || other->kind == DO_MP_SET || is_answer(other)) {
            return true;
        }
    }
    return step->variant == 0;
}

/* Variant 1: a thread is inside the library. Variant 2: a thread in CPU_SUSPEND has left a note
 * that the mode is in use, and is not asleep yet. */
bool spec_save(struct step *step)
{
    struct spec spec = *step->spec;

    if (step->variant % 2 == 1) {
        step->result->value = VPSCI_E_BUSY;
        return step->variant == 1 && step->around->other_count > 0;
    }
    spec.mode_used |= step->variant == 2;
    step->result->value = spec_digest(&spec);
    return step->variant == 0 || spec_is_in_cpu_suspend(step);
}

/* What is neither a vCPU's own nor SAVE. */
bool spec_do_host(struct step *step)
{
    switch (step->action->kind) {
    case DO_MP_SET:
        return mp_state_set(step);
    case DO_WAKE:
        return wake_vcpu(step);
    case DO_STATE:
        return show_state(step);
    case DO_COUNT:
        return show_count(step);
    default:
        return answer_request(step);
    }
}
