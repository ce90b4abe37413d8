/* SPDX-License-Identifier: BSD-2-Clause */
#include "bus.h"

#include "emulated.h"
#include "skip.h"

/* ESR_EL2 of a data abort from a lower level (Arm ARM D24.2.40, ISS encoding). */
enum {
    ABORT_VALID = 1 << 24, /* the fields up to SIXTY_FOUR say something */
    ABORT_SIZE_SHIFT = 22,
    ABORT_SIGNED = 1 << 21,
    ABORT_REGISTER_SHIFT = 16,
    ABORT_SIXTY_FOUR = 1 << 15,
    ABORT_CACHE = 1 << 8, /* cache maintenance by address */
    ABORT_WALK = 1 << 7,  /* of the guest's own tables */
    ABORT_WRITE = 1 << 6,
    ABORT_STATUS_KIND = 0x38, /* zero: an address size fault or a translation fault */
};

enum { REGISTER_ZERO = 31 };

struct bus_access {
    uint64_t ipa;
    unsigned size;
    bool is_write;
    uint64_t value;
};

static bool bus_use_distributor(struct vcpu *vcpu, struct bus_access *access)
{
    uint64_t offset = access->ipa - BUS_DISTRIBUTOR;

    return access->is_write ? vgic_distributor_write(vcpu, offset, access->size, access->value)
                            : vgic_distributor_read(vcpu, offset, access->size, &access->value);
}

static bool bus_use_redistributor(struct vcpu *vcpu, struct bus_access *access)
{
    uint64_t offset = access->ipa - BUS_REDISTRIBUTORS;

    return access->is_write ? vgic_redistributor_write(vcpu, offset, access->size, access->value)
                            : vgic_redistributor_read(vcpu, offset, access->size, &access->value);
}

static bool bus_use(struct vcpu *vcpu, struct bus_access *access)
{
    uint64_t redistributors = (uint64_t)vcpu->vm->vcpu_count * BUS_REDISTRIBUTOR_SIZE;

    if (access->ipa - BUS_DISTRIBUTOR < BUS_DISTRIBUTOR_SIZE) {
        return bus_use_distributor(vcpu, access);
    }
    if (access->ipa - BUS_REDISTRIBUTORS < redistributors) {
        return bus_use_redistributor(vcpu, access);
    }
    return access->is_write ? emulated_write(vcpu->vm, access->ipa, access->size, access->value)
                            : emulated_read(vcpu->vm, access->ipa, access->size, &access->value);
}

/* Devices are little-endian. */
static uint64_t bus_swap(uint64_t value, unsigned size)
{
    return arch_guest_is_big_endian() ? __builtin_bswap64(value) >> (64 - 8 * size) : value;
}

static uint64_t bus_mask(unsigned size)
{
    return UINT64_MAX >> (64 - 8 * size);
}

static uint64_t bus_extend(uint64_t value, unsigned size, uint64_t esr)
{
    unsigned shift = 64 - 8 * size;

    value &= bus_mask(size);
    if ((esr & ABORT_SIGNED) != 0) {
        value = (uint64_t)((int64_t)(value << shift) >> shift);
    }
    return (esr & ABORT_SIXTY_FOUR) != 0 ? value : (uint32_t)value;
}

static bool bus_carry_out(struct vcpu *vcpu, const struct arch_exit *exit)
{
    unsigned reg = exit->esr >> ABORT_REGISTER_SHIFT & 0x1f;
    struct bus_access access = {
        .ipa = exit->ipa,
        .size = 1u << (exit->esr >> ABORT_SIZE_SHIFT & 3),
        .is_write = (exit->esr & ABORT_WRITE) != 0,
    };

    if (access.is_write) {
        uint64_t value = reg == REGISTER_ZERO ? 0 : vcpu->frame.x[reg];

        access.value = bus_swap(value & bus_mask(access.size), access.size);
    }
    if (!bus_use(vcpu, &access)) {
        return false;
    }
    if (!access.is_write && reg != REGISTER_ZERO) {
        vcpu->frame.x[reg] = bus_extend(bus_swap(access.value & bus_mask(access.size), access.size),
                                        access.size, exit->esr);
    }
    return true;
}

/* HPFAR_EL2, and so the IPA, is unknown for other faults, such as those of alignment and of atomic
 * accesses that a device does not support. */
void bus_take_abort(struct vcpu *vcpu, const struct arch_exit *exit)
{
    bool has_address =
        exit->kind == ARCH_EXIT_DATA_ABORT && (exit->esr & (ABORT_WALK | ABORT_STATUS_KIND)) == 0;
    bool is_plain = has_address && (exit->esr & ABORT_VALID) != 0;
    bool is_cache = has_address && (exit->esr & ABORT_CACHE) != 0;

    if (is_cache || (is_plain && bus_carry_out(vcpu, exit))) {
        skip_instruction(&vcpu->frame, exit->esr);
        return;
    }
    arch_inject_abort(&vcpu->frame, exit);
}
