/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The power controller makes every decision about running, sleeping, rebooting and ending, on the
 * main thread, one at a time. It knows PSCI's rules and the operator's policy, and nothing of KVM:
 * a driver (`struct power_ops`) and the PSCI backend (`struct power_psci_ops`) carry out what it
 * decides. There are two backends. If the kernel answers PSCI, the controller does what KVM leaves
 * to its user (Linux, Documentation/virt/kvm/api.rst 8.36: for SYSTEM_SUSPEND, everything). If
 * libvpsci answers, on the vCPUs' threads, only calls that concern the whole machine reach the
 * controller, and libvpsci has judged them.
 */
#ifndef DORMOUSE_POWER_POWER_H
#define DORMOUSE_POWER_POWER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ipa.h"
#include "power/policy.h"
#include "power/wake.h"
#include "vpsci/abi.h"

/** A SYSTEM_SUSPEND call as the guest made it, SMC32 arguments narrowed. */
struct suspend_call {
    struct ipa entry;
    uint64_t context;
    bool smc32;
    bool big_endian; /* the caller's SCTLR_EL1.EE */
};

/** Why a vCPU left the guest, as far as power is concerned. */
enum power_exit {
    POWER_EXIT_SUSPEND,   /* SYSTEM_SUSPEND was called; it has not been judged yet */
    POWER_EXIT_ALLOWED,   /* the same, and the PSCI backend allows it */
    POWER_EXIT_DENIED,    /* the PSCI backend refuses it: another vCPU is on */
    POWER_EXIT_BAD_ENTRY, /* the PSCI backend refuses it: the entry point is invalid */
    POWER_EXIT_WAKEUP,    /* a dozing vCPU has a deliverable interrupt */
    POWER_EXIT_OFF,       /* SYSTEM_OFF */
    POWER_EXIT_HIBERNATE, /* SYSTEM_OFF2, HIBERNATE_OFF */
    POWER_EXIT_RESET,     /* SYSTEM_RESET */
    POWER_EXIT_RESET2,    /* SYSTEM_RESET2 */
};

/**
 * The arguments of the call, read once: `suspend` for SYSTEM_SUSPEND, the others for SYSTEM_RESET2.
 */
struct power_call {
    struct suspend_call suspend;
    uint64_t reset_type;
    uint64_t reset_cookie;
};

/** What the guest's own programs can be asked for. They may take their time, or ignore it. */
enum power_request {
    REQUEST_NONE,
    REQUEST_SHUTDOWN,
    REQUEST_SLEEP,
};

/** What the controller reports, in the order in which it became true. */
enum power_news_kind {
#define NEWS(kind, event, fields, qmp, qmp_fields, colour, words) POWER_NEWS_##kind,
#define TOLD(event, fields, qmp, qmp_fields, colour, words)
#include "power/news.def"
};

struct power_news {
    enum power_news_kind kind;
    unsigned vcpu;
    const struct suspend_call *call;
    enum vpsci_result result;
    const char *reason;
    unsigned source;
    int intid; /* the interrupt that woke the guest, or -1 if it is not known */
    int64_t
        asleep_ns; /* RESUMED: filled in by the driver, which has a clock; RESTORED: as a file */
    int64_t deadline_ns; /* ASKED: the time from now to the deadline */
    bool by_default;     /* ASKED: what happens at the deadline: true, the call is honoured */
    enum power_request request; /* REQUEST_FAILED */
    const char *file;           /* SAVED, SAVE_FAILED, RESTORED: the image's path */
    const char *way;            /* ASKED_SHUTDOWN, ASKED_SLEEP: how the guest is asked */
    /* DISK_FAILED, with `reason`: constants, but for the device's name. */
    const char *device;
    const char *operation;
    bool no_space;
    bool pauses; /* the machine stops; otherwise the guest has got an error */
    bool warm;
    bool hibernated;
    bool has_type; /* RESET2: reset_type and reset_cookie are the guest's */
    uint64_t reset_type;
    uint64_t reset_cookie;
};

/**
 * What a driver does for the controller. All calls come from the main thread. Functions that return
 * int return 0 or -errno; an error ends the VM, because its power state is unknown then.
 */
