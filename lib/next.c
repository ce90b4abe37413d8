/* SPDX-License-Identifier: BSD-2-Clause */
/* What a vCPU is to do now: how its waits begin, and what ends them. */
#include "internal.h"

/* For each state: why the vCPU does not run, and what it is handed when that ends. */
static const struct {
    uint8_t wait;   /* enum vpsci_wait */
    uint8_t ready;  /* enum vpsci_action that is handed out when the wait ends */
    uint8_t ended;  /* enum vpsci_wait, as the outcome then names what has ended */
    bool wakes;     /* vpsci_wake() ends the wait */
    bool by_itself; /* the wait ends without a wake */
} waits[VPSCI__STATE_COUNT] = {
    [VPSCI__OFF] = {VPSCI_WAIT_OFF, VPSCI_WAIT, VPSCI_WAIT_NOT, false, false},
    [VPSCI__FROZEN] = {VPSCI_WAIT_FROZEN, VPSCI_WAIT, VPSCI_WAIT_NOT, false, false},
    [VPSCI__CLAIMED] = {VPSCI_WAIT_STARTING, VPSCI_WAIT, VPSCI_WAIT_NOT, false, false},
    [VPSCI__STARTING] = {VPSCI_WAIT_STARTING, VPSCI_WAIT, VPSCI_WAIT_NOT, false, false},
    [VPSCI__PENDING] = {VPSCI_WAIT_STARTING, VPSCI_ENTER, VPSCI_WAIT_OFF, false, true},
    [VPSCI__REVOKING] = {VPSCI_WAIT_STARTING, VPSCI_WAIT, VPSCI_WAIT_NOT, false, false},
    [VPSCI__ON] = {VPSCI_WAIT_NOT, VPSCI_RUN, VPSCI_WAIT_NOT, false, false},
    [VPSCI__RETURNING] = {VPSCI_WAIT_NOT, VPSCI_RETURN, VPSCI_WAIT_ANSWER, false, true},
    [VPSCI__ASKING] = {VPSCI_WAIT_ANSWER, VPSCI_WAIT, VPSCI_WAIT_NOT, false, false},
    [VPSCI__ANSWERING] = {VPSCI_WAIT_ANSWER, VPSCI_WAIT, VPSCI_WAIT_NOT, false, false},
    [VPSCI__STANDBY] = {VPSCI_WAIT_STANDBY, VPSCI_RETURN, VPSCI_WAIT_STANDBY, true, false},
    [VPSCI__POWERDOWN] = {VPSCI_WAIT_POWERDOWN, VPSCI_ENTER, VPSCI_WAIT_POWERDOWN, true, false},
    [VPSCI__CHECKING] = {VPSCI_WAIT_ANSWER, VPSCI_WAIT, VPSCI_WAIT_NOT, true, false},
    [VPSCI__SUSPEND_ASKED] = {VPSCI_WAIT_ANSWER, VPSCI_WAIT, VPSCI_WAIT_NOT, true, false},
    [VPSCI__HONOURING] = {VPSCI_WAIT_ANSWER, VPSCI_WAIT, VPSCI_WAIT_NOT, true, false},
    [VPSCI__SUSPENDED] = {VPSCI_WAIT_SUSPENDED, VPSCI_ENTER, VPSCI_WAIT_SUSPENDED, true, false},
    [VPSCI__HELD] = {VPSCI_WAIT_HELD, VPSCI_WAIT, VPSCI_WAIT_NOT, true, false},
};

static void describe_wait(const struct vpsci_vcpu *vcpu, enum vpsci_wait wait,
                          struct vpsci_outcome *out)
{
    out->action = VPSCI_WAIT;
    out->wait = wait;
    if (wait == VPSCI_WAIT_ANSWER || wait == VPSCI_WAIT_STOPPED) {
        vpsci__request(vcpu, wait == VPSCI_WAIT_STOPPED, &out->request);
    }
}

