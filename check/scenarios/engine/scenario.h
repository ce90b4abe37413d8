/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Scenarios: what a guest can see of PSCI, one short script each.
 *
 * A scenario is run on a *view*: CPUs that can be told to make a call, and what is seen of them
 * afterwards. Two things can stand behind a view:
 *
 *  - on a build machine, a server behind an adapter (check/host/adapter.h);
 *  - a guest with several CPUs, in which the boot CPU runs the scripts and the others wait in a
 *    mailbox for something to do.
 *
 * So the scenarios know no operating system and no server: they need nothing of a C library but
 * memcpy() and memset(), and print nothing. What they find is left in `struct trial`; who runs them
 * prints it.
 *
 * How a script reads
 *  The script says `call(t, cpu, id, ...)` and then what it expects. The first expectation that is
 *  not met ends the scenario: the reason is kept, and everything after it does nothing (calls are
 *  no longer made, expectations hold). A script therefore has no error handling. The same goes for
 *  a scenario that finds half way that it cannot be run here: skip(). script.h has all these words.
 *
 * Where the specification allows several answers, the script accepts them all and notes the chosen
 * one with characteristic().
 */
#ifndef SCENARIOS_SCENARIO_H
#define SCENARIOS_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../numbers.h"

/* ---- The view ----------------------------------------------------------------------------- */

/** A call, as the registers of a CPU hold it. */
struct guest_call {
    uint64_t function; /**< x0 */
    uint64_t args[3];  /**< x1 to x3 */
    bool aarch32;      /**< made in AArch32 state */
    bool big_endian;   /**< by a CPU whose data accesses are big-endian */
};

/** Where a CPU started, and how. */
struct arrival {
    uint64_t address;
    uint64_t context; /**< x0 */
    bool aarch32;
    bool thumb;
    bool big_endian;
};

enum event_kind {
    EVENT_NONE = 0, /**< nothing: the CPU is off, or waits, or has no call to return from */
    EVENT_RETURNED, /**< its call has returned */
    EVENT_ENTERED   /**< it has started at an entry point */
};

/** The next event of a CPU. */
struct event {
    enum event_kind kind;
    uint64_t x0;          /**< EVENT_RETURNED: the result */
    struct arrival entry; /**< EVENT_ENTERED */
    /** What the view itself finds wrong, or NULL: a register that did not survive the call, or a
     * system register with a wrong value at an entry. */
    const char *trouble;
};

/** How a system ended. */
enum end_kind { END_NOT = 0, END_OFF, END_RESET, END_RESET2, END_HIBERNATE };

struct end {
    enum end_kind kind;
    uint32_t type;   /**< END_RESET2: its reset_type */
    uint64_t cookie; /**< END_RESET2 */
};

/** One of several calls that are made at the same time. */
struct team_call {
    uint32_t cpu;
    struct guest_call call;
    struct event event; /**< output: as that of view_ops->call() */
};

/** A low-power state, as a device tree offers it to a guest. */
struct machine_state {
    uint32_t value;  /**< power_state */
    uint8_t level;   /**< the highest level that it affects */
    bool powerdown;  /**< StateType: the core loses its context */
    bool domain_off; /**< the domain of that level is off, not in standby */
};

/** What a view can do or see beyond the minimum, which a scenario may need. */
enum view_ability {
    VIEW_BIG_ENDIAN = 1 << 0,  /**< calls can be made by a big-endian CPU */
    VIEW_ENTRY_STATE = 1 << 1, /**< `trouble` covers registers at an entry */
    VIEW_END = 1 << 2,         /**< the view sees how the system ended */
    VIEW_RESTART = 1 << 3,     /**< a system that has ended can be started again */
    VIEW_TIME = 1 << 4,        /**< the script can let time pass */
    VIEW_EXPENDABLE = 1 << 5,  /**< a CPU may start at an invalid address, or never */
    /** The script runs on none of the CPUs: all of them may be off, or sleep without an
     * interrupt to wake them. */
    VIEW_OUTSIDE = 1 << 6,
    /** The system has just been started. Without it, earlier scenarios have run on the system;
     * only the boot CPU is on, but statistics, for example, need not be 0. */
    VIEW_FRESH = 1 << 7,
    /** The boot CPU may go off, and come back, as long as another CPU is on. */
    VIEW_HANDOVER = 1 << 8,
    /** `trouble` covers registers that must survive a call, by the server's version of the SMC
     * calling convention. */
    VIEW_REGISTERS = 1 << 9
};

