/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What the files of this folder share: vcpus.c (the threads) and gate.c, which calls nothing of
 * vcpus.c.
 *
 * The gate. A vCPU's thread is either out in the guest or parked at its gate. Main closes a gate:
 * it clears may_run and kicks the vCPU; the thread is parked once `parked` is set. Main opens it:
 * it sets may_run and nudges the thread. A kick at any other moment is harmless: the mark in the
 * vCPU (vcpu_kick()) stays until the thread itself passes an open gate and removes it.
 *
 * The PSCI backend is asked at the gate too. A vCPU that it holds off waits at an open gate, and
 * counts as parked. So a pause and a vCPU that is off stay apart: the one is `may_run`, the other
 * libvpsci's state, and neither is derived from the other. The thread that changes libvpsci's state
 * nudges the vCPU's thread afterwards. A nudge is the post of a semaphore: one that comes while the
 * thread asks makes it ask once more, so none is lost. The thread that nudges never waits, even if
 * the host has preempted the other one while it asked with its lock held.
 */
#ifndef DORMOUSE_VCPU_PARTS_H
#define DORMOUSE_VCPU_PARTS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>

#include "kvm/kvm.h"
#include "vcpu/vcpus.h"

/**
 * The lock is taken by the vCPU's own thread and by main; by other vCPUs' threads only if the
 * system has been stopped.
 */
struct vcpu_thread {
    struct vcpus *all;
    struct vcpu *vcpu;
    unsigned index;
    pthread_t thread;
    bool started;   /* main's */
    sem_t nudged;   /* the gate has been opened, or libvpsci's state changed; any thread posts */
    _Atomic int id; /* gettid()'s; 0 before the thread first ran */
    pthread_mutex_t lock; /* protects all that follows */
    pthread_cond_t moved; /* the thread has parked */
    bool quit;
    bool may_run;
    bool parked;
    bool has_exit; /* `exit` waits for the main thread */
    struct vcpu_exit exit;
};

struct vcpus {
    int notify_fd;
    const struct bus *bus;
    struct psci_backend *psci;
    const char *name;
    void (*enter)(void);
    unsigned count;
    int64_t resumed_ms;     /* main's: when they were resumed; 0: they are paused */
    int64_t ran_ms;         /* main's: how long they could run before they were last paused */
    atomic_bool heard;      /* the guest has done something that left it */
    unsigned next;          /* main's: where the search for exits continues */
    _Atomic unsigned exits; /* that wait for main: a vCPU's thread adds, main subtracts */
    struct vcpu_thread threads[];
};

/** Main, before any thread starts: a kick ends a system call, not the process. */
void gate_catch_kicks(void);

/** Main, before the thread starts and after all have ended. */
void gate_init(struct vcpu_thread *thread);
void gate_destroy(struct vcpu_thread *thread);
/** Main: makes the thread end, once it is at its gate. */
void gate_end(struct vcpu_thread *thread);

/* The vCPU's own thread. */

/** Waits at the gate until the vCPU may enter the guest. False: the thread is to end. */
bool gate_pass(struct vcpu_thread *self);
/** Leaves *exit for the main thread, and closes the gate. */
void gate_hand_over(struct vcpu_thread *self, const struct vcpu_exit *exit);
/** Takes all other vCPUs out of the guest, because the system has been stopped. */
void gate_kick_others(struct vcpu_thread *self);

#endif
