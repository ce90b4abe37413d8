/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads and writes the state of KVM's GICv3 and ITS. */
#include <errno.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdio.h>

#include "kvm/state_parts.h"

/* A row of registers with consecutive places. */
struct gic_row {
    const char *name;
    uint32_t first;
    uint32_t count;
    uint32_t step;
    uint32_t
        clear_at; /* a register that sets bits: where those are cleared; 0: it is another kind */
};

enum { SPI_WORDS = MAP_SPI_COUNT / 32, WORD = 4, DOUBLE = 8 };

/*
 * In the order in which they are written. IIDR chooses the revision of KVM's GIC, which says what the
 * others mean. Edge or level comes before what is pending. (IHI 0069, 12.9 and 12.11.)
 */
static const struct gic_row distributor_rows[] = {
    {"GICD_IIDR", 0x0008, 1, WORD, 0},
    {"GICD_CTLR", 0x0000, 1, WORD, 0},
    {"GICD_IGROUPR", 0x0084, SPI_WORDS, WORD, 0},
    {"GICD_ICFGR", 0x0c08, SPI_WORDS * 2, WORD, 0},
    {"GICD_IPRIORITYR", 0x0420, SPI_WORDS * 8, WORD, 0},
    {"GICD_IROUTER", 0x6100, MAP_SPI_COUNT * 2, WORD, 0},
    {"GICD_ISENABLER", 0x0104, SPI_WORDS, WORD, 0x0184},
    {"GICD_ISPENDR", 0x0204, SPI_WORDS, WORD, 0},
    {"GICD_ISACTIVER", 0x0304, SPI_WORDS, WORD, 0x0384},
    {NULL, 0, 0, 0, 0},
};

/*
 * The places of the LPIs' tables come before GICR_CTLR, which enables LPIs: then KVM reads them. KVM
 * enables a new vCPU's SGIs, so clearing matters. (IHI 0069, 12.10 and 12.11.)
 */
static const struct gic_row redistributor_rows[] = {
    {"GICR_PROPBASER", 0x00070, 2, WORD, 0},
    {"GICR_PENDBASER", 0x00078, 2, WORD, 0},
    {"GICR_CTLR", 0x00000, 1, WORD, 0},
    {"GICR_WAKER", 0x00014, 1, WORD, 0},
    {"GICR_IGROUPR0", 0x10080, 1, WORD, 0},
    {"GICR_ICFGR", 0x10c00, 2, WORD, 0},
    {"GICR_IPRIORITYR", 0x10400, 8, WORD, 0},
    {"GICR_ISENABLER0", 0x10100, 1, WORD, 0x10180},
    {"GICR_ISPENDR0", 0x10200, 1, WORD, 0},
    {"GICR_ISACTIVER0", 0x10300, 1, WORD, 0x10380},
    {NULL, 0, 0, 0, 0},
};

#define ICC(op0, op1, crn, crm, op2)                                                               \
    ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2)), 1, 1, 0

/*
 * KVM counts a pending interrupt as a wake-up only if it is more urgent than PMR, which is 0 in a new
 * vCPU: nothing would wake the guest. KVM has the active priorities from 1 on only if the GIC has
 * priorities of more than 5 bits.
 */
static const struct gic_row interface_rows[] = {
    {"ICC_SRE_EL1", ICC(3, 0, 12, 12, 5)},     {"ICC_CTLR_EL1", ICC(3, 0, 12, 12, 4)},
    {"ICC_PMR_EL1", ICC(3, 0, 4, 6, 0)},       {"ICC_BPR0_EL1", ICC(3, 0, 12, 8, 3)},
    {"ICC_BPR1_EL1", ICC(3, 0, 12, 12, 3)},    {"ICC_AP0R0_EL1", ICC(3, 0, 12, 8, 4)},
    {"ICC_AP0R1_EL1", ICC(3, 0, 12, 8, 5)},    {"ICC_AP0R2_EL1", ICC(3, 0, 12, 8, 6)},
    {"ICC_AP0R3_EL1", ICC(3, 0, 12, 8, 7)},    {"ICC_AP1R0_EL1", ICC(3, 0, 12, 9, 0)},
    {"ICC_AP1R1_EL1", ICC(3, 0, 12, 9, 1)},    {"ICC_AP1R2_EL1", ICC(3, 0, 12, 9, 2)},
    {"ICC_AP1R3_EL1", ICC(3, 0, 12, 9, 3)},    {"ICC_IGRPEN0_EL1", ICC(3, 0, 12, 12, 6)},
    {"ICC_IGRPEN1_EL1", ICC(3, 0, 12, 12, 7)}, {NULL, 0, 0, 0, 0},
};