struct power_ops {
    /* Takes every vCPU out of the guest and keeps it out. Idempotent. */
    void (*pause)(void *driver);
    /* Lets every vCPU run whose last exit has been decided. */
    void (*resume)(void *driver);
    bool (*ram_contains)(void *driver, struct ipa start, uint64_t size);
    /* Lets this vCPU alone run. */
    void (*resume_one)(void *driver, unsigned vcpu);
    /* Calls power_deadline() after so many nanoseconds; 0: takes that back. */
    void (*deadline)(void *driver, int64_t nanoseconds);
    /* The interrupt that would wake the paused, dozing vCPU, or -1. */
    int (*waking_intid)(void *driver, unsigned vcpu);
    /*
     * A sleep begins: devices report wake-ups from now on, and a device whose source is not in
     * `counted` holds its interrupt line back.
     */
    void (*sleep_begins)(void *driver, unsigned counted);
    /*
     * All vCPUs are paused, and one is about to end its sleep: brings back what of the guest is elsewhere.
     * NULL: nothing ever is.
     */
    int (*recall)(void *driver);
    /*
     * The sleep of `vcpu` ends: lines that were held back show their level again, and an exit of
     * `vcpu` that waits is dropped.
     */
    void (*sleep_ends)(void *driver, unsigned vcpu);
    /* The devices that have a reason to wake the guest now: a set of WAKE_RTC and WAKE_CONSOLE. */
    unsigned (*wakes_pending)(void *driver);
    /*
     * The guest sleeps, and all vCPUs are paused: saves the machine. True: it ends with that. False: it
     * could not be saved, which the driver has reported, and sleeps on.
     */
    bool (*save)(void *driver);
    /*
     * How the guest can be asked, in a word, or NULL: nothing in it takes the request. ask() asks it
     * in that way, by which nothing of the guest changes before it runs.
     */
    const char *(*way)(void *driver, enum power_request request);
    void (*ask)(void *driver, enum power_request request);
    /* Calls power_request_deadline() after so many nanoseconds; 0: takes that back. */
    void (*request_deadline)(void *driver, int64_t nanoseconds);
    void (*tell)(void *driver, const struct power_news *news);
};

/** What the PSCI backend does for the controller, under the same conditions. */
struct power_psci_ops {
    /*
     * With all vCPUs paused: 1 if the vCPU is off, 0 if not, or -errno. NULL if the backend judges
     * SYSTEM_SUSPEND itself.
     */
    int (*is_off)(void *backend, unsigned vcpu);
    /* Answers the call with `result`; nothing else of the vCPU changes. */
    int (*answer)(void *backend, unsigned vcpu, enum vpsci_result result);
    /* The vCPU's call is honoured. */
    int (*honour)(void *backend, unsigned vcpu);
    /*
     * Makes the paused vCPU wait for an interrupt, as in WFI, once it runs again. Its timers run.
     * An interrupt ends the wait by POWER_EXIT_WAKEUP.
     */
    int (*doze)(void *backend, unsigned vcpu);
    /* Resets the paused vCPU, which starts at the call's entry point then (DEN0022 6.4). */
    int (*restart)(void *backend, unsigned vcpu, const struct suspend_call *call);
};

enum power_state {
    POWER_RUNNING,
    POWER_ASKED, /* a SYSTEM_SUSPEND waits for the operator's answer */
    POWER_ASLEEP,
    POWER_ENDED, /* outcome says how */
};

enum power_outcome {
    POWER_OUTCOME_OFF,
    POWER_OUTCOME_HIBERNATED,
    POWER_OUTCOME_COLD_RESET, /* memory contents are not kept */
    POWER_OUTCOME_WARM_RESET, /* they are (DEN0022, SYSTEM_RESET2) */
};

struct power {
    const struct power_ops *ops;
    void *driver;
    const struct power_psci_ops *psci;
    void *backend;
    unsigned cpu_count;
    bool *on; /* per vCPU: what was last reported of it */
    enum suspend_policy policy;
    unsigned wake; /* the sources that count */
    enum power_state state;
    enum power_outcome outcome;
    bool stopped;             /* paused by the operator, in any state; this is no power state */
    bool held;                /* power_hold(): several decisions are made under one pause */
    bool observed;            /* `on` is up to date: no vCPU has run since it was read */
    unsigned sleeper;         /* POWER_ASKED, POWER_ASLEEP: the vCPU that called, and will resume */
    struct suspend_call call; /* the same: its call */
    int64_t ask_ns;           /* SUSPEND_ASK: how long the operator has */
    bool ask_default;         /* SUSPEND_ASK: what happens after that: true, the call is honoured */
    unsigned woken;           /* POWER_ASKED: the operator's wake came before the answer */
    unsigned ignored;         /* POWER_ASLEEP: ignored sources that have been reported already */
    bool saves;               /* the operator wants the next sleep saved, whatever the policy */
    enum power_request request; /* what the guest has been asked for, and has not done yet */
    int64_t shutdown_ns;        /* how long it may take to shut down */
};

