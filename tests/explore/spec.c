/* SPDX-License-Identifier: BSD-2-Clause */
#include "spec.h"

#include <string.h>

const struct vpsci_power_state spec_states[4] = {
    {0x00000000, 0, VPSCI_HW_STANDBY, VPSCI_NO_STATE},
    {0x00010000, 0, VPSCI_HW_OFF, VPSCI_NO_STATE},
    {0x01000001, 1, VPSCI_HW_STANDBY, 0},
    {0x01010001, 1, VPSCI_HW_OFF, 1},
};

const uint16_t spec_domain[VCPU_MAX] = {0, 0, 2, 2};

/* A step of a call: what it is about, and where its result goes. */
struct step {
    struct spec *spec;
    struct spec_vcpu *vcpu;
    const struct action *action;
    const struct circumstances *around;
    struct result *result;
    uint32_t variant;
};

static bool is_off(const struct spec_vcpu *vcpu)
{
    return vcpu->state <= S_FROZEN;
}

uint32_t spec_count(const struct spec *spec)
{
    uint32_t count = 0;
    uint32_t i;

    for (i = 0; i < spec->vcpu_count; i++) {
        count += !is_off(&spec->vcpus[i]);
    }
    return count;
}

int64_t spec_digest(const struct spec *spec)
{
    const uint8_t *bytes = (const uint8_t *)spec;
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    size_t i;

    for (i = 0; i < sizeof(*spec); i++) {
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return (int64_t)(sum >> 1);
}

static void become(struct spec_vcpu *vcpu, enum spec_state state)
{
    *vcpu = (struct spec_vcpu){.state = (uint8_t)state};
}

static void answer_with(struct step *step, int64_t value)
{
    step->result->action = VPSCI_RETURN;
    step->result->value = value;
}

static void wait_for(struct step *step, enum vpsci_wait wait)
{
    step->result->action = VPSCI_WAIT;
    step->result->wait = (uint8_t)wait;
}

/* The request that comes with a wait for an answer. */
static void show_request(struct step *step)
{
    const struct spec_vcpu *vcpu = step->vcpu;
    struct result *result = step->result;

    result->pending = 1;
    result->function = vcpu->function;
    result->token = vcpu->token;
    if (vcpu->state == S_ASKING) {
        result->target = (uint8_t)(vcpu->peer + 1);
        result->token = vcpu->function == VPSCI_FN_CPU_ON ? step->spec->vcpus[vcpu->peer].token : 0;
    } else {
        result->function = VPSCI_FN_SYSTEM_SUSPEND;
    }
}

static void wait_stopped(struct step *step)
{
    const struct spec *spec = step->spec;

    wait_for(step, VPSCI_WAIT_STOPPED);
    if (spec->stage == STAGE_ASKED && spec->actor == step->action->vcpu) {
        step->result->pending = 1;
        step->result->function = spec->function;
        step->result->token = spec->token;
    }
}

/* Is a call going on that may be half way through changing this vCPU? */
static bool is_being_changed(const struct step *step, uint8_t vcpu)
{
    const struct circumstances *around = step->around;
    uint32_t i;

    for (i = 0; i < around->other_count; i++) {
        const struct action *other = around->others[i];
        const struct spec_vcpu *asker = &step->spec->vcpus[other->vcpu % VCPU_MAX];

        if ((other->kind == DO_CALL && other->function == VPSCI_FN_CPU_ON &&
             other->argument == vcpu) ||
            (other->kind <= DO_REFUSE && other->vcpu == vcpu) ||
            (is_answer(other) && asker->state == S_ASKING && asker->peer == vcpu) ||
            (is_answer(other) && other->vcpu != vcpu)) {
            return true;
        }
    }
    return false;
}

/* The host turns on a vCPU: it counts for a moment, even if a CPU_ON comes first. */
static bool host_turns_on(const struct step *step)
{
    uint32_t i;

    for (i = 0; i < step->around->other_count; i++) {
        const struct action *other = step->around->others[i];

        if (other->kind == DO_MP_SET && other->argument != VPSCI_MP_STOPPED) {
            return true;
        }
    }
    return false;
}

static void hand_out(struct step *step)
{
    static const uint8_t actions[] = {
        [S_PENDING] = VPSCI_ENTER,   [S_RETURNING] = VPSCI_RETURN, [S_STANDBY] = VPSCI_RETURN,
        [S_POWERDOWN] = VPSCI_ENTER, [S_SUSPENDED] = VPSCI_ENTER,
    };
    struct spec_vcpu *vcpu = step->vcpu;

    step->result->action = actions[vcpu->state];
    step->result->value = -(int64_t)vcpu->code;
    step->result->entry = vcpu->token;
    become(vcpu, S_ON);
}

static bool is_ready(const struct spec_vcpu *vcpu)
{
    return vcpu->state == S_PENDING || vcpu->state == S_RETURNING ||
           (vcpu->wake == WOKEN && vcpu->state != S_SUSPEND_ASKED);
}

/* An answer that has been given, and is not back yet: to this vCPU, or to any. */
static bool is_answered(const struct step *step, bool any)
{
    const struct circumstances *around = step->around;
    uint32_t i;

    for (i = 0; i < around->other_count; i++) {
        if (is_answer(around->others[i]) && around->other_is_done[i] &&
            around->other_value[i] == 0 && (any || around->others[i]->vcpu == step->action->vcpu)) {
            return true;
        }
    }
    return false;
}

/* Where a CPU_ON of it is on its way, or an answer, it may be told to wait for that. */
static bool next_while_changed(struct step *step)
{
    switch (step->vcpu->state) {
    case S_OFF:
    case S_FROZEN:
    case S_PENDING:
        wait_for(step, VPSCI_WAIT_STARTING);
        return is_being_changed(step, step->action->vcpu);
    case S_RETURNING:
    case S_SUSPENDED:
        wait_for(step, VPSCI_WAIT_ANSWER);
        return is_answered(step, false);
    default:
        return false;
    }
}

static bool next_running(struct step *step)
{
    static const uint8_t waits[] = {
        [S_OFF] = VPSCI_WAIT_OFF,
        [S_FROZEN] = VPSCI_WAIT_FROZEN,
        [S_STARTING] = VPSCI_WAIT_STARTING,
        [S_ASKING] = VPSCI_WAIT_ANSWER,
        [S_STANDBY] = VPSCI_WAIT_STANDBY,
        [S_POWERDOWN] = VPSCI_WAIT_POWERDOWN,
        [S_SUSPEND_ASKED] = VPSCI_WAIT_ANSWER,
        [S_SUSPENDED] = VPSCI_WAIT_SUSPENDED,
        [S_HELD] = VPSCI_WAIT_HELD,
    };

    if (is_ready(step->vcpu)) {
        hand_out(step);
    } else if (step->vcpu->state == S_ON) {
        step->result->action = VPSCI_RUN;
    } else {
        wait_for(step, (enum vpsci_wait)waits[step->vcpu->state]);
        if (step->result->wait == VPSCI_WAIT_ANSWER) {
            show_request(step);
        }
    }
    return true;
}

/* Variant 1: the system has begun to stop only after this vCPU had a look. Variant 2: it is being
 * changed; perhaps both. Variant 3: the system goes on, but the answer that says so is not back. */
static bool next(struct step *step)
{
    bool runs = step->spec->stage == STAGE_RUNNING;

    switch (step->variant) {
    case 0:
        if (!runs) {
            wait_stopped(step);
        }
        return !runs || next_running(step);
    case 1:
        return !runs && step->around->was_running && next_running(step);
    case 2:
        return (runs || step->around->was_running) && next_while_changed(step);
    default:
        wait_for(step, VPSCI_WAIT_STOPPED);
        return runs && is_answered(step, true);
    }
}

static bool cpu_on(struct step *step)
{
    static const bool is_taken[] = {[S_STARTING] = true, [S_PENDING] = true, [S_HELD] = false};
    struct spec_vcpu *target = &step->spec->vcpus[step->action->argument];
    uint8_t before = target->state;

    if (!is_off(target)) {
        answer_with(step, is_taken[before] && !(step->spec->flags & NO_ON_PENDING)
                              ? VPSCI_ON_PENDING
                              : VPSCI_ALREADY_ON);
        return true;
    }
    become(target, step->spec->flags & ASKS ? S_STARTING : S_PENDING);
    target->token = step->action->token;
    if (step->spec->flags & ASKS) {
        target->slot = before;
        *step->vcpu = (struct spec_vcpu){
            .state = S_ASKING, .function = VPSCI_FN_CPU_ON, .peer = step->action->argument};
        wait_for(step, VPSCI_WAIT_ANSWER);
        show_request(step);
    } else {
        answer_with(step, VPSCI_SUCCESS);
        step->result->start = (uint8_t)(step->action->argument + 1);
    }
    return true;
}

static bool cpu_off(struct step *step, enum spec_state off)
{
    if ((step->spec->flags & TRUSTED_OS) && step->spec->resident == step->action->vcpu) {
        answer_with(step, VPSCI_DENIED);
        return true;
    }
    become(step->vcpu, off);
    wait_for(step, off == S_OFF ? VPSCI_WAIT_OFF : VPSCI_WAIT_FROZEN);
    return true;
}

static bool affinity_info(struct step *step)
{
    const struct spec_vcpu *target = &step->spec->vcpus[step->action->argument];

    if (is_off(target)) {
        answer_with(step, 1);
    } else if (target->state == S_STARTING || target->state == S_PENDING) {
        answer_with(step, step->spec->flags & NO_ON_PENDING ? 0 : 2);
    } else {
        answer_with(step, 0);
    }
    return true;
}

/* Variant 1 of SYSTEM_SUSPEND and of going back from OS-initiated mode: the host is turning on
 * another one. */
static bool deny_by_host(struct step *step)
{
    answer_with(step, VPSCI_DENIED);
    return host_turns_on(step);
}

static bool system_suspend(struct step *step)
{
    bool woken = step->vcpu->wake == MAYBE_WOKEN;

    if (step->variant == 1) {
        return deny_by_host(step);
    }
    if (spec_count(step->spec) != 1) {
        answer_with(step, VPSCI_DENIED);
        return true;
    }
    become(step->vcpu, S_SUSPEND_ASKED);
    step->vcpu->token = step->action->token;
    step->vcpu->wake = woken ? WOKEN : NOT_WOKEN;
    wait_for(step, VPSCI_WAIT_ANSWER);
    show_request(step);
    return true;
}

static bool is_asleep(const struct spec_vcpu *vcpu)
{
    return vcpu->state == S_STANDBY || vcpu->state == S_POWERDOWN;
}

/* OS-initiated mode, of a state of level 1: all others of the domain have to be off or asleep. */
static int64_t os_initiated(const struct step *step)
{
    const struct spec *spec = step->spec;
    int64_t result = VPSCI_SUCCESS;
    uint8_t i;

    for (i = 0; i < spec->vcpu_count; i++) {
        const struct spec_vcpu *other = &spec->vcpus[i];

        if (other == step->vcpu || spec_domain[i] != spec_domain[step->action->vcpu] ||
            is_off(other)) {
            continue;
        }
        if (!is_asleep(other) || other->wake) {
            return VPSCI_DENIED;
        }
        if (other->state == S_STANDBY &&
            spec_states[step->action->argument].local == VPSCI_HW_OFF) {
            result = VPSCI_INVALID_PARAMETERS;
        }
    }
    return result;
}

static void fall_asleep(struct step *step, uint8_t slot)
{
    bool powerdown = (slot & 1) != 0; /* in this table */

    become(step->vcpu, powerdown ? S_POWERDOWN : S_STANDBY);
    step->vcpu->slot = slot;
    step->vcpu->token = powerdown ? step->action->token : 0;
    wait_for(step, powerdown ? VPSCI_WAIT_POWERDOWN : VPSCI_WAIT_STANDBY);
}

/* Variant 1: with another core inside a call, OS-initiated mode may say no. */
static bool cpu_suspend(struct step *step)
{
    bool coordinated = step->spec->os_initiated && spec_states[step->action->argument].level > 0;

    if (step->variant == 1) {
        answer_with(step, VPSCI_DENIED);
        return coordinated && step->around->other_count > 0;
    }
    if (coordinated && os_initiated(step)) {
        answer_with(step, os_initiated(step));
        return true;
    }
    step->spec->mode_used = 1;
    fall_asleep(step, step->action->argument);
    return true;
}

static bool is_in_cpu_suspend(const struct step *step)
{
    uint32_t i;

    for (i = 0; i < step->around->other_count; i++) {
        if (step->around->others[i]->function == VPSCI_FN_CPU_SUSPEND) {
            return true;
        }
    }
    return false;
}

/* Variant 1, on the way to OS-initiated mode: a CPU_SUSPEND is half way. */
static bool set_suspend_mode(struct step *step)
{
    struct spec *spec = step->spec;
    bool leaves = spec->os_initiated && !step->action->argument;

    if (step->variant == 1) {
        answer_with(step, VPSCI_DENIED);
        return leaves ? host_turns_on(step) : is_in_cpu_suspend(step);
    }
    if (spec->os_initiated == step->action->argument) {
        answer_with(step, VPSCI_SUCCESS);
    } else if (leaves ? spec_count(spec) != 1 : spec->mode_used) {
        answer_with(step, VPSCI_DENIED);
    } else {
        spec->os_initiated = step->action->argument;
        spec->mode_used = 0;
        answer_with(step, VPSCI_SUCCESS);
    }
    return true;
}

static bool system_stop(struct step *step)
{
    struct spec *spec = step->spec;

    become(step->vcpu, S_RETURNING);
    step->vcpu->code = -VPSCI_INTERNAL_FAILURE;
    if (spec->stage == STAGE_RUNNING) {
        spec->stage = STAGE_ASKED;
        spec->actor = step->action->vcpu;
        spec->function = step->action->function;
        spec->token = spec->function == VPSCI_FN_SYSTEM_RESET2 ? step->action->token : 0;
        wait_stopped(step);
    } else {
        wait_for(step, VPSCI_WAIT_STOPPED);
    }
    return true;
}

static bool migrate(struct step *step)
{
    if (step->spec->resident != step->action->vcpu) {
        answer_with(step, VPSCI_NOT_PRESENT);
        return true;
    }
    *step->vcpu = (struct spec_vcpu){
        .state = S_ASKING, .function = VPSCI_FN_MIGRATE, .peer = step->action->argument};
    wait_for(step, VPSCI_WAIT_ANSWER);
    show_request(step);
    return true;
}

static bool mem_protect(struct step *step)
{
    answer_with(step, step->spec->protect);
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
        return migrate(step);
    case VPSCI_FN_MEM_PROTECT:
        return mem_protect(step);
    default:
        return system_stop(step);
    }
}