/* KVM itself drives the lines of private interrupts: they are its timers'. */
static const struct gic_row line_rows[] = {
    {"the lines of SPIs", 32, SPI_WORDS, 32, 0},
    {NULL, 0, 0, 0, 0},
};

/* CBASER resets CREADR. CTLR, which enables the ITS, comes after its tables. (IHI 0069, 12.19.) */
static const struct gic_row its_rows[] = {
    {"GITS_IIDR", 0x0004, 1, WORD, 0},      {"GITS_CBASER", 0x0080, 1, DOUBLE, 0},
    {"GITS_BASER", 0x0100, 8, DOUBLE, 0},   {"GITS_CREADR", 0x0090, 1, DOUBLE, 0},
    {"GITS_CWRITER", 0x0088, 1, DOUBLE, 0}, {NULL, 0, 0, 0, 0},
};

static const struct gic_row its_enable_rows[] = {
    {"GITS_CTLR", 0x0000, 1, WORD, 0},
    {NULL, 0, 0, 0, 0},
};

/* Where KVM has the registers of some rows. */
struct gic_place {
    const struct gic_row *rows;
    int fd;
    uint32_t group;
    uint64_t above; /* bits above the register's own: the vCPU, for example */
    bool is_double; /* KVM moves 64 bits, not 32 */
};

static bool gic_find_place(const struct vcpu *vcpu, enum kvm_part part, uint64_t mpidr,
                           struct gic_place *place)
{
    const struct vm *vm = vcpu->vm;
    uint64_t cpu = gic_affinity(mpidr) << 32;

    switch (part) {
    case KVM_PART_DISTRIBUTOR:
        *place = (struct gic_place){distributor_rows, vm->gic_fd, KVM_DEV_ARM_VGIC_GRP_DIST_REGS,
                                    cpu, false};
        return true;
    case KVM_PART_REDISTRIBUTOR:
        *place = (struct gic_place){redistributor_rows, vm->gic_fd,
                                    KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, cpu, false};
        return true;
    case KVM_PART_INTERFACE:
        *place = (struct gic_place){interface_rows, vm->gic_fd, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS,
                                    cpu, true};
        return true;
    case KVM_PART_LINES:
        *place = (struct gic_place){
            line_rows, vm->gic_fd, KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO,
            cpu | VGIC_LEVEL_INFO_LINE_LEVEL << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT, false};
        return true;
    case KVM_PART_ITS:
        *place = (struct gic_place){its_rows, vm->its_fd, KVM_DEV_ARM_VGIC_GRP_ITS_REGS, 0, true};
        return true;
    default:
        return false;
    }
}

static int gic_access(const struct gic_place *place, unsigned long request, uint64_t id,
                      uint64_t *value)
{
    uint32_t word = (uint32_t)*value;
    struct kvm_device_attr attr = {
        .group = place->group,
        .attr = place->above | id,
        .addr = place->is_double ? (uintptr_t)value : (uintptr_t)&word,
    };
    int error = kvm_call(place->fd, request, &attr);

    if (!place->is_double) {
        *value = word;
    }
    return error;
}

static int gic_control(int fd, uint64_t what)
{
    struct kvm_device_attr attr = {.group = KVM_DEV_ARM_VGIC_GRP_CTRL, .attr = what};

    return kvm_call(fd, KVM_SET_DEVICE_ATTR, &attr);
}

/* An ICC register that this GIC does not have: KVM says EINVAL. */
static bool gic_lacks(const struct gic_place *place, int error)
{
    return error == -EINVAL && place->rows == interface_rows;
}

static int gic_read_row(const struct gic_place *place, const struct gic_row *row,
                        struct kvm_registers *list)
{
    for (uint32_t i = 0; i < row->count; i++) {
        uint64_t id = row->first + i * row->step;
        uint64_t value = 0;
        int error = gic_access(place, KVM_GET_DEVICE_ATTR, id, &value);

        if (error != 0 && !gic_lacks(place, error)) {
            return error;
        }
        if (error == 0 && value != 0) {
            error = registers_add(list, id, value);
        }
        if (error != 0 && !gic_lacks(place, error)) {
            return error;
        }
    }
    return 0;
}

static int gic_read_rows(const struct gic_place *place, struct kvm_registers *list)
{
    int error = 0;

    for (const struct gic_row *row = place->rows; row->name != NULL && error == 0; row++) {
        error = gic_read_row(place, row, list);
    }
    return error;
}