struct power_options {
    const struct power_ops *ops;
    void *driver;
    const struct power_psci_ops *psci;
    void *backend;
    unsigned cpu_count;
    enum suspend_policy policy; /* SUSPEND_OFF if the machine does not offer the call */
    unsigned wake;              /* the sources that count */
    int64_t ask_ns;             /* SUSPEND_ASK: the deadline, in nanoseconds from the call */
    bool stopped;               /* the machine starts paused */
    bool ask_default;           /* SUSPEND_ASK: what happens then: true, the call is honoured */
    int64_t shutdown_ns;        /* how long a guest that is asked to shut down may take */
};

/** Returns 0 or -ENOMEM. */
int power_init(struct power *power, const struct power_options *options);
void power_destroy(struct power *power);

/** The machine starts or starts again: vCPU 0 is on and all others are off. A pause continues. */
void power_start(struct power *power);

/**
 * The machine continues a sleep that was saved: `vcpu` made `call`, and all others are off. With `wake`
 * the sleep ends at once, whatever the sources are that count. 0 or -errno.
 */
int power_start_asleep(struct power *power, unsigned vcpu, const struct suspend_call *call,
                       bool wake);

/** A vCPU has left the guest. It stays paused until the controller resumes it. 0 or -errno. */
int power_exit(struct power *power, unsigned vcpu, enum power_exit why,
               const struct power_call *call);

/** What became of a wake. */
enum power_wake_result {
    POWER_WAKE_DONE,  /* the guest was asleep and has been woken */
    POWER_WAKE_KEPT,  /* its SYSTEM_SUSPEND waits for an answer; an honoured one wakes at once */
    POWER_WAKE_AWAKE, /* the guest is not suspended */
    POWER_WAKE_UNCOUNTED, /* it is, but this source may not wake it */
};

/**
 * `source` has something that would wake the guest. Harmless at any time. The caller must have
 * handed over every exit that happened before (power_exit()), so that a wake after the guest's
 * call is never taken for one before it. Returns an enum power_wake_result, or -errno.
 */
int power_wake(struct power *power, enum wake_source source);

/**
 * Pauses the machine for several decisions. Whatever they are, nothing runs before power_go_on().
 * Idempotent.
 */
void power_hold(struct power *power);
/** Ends a hold, if there is one, and resumes the vCPUs that may run. */
void power_go_on(struct power *power);

/**
 * The operator's answer to a SYSTEM_SUSPEND. `by`, a constant, is the reason that is reported if it
 * is refused. Returns 0 or -errno; -EINVAL: no call waits for an answer, and nothing has changed.
 */
int power_answer(struct power *power, bool honour, const char *by);

/** The time that ops->deadline() set has passed. Harmless at any other time. 0 or -errno. */
int power_deadline(struct power *power);

/** A guest that is asked to sleep has so long until it calls SYSTEM_SUSPEND. */
enum { POWER_SLEEP_SECONDS = 30 };

/**
 * The operator asks the guest to shut down or to sleep. A sleeping guest that is to shut down is
 * woken, and a SYSTEM_SUSPEND that waits for an answer is refused then. Returns 0, or -errno, or
 * POWER_NOT_ASKED: nothing has changed, and *why is the reason, a constant. If the guest does not do
 * what it was asked for, that is reported (REQUEST_FAILED).
 */
enum { POWER_NOT_ASKED = 1 };
int power_ask(struct power *power, enum power_request request, const char **why);

/**
 * The operator saves the machine: at once if the guest sleeps, else after it was asked to sleep and does.
 * As power_ask(). If the guest does not sleep, that is reported (REQUEST_FAILED), and nothing is saved. A
 * reason to wake that comes before the guest sleeps does not prevent the save.
 */
int power_save(struct power *power, const char **why);

/**
 * The guest answers that it will not do what it was asked for, or a way to ask it has failed, and
 * there is no other. Harmless if no request is open.
 */
void power_request_failed(struct power *power, const char *reason);

/** The guest is asked in another way: the one that ops->way() named has failed. */
void power_request_way(struct power *power, const char *way);

/** The time that ops->request_deadline() set has passed. Harmless at any other time. */
void power_request_deadline(struct power *power);

/**
 * The operator pauses the machine, and continues it. A pause is no power state: the guest stays
 * running, asleep or waiting for an answer, and that can change in a pause, but nothing runs.
 * Pausing a paused machine and continuing a running one change nothing.
 */
void power_stop(struct power *power);
void power_cont(struct power *power);

/** The operator resets the machine: in any state it ends with POWER_OUTCOME_COLD_RESET. */
void power_reset(struct power *power);

/**
 * A vCPU has come on or gone off, says a backend that is told of it. `on` was true or false at that
 * moment; calls come in the order of these moments.
 */
void power_changed(struct power *power, unsigned vcpu, bool on);

/** Reads which vCPUs are on, from a backend that has is_off(), and reports changes. 0 or -errno. */
int power_observe(struct power *power);

#endif
