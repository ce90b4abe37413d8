/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of the distributor and of redistributors that are not those of interrupts, and
 * the way to those. */
#include "vgic_access.h"

#include "arch.h"
#include "kick.h"
#include "vgic_hardware.h"
#include "vgic_request.h"
#include "vm.h"

enum {
    FRAME_SIZE = 0x10000,
    ROUTER_END = GICD_IROUTER + 8 * VGIC_INTID_COUNT,
    ROUTER_FIRST = GICD_IROUTER + 8 * VGIC_PRIVATE_COUNT,
};

/* GICD_TYPER: INTIDs of 10 bits; no extended SPIs, LPIs or messages; an SPI has one target. */
enum {
    TYPER_ID_BITS = 9u << 19,
    TYPER_A3V = 1u << 24,
    TYPER_NO_1N = 1u << 25,
};

enum { IIDR = 0x4800043b };

/* GICD_PIDR4 and so on: a GICv3 of Arm's architecture, as GICD_PIDR2 says. */
static const uint8_t frame_ids[] = {0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};

/* Aff3 to Aff0 in the upper half of GICR_TYPER. */
static uint64_t frame_affinity(uint64_t mpidr)
{
    return (mpidr >> 8 & 0xff000000) | (mpidr & 0xffffff);
}

static bool frame_is_asked(const struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        if (vgic_is_asked(&vm->vcpus[i])) {
            return true;
        }
    }
    return false;
}

/* One security state: DS reads as 1, and affinity routing is always on. */
static uint32_t frame_read_ctlr(const struct vm *vm)
{
    uint32_t ctlr = __atomic_load_n(&vm->gic.ctlr, __ATOMIC_RELAXED) | GICD_CTLR_ARE | GICD_CTLR_DS;

    return frame_is_asked(vm) ? ctlr | GICD_CTLR_RWP : ctlr;
}

/* The other cores look at it before their guest runs again. If it is turned off, RWP says when
 * all have. */
static void frame_write_ctlr(struct vm *vm, uint64_t value)
{
    uint32_t ctlr = (uint32_t)value & GICD_CTLR_GROUP1;
    uint32_t old = __atomic_exchange_n(&vm->gic.ctlr, ctlr, __ATOMIC_RELAXED);

    if (old != 0 && ctlr == 0) {
        vgic_ask_all(vm, VGIC_RETURN, 0, 0);
    } else if (old != ctlr) {
        kick_vm(vm);
    }
}

static uint32_t frame_read_typer(void)
{
    uint32_t typer = arch_read32(arch_gic_distributor() + GICD_TYPER);

    return (typer & (GICD_TYPER_LINES | TYPER_A3V)) | TYPER_ID_BITS | TYPER_NO_1N;
}

static uint64_t frame_read_ids(uint32_t offset)
{
    unsigned index = (offset - GICX_PIDR4) / 4;

    return index < sizeof(frame_ids) ? frame_ids[index] : 0;
}

/* ---- GICD_IROUTER: the guest sees its own affinities, the hardware has the cores' ---- */

static bool router_is_owned(const struct vgic_access *access, unsigned *intid)
{
    *intid = (access->offset - GICD_IROUTER) / 8;
    return *intid >= VGIC_PRIVATE_COUNT && vgic_is_owned(access->vcpu->vm, *intid);
}

static uint64_t router_read(const struct vm *vm, unsigned intid)
{
    uint64_t route = arch_read64(arch_gic_distributor() + GICD_IROUTER + (uint64_t)intid * 8);

    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        if (arch_core_mpidr(vm->vcpus[i].core) == route) {
            return vm->vcpus[i].mpidr;
        }
    }
    return vm->vcpus[0].mpidr;
}

/* An affinity that no vCPU of the VM has changes nothing. */
static void router_write(struct vm *vm, unsigned intid, uint64_t mpidr)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i].mpidr == mpidr) {
            vgic_route(&vm->vcpus[i], intid);
            if (vgic_bit_is_set(&vm->vcpus[0], GICX_ISACTIVER, intid)) {
                vgic_ask_all(vm, VGIC_RETURN, intid / 32, 1u << intid % 32);
            }
        }
    }
}

/* The value of a register of 64 bits after a write to it or to half of it. */
static uint64_t frame_merge(uint64_t old, const struct vgic_access *access)
{
    unsigned shift = access->offset % 8 * 8;

    if (access->size == 8) {
        return access->value;
    }
    return (old & ~((uint64_t)UINT32_MAX << shift)) | (access->value & UINT32_MAX) << shift;
}

/* The part of a register of 64 bits that a read wants. */
static uint64_t frame_part(uint64_t value, const struct vgic_access *access)
{
    return access->size == 8 ? value : value >> access->offset % 8 * 8 & UINT32_MAX;
}

static bool router_access(struct vgic_access *access, bool is_write)
{
    struct vm *vm = access->vcpu->vm;
    unsigned intid;

    if (access->size < 4) {
        return false;
    }
    if (!router_is_owned(access, &intid)) {
        return true;
    }
    if (is_write) {
        router_write(vm, intid, frame_merge(router_read(vm, intid), access));
    } else {
        access->value = frame_part(router_read(vm, intid), access);
    }
    return true;
}