/** What a guest knows about its machine, from a device tree or otherwise. */
struct machine {
    uint32_t cpu_count;
    uint32_t boot_cpu;      /**< index of the CPU that is on at the start */
    const uint64_t *mpidrs; /**< affinity fields only */
    uint64_t entry;         /**< where CPUs may start: an address in the 4096 bytes from here on */
    uint64_t bad_entry;     /**< an aligned address where no CPU can start; 0: unknown */
    /** PSCI 0.1 only: IDs of CPU_SUSPEND, CPU_OFF, CPU_ON, MIGRATE. All zero: it is 0.2 or newer.
     */
    uint32_t ids_0_1[4];
    const struct machine_state *states; /**< shallow ones first */
    uint32_t state_count;
    uint32_t abilities; /**< of the view: of enum view_ability */
    /** domains[n - 1][i] names the domain of level n that CPU i is in, any number for each; NULL:
     *  those whose affinity fields from n up are the same. */
    const uint16_t *domains[3];
    /** The memory that MEM_PROTECT covers; 0 bytes: unknown. */
    uint64_t protected_base;
    uint64_t protected_length;
    /** The memory that the script itself runs in: a CPU that starts there, other than at `entry`,
     *  may destroy it. 0 bytes: none. */
    uint64_t own_base;
    uint64_t own_length;
    /** The most rounds of a scenario, for a slow machine; 0: no limit. */
    uint32_t most_rounds;
    bool aarch32;        /**< a guest in AArch32 state: it has no SMC64 calls */
    bool states_guessed; /**< it names no states: these were found by trying */
};

/**
 * The operations of a view. `self` is the view's own. A CPU is named by its index in
 * machine->mpidrs. All but `together` are called by one thread.
 */
struct view_ops {
    /**
     * Has a CPU make a call. `event` is what the CPU does until nothing more can be expected
     * without a further step of the script: EVENT_NONE if the call does not return. Never called
     * for a CPU that has not entered, or is still in a call.
     */
    void (*call)(void *self, uint32_t cpu, const struct guest_call *call, struct event *event);
    /** The same without waiting: what the CPU does at once. await() returns the rest. */
    void (*begin)(void *self, uint32_t cpu, const struct guest_call *call, struct event *event);
    /** Waits for the next event of a CPU, for as long as it may reasonably take. */
    void (*await)(void *self, uint32_t cpu, struct event *event);
    /** Has `count` CPUs make their calls at the same time, as nearly as possible. */
    void (*together)(void *self, struct team_call *calls, uint32_t count);
    /** Makes an interrupt pending that wakes a CPU: now if it sleeps, otherwise when it is about
     * to. It stays pending until the next event of the CPU. */
    void (*interrupt)(void *self, uint32_t cpu);
    /** The same, but only once the CPU sleeps, like a timer that is armed before a call. */
    void (*interrupt_soon)(void *self, uint32_t cpu);
    /** How the system has ended. NULL without VIEW_END. */
    void (*end)(void *self, struct end *end);
    /** Starts a system that has ended, as a cold or warm boot does. NULL without VIEW_RESTART. */
    void (*restart)(void *self);
    /** Lets time pass. NULL without VIEW_TIME. */
    void (*pass)(void *self, uint64_t microseconds);
    /** Microseconds since some moment. NULL without VIEW_TIME. On the build machine only pass()
     * lets time pass. */
    uint64_t (*now)(void *self);
};

struct view {
    const struct machine *machine;
    const struct view_ops *ops;
    void *self;
};

/* ---- Scenarios ---------------------------------------------------------------------------- */

struct trial;

/** The worst that a failure of the scenario means for a guest. */
enum severity {
    SEVERITY_COSMETIC = 0,
    SEVERITY_LOST_CPU,
    SEVERITY_HANG,
    SEVERITY_CORRUPTION,
    SEVERITY_BOOT_FAILURE
};

