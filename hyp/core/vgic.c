/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic.h"

#include "vgic_hardware.h"
#include "vgic_list.h"
#include "vgic_request.h"
#include "vm.h"

/* How many interrupts are taken before hyp looks at other things: cores of the VM may send SGIs
 * faster than this one takes them. What is left makes it take again. */
enum { TAKE_MAX = 64, INTID_SPECIAL = 1020, INTID_SPECIAL_LAST = 1023 };

/* ICH_HCR_EL2: the virtual CPU interface is on; a maintenance interrupt if at most one list
 * register is in use, if the guest has ended an interrupt that is in none, or if none has a
 * pending interrupt. */
enum {
    HCR_ENABLE = 1u << 0,
    HCR_UNDERFLOW = 1u << 1,
    HCR_ENDED_UNLISTED = 1u << 2,
    HCR_NO_PENDING = 1u << 3,
};

/* ICH_VMCR_EL2. */
#define VMCR_GROUP1       (1u << 1)
#define VMCR_COMMON_POINT (1u << 4)
#define VMCR_POINT0(vmcr) ((vmcr) >> 21 & 7)
#define VMCR_POINT1(vmcr) ((vmcr) >> 18 & 7)
#define VMCR_MASK(vmcr)   ((vmcr) >> 24)

static bool vgic_is_on(const struct vcpu *vcpu)
{
    return (__atomic_load_n(&vcpu->vm->gic.ctlr, __ATOMIC_RELAXED) & GICD_CTLR_GROUP1) != 0;
}

/* An interrupt of no device of the VM is never enabled by it, and so not taken again. */
static void vgic_take_foreign(const struct vcpu *vcpu, unsigned intid)
{
    vgic_set_bit(vcpu, GICX_ICENABLER, intid);
    arch_gic_deactivate(intid);
}

/* Only the guest's own deactivation ends a PPI or SPI, so it is not taken twice. It came after what
 * another core has asked to drop. */
static void vgic_take_guests(struct vcpu *vcpu, unsigned intid)
{
    vgic_spare(vcpu, intid);
    if (intid < VGIC_SGI_COUNT) {
        arch_gic_deactivate(intid);
    }
    if (intid == ARCH_INTID_VIRTUAL_TIMER || intid == ARCH_INTID_PHYSICAL_TIMER) {
        uint32_t bit = UINT32_C(1) << intid;

        vcpu->gic.timers_due = (vcpu->gic.timers_due & ~bit) | (arch_due_timers() & bit);
    }
    vgic_add_waiting(vcpu, intid);
}

/* What asserts a level is turned off before the interrupt is deactivated. */
static void vgic_take_one(struct vcpu *vcpu, unsigned intid)
{
    switch (intid) {
    case ARCH_INTID_TIMER:
        arch_set_deadline(UINT64_MAX);
        arch_gic_deactivate(intid);
        break;
    case ARCH_INTID_MAINTENANCE:
        arch_gic_write_hcr(vgic_is_on(vcpu) ? HCR_ENABLE : 0);
        arch_gic_deactivate(intid);
        break;
    case ARCH_INTID_KICK:
        arch_gic_deactivate(intid);
        break;
    default:
        if (vgic_is_owned(vcpu->vm, intid)) {
            vgic_take_guests(vcpu, intid);
        } else {
            vgic_take_foreign(vcpu, intid);
        }
        break;
    }
}

/* LPIs and extended ranges, which firmware may have left enabled, belong to no VM. An LPI is over with its
 * drop; others stay active, and so do not come again. */
void vgic_take(struct vcpu *vcpu)
{
    if (vcpu->gic.parked_count != 0) {
        vgic_unpark(vcpu);
    }
    for (unsigned i = 0; i < TAKE_MAX; i++) {
        uint32_t intid = arch_gic_acknowledge();

        if (intid >= INTID_SPECIAL && intid <= INTID_SPECIAL_LAST) {
            break;
        }
        arch_gic_drop(intid);
        if (intid < INTID_SPECIAL) {
            vgic_take_one(vcpu, intid);
        }
    }
    if (vgic_is_asked(vcpu)) {
        vgic_serve(vcpu);
    }
}

/* If interrupts are left that have no list register, it comes back when the guest has taken those
 * that have one, or (all are active) when it has ended some. */
static uint32_t vgic_wanted_hcr(const struct vcpu *vcpu)
{
    uint32_t hcr = vgic_is_on(vcpu) ? HCR_ENABLE : 0;

    if (vcpu->gic.parked_count != 0) {
        hcr |= HCR_ENDED_UNLISTED;
    }
    if (vcpu->gic.waiting_words == 0) {
        return hcr;
    }
    return hcr | (vgic_listed_urgency() < VGIC_PRIORITY_NONE ? HCR_NO_PENDING : HCR_UNDERFLOW);
}

