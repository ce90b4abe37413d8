/* SPDX-License-Identifier: BSD-2-Clause */
/* What a vCPU is to do now. */
#include "step.h"

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
    spec_become(vcpu, S_ON);
}

/* Where a CPU_ON of it is on its way, or an answer, it may be told to wait for that. */
static bool next_while_changed(struct step *step)
{
    switch (step->vcpu->state) {
    case S_OFF:
    case S_FROZEN:
    case S_PENDING:
        spec_wait(step, VPSCI_WAIT_STARTING);
        return spec_is_being_changed(step, step->action->vcpu);
    case S_RETURNING:
    case S_SUSPENDED:
        spec_wait(step, VPSCI_WAIT_ANSWER);
        return spec_is_answered(step, false);
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

    if (spec_is_ready(step->vcpu)) {
        hand_out(step);
    } else if (step->vcpu->state == S_ON) {
        step->result->action = VPSCI_RUN;
    } else {
        spec_wait(step, (enum vpsci_wait)waits[step->vcpu->state]);
        if (step->result->wait == VPSCI_WAIT_ANSWER) {
            spec_show_request(step);
        }
    }
    return true;
}

/* Variant 1: the system has begun to stop only after this vCPU had a look. Variant 2: it is being
 * changed; perhaps both. Variant 3: the system goes on, but the answer that says so is not back. */
bool spec_next(struct step *step)
{
    bool runs = step->spec->stage == STAGE_RUNNING;

    switch (step->variant) {
    case 0:
        if (!runs) {
            spec_wait_stopped(step);
        }
        return !runs || next_running(step);
    case 1:
        return !runs && step->around->was_running && next_running(step);
    case 2:
        return (runs || step->around->was_running) && next_while_changed(step);
    default:
        spec_wait(step, VPSCI_WAIT_STOPPED);
        return runs && spec_is_answered(step, true);
    }
}
