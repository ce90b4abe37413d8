/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_OFF and CPU_FREEZE. */
#include "internal.h"

/*
 * Going off is one step that two words must show: the vCPU's own, for CPU_ON and AFFINITY_INFO, and
 * the census, for SYSTEM_SUSPEND. A guest that saw OFF from AFFINITY_INFO must not get DENIED from
 * SYSTEM_SUSPEND for it, nor the other way round, and nobody may have to wait for a thread that the
 * host has descheduled between the two. So:
 *
 *   1. the own word becomes LEAVING, which still counts as on;
 *   2. one swap of the census takes the vCPU out of the count and enters it in the journal: this is
 *      the moment at which it is off;
 *   3. the own word becomes OFF, and the journal is cleared.
 *
 * Whoever comes between 2 and 3 and finds LEAVING in the word looks into the journal and does step
 * 3 himself; whoever wants to enter himself in the journal does it for the one who is there. The
 * order of these looks matters: the word first, then the journal, then the swap of exactly that
 * word. The other way round, the entry could be of one CPU_OFF and the LEAVING of the next, which
 * has not happened yet. For the same reason the census counts the journal's entries: one who has
 * completed the entry that he saw must not overwrite a later one that looks like it.
 */

static bool is_leaving(uint64_t word)
{
    return vpsci__state_of(word) == VPSCI__LEAVING || vpsci__state_of(word) == VPSCI__REVOKING;
}

/* Step 3, for exactly the LEAVING that was seen. */
static void finish(struct vpsci_vcpu *vcpu, uint64_t leaving)
{
    enum vpsci__state off = (enum vpsci__state)vpsci__slot_of(leaving);

    (void)vpsci__swap(&vcpu->word, &leaving, vpsci__to(leaving, off));
}

/* The word of a vCPU, with a CPU_OFF that has happened completed in it. A LEAVING that remains had
 * not happened when the journal was read, or began during this call: on. */
uint64_t vpsci__settled(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu)
{
    uint64_t word = vpsci__load(&vcpu->word);

    if (is_leaving(word)) {
        if (vpsci__journal_of(vpsci__load(&vm->census)) == vcpu->index) {
            finish(vpsci__vcpu(vm, vcpu->index), word);
        }
        word = vpsci__load(&vcpu->word);
    }
    return word;
}

static void enter_journal(struct vpsci_vm *vm, uint32_t index)
{
    uint64_t census = vpsci__load(&vm->census);
    uint64_t next;

    do {
        uint32_t other = vpsci__journal_of(census);

        if (other != VPSCI__NOBODY) {
            (void)vpsci__settled(vm, vpsci__vcpu(vm, other));
        }
        next = vpsci__with_journal(census - 1, index) + VPSCI__CHANGE;
    } while (!vpsci__swap(&vm->census, &census, next));
}

static void clear_journal(struct vpsci_vm *vm, uint32_t index)
{
    uint64_t census = vpsci__load(&vm->census);

    while (vpsci__journal_of(census) == index) {
        if (vpsci__swap(&vm->census, &census, vpsci__with_journal(census, VPSCI__NOBODY))) {
            return;
        }
    }
}

/* Takes a vCPU whose word is `word` off, to `off`; it `was_up` unless it never came to run. Owner.
 * False if the word has changed. */
bool vpsci__leave(struct vpsci_vcpu *vcpu, uint64_t word, enum vpsci__state off, bool was_up)
{
    struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t leaving =
        vpsci__with_slot(vpsci__to(word, was_up ? VPSCI__LEAVING : VPSCI__REVOKING), off);

    if (!vpsci__swap(&vcpu->word, &word, leaving)) {
        return false;
    }
    /* Nothing can turn it back: for its domains it is down already. */
    if (was_up) {
        vpsci__went_down(vcpu, false);
    }
    enter_journal(vm, vcpu->index);
    finish(vcpu, leaving);
    clear_journal(vm, vcpu->index);
    return true;
}

static int64_t go_off(struct vpsci__invocation *call, enum vpsci__state off)
{
    struct vpsci_vm *vm = call->vm;

    /* DEN0022 5.5: a Trusted OS that needs this core has not moved away. One that moves here at the
     * same moment finds it off, as if it had moved a moment later, which MIGRATE allows. */
    if ((vm->has & VPSCI__HAS_RESIDENT) && vpsci__load(&vm->resident) == call->vcpu->index) {
        return VPSCI_DENIED;
    }
    (void)vpsci__leave(call->vcpu, vpsci__load(&call->vcpu->word), off, true);
    return vpsci__wait(call, off == VPSCI__OFF ? VPSCI_WAIT_OFF : VPSCI_WAIT_FROZEN);
}

int64_t vpsci__cpu_off(struct vpsci__invocation *call)
{
    return go_off(call, VPSCI__OFF);
}

int64_t vpsci__cpu_freeze(struct vpsci__invocation *call)
{
    return go_off(call, VPSCI__FROZEN);
}
