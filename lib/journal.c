/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal: how a vCPU goes off in one step that two words show. */
#include "internal.h"

/*
 * Going off is one step that two words must show: the vCPU's own, for CPU_ON and AFFINITY_INFO, and
 * the census, for SYSTEM_SUSPEND. A guest that saw OFF from AFFINITY_INFO must not get DENIED from
 * SYSTEM_SUSPEND for it, nor the other way round, and no thread may have to wait for one that the
 * host has descheduled between the two. So:
 *
 *   1. the own word becomes LEAVING, which still counts as on;
 *   2. one swap of the census takes the vCPU out of the count and enters it in the journal: this is
 *      the moment at which it is off;
 *   3. the own word becomes OFF, and the journal is cleared.
 *
 * Race: any thread may come between 2 and 3. If it finds LEAVING in the word, it looks into the
 * journal and does step 3 itself; if it wants the journal for its own vCPU, it first does step 3
 * for the vCPU that is there. The order of these looks matters: the word first, then the journal,
 * then the swap of exactly that word. The other way round, what the journal says could be of one
 * CPU_OFF and the LEAVING of the next, which has not happened yet. For the same reason the census
 * counts how often the journal was used: a thread that has completed what it saw there must not
 * overwrite a later one that looks the same.
 */

static bool is_leaving(uint64_t word)
{
    return vpsci__state_of(word) == VPSCI__LEAVING || vpsci__state_of(word) == VPSCI__REVOKING;
}

/* Step 3, for exactly the LEAVING that was seen. */
static void finish_leaving(struct vpsci_vcpu *vcpu, uint64_t leaving)
{
    enum vpsci__state off = vpsci__off_of(leaving);

    (void)vpsci__swap(&vcpu->word, &leaving, vpsci__to(leaving, off));
}

/* The word of a vCPU, in which a CPU_OFF that has happened is complete. If it still says LEAVING,
 * that CPU_OFF had not happened when the journal was read, or began during this call: the vCPU is
 * on. */
uint64_t vpsci__settled(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu)
{
    uint64_t word = vpsci__load(&vcpu->word);

    if (is_leaving(word)) {
        if (vpsci__journal_of(vpsci__load(&vm->census)) == vcpu->index) {
            finish_leaving(vpsci__vcpu(vm, vcpu->index), word);
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

/* Steps 2 and 3. Owner. */
void vpsci__complete_leaving(struct vpsci_vcpu *vcpu, uint64_t leaving)
{
    struct vpsci_vm *vm = vpsci__vm(vcpu);

    enter_journal(vm, vcpu->index);
    finish_leaving(vcpu, leaving);
    clear_journal(vm, vcpu->index);
}