struct scenario {
    const char *name;
    /** A clause of DEN0022, unless it names another document. */
    const char *clause;
    /** The consequence for a guest of a server that fails it. One line. */
    const char *consequence;
    void (*run)(struct trial *t);
    uint32_t needs;          /**< the functions that the server must have: HAS(FN_...) */
    uint32_t since : 17;     /**< the oldest version of PSCI that it applies to; 0: any */
    uint32_t abilities : 15; /**< that the view has to have */
    uint32_t until : 17;     /**< the first version that it no longer applies to; 0: none */
    uint32_t cpus : 8;       /**< how many CPUs it needs; 0: one */
    uint32_t severity : 3;   /**< of enum severity */
};

/** A file of scenarios. */
struct family {
    const char *name;
    const struct scenario *scenarios;
    uint32_t count;
};

/** All families, in the order in which they are best run: what ends a system comes last. */
extern const struct family *const families[];
extern const uint32_t family_count;

/** Returns the n-th scenario over all families, or NULL. */
const struct scenario *scenario_at(uint32_t n);
/** Returns the name of the family that a scenario of the list is in. */
const char *scenario_family(const struct scenario *scenario);
/** Returns the scenario with that name, or NULL. */
const struct scenario *scenario_find(const char *name);
/** Returns whether a name is the pattern, or begins with it if the pattern ends in '*'. */
bool scenario_matches(const char *pattern, const char *name);

/* ---- Trials ------------------------------------------------------------------------------- */

enum verdict { VERDICT_PASSED = 0, VERDICT_FAILED, VERDICT_SKIPPED };

enum {
    REASON_SIZE = 240,
    CHARACTERISTICS_MAX = 8,
    VALUE_SIZE = 40,
    EVENTS_KEPT = 16,
    CPUS_KNOWN = 512 /* for which it is recorded whether they run */
};

/** What a server does where the specification allows a choice. */
struct characteristic {
    const char *key;
    char value[VALUE_SIZE];
};

/** One run of one scenario. Only trial_run() and script.h use its fields. */
struct trial {
    const struct view *view;
    const struct machine *machine;
    /* What the server says about itself. */
    uint32_t version_said;  /* PSCI_VERSION, or V0_1 if the machine says so */
    uint32_t version;       /* the version whose rules apply: the same, if it is valid */
    uint32_t suspend_flags; /* PSCI_FEATURES of CPU_SUSPEND; 0 before 1.0 */
    uint32_t functions32;   /* functions that exist, as HAS(), by SMC32 ID */
    uint32_t functions64;   /* the same by SMC64 ID */
    bool over;              /* a check failed, or skip(): nothing more is done */
    /* What was found. */
    enum verdict verdict;
    char reason[REASON_SIZE]; /* VERDICT_FAILED, VERDICT_SKIPPED: one line */
    uint32_t checks;          /* how many held */
    /* For a scenario with in_rounds(): the number of rounds, and of failed rounds. Both 0
     * otherwise. */
    uint32_t rounds;
    uint32_t rounds_failed;
    struct characteristic characteristics[CHARACTERISTICS_MAX];
    uint32_t characteristic_count;
    /* What the script has seen. */
    struct event events[EVENTS_KEPT]; /* the last ones, for scripts to look at */
    uint32_t event_count;
    uint32_t running[CPUS_KNOWN / 32]; /* CPUs that run, and are in no call */
};

/**
 * Runs a scenario on a system in which only the boot CPU is on (with VIEW_FRESH: one that has just
 * been started), and stores the result in *t. The system may be in any state afterwards.
 */
void trial_run(struct trial *t, const struct scenario *scenario, const struct view *view);

/**
 * For callers without a new system for each scenario: prepares the used one for the next scenario,
 * with all CPUs but the boot CPU off, and the modes as at the start. Returns false if that failed;
 * then the system must be started again. Judges nothing, and keeps the verdict in *t.
 */
bool trial_tidy(struct trial *t);

/** "lost CPU" and the like. */
const char *severity_text(enum severity severity);

#endif