/* ---- Distributor ---- */

static bool frame_is_router(const struct vgic_access *access)
{
    return access->offset >= ROUTER_FIRST && access->offset < ROUTER_END;
}

static bool distributor_read(struct vgic_access *access)
{
    if (frame_is_router(access)) {
        return router_access(access, false);
    }
    if (access->size == 4 && access->offset >= GICX_PIDR4) {
        access->value = frame_read_ids(access->offset);
        return true;
    }
    switch (access->size == 4 ? access->offset : FRAME_SIZE) {
    case GICD_CTLR:
        access->value = frame_read_ctlr(access->vcpu->vm);
        return true;
    case GICD_TYPER:
        access->value = frame_read_typer();
        return true;
    case GICD_IIDR:
        access->value = IIDR;
        return true;
    default:
        return vgic_read_interrupts(access);
    }
}

static bool distributor_write(struct vgic_access *access)
{
    if (frame_is_router(access)) {
        return router_access(access, true);
    }
    if (access->size == 4 && access->offset == GICD_CTLR) {
        frame_write_ctlr(access->vcpu->vm, access->value);
        return true;
    }
    return vgic_write_interrupts(access);
}

static bool frame_is_aligned(uint64_t offset, unsigned size)
{
    return (size == 1 || size == 4 || size == 8) && offset % size == 0;
}

bool vgic_distributor_read(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t *value)
{
    struct vgic_access access = {
        .vcpu = vcpu, .is_distributor = true, .offset = (uint32_t)offset, .size = size};
    bool exists =
        offset < FRAME_SIZE && frame_is_aligned(offset, size) && distributor_read(&access);

    *value = access.value;
    return exists;
}

bool vgic_distributor_write(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t value)
{
    struct vgic_access access = {.vcpu = vcpu,
                                 .is_distributor = true,
                                 .offset = (uint32_t)offset,
                                 .size = size,
                                 .value = value};

    return offset < FRAME_SIZE && frame_is_aligned(offset, size) && distributor_write(&access);
}

/* ---- Redistributors ---- */

static uint64_t redistributor_typer(const struct vcpu *vcpu)
{
    uint64_t typer = frame_affinity(vcpu->mpidr) << 32 | (uint64_t)vcpu->index << 8;

    return vcpu->index + 1 == vcpu->vm->vcpu_count ? typer | GICR_TYPER_LAST : typer;
}

/* A frame with no register of 64 bits but GICR_TYPER; others of that size are of LPIs, reserved. */
static bool control_read(struct vgic_access *access)
{
    uint32_t offset = access->offset;

    if (access->size == 1) {
        return false;
    }
    if (offset == GICR_TYPER || offset == GICR_TYPER + 4) {
        access->value = frame_part(redistributor_typer(access->vcpu), access);
    } else if (offset == GICR_CTLR) {
        access->value = vgic_is_asked(access->vcpu) ? GICR_CTLR_RWP : 0;
    } else if (offset == GICR_IIDR) {
        access->value = IIDR;
    } else if (offset == GICR_WAKER) {
        access->value = __atomic_load_n(&access->vcpu->gic.waker, __ATOMIC_RELAXED);
    } else if (offset >= GICX_PIDR4) {
        access->value = frame_read_ids(offset);
    }
    return true;
}

/* ProcessorSleep, and ChildrenAsleep at once. The hardware's redistributor stays awake: hyp
 * needs it. */
static bool control_write(const struct vgic_access *access)
{
    bool asleep = (access->value & GICR_WAKER_ASLEEP) != 0;

    if (access->size == 1) {
        return false;
    }
    if (access->offset == GICR_WAKER) {
        __atomic_store_n(&access->vcpu->gic.waker,
                         asleep ? GICR_WAKER_ASLEEP | GICR_WAKER_CHILDREN_ASLEEP : 0,
                         __ATOMIC_RELAXED);
    }
    return true;
}

/* Finds the redistributor, and makes the offset one in its frame. Returns whether it is the
 * frame of interrupts; `access` has no vCPU if there is no redistributor. */
static bool redistributor_find(struct vgic_access *access, struct vm *vm, uint64_t offset)
{
    if (offset / GICR_STRIDE < vm->vcpu_count && frame_is_aligned(offset, access->size)) {
        access->vcpu = &vm->vcpus[offset / GICR_STRIDE];
    }
    access->offset = offset % FRAME_SIZE;
    return (offset & GICR_SGI_FRAME) != 0;
}

bool vgic_redistributor_read(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t *value)
{
    struct vgic_access access = {.size = size};
    bool is_interrupts = redistributor_find(&access, vcpu->vm, offset);
    bool exists = access.vcpu != NULL &&
                  (is_interrupts ? vgic_read_interrupts(&access) : control_read(&access));

    *value = access.value;
    return exists;
}

bool vgic_redistributor_write(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t value)
{
    struct vgic_access access = {.size = size, .value = value};
    bool is_interrupts = redistributor_find(&access, vcpu->vm, offset);

    if (access.vcpu == NULL) {
        return false;
    }
    return is_interrupts ? vgic_write_interrupts(&access) : control_write(&access);
}
