/* SPDX-License-Identifier: BSD-2-Clause */
/* The GIC and its ITS, as arm-vgic-v3.rst and arm-vgic-its.rst describe what a monitor finds there. */
#include <errno.h>
#include <string.h>

#include "fake_kvm.h"

enum {
    CTLR = 0x0000,
    IIDR = 0x0008,
    ISENABLER = 0x0100,
    ICENABLER = 0x0180,
    ISPENDR = 0x0200,
    ICPENDR = 0x0280,
    ISACTIVER = 0x0300,
    ICACTIVER = 0x0380,
    BANK = 0x80,
    IPRIORITYR = 0x0400,
    ICFGR = 0x0c00,
    IROUTER = 0x6000,
    SGI_FRAME = 0x10000,
    WORD_BITS = 32,
    ICC_PMR = 3 << 14 | 0 << 11 | 4 << 7 | 6 << 3 | 0,
    ICC_AP0R1 = 3 << 14 | 0 << 11 | 12 << 7 | 8 << 3 | 5,
    ICC_AP1R1 = 3 << 14 | 0 << 11 | 12 << 7 | 9 << 3 | 1,
    GITS_IIDR = 0x0004,
    GITS_CBASER = 0x0080,
    GITS_CREADR = 0x0090,
    ENABLE_LPIS = 1,
};

/* A register that sets or clears the bits of one that is kept at the setting one's place. */
static bool set_bits(uint32_t *words, uint32_t offset, uint32_t value)
{
    uint32_t bank = offset & ~(BANK - 1u);

    if (bank == ISENABLER || bank == ISACTIVER) {
        words[offset / 4] |= value;
    } else if (bank == ICENABLER || bank == ICACTIVER) {
        words[(offset - BANK) / 4] &= ~value;
    } else if (bank != ICPENDR) { /* which the monitor's writes do not reach */
        return false;
    }
    return true;
}

/* A monitor writes GICD_IIDR first: before that it cannot know what the other registers mean. */
static int distributor_set(struct fake_kvm *kvm, uint32_t offset, uint32_t value)
{
    if (offset == IIDR) {
        if (value != kvm->gicd[IIDR / 4]) {
            return -EINVAL;
        }
        kvm->revision_is_set = true;
        return 0;
    }
    if (!kvm->revision_is_set) {
        return 0;
    }
    if (!set_bits(kvm->gicd, offset, value)) {
        kvm->gicd[offset / 4] = value;
    }
    return 0;
}

/* GICR_CTLR enables LPIs: KVM reads the pending table then, if that is in memory. */
static int redistributor_set(struct fake_kvm *kvm, unsigned vcpu, uint32_t offset, uint32_t value)
{
    uint32_t *words = kvm->cpu[vcpu].gicr;

    if (!kvm->revision_is_set) {
        return 0;
    }
    if (offset == CTLR && vcpu == 0) {
        kvm->lpis_enabled = (value & ENABLE_LPIS) != 0;
    }
    if (offset < SGI_FRAME || !set_bits(words + SGI_FRAME / 4, offset - SGI_FRAME, value)) {
        words[offset / 4] = value;
    }
    return 0;
}

static int words_call(struct fake_kvm *kvm, unsigned vcpu, bool set, struct kvm_device_attr *attr)
{
    uint32_t offset = (uint32_t)attr->attr;
    uint32_t *value = (uint32_t *)(uintptr_t)attr->addr;
    bool distributor = attr->group == KVM_DEV_ARM_VGIC_GRP_DIST_REGS;

    if (!set) {
        *value = distributor ? kvm->gicd[offset / 4] : kvm->cpu[vcpu].gicr[offset / 4];
        return 0;
    }
    return distributor ? distributor_set(kvm, offset, *value)
                       : redistributor_set(kvm, vcpu, offset, *value);
}

/* This GIC has priorities of 5 bits. */
static int interface_call(struct fake_vcpu *cpu, bool set, struct kvm_device_attr *attr)
{
    uint32_t name = (uint32_t)attr->attr;
    uint64_t *value = (uint64_t *)(uintptr_t)attr->addr;

    if ((name >= ICC_AP0R1 && name < ICC_AP0R1 + 3) ||
        (name >= ICC_AP1R1 && name < ICC_AP1R1 + 3)) {
        return -EINVAL;
    }
    if (set) {
        cpu->icc[name] = *value;
    } else {
        *value = cpu->icc[name];
    }
    return 0;
}

static int lines_call(struct fake_kvm *kvm, bool set, struct kvm_device_attr *attr)
{
    uint32_t first = (uint32_t)attr->attr & 0x3ff;
    uint32_t *value = (uint32_t *)(uintptr_t)attr->addr;

    if (first % WORD_BITS != 0) {
        return -EINVAL;
    }
    if (set) {
        kvm->lines[first / WORD_BITS] = *value;
    } else {
        *value = kvm->lines[first / WORD_BITS];
    }
    return 0;
}

