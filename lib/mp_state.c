/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's state as the host sees it and, in KVM's terms, sets it. */
#include "internal.h"

/* What the host can do about a vCPU, by the kind of its state. */
enum kind {
    BUSY,  /* nothing: an answer or another call is in progress */
    OFF,   /* or frozen */
    RUNS,  /* nothing waits to be handed out */
    READY, /* vpsci_next() has something to hand out */
    WAITS  /* for vpsci_wake() */
};

static const struct {
    uint8_t state;
    uint8_t mp;
    uint8_t kind;
} views[VPSCI__STATE_COUNT] = {
    [VPSCI__OFF] = {VPSCI_STATE_OFF, VPSCI_MP_STOPPED, OFF},
    [VPSCI__FROZEN] = {VPSCI_STATE_FROZEN, VPSCI_MP_STOPPED, OFF},
    [VPSCI__CLAIMED] = {VPSCI_STATE_ON_PENDING, VPSCI_MP_RUNNABLE, BUSY},
    [VPSCI__STARTING] = {VPSCI_STATE_STARTING, VPSCI_MP_STOPPED, BUSY},
    [VPSCI__PENDING] = {VPSCI_STATE_ON_PENDING, VPSCI_MP_RUNNABLE, READY},
    [VPSCI__ON] = {VPSCI_STATE_ON, VPSCI_MP_RUNNABLE, RUNS},
    [VPSCI__RETURNING] = {VPSCI_STATE_ON, VPSCI_MP_RUNNABLE, READY},
    [VPSCI__LEAVING] = {VPSCI_STATE_ON, VPSCI_MP_RUNNABLE, BUSY},
    [VPSCI__REVOKING] = {VPSCI_STATE_ON_PENDING, VPSCI_MP_RUNNABLE, BUSY},
    [VPSCI__ASKING] = {VPSCI_STATE_ASKING, VPSCI_MP_RUNNABLE, BUSY},
    [VPSCI__ANSWERING] = {VPSCI_STATE_ASKING, VPSCI_MP_RUNNABLE, BUSY},
    [VPSCI__STANDBY] = {VPSCI_STATE_STANDBY, VPSCI_MP_SUSPENDED, WAITS},
    [VPSCI__POWERDOWN] = {VPSCI_STATE_POWERDOWN, VPSCI_MP_SUSPENDED, WAITS},
    [VPSCI__CHECKING] = {VPSCI_STATE_ON, VPSCI_MP_RUNNABLE, BUSY},
    [VPSCI__SUSPEND_ASKED] = {VPSCI_STATE_SUSPEND_REQUESTED, VPSCI_MP_RUNNABLE, BUSY},
    [VPSCI__HONOURING] = {VPSCI_STATE_SUSPEND_REQUESTED, VPSCI_MP_RUNNABLE, BUSY},
    [VPSCI__SUSPENDED] = {VPSCI_STATE_SUSPENDED, VPSCI_MP_SUSPENDED, WAITS},
    [VPSCI__HELD] = {VPSCI_STATE_HELD, VPSCI_MP_SUSPENDED, WAITS},
};

static bool was_woken(uint64_t word)
{
    return (word & VPSCI__WAKE) && views[vpsci__state_of(word)].kind == WAITS;
}

enum vpsci_state vpsci_vcpu_state(const struct vpsci_vcpu *vcpu)
{
    uint64_t word = vpsci__settled(vpsci__vm(vcpu), vcpu);

    return was_woken(word) ? VPSCI_STATE_ON : (enum vpsci_state)views[vpsci__state_of(word)].state;
}

enum vpsci_mp_state vpsci_outcome_mp_state(const struct vpsci_outcome *outcome)
{
    if (outcome->action != VPSCI_WAIT) {
        return VPSCI_MP_RUNNABLE;
    }
    switch (outcome->wait) {
    case VPSCI_WAIT_STANDBY:
    case VPSCI_WAIT_POWERDOWN:
    case VPSCI_WAIT_SUSPENDED:
    case VPSCI_WAIT_HELD:
        return VPSCI_MP_SUSPENDED;
    default:
        return VPSCI_MP_STOPPED;
    }
}

