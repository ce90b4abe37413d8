/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest has read of its processor and of KVM's services. Linux decides by these registers once, at
 * boot, and keeps to it: so a guest that moves must find what it had, or less.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kvm/state_parts.h"

#define SYSREG(op0, op1, crn, crm, op2) ARM64_SYS_REG(op0, op1, crn, crm, op2)

struct contract_name {
    uint64_t id;
    const char *name;
};

/* For messages. A register without a name is shown in Arm's generic form, such as S3_0_C0_C7_5. */
static const struct contract_name contract_names[] = {
    {SYSREG(3, 0, 0, 0, 0), "MIDR_EL1"},
    {SYSREG(3, 0, 0, 0, 6), "REVIDR_EL1"},
    {SYSREG(3, 1, 0, 0, 7), "AIDR_EL1"},
    {SYSREG(3, 1, 0, 0, 1), "CLIDR_EL1"},
    {SYSREG(3, 3, 0, 0, 1), "CTR_EL0"},
    {SYSREG(3, 0, 0, 4, 0), "ID_AA64PFR0_EL1"},
    {SYSREG(3, 0, 0, 4, 1), "ID_AA64PFR1_EL1"},
    {SYSREG(3, 0, 0, 4, 2), "ID_AA64PFR2_EL1"},
    {SYSREG(3, 0, 0, 4, 4), "ID_AA64ZFR0_EL1"},
    {SYSREG(3, 0, 0, 4, 5), "ID_AA64SMFR0_EL1"},
    {SYSREG(3, 0, 0, 5, 0), "ID_AA64DFR0_EL1"},
    {SYSREG(3, 0, 0, 5, 1), "ID_AA64DFR1_EL1"},
    {SYSREG(3, 0, 0, 6, 0), "ID_AA64ISAR0_EL1"},
    {SYSREG(3, 0, 0, 6, 1), "ID_AA64ISAR1_EL1"},
    {SYSREG(3, 0, 0, 6, 2), "ID_AA64ISAR2_EL1"},
    {SYSREG(3, 0, 0, 6, 3), "ID_AA64ISAR3_EL1"},
    {SYSREG(3, 0, 0, 7, 0), "ID_AA64MMFR0_EL1"},
    {SYSREG(3, 0, 0, 7, 1), "ID_AA64MMFR1_EL1"},
    {SYSREG(3, 0, 0, 7, 2), "ID_AA64MMFR2_EL1"},
    {SYSREG(3, 0, 0, 7, 3), "ID_AA64MMFR3_EL1"},
    {SYSREG(3, 0, 0, 7, 4), "ID_AA64MMFR4_EL1"},
    {KVM_REG_ARM_FW_REG(1), "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1"},
    {KVM_REG_ARM_FW_REG(2), "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2"},
    {KVM_REG_ARM_FW_REG(3), "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3"},
    {KVM_REG_ARM_FW_FEAT_BMAP_REG(0), "KVM_REG_ARM_STD_BMAP"},
    {KVM_REG_ARM_FW_FEAT_BMAP_REG(1), "KVM_REG_ARM_STD_HYP_BMAP"},
    {KVM_REG_ARM_FW_FEAT_BMAP_REG(2), "KVM_REG_ARM_VENDOR_HYP_BMAP"},
    {KVM_REG_ARM_FW_FEAT_BMAP_REG(3), "KVM_REG_ARM_VENDOR_HYP_BMAP_2"},
};

