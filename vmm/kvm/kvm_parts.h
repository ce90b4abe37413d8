/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this folder share. */
#ifndef DORMOUSE_KVM_PARTS_H
#define DORMOUSE_KVM_PARTS_H

#include <linux/kvm.h>

#include "kvm/kvm.h"

struct vm {
    int fd;
    int gic_fd; /* -1 before vm_create_gic() */
    int its_fd;
    size_t run_size;             /* of the structure that a vCPU shares with KVM */
    struct kvm_vcpu_init target; /* the preferred target's, features left empty */
};

struct vcpu {
    struct vm *vm;
    int fd;
    int stats_fd;            /* -1: KVM does not count */
    uint64_t hypercall_stat; /* where in stats_fd the counter is */
    unsigned index;
    struct kvm_run *run;
};

/* An ioctl whose errors are the caller's: 0 or more, or -errno. */
int kvm_call(int fd, unsigned long request, void *argument);

/* Where the guest is. 0 or -errno. */
int vcpu_get_pc(struct vcpu *vcpu, uint64_t *pc);

void stats_close(struct vcpu *vcpu);

/* The lowest private or shared interrupt that is pending and enabled for the vCPU, or -1. */
int gic_pending_intid(struct vm *vm, uint64_t mpidr);

#endif
