/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What an operator can ask of a machine while it runs. The machine implements it
 * (machine/operator.c), the protocol servers of this folder call it. Main thread only.
 *
 * Functions that return text return NULL if they did what was asked; else nothing has changed, and
 * the text, which is a constant, says why in a sentence without a full stop.
 */
#ifndef DORMOUSE_CONTROL_OPERATOR_H
#define DORMOUSE_CONTROL_OPERATOR_H

#include <stdbool.h>
#include <stdint.h>

enum operator_status {
    OPERATOR_RUNNING,
    OPERATOR_SUSPENDED, /* asleep: its SYSTEM_SUSPEND was honoured */
    OPERATOR_PAUSED,    /* stopped by the operator, in any state of the guest */
    OPERATOR_SHUTDOWN,  /* off, and kept by --no-shutdown */
};

struct operator_vcpu {
    uint64_t mpidr;
    int thread_id;     /* gettid() of its thread */
    bool admitted;     /* CPU_ON may start it */
    const char *state; /* "on", "off", "on-pending", "standby", "powerdown", "suspended", ... */
};

/* Whether a disk's file could be read and written. */
enum operator_disk_state { OPERATOR_DISK_OK, OPERATOR_DISK_FAILED, OPERATOR_DISK_FULL };

struct operator_disk {
    const char *file; /* stays as long as the machine */
    uint64_t size;    /* in bytes */
    unsigned number;
    unsigned under_way;
    enum operator_disk_state state; /* since the last write that succeeded, or the last `cont` */
    bool remote;                    /* another process has the disk, and `file` is its socket */
    bool read_only;
};

enum { OPERATOR_DISKS_MAX = 16 };

/* A line of bytes between the guest and the host. */
struct operator_channel {
    const char *label;
    const char *kind; /* QEMU's word for the host's end: "stdio", "null", "pty", "file", "unix" */
    const char *path; /* where programs of the host find that end, or NULL */
    bool open;        /* a program of the guest uses it */
};

enum { OPERATOR_CHANNELS_MAX = 16 };

/* What does not change while the machine runs. */
struct operator_facts {
    uint64_t memory;   /* in bytes */
    unsigned cpus_max; /* vCPUs that a machine can have on this host */
    bool can_wake;     /* `wake` wakes a guest that sleeps, and the guest may sleep */
};

/* What becomes of a sleeping guest's memory. */
enum operator_depth { OPERATOR_KEEP, OPERATOR_RECLAIM, OPERATOR_DISK };
enum { OPERATOR_DEPTHS = OPERATOR_DISK + 1 };

/* What the VM has done since its process began. */
struct operator_life {
    uint64_t state_ms; /* in its state */
    uint64_t sleeps;
    uint64_t wakes; /* a sleep can have several reasons to end */
};

struct operator_ops {
    enum operator_status (*status)(void *machine);
    void (*facts)(void *machine, struct operator_facts *facts);
    void (*life)(void *machine, struct operator_life *life);
    unsigned (*vcpu_count)(void *machine);
    /** Describes the first `count` vCPUs, all at one moment. */
    void (*vcpus)(void *machine, struct operator_vcpu *vcpus, unsigned count);

    /** Describes the disks in their order, `room` at most. @return their number */
    unsigned (*disks)(void *machine, struct operator_disk *disks, unsigned room);

    /** Describes the channels, `room` at most. @return their number */
    unsigned (*channels)(void *machine, struct operator_channel *channels, unsigned room);

    /* Stopping a stopped machine is no error, nor is continuing a running one. */
    const char *(*stop)(void *machine);
    const char *(*cont)(void *machine);
    const char *(*wake)(void *machine);
    const char *(*reset)(void *machine);
    /* Ask the guest's own programs to shut down, or to sleep. They do it later, or not at all. */
    const char *(*power_down)(void *machine);
    /* The same, and the machine starts again when the guest has shut down. */
    const char *(*reboot)(void *machine);
    const char *(*sleep)(void *machine);
    /* Saves the machine as a file and ends it: now if the guest sleeps, else when it has done so. */
    const char *(*save)(void *machine);
    /* The depth in force, and whether memory is in a file now; another depth for this sleep and later ones. */
    enum operator_depth (*depth)(void *machine, bool *in_file);
    const char *(*set_depth)(void *machine, enum operator_depth depth);
    /* Ends the VM, and the process with status 0, after the caller has returned to the loop. */
    void (*quit)(void *machine);

    /* How much memory the guest keeps for itself, and how much it should keep (--balloon). */
    const char *(*balloon)(void *machine, uint64_t *bytes);
    const char *(*set_balloon)(void *machine, uint64_t bytes);

    /** Opens the files of the event log and of the console again. */
    const char *(*reopen)(void *machine);

    /* Whether a SYSTEM_SUSPEND waits for an answer (--on-suspend ask), and the answer. */
    bool (*suspend_is_pending)(void *machine);
    const char *(*answer_suspend)(void *machine, bool honour);
    /* A vCPU that is on stays on when it is withdrawn, until the guest turns it off. */
    const char *(*admit)(void *machine, unsigned vcpu);
    const char *(*withdraw)(void *machine, unsigned vcpu);
};

#endif
