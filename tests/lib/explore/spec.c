/* SPDX-License-Identifier: BSD-2-Clause */
#include "step.h"

#include <string.h>

const struct vpsci_power_state spec_states[SPEC_STATES] = {
    {0x00000000, 0, VPSCI_HW_STANDBY, VPSCI_NO_STATE},
    {0x00010000, 0, VPSCI_HW_OFF, VPSCI_NO_STATE},
    {0x01000001, 1, VPSCI_HW_STANDBY, 0},
    {0x01010001, 1, VPSCI_HW_OFF, 1},
    {0x02000002, 2, VPSCI_HW_STANDBY, 2},
    {0x02010002, 2, VPSCI_HW_OFF, 3},
};

const uint16_t spec_domain[VCPU_MAX] = {0, 0, 2, 2};

uint32_t spec_count(const struct spec *spec)
{
    uint32_t count = 0;
    uint32_t i;

    for (i = 0; i < spec->vcpu_count; i++) {
        count += !spec_is_off(&spec->vcpus[i]);
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

bool spec_is_off(const struct spec_vcpu *vcpu)
{
    return vcpu->state <= S_FROZEN;
}

void spec_become(struct spec_vcpu *vcpu, enum spec_state state)
{
    *vcpu = (struct spec_vcpu){.state = (uint8_t)state};
}

void spec_answer(struct step *step, int64_t value)
{
    step->result->action = VPSCI_RETURN;
    step->result->value = value;
}

void spec_wait(struct step *step, enum vpsci_wait wait)
{
    step->result->action = VPSCI_WAIT;
    step->result->wait = (uint8_t)wait;
}

void spec_show_request(struct step *step)
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

void spec_wait_stopped(struct step *step)
{
    const struct spec *spec = step->spec;

    spec_wait(step, VPSCI_WAIT_STOPPED);
    if (spec->stage == STAGE_ASKED && spec->actor == step->action->vcpu) {
        step->result->pending = 1;
        step->result->function = spec->function;
        step->result->token = spec->token;
    }
}

/* A call or a change of the vCPU, a CPU_ON of it, or any answer: that may be to its request. */
static bool may_change_vcpu(const struct action *action, uint8_t vcpu)
{
    bool starts = action->kind == DO_CALL && action->function == VPSCI_FN_CPU_ON;

    return is_answer(action) || (starts && action->argument == vcpu) ||
           (action->kind <= DO_REFUSE && action->vcpu == vcpu);
}

bool spec_is_being_changed(const struct step *step, uint8_t vcpu)
{
    const struct circumstances *around = step->around;
    uint32_t i;

    for (i = 0; i < around->other_count; i++) {
        if (may_change_vcpu(around->others[i], vcpu)) {
            return true;
        }
    }
    return false;
}

bool spec_host_turns_on(const struct step *step)
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

bool spec_is_ready(const struct spec_vcpu *vcpu)
{
    return vcpu->state == S_PENDING || vcpu->state == S_RETURNING ||
           (vcpu->wake == WOKEN && vcpu->state != S_SUSPEND_ASKED);
}

bool spec_is_answered(const struct step *step, bool any)
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

bool spec_is_asleep(const struct spec_vcpu *vcpu)
{
    return vcpu->state == S_STANDBY || vcpu->state == S_POWERDOWN;
}

bool spec_is_down(const struct spec_vcpu *vcpu)
{
    return vcpu->state <= S_PENDING || spec_is_asleep(vcpu) || vcpu->state == S_SUSPENDED;
}

bool spec_is_in_cpu_suspend(const struct step *step)
{
    uint32_t i;

    for (i = 0; i < step->around->other_count; i++) {
        if (step->around->others[i]->function == VPSCI_FN_CPU_SUSPEND) {
            return true;
        }
    }
    return false;
}

bool spec_do(struct spec *spec, const struct action *action, uint32_t variant,
             const struct circumstances *around, struct result *result)
{
    struct step step = {spec,   &spec->vcpus[action->vcpu % VCPU_MAX], action, around, result,
                        variant};

    *result = (struct result){0};
    switch (action->kind) {
    case DO_CALL:
        return spec_call(&step);
    case DO_NEXT:
        return spec_next(&step);
    case DO_SAVE:
        return spec_save(&step);
    default:
        return variant < 2 && spec_do_host(&step);
    }
}

/* Has the request of this vCPU been decided, or is a thread about to decide it? */
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
