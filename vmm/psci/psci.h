/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * User mode: libvpsci answers the guest's PSCI calls on the vCPUs' threads, each for its own vCPU.
 * They hand over what concerns the whole machine; backend_user.c is the main thread's half.
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
#include "psci/naps.h"

struct loop;
struct power;

struct psci {
    struct vpsci_config config;
    struct vpsci_ops ops;
    struct vpsci_mpidr *mpidrs;
    struct idle_plan plan;
    struct vpsci_power_state states[IDLE_STATES_MAX];
    uint16_t *clusters;    /* for libvpsci: for each vCPU, the first one of its cluster */
    void *statistics;      /* libvpsci's */
    uint64_t *idle_counts; /* [vCPU][state of the plan]; the vCPU's thread counts */
    struct naps *naps;     /* of all vCPUs, or NULL; the caller's */
    void *memory;          /* libvpsci's */
    struct vpsci_vm *vm;
    struct changes *changes;     /* NULL: there is no observer */
    struct admission *admission; /* NULL: every vCPU is admitted */
    int notify_fd;
};

/** Gets reports of vCPUs that come on and go off. Main thread. */
struct psci_observer {
    struct power *power; /* gets the reports */
    struct loop *loop;
    void (*nudge)(void *arg, unsigned vcpu); /* makes the vCPU ask the backend again */
    void (*fail)(void *arg, int error);      /* an ioctl that must not fail did, with -errno */
    void *arg;
};

struct psci_options {
    unsigned cpu_count;
    uint32_t version; /* 0: the newest */
    bool system_suspend;
    bool hide_on_pending;
    const struct psci_observer *observer; /* NULL: none */
    unsigned cpus_admitted;               /* how many are admitted at the start; 0: all, always */
    enum idle_mode idle;
    unsigned clusters;     /* 0: none */
    int notify_fd;         /* an eventfd, written when there is something in `changes` */
    struct naps *naps;     /* NULL: stays in idle states are not kept; outlives the backend */
    struct memory *memory; /* entry points must be in it, and MEM_PROTECT covers it */
};

/** 0 or -errno. psci_destroy() frees what there is, after an error too; all zero is fine. Main. */
int psci_create(struct psci *psci, const struct psci_options *options);
void psci_destroy(struct psci *psci);
/**
 * Returns to the state after psci_create(), for a reset of the machine. There are no vCPU threads.
 * Main.
 */
void psci_reset(struct psci *psci);

uint32_t psci_version(const struct psci *psci);
struct vpsci_vcpu *psci_vcpu(const struct psci *psci, unsigned index);

/**
 * CPU_ON may not start this vCPU any more. True: the vCPU is off, and so it has left. False: it
 * leaves when it goes off (admission_saw_off()). Main, with all vCPUs paused.
 */
bool psci_withdraw(struct psci *psci, unsigned vcpu);

/** How often the vCPU asked for the state, an index into `plan`. Main, while the vCPU is paused. */
uint64_t psci_idle_count(const struct psci *psci, unsigned index, unsigned state);

enum psci_verdict {
    PSCI_RUN,       /* the vCPU enters the guest */
    PSCI_STAY_OUT,  /* the vCPU is off or waits for an answer: ask again after a nudge */
    PSCI_HAND_OVER, /* *exit is for the main thread */
};

/** What to do with a vCPU, and with others because of it. */
struct psci_step {
    enum psci_verdict verdict;
    int start; /* a vCPU that a CPU_ON starts: nudge it; -1: none */
    bool stop; /* the system has been stopped: take all others out of the guest */
};

/**
 * Before the vCPU enters the guest, at its open gate: carries out what libvpsci wants of it, a
 * reset for example. The vCPU's thread.
 */
struct psci_step psci_next(struct psci *psci, unsigned index, struct vcpu *vcpu,
                           struct vcpu_exit *exit);

/** After an exit by VCPU_EXIT_CALL or VCPU_EXIT_POWER: answers it. The vCPU's thread. */
struct psci_step psci_serve(struct psci *psci, unsigned index, struct vcpu *vcpu,
                            struct vcpu_exit *exit);

#endif
