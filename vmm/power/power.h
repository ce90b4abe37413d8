/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The power controller: every decision about running, sleeping, rebooting and ending is made here,
 * on the main thread, one at a time. It knows PSCI's rules and the operator's policy, and nothing
 * of KVM: what it decides is carried out by the driver behind `struct power_ops` and by the PSCI
 * backend behind `struct power_psci_ops`. There are two backends. If the kernel answers PSCI the
 * controller does what KVM leaves to its user (Linux, Documentation/virt/kvm api.rst 8.36: for
 * SYSTEM_SUSPEND, everything). If libvpsci does, on the vCPUs' threads, what reaches the controller
 * are calls that concern the whole machine, judged.
 */
#ifndef DORMOUSE_POWER_POWER_H
#define DORMOUSE_POWER_POWER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ipa.h"
#include "power/policy.h"
#include "power/wake.h"
#include "vpsci/abi.h"

/* A SYSTEM_SUSPEND call as the guest made it, SMC32 arguments narrowed. */
struct suspend_call {
    struct ipa entry;
    uint64_t context;
    bool smc32;
    bool big_endian; /* the caller's SCTLR_EL1.EE */
};

/* Where one vCPU left the guest for a reason of power. */
enum power_exit {
    POWER_EXIT_SUSPEND,   /* SYSTEM_SUSPEND was called; nobody has judged it or changed anything */
    POWER_EXIT_ALLOWED,   /* the same, and the PSCI backend allows it, */
    POWER_EXIT_DENIED,    /* or refuses it, because another vCPU is on, */
    POWER_EXIT_BAD_ENTRY, /* or because the entry point is invalid */
    POWER_EXIT_WAKEUP,    /* a dozing vCPU has a deliverable interrupt */
    POWER_EXIT_OFF,       /* SYSTEM_OFF */
    POWER_EXIT_HIBERNATE, /* SYSTEM_OFF2, HIBERNATE_OFF */
    POWER_EXIT_RESET,     /* SYSTEM_RESET */
    POWER_EXIT_RESET2,    /* SYSTEM_RESET2 */
};

/* What the call said, read once: `suspend` of SYSTEM_SUSPEND, the others of SYSTEM_RESET2. */
struct power_call {
    struct suspend_call suspend;
    uint64_t reset_type;
    uint64_t reset_cookie;
};

/* What the controller has to tell the world, in the order in which it became true. */
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
    int intid;           /* the interrupt that woke, or -1 where it is not known */
    int64_t asleep_ns;   /* RESUMED: filled in by the driver, which has a clock */
    int64_t deadline_ns; /* ASKED: so long from now */
    bool by_default;     /* ASKED: what happens then: true, the call is honoured */
    bool warm;
    bool hibernated;
    bool has_type; /* RESET2: reset_type and reset_cookie are the guest's */
    uint64_t reset_type;
    uint64_t reset_cookie;
};

/*
 * What a driver does for the controller. All calls come from the main thread. Those that return int
 * return 0 or -errno; an error ends the VM, because its power state is then not known any more.
 */
struct power_ops {
    /* Takes every vCPU out of the guest and keeps it out. Idempotent. */
    void (*pause)(void *driver);
    /* Lets every vCPU run that has not left the guest for a reason which still waits here. */
    void (*resume)(void *driver);
    bool (*ram_contains)(void *driver, struct ipa start, uint64_t size);
    /* Lets this vCPU alone run. */
    void (*resume_one)(void *driver, unsigned vcpu);
    /* power_deadline() is to be called so many nanoseconds from now; 0: not any more. */
    void (*deadline)(void *driver, int64_t nanoseconds);
    /* The interrupt for which the paused, dozing vCPU would wake, or -1. */
    int (*waking_intid)(void *driver, unsigned vcpu);
    /*
     * A sleep begins: devices look out for wake-ups, and those whose source is not in `counted`
     * keep their interrupt lines to themselves.
     */
    void (*sleep_begins)(void *driver, unsigned counted);
    /* The sleep of `vcpu` ends: held lines show their true level again, and its exit, if there is
     * one, has been overtaken. */
    void (*sleep_ends)(void *driver, unsigned vcpu);
    /* The device sources that have a reason to wake now: a set of WAKE_RTC and WAKE_CONSOLE. */
    unsigned (*wakes_pending)(void *driver);
    void (*tell)(void *driver, const struct power_news *news);
};