/* The tables are in the guest's memory, whose first word here stands for all of them. */
static int its_control(struct fake_kvm *kvm, uint64_t what)
{
    uint8_t *at = kvm->memory->host + FAKE_LPI_PLACE;

    switch (what) {
    case KVM_DEV_ARM_ITS_SAVE_TABLES:
        memcpy(at, &kvm->its_cache, sizeof(kvm->its_cache));
        return 0;
    case KVM_DEV_ARM_ITS_RESTORE_TABLES:
        memcpy(&kvm->its_cache, at, sizeof(kvm->its_cache));
        kvm->lpi_pending =
            kvm->lpis_enabled && kvm->its_cache != 0 ? at[sizeof(kvm->its_cache)] : 0;
        return 0;
    case KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES:
        at[sizeof(kvm->its_cache)] = kvm->lpi_pending;
        return 0;
    default:
        return -ENXIO;
    }
}

/* GITS_CBASER resets GITS_CREADR. */
static int its_call(struct fake_kvm *kvm, bool set, struct kvm_device_attr *attr)
{
    uint64_t *value = (uint64_t *)(uintptr_t)attr->addr;
    uint64_t *at = &kvm->its[attr->attr / 8];

    if (!set) {
        *value = *at;
        return 0;
    }
    if (attr->attr != GITS_IIDR) {
        *at = *value;
    }
    if (attr->attr == GITS_CBASER) {
        kvm->its[GITS_CREADR / 8] = 0;
    }
    return 0;
}

int fake_gic_call(struct fake_kvm *kvm, bool its, bool set, struct kvm_device_attr *attr)
{
    unsigned vcpu = attr->attr >> 32 & 0xff;

    if (vcpu >= FAKE_CPUS) {
        return -EINVAL;
    }
    switch (attr->group) {
    case KVM_DEV_ARM_VGIC_GRP_CTRL:
        return its_control(kvm, attr->attr);
    case KVM_DEV_ARM_VGIC_GRP_ITS_REGS:
        return its ? its_call(kvm, set, attr) : -ENXIO;
    case KVM_DEV_ARM_VGIC_GRP_DIST_REGS:
    case KVM_DEV_ARM_VGIC_GRP_REDIST_REGS:
        return words_call(kvm, vcpu, set, attr);
    case KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS:
        return interface_call(&kvm->cpu[vcpu], set, attr);
    case KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO:
        return lines_call(kvm, set, attr);
    default:
        return -ENXIO;
    }
}

/* One bit, or the byte of a priority, of the registers of shared or private interrupts. */
static bool bit_of(const uint32_t *words, uint32_t offset, unsigned intid)
{
    return (words[offset / 4 + intid / WORD_BITS] >> intid % WORD_BITS & 1) != 0;
}

static bool is_urgent(const struct fake_vcpu *cpu, const uint32_t *words, unsigned intid)
{
    uint32_t priority = words[IPRIORITYR / 4 + intid / 4] >> intid % 4 * 8 & 0xff;

    return priority < cpu->icc[ICC_PMR];
}

static bool is_edge(const uint32_t *words, unsigned intid)
{
    return (words[ICFGR / 4 + intid / 16] >> (intid % 16 * 2 + 1) & 1) != 0;
}

static bool wakes(struct fake_kvm *kvm, unsigned vcpu, unsigned intid)
{
    bool is_private = intid < WORD_BITS;
    const struct fake_vcpu *cpu = &kvm->cpu[vcpu];
    const uint32_t *words = is_private ? cpu->gicr + SGI_FRAME / 4 : kvm->gicd;
    bool line = is_private ? fake_timer_line(kvm, vcpu, intid)
                           : bit_of(kvm->lines, 0, intid) && !is_edge(words, intid);

    if (!is_private && kvm->gicd[IROUTER / 4 + intid * 2] != vcpu) {
        return false;
    }
    return (line || bit_of(words, ISPENDR, intid)) && bit_of(words, ISENABLER, intid) &&
           !bit_of(words, ISACTIVER, intid) && is_urgent(cpu, words, intid);
}

bool fake_wakes(struct fake_kvm *kvm, unsigned vcpu)
{
    if (kvm->cpu[vcpu].mp_state != KVM_MP_STATE_SUSPENDED) {
        return false;
    }
    for (unsigned intid = 0; intid < WORD_BITS + MAP_SPI_COUNT; intid++) {
        if (wakes(kvm, vcpu, intid)) {
            return true;
        }
    }
    return false;
}
