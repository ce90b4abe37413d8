/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What the files that read and write the state of a VM share: registers.c (lists; which file has which
 * part) may call gic_state.c and contract.c, and clock.c stands alone.
 */
#ifndef DORMOUSE_KVM_STATE_PARTS_H
#define DORMOUSE_KVM_STATE_PARTS_H

#include <errno.h>
#include <stddef.h>

#include "kvm/kvm_parts.h"
#include "kvm/registers.h"

/** 0, or -ENOSPC. */
static inline int registers_add(struct kvm_registers *list, uint64_t id, uint64_t value)
{
    if (list->count == KVM_REGISTERS_MAX) {
        return -ENOSPC;
    }
    list->at[list->count++] = (struct kvm_register){id, value};
    return 0;
}

/** Its place in the list, or NULL. */
static inline const struct kvm_register *registers_at(const struct kvm_registers *list, uint64_t id)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (list->at[i].id == id) {
            return &list->at[i];
        }
    }
    return NULL;
}

/** Its value; 0 if it is not in the list. */
static inline uint64_t registers_find(const struct kvm_registers *list, uint64_t id)
{
    const struct kvm_register *found = registers_at(list, id);

    return found != NULL ? found->value : 0;
}

/* vcpu_registers.c: the virtual timer alone */

int vcpu_save_virtual_timer(struct vcpu *vcpu, struct vpsci_kvm_timers *timers);
int vcpu_restore_virtual_timer(struct vcpu *vcpu, const struct vpsci_kvm_timers *timers);
/** Whether a timer with this control register fires at its time. */
bool vcpu_timer_is_armed(uint64_t control);

/* gic_state.c: the parts of the GIC */

int gic_read_part(struct vcpu *vcpu, enum kvm_part part, uint64_t mpidr,
                  struct kvm_registers *list);
int gic_write_part(struct vcpu *vcpu, enum kvm_part part, uint64_t mpidr,
                   const struct kvm_registers *list, struct kvm_culprit *culprit);

/* contract.c: KVM_PART_IDENTITY and KVM_PART_FIRMWARE */

int contract_read(struct vcpu *vcpu, enum kvm_part part, struct kvm_registers *list);
int contract_write(struct vcpu *vcpu, enum kvm_part part, const struct kvm_registers *list,
                   struct kvm_culprit *culprit);

#endif
