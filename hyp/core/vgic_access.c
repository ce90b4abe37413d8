/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic_access.h"

#include <stddef.h>

#include "arch.h"
#include "vgic_hardware.h"
#include "vgic_list.h"
#include "vgic_request.h"
#include "vm.h"

/* Registers from `first` to before `end`; the others are reserved: they read as 0 and ignore
 * writes. */
struct vgic_registers {
    uint16_t first;
    uint16_t end;
    bool has_bytes;
    void (*read)(struct vgic_access *access);
    void (*write)(const struct vgic_access *access);
};

enum { CONFIG_INTIDS = 16 };

static unsigned access_word(const struct vgic_access *access)
{
    return (access->offset & 0x7f) / 4;
}

static uint64_t access_pa(const struct vgic_access *access)
{
    return vgic_frame(access->vcpu, access->is_distributor ? 1 : 0) + access->offset;
}

/* The VM's own interrupts of this frame and word. */
static uint32_t access_owned(const struct vgic_access *access, unsigned word)
{
    return (word != 0) == access->is_distributor ? vgic_owned(access->vcpu->vm, word) : 0;
}

/* The bits that a write may touch. */
static uint32_t access_bits(const struct vgic_access *access)
{
    return (uint32_t)access->value & access_owned(access, access_word(access));
}

/* An interrupt that a core has taken is active at the hardware, but for SGIs. */
static void access_ask(const struct vgic_access *access, enum vgic_request request, unsigned word,
                       uint32_t bits)
{
    if (word == 0) {
        vgic_ask(access->vcpu, request, word, bits);
        return;
    }
    bits &= arch_read32(arch_gic_distributor() + GICX_ISACTIVER + (uint64_t)word * 4);
    if (bits != 0) {
        vgic_ask_all(access->vcpu->vm, request, word, bits);
    }
}

static void access_read_group(struct vgic_access *access)
{
    access->value = access_owned(access, access_word(access));
}

static void access_read_enabled(struct vgic_access *access)
{
    access->value = arch_read32(access_pa(access)) & access_owned(access, access_word(access));
}

/* What waits in the cores that may have taken an interrupt of this frame. */
static uint32_t access_waiting(const struct vgic_access *access, unsigned word)
{
    const struct vm *vm = access->vcpu->vm;
    uint32_t bits = 0;

    if (!access->is_distributor) {
        return __atomic_load_n(&access->vcpu->gic.waiting[word], __ATOMIC_RELAXED);
    }
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        bits |= __atomic_load_n(&vm->vcpus[i].gic.waiting[word], __ATOMIC_RELAXED);
    }
    return bits;
}

/* List registers can be read by their own core only; of the others, what the hardware says is
 * taken. */
static bool access_has_lists(const struct vgic_access *access)
{
    return access->is_distributor || access->vcpu->core == arch_core();
}

static void access_read_pending(struct vgic_access *access)
{
    unsigned word = access_word(access);
    uint32_t taken = access_waiting(access, word);

    taken |= access_has_lists(access) ? vgic_listed_pending(word) : 0;
    access->value = (arch_read32(access_pa(access)) | taken) & access_owned(access, word);
}

static void access_read_active(struct vgic_access *access)
{
    unsigned word = access_word(access);
    uint32_t owned = access_owned(access, word);
    uint32_t active = arch_read32(access_pa(access)) & ~access_waiting(access, word);

    if (access_has_lists(access)) {
        active = (active & ~vgic_listed_pending(word)) | vgic_listed_active(access->vcpu, word);
    }
    access->value = active & owned;
}

static void access_set(const struct vgic_access *access)
{
    uint32_t bits = access_bits(access);

    if (bits != 0) {
        arch_write32(access_pa(access), bits);
    }
}

/* No core gives the guest an interrupt that is disabled, also if it has taken it already. */
static void access_disable(const struct vgic_access *access)
{
    uint32_t bits = access_bits(access);
    unsigned word = access_word(access);

    if (bits == 0) {
        return;
    }
    arch_write32(access_pa(access), bits);
    vgic_wait_disabled(access->vcpu, word);
    access_ask(access, VGIC_RETURN, word, bits);
}

static void access_clear_pending(const struct vgic_access *access)
{
    uint32_t bits = access_bits(access);

    if (bits != 0) {
        arch_write32(access_pa(access), bits);
        access_ask(access, VGIC_DROP, access_word(access), bits);
    }
}

static void access_end_active(const struct vgic_access *access)
{
    uint32_t bits = access_bits(access);

    if (bits != 0) {
        access_ask(access, VGIC_END, access_word(access), bits);
    }
}

