/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic_hardware.h"

#include "arch.h"
#include "vm.h"

enum { RWP_PATIENCE = 10000 };

/* hyp's own, and timers that an EL1 guest has no use for: EL2's virtual one and the secure one. */
#define PRIVATE_HIDDEN                                                                             \
    (1u << ARCH_INTID_KICK | 1u << ARCH_INTID_MAINTENANCE | 1u << ARCH_INTID_TIMER | 1u << 28 |    \
     1u << 29)

#define LAST_WORD_INTIDS 0x0fffffffu /* 1020 to 1023 are no interrupts */

static struct arch_lock vgic_change_lock; /* machine-wide: VMs share words */

uint32_t vgic_owned(const struct vm *vm, unsigned word)
{
    if (word == 0) {
        return ~PRIVATE_HIDDEN;
    }
    return word == VGIC_WORDS - 1 ? vm->gic.owned[word] & LAST_WORD_INTIDS : vm->gic.owned[word];
}

bool vgic_is_owned(const struct vm *vm, unsigned intid)
{
    return intid < VGIC_INTID_COUNT && (vgic_owned(vm, intid / 32) >> intid % 32 & 1) != 0;
}

uint64_t vgic_frame(const struct vcpu *vcpu, unsigned word)
{
    return word == 0 ? arch_gic_redistributor(vcpu->core) + GICR_SGI_FRAME : arch_gic_distributor();
}

static uint64_t vgic_word(const struct vcpu *vcpu, unsigned registers, unsigned intid)
{
    return vgic_frame(vcpu, intid / 32) + registers + (uint64_t)intid / 32 * 4;
}

bool vgic_bit_is_set(const struct vcpu *vcpu, unsigned registers, unsigned intid)
{
    return (arch_read32(vgic_word(vcpu, registers, intid)) >> intid % 32 & 1) != 0;
}

void vgic_set_bit(const struct vcpu *vcpu, unsigned registers, unsigned intid)
{
    arch_write32(vgic_word(vcpu, registers, intid), 1u << intid % 32);
}

unsigned vgic_priority(const struct vcpu *vcpu, unsigned intid)
{
    return arch_read8(vgic_frame(vcpu, intid / 32) + GICX_IPRIORITYR + intid);
}

void vgic_wait_disabled(const struct vcpu *vcpu, unsigned word)
{
    uint64_t control = word == 0 ? arch_gic_redistributor(vcpu->core) : arch_gic_distributor();
    uint32_t busy = word == 0 ? GICR_CTLR_RWP : GICD_CTLR_RWP;

    for (unsigned i = 0; i < RWP_PATIENCE && (arch_read32(control) & busy) != 0; i++) {
    }
}

void vgic_change(uint64_t pa, uint32_t mask, uint32_t value)
{
    arch_lock(&vgic_change_lock);
    arch_write32(pa, (arch_read32(pa) & ~mask) | (value & mask));
    arch_unlock(&vgic_change_lock);
}

void vgic_route(const struct vcpu *vcpu, unsigned intid)
{
    arch_write64(arch_gic_distributor() + GICD_IROUTER + (uint64_t)intid * 8,
                 arch_core_mpidr(vcpu->core));
}

/* The level of a timer makes it pending again; for any other interrupt that is not pending now, an
 * edge or software made it so. */
static bool vgic_is_lost_by_end(const struct vcpu *vcpu, unsigned intid)
{
    if (intid < 32 && (vcpu->gic.timers_due >> intid & 1) != 0) {
        return false;
    }
    return !vgic_bit_is_set(vcpu, GICX_ISPENDR, intid);
}

void vgic_end_pending(const struct vcpu *vcpu, unsigned intid)
{
    if (vgic_is_lost_by_end(vcpu, intid)) {
        vgic_set_bit(vcpu, GICX_ISPENDR, intid);
    }
    vgic_end(intid);
}

/* SGIs were deactivated when they were taken: so another core may send the next one. */
void vgic_end(unsigned intid)
{
    if (intid >= VGIC_SGI_COUNT) {
        arch_gic_deactivate(intid);
    }
}