static bool call(struct step *step)
{
    if (step->vcpu->state != S_ON) {
        return next(step);
    }
    if (step->variant > 1) {
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
static void rouse(struct spec_vcpu *vcpu)
{
    if (vcpu->state == S_HELD) {
        become(vcpu, S_ON);
    } else if (is_asleep(vcpu) || vcpu->state == S_SUSPENDED || vcpu->state == S_SUSPEND_ASKED) {
        vcpu->wake = WOKEN;
    }
}

/* Variant 1: one that is about to ask keeps it already; one that is just being honoured keeps it
 * without a kick, since the answer brings one; and where the owner is still in the call that puts
 * it to sleep, or off, it is lost: whoever calls looks at what is pending afterwards. */
static bool wake_half_way(struct step *step)
{
    const struct action *owners = owners_call(step);
    struct spec_vcpu *vcpu = step->vcpu;

    if (vcpu->state == S_ON && owners && owners->function == VPSCI_FN_SYSTEM_SUSPEND) {
        vcpu->wake = MAYBE_WOKEN;
        return true;
    }
    if (vcpu->state == S_SUSPENDED && !vcpu->wake && is_answered(step, false)) {
        vcpu->wake = WOKEN;
        return true;
    }
    return owners && (owners->function == VPSCI_FN_CPU_SUSPEND || owners->kind == DO_MP_SET);
}

static bool wake(struct step *step)
{
    struct spec_vcpu *vcpu = step->vcpu;
    bool sleeps = is_asleep(vcpu) || vcpu->state == S_SUSPENDED || vcpu->state == S_HELD;

    if (step->variant == 1) {
        return wake_half_way(step);
    }
    step->result->value = sleeps && !vcpu->wake;
    rouse(vcpu);
    return true;
}

static void answer_asking(struct step *step, bool yes)
{
    struct spec *spec = step->spec;
    struct spec_vcpu *target = &spec->vcpus[step->vcpu->peer];

    if (step->vcpu->function == VPSCI_FN_CPU_ON) {
        uint8_t token = target->token;

        become(target, yes ? S_PENDING : (enum spec_state)target->slot);
        target->token = yes ? token : 0;
    } else if (yes) {
        spec->resident = step->vcpu->peer;
    }
    become(step->vcpu, S_RETURNING);
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

static bool answer(struct step *step)
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
        become(step->vcpu, S_RETURNING);
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
        return is_off(vcpu) ? 0 : 1;
    case VPSCI_MP_SUSPENDED:
        return is_ready(vcpu) ? VPSCI_E_STATE : 1;
    default:
        return is_ready(vcpu) || vcpu->state == S_ON ? 0 : 1;
    }
}

static void mp_set(struct step *step)
{
    struct spec_vcpu *vcpu = step->vcpu;
    bool waits = is_asleep(vcpu) || vcpu->state == S_SUSPENDED || vcpu->state == S_HELD;

    switch (step->action->argument) {
    case VPSCI_MP_STOPPED:
        become(vcpu, S_OFF);
        break;
    case VPSCI_MP_SUSPENDED:
        if (!waits) {
            become(vcpu, S_HELD);
        }
        break;
    default:
        if (waits) {
            rouse(vcpu);
        } else {
            become(vcpu, S_ON);
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
        return is_being_changed(step, step->action->vcpu);
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

    return is_ready(vcpu) ? vcpu->state == S_PENDING ? VPSCI_STATE_ON_PENDING : VPSCI_STATE_ON
                          : states[vcpu->state];
}

/* Variant 1: while it is being changed it may show what it is on its way to. */
static bool state(struct step *step)
{
    step->result->value = step->variant ? -1 : state_of(step->vcpu);
    return step->variant == 0 || is_being_changed(step, step->action->vcpu);
}

/* Variant 1: a call that may turn out to turn nothing on counts ahead. */
static bool count(struct step *step)
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

/* Variant 1: somebody is inside the library. Variant 2: somebody in CPU_SUSPEND has left a note
 * that the mode is in use, and is not asleep yet. */
static bool save(struct step *step)
{
    struct spec spec = *step->spec;

    if (step->variant % 2 == 1) {
        step->result->value = VPSCI_E_BUSY;
        return step->variant == 1 && step->around->other_count > 0;
    }
    spec.mode_used |= step->variant == 2;
    step->result->value = spec_digest(&spec);
    return step->variant == 0 || is_in_cpu_suspend(step);
}

/* What is neither a vCPU's own nor SAVE. */
static bool do_host(struct step *step)
{
    switch (step->action->kind) {
    case DO_MP_SET:
        return mp_state_set(step);
    case DO_WAKE:
        return wake(step);
    case DO_STATE:
        return state(step);
    case DO_COUNT:
        return count(step);
    default:
        return answer(step);
    }
}

bool spec_do(struct spec *spec, const struct action *action, uint32_t variant,
             const struct circumstances *around, struct result *result)
{
    struct step step = {spec,   &spec->vcpus[action->vcpu % VCPU_MAX], action, around, result,
                        variant};

    *result = (struct result){0};
    switch (action->kind) {
    case DO_CALL:
        return call(&step);
    case DO_NEXT:
        return next(&step);
    case DO_SAVE:
        return save(&step);
    default:
        return variant < 2 && do_host(&step);
    }
}

/* Has the request of this vCPU been decided, or is somebody about to? */
static bool is_decided(const struct spec *spec, uint8_t vcpu, const struct circumstances *around)
{
    uint32_t i;

    for (i = 0; i < around->other_count; i++) {
        if (is_answer(around->others[i]) && around->others[i]->vcpu == vcpu) {
            return true;
        }
    }
    return spec->vcpus[vcpu].state != S_ASKING && spec->vcpus[vcpu].state != S_SUSPEND_ASKED &&
           (spec->stage != STAGE_ASKED || spec->actor != vcpu);
}

/* A request is looked at after the call has taken effect: it may be decided by then. */
bool spec_fits(const struct spec *spec, const struct action *action,
               const struct circumstances *around, const struct result *expected,
               const struct result *actual)
{
    struct result wanted = *expected;

    if ((action->kind == DO_STATE || action->kind == DO_COUNT) && wanted.value == -1) {
        return true;
    }
    if (wanted.pending && !actual->pending) {
        wanted.pending = wanted.function = wanted.target = wanted.token = 0;
        if (!is_decided(spec, action->vcpu, around)) {
            return false;
        }
    }
    return memcmp(&wanted, actual, sizeof(wanted)) == 0;
}