/* The first of the interrupts of an access to a byte each. */
static unsigned access_first(const struct vgic_access *access)
{
    return access->offset - GICX_IPRIORITYR;
}

static bool access_owns(const struct vgic_access *access, unsigned intid)
{
    return (access_owned(access, intid / 32) >> intid % 32 & 1) != 0;
}

static void access_read_priority(struct vgic_access *access)
{
    for (unsigned i = 0; i < access->size; i++) {
        if (access_owns(access, access_first(access) + i)) {
            access->value |= (uint64_t)arch_read8(access_pa(access) + i) << i * 8;
        }
    }
}

/* A pending interrupt in a list register has its old priority there. */
static void access_write_priority(const struct vgic_access *access)
{
    unsigned first = access_first(access);
    uint32_t bits = 0;

    for (unsigned i = 0; i < access->size; i++) {
        if (access_owns(access, first + i)) {
            arch_write8(access_pa(access) + i, (uint8_t)(access->value >> i * 8));
            bits |= 1u << (first + i) % 32;
        }
    }
    if (bits != 0) {
        access_ask(access, VGIC_RETURN, first / 32, bits);
    }
}

/* Two bits for each of 16 interrupts; the lower one is reserved. */
static uint32_t access_config_mask(const struct vgic_access *access)
{
    unsigned first = (access->offset - GICX_ICFGR) / 4 * CONFIG_INTIDS;
    uint32_t mask = 0;

    for (unsigned i = 0; i < CONFIG_INTIDS; i++) {
        mask |= access_owns(access, first + i) ? 2u << i * 2 : 0;
    }
    return mask;
}

static void access_read_config(struct vgic_access *access)
{
    access->value = arch_read32(access_pa(access)) & access_config_mask(access);
}

/* Of SPIs only: SGIs are always edges, and whether a PPI can be changed is up to the implementation
 * (IHI0069, GICR_ICFGR1). vgic_end_pending() relies on the level of a timer. */
static void access_write_config(const struct vgic_access *access)
{
    uint32_t mask = access->is_distributor ? access_config_mask(access) : 0;

    if (mask != 0) {
        vgic_change(access_pa(access), mask, (uint32_t)access->value);
    }
}

/* GICx_ISACTIVER ignores writes: hyp could not see the end of such an interrupt. */
static const struct vgic_registers vgic_registers[] = {
    {GICX_IGROUPR, GICX_ISENABLER, false, access_read_group, NULL},
    {GICX_ISENABLER, GICX_ICENABLER, false, access_read_enabled, access_set},
    {GICX_ICENABLER, GICX_ISPENDR, false, access_read_enabled, access_disable},
    {GICX_ISPENDR, GICX_ICPENDR, false, access_read_pending, access_set},
    {GICX_ICPENDR, GICX_ISACTIVER, false, access_read_pending, access_clear_pending},
    {GICX_ISACTIVER, GICX_ICACTIVER, false, access_read_active, NULL},
    {GICX_ICACTIVER, GICX_IPRIORITYR, false, access_read_active, access_end_active},
    {GICX_IPRIORITYR, GICX_ITARGETSR - 4, true, access_read_priority, access_write_priority},
    {GICX_ITARGETSR, GICX_ICFGR, true, NULL, NULL},
    {GICX_ICFGR, GICX_IGRPMODR, false, access_read_config, access_write_config},
};

static const struct vgic_registers vgic_reserved = {0};

static const struct vgic_registers *vgic_find_registers(uint32_t offset)
{
    for (size_t i = 0; i < sizeof(vgic_registers) / sizeof(vgic_registers[0]); i++) {
        if (offset >= vgic_registers[i].first && offset < vgic_registers[i].end) {
            return &vgic_registers[i];
        }
    }
    return &vgic_reserved;
}

static bool access_has_size(const struct vgic_access *access,
                            const struct vgic_registers *registers)
{
    return access->size == 4 || (access->size == 1 && registers->has_bytes);
}

bool vgic_read_interrupts(struct vgic_access *access)
{
    const struct vgic_registers *registers = vgic_find_registers(access->offset);

    if (!access_has_size(access, registers)) {
        return false;
    }
    if (registers->read != NULL) {
        registers->read(access);
    }
    return true;
}

bool vgic_write_interrupts(const struct vgic_access *access)
{
    const struct vgic_registers *registers = vgic_find_registers(access->offset);

    if (!access_has_size(access, registers)) {
        return false;
    }
    if (registers->write != NULL) {
        registers->write(access);
    }
    return true;
}