/* What the PSCI backend does for the controller, under the same conditions. */
struct power_psci_ops {
    /*
     * With all paused: 1 if the vCPU is off, 0 if not, -errno. NULL for a backend that judges
     * SYSTEM_SUSPEND by itself.
     */
    int (*is_off)(void *backend, unsigned vcpu);
    /* Answers the call: the code becomes the result, nothing else of the vCPU changes. */
    int (*answer)(void *backend, unsigned vcpu, enum vpsci_result result);
    /* The vCPU's call is honoured. */
    int (*honour)(void *backend, unsigned vcpu);
    /*
     * Makes the paused vCPU wait for an interrupt as WFI would once it is let run, its timers
     * running; POWER_EXIT_WAKEUP follows.
     */
    int (*doze)(void *backend, unsigned vcpu);
    /* Resets the paused vCPU and sets it up to start at the call's entry (DEN0022 6.4). */
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
    bool *on; /* per vCPU: what was last told of it */
    enum suspend_policy policy;
    unsigned wake; /* the sources that count */
    enum power_state state;
    enum power_outcome outcome;
    bool stopped;             /* paused by the operator, whatever the state; no power state */
    bool held;                /* power_hold(): several decisions are made under one pause */
    bool observed;            /* `on` is true of all vCPUs: none has run since it was read */
    unsigned sleeper;         /* POWER_ASKED, POWER_ASLEEP: the vCPU that called, and will resume */
    struct suspend_call call; /* the same: its call */
    int64_t ask_ns;           /* SUSPEND_ASK: how long the operator has */
    bool ask_default;         /* SUSPEND_ASK: and if he does not answer: true, honour */
    unsigned woken;           /* POWER_ASKED: the operator's wake came before his answer */
    unsigned ignored;         /* POWER_ASLEEP: ignored sources told of already */
};

struct power_options {
    const struct power_ops *ops;
    void *driver;
    const struct power_psci_ops *psci;
    void *backend;
    unsigned cpu_count;
    enum suspend_policy policy; /* SUSPEND_OFF where the driver's machine does not offer the call */
    unsigned wake;              /* the sources that count */
    int64_t ask_ns;             /* SUSPEND_ASK: the deadline, in nanoseconds from the call */
    bool stopped;               /* the machine starts paused */
    bool ask_default;           /* and what happens then: true, the call is honoured */
};

/* Returns 0 or -ENOMEM. */
int power_init(struct power *power, const struct power_options *options);
void power_destroy(struct power *power);

/* The machine starts (again), vCPU 0 on and all others off. A pause outlasts it. */
void power_start(struct power *power);

/* A vCPU has left the guest and stays paused until the controller says otherwise. 0 or -errno. */
int power_exit(struct power *power, unsigned vcpu, enum power_exit why,
               const struct power_call *call);

/* What became of a wake. */
enum power_wake_result {
    POWER_WAKE_DONE,  /* the guest was asleep and has been woken */
    POWER_WAKE_KEPT,  /* its SYSTEM_SUSPEND waits for an answer: an honoured one wakes at once */
    POWER_WAKE_AWAKE, /* the guest is not suspended */
    POWER_WAKE_UNCOUNTED, /* it is, but this source may not wake it */
};

/*
 * `source` has something that would wake the guest. Harmless at any time. The caller must have
 * handed over every exit that happened before (power_exit()), so that a wake after the guest's
 * call is never taken for one before it. Returns an enum power_wake_result, or -errno.
 */
int power_wake(struct power *power, enum wake_source source);

/*
 * Pauses the machine for several decisions: nothing runs before power_go_on(), whatever they are.
 * Idempotent.
 */
void power_hold(struct power *power);
/* Ends a hold, if there is one, and lets run what may. */
void power_go_on(struct power *power);

/*
 * The operator's answer to a SYSTEM_SUSPEND; `by` is the reason that a refusal is told with, a
 * constant. -EINVAL: nothing waits for an answer, and nothing has happened. Else as power_exit().
 */
int power_answer(struct power *power, bool honour, const char *by);

/* The time is up that ops->deadline() set. Harmless at any other. 0 or -errno. */
int power_deadline(struct power *power);

/*
 * The operator pauses the machine, and lets it go on. A pause is no power state: what the guest is
 * in, running, asleep or waiting for an answer, stays and moves on, but nothing runs. Without
 * effect on a machine that is, or is not, paused already.
 */
void power_stop(struct power *power);
void power_cont(struct power *power);

/* The operator resets the machine: it has ended with POWER_OUTCOME_COLD_RESET, in any state. */
void power_reset(struct power *power);

/*
 * A vCPU has come on or gone off: of a driver that hears of it. `on` is what was so at that moment,
 * and such calls come in the order of the moments.
 */
void power_changed(struct power *power, unsigned vcpu, bool on);

/* Looks at which vCPUs are on, of a backend that has is_off(), and tells what has changed. 0 or -errno. */
int power_observe(struct power *power);

#endif