#define FIELD(id, name)                                                                            \
    (unsigned)(((id) & KVM_REG_ARM64_SYSREG_##name##_MASK) >> KVM_REG_ARM64_SYSREG_##name##_SHIFT)

static void contract_blame(struct kvm_culprit *culprit, uint64_t id, uint64_t wanted,
                           uint64_t actual)
{
    *culprit = (struct kvm_culprit){.wanted = wanted, .actual = actual};
    for (size_t i = 0; i < sizeof(contract_names) / sizeof(contract_names[0]); i++) {
        if (contract_names[i].id == id) {
            snprintf(culprit->name, sizeof(culprit->name), "%s", contract_names[i].name);
            return;
        }
    }
    if ((id & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM64_SYSREG) {
        snprintf(culprit->name, sizeof(culprit->name), "S%u_%u_C%u_C%u_%u", FIELD(id, OP0),
                 FIELD(id, OP1), FIELD(id, CRN), FIELD(id, CRM), FIELD(id, OP2));
    } else {
        snprintf(culprit->name, sizeof(culprit->name), "KVM's register 0x%llx",
                 (unsigned long long)id);
    }
}

/* The processor's own numbers and its ID registers (DDI 0487, D18.3.1), but not its place, MPIDR. */
static bool contract_is_identity(uint64_t id)
{
    if ((id & ~UINT64_C(0xffff)) != (SYSREG(0, 0, 0, 0, 0) & ~UINT64_C(0xffff))) {
        return false;
    }
    if (id == SYSREG(3, 1, 0, 0, 1) || id == SYSREG(3, 1, 0, 0, 7) || id == SYSREG(3, 3, 0, 0, 1)) {
        return true;
    }
    return FIELD(id, OP0) == 3 && FIELD(id, OP1) == 0 && FIELD(id, CRN) == 0 &&
           FIELD(id, CRM) < 8 && id != SYSREG(3, 0, 0, 0, 5);
}

/* PSCI's version is the machine's to keep: in user mode KVM does not answer PSCI. */
static bool contract_is_firmware(uint64_t id)
{
    uint64_t kind = id & KVM_REG_ARM_COPROC_MASK;

    return (kind == KVM_REG_ARM_FW && id != KVM_REG_ARM_PSCI_VERSION) ||
           kind == KVM_REG_ARM_FW_FEAT_BMAP;
}

static bool contract_has(enum kvm_part part, uint64_t id)
{
    return part == KVM_PART_IDENTITY ? contract_is_identity(id) : contract_is_firmware(id);
}

/* All names of registers that KVM has, which the caller frees; NULL with errno set. */
static struct kvm_reg_list *contract_list(struct vcpu *vcpu)
{
    struct kvm_reg_list none = {.n = 0};
    int error = kvm_call(vcpu->kvm.fd, KVM_GET_REG_LIST, &none);

    if (error != -E2BIG) {
        errno = error != 0 ? -error : EIO;
        return NULL;
    }
    struct kvm_reg_list *list = calloc(1, sizeof(*list) + none.n * sizeof(list->reg[0]));
    if (list == NULL) {
        return NULL;
    }
    list->n = none.n;
    error = kvm_call(vcpu->kvm.fd, KVM_GET_REG_LIST, list);
    if (error != 0) {
        free(list);
        errno = -error;
        return NULL;
    }
    return list;
}

int contract_read(struct vcpu *vcpu, enum kvm_part part, struct kvm_registers *list)
{
    struct kvm_reg_list *all = contract_list(vcpu);
    int error = all != NULL ? 0 : -errno;

    for (uint64_t i = 0; error == 0 && i < all->n; i++) {
        uint64_t value = 0;

        if (contract_has(part, all->reg[i])) {
            error = vcpu_get_reg(vcpu, all->reg[i], &value);
            error = error != 0 ? error : registers_add(list, all->reg[i], value);
        }
    }
    free(all);
    return error;
}

/* The four bits of an ID register from that one on. */
#define ID_FIELD(bit) (UINT64_C(0xf) << (bit))

/* Bits without which a guest is the same: */
static const struct contract_register {
    uint64_t id;
    uint64_t bits;
} contract_idle[] = {
    /*
     * A guest's cache maintenance by set and way, for which CLIDR_EL1 is, comes to KVM, which cleans all of
     * memory. From Linux 6.3 on KVM makes the register up, so it differs between kernels.
     */
    {SYSREG(3, 1, 0, 0, 1), UINT64_MAX},
    /* What only a hypervisor can use, and kernels show or hide: VMIDBits, VH, XNX, TWED, HCX; */
    {SYSREG(3, 0, 0, 7, 1), ID_FIELD(4) | ID_FIELD(8) | ID_FIELD(28) | ID_FIELD(32) | ID_FIELD(40)},
    /* NV, FWB, EVT. */
    {SYSREG(3, 0, 0, 7, 2), ID_FIELD(24) | ID_FIELD(40) | ID_FIELD(56)},
};

static uint64_t contract_idle_bits(uint64_t id)
{
    for (size_t i = 0; i < sizeof(contract_idle) / sizeof(contract_idle[0]); i++) {
        if (contract_idle[i].id == id) {
            return contract_idle[i].bits;
        }
    }
    return 0;
}

/* KVM takes a lower value of some fields of some registers, from Linux 6.7 on of many. */
static int contract_set(struct vcpu *vcpu, uint64_t id, uint64_t wanted, uint64_t actual,
                        struct kvm_culprit *culprit)
{
    uint64_t idle = contract_idle_bits(id);
    uint64_t value = actual;
    uint64_t next = (wanted & ~idle) | (actual & idle);

    if (next == actual) {
        return 0;
    }
    int error = vcpu_set_reg(vcpu, id, next);
    if (error == 0) {
        error = vcpu_get_reg(vcpu, id, &value);
    }
    if (error == 0 && value == next) {
        return 0;
    }
    contract_blame(culprit, id, wanted, actual);
    return -EDOM;
}

/* A register that the other host did not have was 0 for the guest. */
static int contract_write_own(struct vcpu *vcpu, const struct kvm_registers *own,
                              const struct kvm_registers *list, struct kvm_culprit *culprit)
{
    int error = 0;

    for (unsigned i = 0; i < own->count && error == 0; i++) {
        error = contract_set(vcpu, own->at[i].id, registers_find(list, own->at[i].id),
                             own->at[i].value, culprit);
    }
    return error;
}

/* A register that only the other host had is no loss if it was 0. */
static int contract_check_others(enum kvm_part part, const struct kvm_registers *own,
                                 const struct kvm_registers *list, struct kvm_culprit *culprit)
{
    for (unsigned i = 0; i < list->count; i++) {
        uint64_t id = list->at[i].id;
        bool foreign = !contract_has(part, id);

        if (foreign || (list->at[i].value != 0 && registers_at(own, id) == NULL)) {
            contract_blame(culprit, id, list->at[i].value, 0);
            return -ENOENT;
        }
    }
    return 0;
}

int contract_write(struct vcpu *vcpu, enum kvm_part part, const struct kvm_registers *list,
                   struct kvm_culprit *culprit)
{
    struct kvm_registers *own = calloc(1, sizeof(*own));
    int error = own != NULL ? contract_read(vcpu, part, own) : -ENOMEM;

    if (error == 0) {
        error = contract_check_others(part, own, list, culprit);
    }
    if (error == 0) {
        error = contract_write_own(vcpu, own, list, culprit);
    }
    free(own);
    return error;
}