/* A timer's level may have ended since its interrupt was taken. */
static void vgic_forget_timers(struct vcpu *vcpu)
{
    uint32_t ended = vcpu->gic.timers_due == 0 ? 0 : vcpu->gic.timers_due & ~arch_due_timers();

    vcpu->gic.timers_due &= ~ended;
    for (; ended != 0; ended &= ended - 1) {
        vgic_drop(vcpu, (unsigned)__builtin_ctz(ended));
    }
}

void vgic_fill(struct vcpu *vcpu)
{
    uint32_t wanted;

    if (vcpu->gic.parked_count != 0) {
        vgic_unpark(vcpu); /* the count would be lost below */
    }
    vgic_forget_timers(vcpu);
    while (vcpu->gic.waiting_words != 0 && vgic_list_next(vcpu)) {
    }
    wanted = vgic_wanted_hcr(vcpu);
    if (arch_gic_read_hcr() != wanted) {
        arch_gic_write_hcr(wanted);
    }
}

/* The bits of a priority that count for preemption (IHI0069, 4.8.5). */
static unsigned vgic_group_bits(uint32_t vmcr)
{
    unsigned below = (vmcr & VMCR_COMMON_POINT) != 0 ? VMCR_POINT0(vmcr) + 1 : VMCR_POINT1(vmcr);

    return UINT32_MAX << below & 0xff;
}

bool vgic_is_pending(struct vcpu *vcpu)
{
    uint32_t vmcr = arch_gic_read_vmcr();
    unsigned urgency;

    vgic_forget_timers(vcpu);
    urgency = vgic_urgency(vcpu);
    if (!vgic_is_on(vcpu) || urgency == VGIC_PRIORITY_NONE) {
        return false;
    }
    if ((__atomic_load_n(&vcpu->gic.waker, __ATOMIC_RELAXED) & GICR_WAKER_ASLEEP) != 0) {
        return true;
    }
    return (vmcr & VMCR_GROUP1) != 0 && urgency < VMCR_MASK(vmcr) &&
           (urgency & vgic_group_bits(vmcr)) < arch_gic_running_priority();
}

void vgic_reset_vcpu(struct vcpu *vcpu)
{
    vgic_serve(vcpu);
    vgic_empty(vcpu);
    vcpu->gic.timers_due = 0;
    arch_gic_write_vmcr(0);
    arch_gic_clear_active_priorities();
}

static void vgic_reset_spi(const struct vm *vm, unsigned intid)
{
    const struct vcpu *boot = &vm->vcpus[0];

    arch_write8(vgic_frame(boot, intid / 32) + GICX_IPRIORITYR + intid, 0);
    vgic_change(arch_gic_distributor() + GICX_ICFGR + (uint64_t)intid / 16 * 4,
                2u << intid % 16 * 2, 0);
    vgic_route(boot, intid);
}

/* No core has list registers with them afterwards: each drops them before it runs again. */
static void vgic_reset_word(struct vcpu *vcpu, unsigned word)
{
    uint64_t frame = vgic_frame(vcpu, word) + (uint64_t)word * 4;
    uint32_t bits = vgic_owned(vcpu->vm, word);

    arch_write32(frame + GICX_ICENABLER, bits);
    vgic_wait_disabled(vcpu, word);
    arch_write32(frame + GICX_ICPENDR, bits);
}

static void vgic_reset_private(struct vcpu *vcpu)
{
    uint64_t frame = vgic_frame(vcpu, 0);

    vgic_reset_word(vcpu, 0);
    for (unsigned intid = 0; intid < VGIC_PRIVATE_COUNT; intid++) {
        if (vgic_is_owned(vcpu->vm, intid)) {
            arch_write8(frame + GICX_IPRIORITYR + intid, 0);
        }
    }
    __atomic_store_n(&vcpu->gic.waker, GICR_WAKER_ASLEEP | GICR_WAKER_CHILDREN_ASLEEP,
                     __ATOMIC_RELAXED);
}

void vgic_reset_vm(struct vm *vm)
{
    __atomic_store_n(&vm->gic.ctlr, 0, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        vgic_reset_private(&vm->vcpus[i]);
    }
    for (unsigned word = 1; word < VGIC_WORDS; word++) {
        if (vgic_owned(vm, word) != 0) {
            vgic_reset_word(&vm->vcpus[0], word);
        }
    }
    for (unsigned intid = VGIC_PRIVATE_COUNT; intid < VGIC_INTID_COUNT; intid++) {
        if (vgic_is_owned(vm, intid)) {
            vgic_reset_spi(vm, intid);
        }
    }
    vgic_ask_to_forget(vm);
}