static int gic_clear(const struct gic_place *place, const struct gic_row *row, uint32_t index)
{
    uint64_t all = UINT32_MAX;

    return row->clear_at == 0
               ? 0
               : gic_access(place, KVM_SET_DEVICE_ATTR, row->clear_at + index * row->step, &all);
}

static int gic_write_row(const struct gic_place *place, const struct gic_row *row,
                         const struct kvm_registers *list, struct kvm_culprit *culprit)
{
    for (uint32_t i = 0; i < row->count; i++) {
        uint64_t id = row->first + i * row->step;
        uint64_t value = registers_find(list, id);
        uint64_t wanted = value;
        int error = gic_clear(place, row, i);

        if (error == 0) {
            error = gic_access(place, KVM_SET_DEVICE_ATTR, id, &value);
        }
        if (error != 0 && !(gic_lacks(place, error) && wanted == 0)) {
            snprintf(culprit->name, sizeof(culprit->name), "%s", row->name);
            culprit->wanted = wanted;
            (void)gic_access(place, KVM_GET_DEVICE_ATTR, id, &culprit->actual);
            return error == -EINVAL ? -EDOM : error;
        }
    }
    return 0;
}

static int gic_write_rows(const struct gic_place *place, const struct kvm_registers *list,
                          struct kvm_culprit *culprit)
{
    int error = 0;

    for (const struct gic_row *row = place->rows; row->name != NULL && error == 0; row++) {
        error = gic_write_row(place, row, list, culprit);
    }
    return error;
}

static bool gic_rows_have(const struct gic_row *rows, uint64_t id)
{
    for (const struct gic_row *row = rows; row->name != NULL; row++) {
        if (id >= row->first && (id - row->first) % row->step == 0 &&
            (id - row->first) / row->step < row->count) {
            return true;
        }
    }
    return false;
}

/* What this version does not write must not be in the list. */
static int gic_check_known(const struct gic_row *rows, const struct gic_row *more,
                           const struct kvm_registers *list, struct kvm_culprit *culprit)
{
    for (unsigned i = 0; i < list->count; i++) {
        uint64_t id = list->at[i].id;

        if (!gic_rows_have(rows, id) && (more == NULL || !gic_rows_have(more, id))) {
            snprintf(culprit->name, sizeof(culprit->name), "GIC register 0x%llx",
                     (unsigned long long)id);
            return -ENOENT;
        }
    }
    return 0;
}

/* KVM caches what is in the tables: it writes that to guest memory first. */
static int its_read_tables(const struct vm *vm)
{
    int error = gic_control(vm->its_fd, KVM_DEV_ARM_ITS_SAVE_TABLES);

    return error != 0 ? error : gic_control(vm->gic_fd, KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES);
}

static int its_write_tables(const struct gic_place *place, const struct kvm_registers *list,
                            struct kvm_culprit *culprit)
{
    struct gic_place enable = *place;
    int error = gic_control(place->fd, KVM_DEV_ARM_ITS_RESTORE_TABLES);

    if (error != 0) {
        snprintf(culprit->name, sizeof(culprit->name), "the ITS's tables in guest memory");
        return error;
    }
    enable.rows = its_enable_rows;
    return gic_write_rows(&enable, list, culprit);
}

int gic_read_part(struct vcpu *vcpu, enum kvm_part part, uint64_t mpidr, struct kvm_registers *list)
{
    struct gic_place place;

    if (!gic_find_place(vcpu, part, mpidr, &place)) {
        return -EINVAL;
    }
    int error = part == KVM_PART_ITS ? its_read_tables(vcpu->vm) : 0;
    if (error == 0) {
        error = gic_read_rows(&place, list);
    }
    if (error == 0 && part == KVM_PART_ITS) {
        place.rows = its_enable_rows;
        error = gic_read_rows(&place, list);
    }
    return error;
}

int gic_write_part(struct vcpu *vcpu, enum kvm_part part, uint64_t mpidr,
                   const struct kvm_registers *list, struct kvm_culprit *culprit)
{
    struct gic_place place;

    if (!gic_find_place(vcpu, part, mpidr, &place)) {
        return -EINVAL;
    }
    int error =
        gic_check_known(place.rows, part == KVM_PART_ITS ? its_enable_rows : NULL, list, culprit);
    if (error == 0) {
        error = gic_write_rows(&place, list, culprit);
    }
    return error == 0 && part == KVM_PART_ITS ? its_write_tables(&place, list, culprit) : error;
}
