/* SPDX-License-Identifier: BSD-2-Clause */
/** What the files of this folder share. */
#ifndef DORMOUSE_KVM_PARTS_H
#define DORMOUSE_KVM_PARTS_H

#include <linux/kvm.h>

#include "core/map.h"
#include "kvm/kvm.h"
#include "vpsci_kvm.h"

struct vm {
    int fd;
    int gic_fd; /* -1 before vm_create_gic() */
    int its_fd;
    size_t run_size;             /* of the structure that a vCPU shares with KVM */
    struct kvm_vcpu_init target; /* what KVM_ARM_VCPU_INIT gets */
    int pulse_fd[MAP_SPI_COUNT]; /* an eventfd for each SPI that gets pulses, or -1 */
};

struct vcpu {
    struct vm *vm;
    struct vpsci_kvm_vcpu kvm; /* without the handles of libvpsci */
    int stats_fd;              /* -1: hypercalls are not counted */
    uint64_t hypercall_stat;   /* the counter's offset in stats_fd */
    unsigned index;
};

/** Makes an ioctl. Returns its result, 0 or more, or -errno. */
int kvm_call(int fd, unsigned long request, void *argument);

/** A register as KVM_GET_ONE_REG names it. 0 or -errno. */
int vcpu_get_reg(struct vcpu *vcpu, uint64_t id, uint64_t *value);
int vcpu_set_reg(struct vcpu *vcpu, uint64_t id, uint64_t value);

/** The guest's PC. 0 or -errno. */
int vcpu_get_pc(struct vcpu *vcpu, uint64_t *pc);

void stats_close(struct vcpu *vcpu);

/** A vCPU as the GIC's attributes name it, in their upper word. */
uint64_t gic_affinity(uint64_t mpidr);

/** Whether this private interrupt of a vCPU is enabled. */
bool gic_private_is_enabled(struct vm *vm, uint64_t mpidr, unsigned intid);

/** The lowest private or shared interrupt that is pending and enabled for the vCPU, or -1. */
int gic_pending_intid(struct vm *vm, uint64_t mpidr);

#endif
