/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User mode: libvpsci answers the guest's PSCI calls. This is the half of it that the vCPUs'
 * threads run, each for its own vCPU; what concerns the machine as a whole they hand over, and the
 * main thread's half is backend_user.c.
 */
#ifndef DORMOUSE_PSCI_PSCI_H
#define DORMOUSE_PSCI_PSCI_H

#include <stdbool.h>
#include <stdint.h>

#include <vpsci/vpsci.h>

#include "core/memory.h"
#include "kvm/kvm.h"
#include "psci/admission.h"
#include "psci/changes.h"
#include "psci/idle.h"

struct loop;
struct power;

struct psci {
    struct vpsci_config config;
    struct vpsci_ops ops;
    struct vpsci_mpidr *mpidrs;
    struct idle_plan plan;
    struct vpsci_power_state states[IDLE_STATES_MAX];
    uint16_t *clusters; /* for libvpsci: the first vCPU of each one's cluster */
    void *statistics;   /* libvpsci's */
    uint64_t
        *idle_counts; /* [vCPU][state of the plan]: asked for; each vCPU's are its own thread's */
    void *memory;     /* libvpsci's */
    struct vpsci_vm *vm;
    struct changes *changes;     /* NULL: nobody wants to know who is on */
    struct admission *admission; /* NULL: whoever is told to start, starts */
    int notify_fd;
};

/* Who wants to know which vCPUs come on and go off. Main thread. */
struct psci_observer {
    struct power *power; /* is told */
    struct loop *loop;
    void (*nudge)(void *arg, unsigned vcpu); /* gets the vCPU to ask the backend again */
    void (*fail)(void *arg, int error);      /* an ioctl that must not fail did, with -errno */
    void *arg;
};

struct psci_options {
    unsigned cpu_count;
    uint32_t version; /* 0: the newest */
    bool system_suspend;
    bool hide_on_pending;
    const struct psci_observer *observer; /* NULL: nobody wants to know */
    unsigned cpus_admitted; /* so many, from the first, may be started before psci.admission says
                               more; 0: all may, always */
    enum idle_mode idle;
    unsigned clusters;     /* 0: none */
    int notify_fd;         /* an eventfd, written when there is something in `changes` */
    struct memory *memory; /* where entry points may be; what MEM_PROTECT covers */
};

/* 0 or -errno. psci_destroy() takes down what there is in either case, and a zeroed one. Main. */
int psci_create(struct psci *psci, const struct psci_options *options);
void psci_destroy(struct psci *psci);
/* As at the start: after a reset of the machine, with no vCPU threads. Main. */
void psci_reset(struct psci *psci);

uint32_t psci_version(const struct psci *psci);
struct vpsci_vcpu *psci_vcpu(const struct psci *psci, unsigned index);

/*
 * CPU_ON may not start this vCPU any more. True: it is off, and so out of the VM; else it will be
 * when admission_saw_off() says so. Main, with all vCPUs paused.
 */
bool psci_withdraw(struct psci *psci, unsigned vcpu);

/* How often the vCPU asked for the state, an index into `plan`. Main, while that is paused. */
uint64_t psci_idle_count(const struct psci *psci, unsigned index, unsigned state);

enum psci_verdict {
    PSCI_RUN,       /* the vCPU enters the guest */
    PSCI_STAY_OUT,  /* it is off, or waits for an answer: to be asked again when nudged */
    PSCI_HAND_OVER, /* *exit is for the main thread */
};

/* What a vCPU's step means for it and for others. */
struct psci_step {
    enum psci_verdict verdict;
    int start; /* a vCPU to be nudged: it has been told to start; -1: none */
    bool stop; /* all others are to be taken out of the guest: the system has been stopped */
};

/*
 * Before the vCPU enters the guest, its gate open: does what is to be done with it, a reset for
 * example. The vCPU's thread.
 */
struct psci_step psci_next(struct psci *psci, unsigned index, struct vcpu *vcpu,
                           struct vcpu_exit *exit);

/* After it left the guest by VCPU_EXIT_CALL or by VCPU_EXIT_POWER: answers. The vCPU's thread. */
struct psci_step psci_serve(struct psci *psci, unsigned index, struct vcpu *vcpu,
                            struct vcpu_exit *exit);

/* Carries out VPSCI_ENTER. The vCPU's thread, or main while that is paused. 0 or -errno. */
int psci_enter(struct vcpu *vcpu, const struct vpsci_entry *entry);

#endif