enum vpsci_mp_state vpsci_mp_state_get(const struct vpsci_vcpu *vcpu)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t word = vpsci__settled(vm, vcpu);

    if (vpsci__stage_of(vpsci__load(&vm->system)) != VPSCI__RUNNING) {
        return VPSCI_MP_STOPPED;
    }
    return was_woken(word) ? VPSCI_MP_RUNNABLE
                           : (enum vpsci_mp_state)views[vpsci__state_of(word)].mp;
}

static enum kind kind_of(uint64_t word)
{
    return was_woken(word) ? READY : (enum kind)views[vpsci__state_of(word)].kind;
}

/* Race: a guest's CPU_ON may come first. The vCPU is then started by that call, and nothing changes
 * here. */
static int turn_on_vcpu(struct vpsci_vcpu *vcpu, uint64_t word, enum vpsci__state state)
{
    struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t next = vpsci__to(word, state);
    uint64_t old = word;

    vpsci__add(&vm->census, 1);
    /* Race: vpsci__set_suspend_mode() may have counted already. Its swap of this word then fails. */
    vpsci__add(&vm->system, VPSCI__STARTED);
    if (!vpsci__swap(&vcpu->word, &word, next | VPSCI__UNSETTLED)) {
        vpsci__add(&vm->census, UINT64_MAX);
        return VPSCI_E_BUSY;
    }
    vpsci__came_up(vcpu, old);
    /* Race: vpsci_wake() of a held vCPU, after which it is on. */
    while (!vpsci__swap(&vcpu->word, &next, next & ~VPSCI__UNSETTLED)) {
    }
    return 0;
}

/* A sleeping vCPU counts as up for a moment, so that its statistics and domains see the end of that
 * sleep. One that was about to start was off, and stays so. */
static int turn_off_vcpu(struct vpsci_vcpu *vcpu, uint64_t word)
{
    bool never_ran = vpsci__state_of(word) == VPSCI__PENDING;

    if (!never_ran && vpsci__is_down(word)) {
        while (!vpsci__swap(&vcpu->word, &word, (word | VPSCI__UNSETTLED) + VPSCI__CHANGE)) {
        }
        vpsci__came_up(vcpu, word);
    }
    word = vpsci__load(&vcpu->word);
    while (!vpsci__leave(vcpu, word, VPSCI__OFF, !never_ran)) {
        word = vpsci__load(&vcpu->word);
    }
    return 0;
}

static int stop_vcpu(struct vpsci_vcpu *vcpu, uint64_t word)
{
    switch (kind_of(word)) {
    case BUSY:
        return VPSCI_E_BUSY;
    case OFF:
        return 0;
    default:
        return turn_off_vcpu(vcpu, word);
    }
}

static int run_vcpu(struct vpsci_vcpu *vcpu, uint64_t word)
{
    switch (kind_of(word)) {
    case BUSY:
        return VPSCI_E_BUSY;
    case OFF:
        return turn_on_vcpu(vcpu, word, VPSCI__ON);
    case WAITS:
        (void)vpsci_wake(vcpu);
        return 0;
    default:
        return 0;
    }
}

static int hold_vcpu(struct vpsci_vcpu *vcpu, uint64_t word)
{
    switch (kind_of(word)) {
    case BUSY:
        return VPSCI_E_BUSY;
    case READY:
        return VPSCI_E_STATE;
    case OFF:
        return turn_on_vcpu(vcpu, word, VPSCI__HELD);
    case RUNS:
        vpsci__store(&vcpu->word, vpsci__to(word, VPSCI__HELD));
        return 0;
    default:
        return 0;
    }
}

int vpsci_mp_state_set(struct vpsci_vcpu *vcpu, enum vpsci_mp_state state)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t word = vpsci__settled(vm, vcpu);

    if (state != VPSCI_MP_RUNNABLE && state != VPSCI_MP_STOPPED && state != VPSCI_MP_SUSPENDED) {
        return VPSCI_E_ARGUMENT;
    }
    if (vpsci__stage_of(vpsci__load(&vm->system)) != VPSCI__RUNNING) {
        return VPSCI_E_BUSY;
    }
    if (state == VPSCI_MP_STOPPED) {
        return stop_vcpu(vcpu, word);
    }
    return state == VPSCI_MP_RUNNABLE ? run_vcpu(vcpu, word) : hold_vcpu(vcpu, word);
}
