/* SPDX-License-Identifier: BSD-2-Clause */
/* KVM's GICv3 and ITS. */
#include <errno.h>
#include <linux/kvm.h>
#include <unistd.h>

#include "core/map.h"
#include "kvm/kvm_parts.h"

static int gic_create_device(struct vm *vm, uint32_t type)
{
    struct kvm_create_device device = {.type = type};
    int error = kvm_call(vm->fd, KVM_CREATE_DEVICE, &device);

    return error < 0 ? error : (int)device.fd;
}

static int gic_set_attribute(int fd, uint32_t group, uint64_t attribute, const void *value)
{
    struct kvm_device_attr attr = {
        .group = group,
        .attr = attribute,
        .addr = (uintptr_t)value,
    };

    return kvm_call(fd, KVM_SET_DEVICE_ATTR, &attr);
}

/* Adds `count` redistributors, one after the other from `base` on. */
static int gic_add_redistributors(int fd, unsigned region, unsigned count, struct ipa base)
{
    /* KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION: count 63:52, base 51:16, flags 15:12, index 11:0. */
    uint64_t value = (uint64_t)count << 52 | base.value | region;

    return gic_set_attribute(fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION,
                             &value);
}

static int gic_place(int fd, unsigned cpu_count, struct ipa gicr2)
{
    uint64_t distributor = MAP_GICD_BASE;
    uint32_t irq_count = MAP_SPI_COUNT + 32;
    unsigned low_count = cpu_count < MAP_GICR_COUNT ? cpu_count : MAP_GICR_COUNT;
    int error = gic_set_attribute(fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &irq_count);

    if (error == 0) {
        error = gic_set_attribute(fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST,
                                  &distributor);
    }
    if (error == 0) {
        error = gic_add_redistributors(fd, 0, low_count, ipa(MAP_GICR_BASE));
    }
    if (error == 0 && cpu_count > low_count) {
        error = gic_add_redistributors(fd, 1, cpu_count - low_count, gicr2);
    }
    if (error == 0) {
        error = gic_set_attribute(fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
    }
    return error;
}

static int its_place(int fd)
{
    uint64_t base = MAP_ITS_BASE;
    int error = gic_set_attribute(fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_ITS_ADDR_TYPE, &base);

    if (error == 0) {
        error = gic_set_attribute(fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
    }
    return error;
}

int vm_create_gic(struct vm *vm, unsigned cpu_count, struct ipa gicr2)
{
    int fd = gic_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V3);

    if (fd < 0) {
        return fd;
    }
    vm->gic_fd = fd;
    int error = gic_place(fd, cpu_count, gicr2);
    if (error != 0) {
        return error;
    }
    fd = gic_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_ITS);
    if (fd < 0) {
        return fd;
    }
    vm->its_fd = fd;
    return its_place(fd);
}

/* Register offsets of IHI 0069; those of a redistributor include its SGI frame at 64 KiB. */
enum {
    GICD_ISENABLER = 0x0100,
    GICD_ISPENDR = 0x0200,
    GICR_ISENABLER0 = 0x10100,
    GICR_ISPENDR0 = 0x10200,
    INTIDS_PER_WORD = 32,
};

/*
 * KVM names a vCPU in these attributes by the affinity fields packed together, Aff3 right above
 * Aff2, in the upper word.
 */
uint64_t gic_affinity(uint64_t mpidr)
{
    return ((mpidr >> 8) & UINT64_C(0xff000000)) | (mpidr & UINT64_C(0x00ffffff));
}

static uint32_t gic_read_word(struct vm *vm, uint32_t group, uint64_t attribute)
{
    uint32_t value = 0;
    struct kvm_device_attr attr = {
        .group = group,
        .attr = attribute,
        .addr = (uintptr_t)&value,
    };

    return kvm_call(vm->gic_fd, KVM_GET_DEVICE_ATTR, &attr) == 0 ? value : 0;
}

/* The levels of the interrupt lines `intid` to `intid` + 31. */
static uint32_t gic_line_levels(struct vm *vm, uint64_t cpu, unsigned intid)
{
    uint64_t info = (uint64_t)VGIC_LEVEL_INFO_LINE_LEVEL << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT;

    return gic_read_word(vm, KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, cpu << 32 | info | intid);
}

bool gic_private_is_enabled(struct vm *vm, uint64_t mpidr, unsigned intid)
{
    uint64_t place = gic_affinity(mpidr) << 32 | GICR_ISENABLER0;

    return (gic_read_word(vm, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, place) >> intid & 1) != 0;
}

int gic_pending_intid(struct vm *vm, uint64_t mpidr)
{
    uint64_t cpu = gic_affinity(mpidr);

    for (unsigned intid = 0; intid < INTIDS_PER_WORD + MAP_SPI_COUNT; intid += INTIDS_PER_WORD) {
        bool is_private = intid < INTIDS_PER_WORD;
        uint32_t group =
            is_private ? KVM_DEV_ARM_VGIC_GRP_REDIST_REGS : KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
        uint64_t enabled_at = is_private ? GICR_ISENABLER0 : GICD_ISENABLER + intid / 8;
        uint64_t pending_at = is_private ? GICR_ISPENDR0 : GICD_ISPENDR + intid / 8;
        uint32_t pending =
            gic_read_word(vm, group, cpu << 32 | pending_at) | gic_line_levels(vm, cpu, intid);

        pending &= gic_read_word(vm, group, cpu << 32 | enabled_at);
        if (pending != 0) {
            return (int)intid + __builtin_ctz(pending);
        }
    }
    return -1;
}
