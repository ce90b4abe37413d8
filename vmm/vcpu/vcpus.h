/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * One thread for each vCPU, and the gate that it passes before it enters the guest. Main calls all
 * functions but vcpus_nudge(), which any thread may call.
 */
#ifndef DORMOUSE_VCPU_VCPUS_H
#define DORMOUSE_VCPU_VCPUS_H

#include <stdbool.h>

#include "kvm/kvm.h"

struct bus;
struct psci_backend;
struct vcpus;

/** What it points to must outlive the threads. */
struct vcpus_env {
    unsigned count;
    const struct bus *bus;     /* answers the guest's accesses */
    struct psci_backend *psci; /* answers its PSCI calls */
    int notify_fd; /* an eventfd, written when there is something for vcpus_next_exit() */
    const char *name;
    void (*enter)(void); /* each thread calls it first of all; NULL: none */
};

/** Starts the threads, paused. NULL with errno set. */
struct vcpus *vcpus_start(struct vcpu *const *vcpu, const struct vcpus_env *env);

/** Takes the vCPUs out of the guest and joins the threads. NULL is ignored. */
void vcpus_stop(struct vcpus *vcpus);

/** Returns with every vCPU out of the guest, and kept out. Idempotent. */
void vcpus_pause(struct vcpus *vcpus);

/** Resumes all vCPUs, or one, except those whose exit vcpus_next_exit() has not taken yet. */
void vcpus_resume(struct vcpus *vcpus);
void vcpus_resume_one(struct vcpus *vcpus, unsigned index);

/** Makes a vCPU that waits at its gate ask the PSCI backend again. Any thread. */
void vcpus_nudge(struct vcpus *vcpus, unsigned index);

/** The gettid() of the thread of vCPU `index`. */
int vcpus_thread_id(const struct vcpus *vcpus, unsigned index);

/** Whether an exit waits. */
bool vcpus_have_exit(const struct vcpus *vcpus);
/**
 * Takes the next exit that waits; false: there is none. Its vCPU stays paused until it is resumed.
 * The vCPUs take turns: none is served twice while another one's exit waits.
 */
bool vcpus_next_exit(struct vcpus *vcpus, unsigned *index, struct vcpu_exit *exit);

/**
 * For how many seconds the vCPUs were not paused, if none of them has done anything that left the
 * guest: no access to a device and no call; else 0.
 */
unsigned vcpus_silent_seconds(const struct vcpus *vcpus);

/** Drops the exit of vCPU `index` if one waits. */
void vcpus_forget_exit(struct vcpus *vcpus, unsigned index);

#endif