static void read_entry(const struct vpsci_vcpu *vcpu, struct vpsci_entry *entry)
{
    uint64_t form = vpsci__load(&vcpu->form);

    entry->address.value = vpsci__load(&vcpu->entry);
    entry->context = vpsci__load(&vcpu->context);
    entry->aarch32 = (form & VPSCI__FORM_AARCH32) != 0;
    entry->thumb = (form & VPSCI__FORM_THUMB) != 0;
    entry->big_endian = (form & VPSCI__FORM_BIG_ENDIAN) != 0;
}

/* Is there an entry or a result to hand out? */
static bool is_ready(uint64_t word)
{
    return waits[vpsci__state_of(word)].by_itself ||
           ((word & VPSCI__WAKE) && waits[vpsci__state_of(word)].ready != VPSCI_WAIT);
}

/* Race: none. Only the owner changes the word of a vCPU that is ready, and this is the owner's
 * call, so that plain stores do. */
static void hand_out(struct vpsci_vcpu *vcpu, uint64_t word, struct vpsci_outcome *out)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t on = vpsci__to(word, VPSCI__ON);

    out->action = (enum vpsci_action)waits[vpsci__state_of(word)].ready;
    out->ended = (enum vpsci_wait)waits[vpsci__state_of(word)].ended;
    if (out->action == VPSCI_RETURN) {
        out->x0 = (uint64_t)(int64_t)vpsci__result(vm, -(int)vpsci__code_of(word));
    } else {
        read_entry(vcpu, &out->entry);
    }
    if (!vpsci__accounts(vm) || !vpsci__is_down(word)) {
        vpsci__store(&vcpu->word, on);
        return;
    }
    /* Its domains come first: a core of which a guest can see that it is on keeps them on. */
    vpsci__store(&vcpu->word, (word | VPSCI__UNSETTLED) + VPSCI__CHANGE);
    vpsci__came_up(vcpu, word);
    vpsci__store(&vcpu->word, on);
}

void vpsci_next(struct vpsci_vcpu *vcpu, struct vpsci_outcome *out)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t word;

    vpsci__begin_outcome(out, VPSCI_RUN);
    if (vpsci__stage_of(vpsci__load(&vm->system)) != VPSCI__RUNNING) {
        describe_wait(vcpu, VPSCI_WAIT_STOPPED, out);
        return;
    }
    /* Race: vpsci__cpu_on() or vpsci_answer() on another thread. Each stores this word after the
     * payload, which is complete if the word says so. */
    word = vpsci__settled(vm, vcpu);
    if (is_ready(word)) {
        hand_out(vcpu, word, out);
    } else if (vpsci__state_of(word) != VPSCI__ON) {
        describe_wait(vcpu, (enum vpsci_wait)waits[vpsci__state_of(word)].wait, out);
    }
}

/* Ends a handler whose caller has to wait. Race: another thread may have ended the wait already;
 * the next vpsci_next() says so. */
int64_t vpsci__wait(struct vpsci__invocation *call, enum vpsci_wait wait)
{
    describe_wait(call->vcpu, wait, call->out);
    return VPSCI_SUCCESS;
}

/* The same for CPU_ON and MIGRATE: the caller waits for the host's answer, and counts as on. */
int64_t vpsci__ask(struct vpsci__invocation *call, const struct vpsci_vcpu *target)
{
    struct vpsci_vcpu *vcpu = call->vcpu;

    vpsci__store(&vcpu->form, call->function | (uint64_t)target->index << 16);
    vpsci__store(&vcpu->word, vpsci__to(vpsci__load(&vcpu->word), VPSCI__ASKING));
    return vpsci__wait(call, VPSCI_WAIT_ANSWER);
}

bool vpsci_wake(struct vpsci_vcpu *vcpu)
{
    uint64_t word = vpsci__load(&vcpu->word);

    while (waits[vpsci__state_of(word)].wakes && !(word & VPSCI__WAKE)) {
        bool held = vpsci__state_of(word) == VPSCI__HELD;

        if (vpsci__swap(&vcpu->word, &word,
                        held ? vpsci__to(word, VPSCI__ON) | (word & VPSCI__UNSETTLED)
                             : (word | VPSCI__WAKE) + VPSCI__CHANGE)) {
            return waits[vpsci__state_of(word)].wait != VPSCI_WAIT_ANSWER;
        }
    }
    return false;
}
