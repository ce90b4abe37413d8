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
    EVENT_NONE = 0, /**< nothing: the CPU is gone, or waits, or has no call to return from */
    EVENT_RETURNED, /**< its call has returned */
    EVENT_ENTERED   /**< it has started at an entry point */
};

/** The next thing that was seen of a CPU. */
struct event {
    enum event_kind kind;
    uint64_t x0;          /**< EVENT_RETURNED: the result */
    struct arrival entry; /**< EVENT_ENTERED */
    /** What the view itself finds wrong, NULL where nothing is: a register that did not survive the
     *  call, or a system register that is not as it has to be at an entry. */
    const char *trouble;
};

/** How a system ended. */
enum end_kind { END_NOT = 0, END_OFF, END_RESET, END_RESET2, END_HIBERNATE };

struct end {
    enum end_kind kind;
    uint32_t type;   /**< END_RESET2: its reset_type */
    uint64_t cookie; /**< END_RESET2 */
};

/** One call of several that are made at the same time. */
struct team_call {
    uint32_t cpu;
    struct guest_call call;
    struct event event; /**< filled in: as of view_ops->call() */
};

/** A low-power state, as a device tree offers it to a guest. */
struct machine_state {
    uint32_t value;  /**< power_state */
    uint8_t level;   /**< the highest level that it affects */
    bool powerdown;  /**< StateType: the core loses its context */
    bool domain_off; /**< the domain of that level is off, and does not only stand by */
};

/** What a view can do or see beyond the minimum; a scenario may need it. */
enum view_ability {
    VIEW_BIG_ENDIAN = 1 << 0,  /**< calls can be made by a big-endian CPU */
    VIEW_ENTRY_STATE = 1 << 1, /**< `trouble` covers registers at an entry */
    VIEW_END = 1 << 2,         /**< the end of the system is seen, not only that all is quiet */
    VIEW_RESTART = 1 << 3,     /**< the system can be started again when it has ended */
    VIEW_TIME = 1 << 4,        /**< time can be let pass */
    VIEW_EXPENDABLE = 1 << 5,  /**< a CPU that starts at nonsense, or never, does no harm */
    /** The script runs on none of the CPUs: all of them may be off, or sleep without an interrupt
     *  on its way. */
    VIEW_OUTSIDE = 1 << 6,
    /** The system has just been started. Without it others have run on it before, of which all but
     *  the boot CPU are off again: statistics need not be 0, and so on. */
    VIEW_FRESH = 1 << 7,
    /** The boot CPU may go off, and come back, as long as another CPU is on. */
    VIEW_HANDOVER = 1 << 8,
    /** `trouble` covers registers that have to survive a call, by the version of the SMC calling
     *  convention that the server has. */
    VIEW_REGISTERS = 1 << 9
};

/** What a guest knows of its machine, from a device tree or otherwise. */
struct machine {
    uint32_t cpu_count;
    uint32_t boot_cpu;      /**< index of the CPU that is on at the start */
    const uint64_t *mpidrs; /**< affinity fields only */
    uint64_t entry;         /**< where CPUs may start; 4096 bytes from here on are good */
    uint64_t bad_entry;     /**< an aligned address where no CPU can start; 0 for not known */
    /** PSCI 0.1 only: IDs of CPU_SUSPEND, CPU_OFF, CPU_ON, MIGRATE. All zero: it is 0.2 or newer.
     */
    uint32_t ids_0_1[4];
    const struct machine_state *states; /**< shallow ones first */
    uint32_t state_count;
    uint32_t abilities; /**< of the view: of enum view_ability */
    /** domains[n - 1][i] names the domain of level n that CPU i is in, any number for each; NULL:
     *  those whose affinity fields from n up are the same. */
    const uint16_t *domains[3];
    /** Memory that MEM_PROTECT covers, all of it; 0 bytes for not known. */
    uint64_t protected_base;
    uint64_t protected_length;
    /** No scenario has more rounds than that, for a slow machine; 0: as many as it wants. */
    uint32_t most_rounds;
    bool aarch32;        /**< a guest in AArch32 state: it has no SMC64 calls */
    bool states_guessed; /**< it names no states: these were tried, and there may be others */
};

/**
 * What a view has to do. `self` is the view's own. A CPU is named by its index in machine->mpidrs.
 * All but `together` are called by one thread.
 */
struct view_ops {
    /**
     * Has a CPU make a call. `event` is what is seen of the CPU until nothing more can be expected
     * to happen without a further step of the script: EVENT_NONE if the call does not return.
     * Never called for a CPU that has not entered, or is still in a call.
     */
    void (*call)(void *self, uint32_t cpu, const struct guest_call *call, struct event *event);
    /** The same without waiting: what is seen of the CPU at once. await() has the rest. */
    void (*begin)(void *self, uint32_t cpu, const struct guest_call *call, struct event *event);
    /** Waits for the next thing to be seen of a CPU, for as long as it may reasonably take. */
    void (*await)(void *self, uint32_t cpu, struct event *event);
    /** Has `count` CPUs make their calls at the same moment, as nearly as can be. */
    void (*together)(void *self, struct team_call *calls, uint32_t count);
    /** Makes an interrupt pending at a CPU that wakes it, now if it sleeps, else when it is about
     *  to. It stays pending until the CPU is seen again. */
    void (*interrupt)(void *self, uint32_t cpu);
    /** The same, but only once the CPU sleeps: a timer that is armed before a call. */
    void (*interrupt_soon)(void *self, uint32_t cpu);
    /** How the system has ended. NULL without VIEW_END. */
    void (*end)(void *self, struct end *end);
    /** Starts a system that has ended, as a cold or warm boot does. NULL without VIEW_RESTART. */
    void (*restart)(void *self);
    /** Lets time pass. NULL without VIEW_TIME. */
    void (*pass)(void *self, uint64_t microseconds);
    /** Microseconds since some moment. NULL without VIEW_TIME. On the build machine no time passes
     *  but by pass(). */
    uint64_t (*now)(void *self);
};

struct view {
    const struct machine *machine;
    const struct view_ops *ops;
    void *self;
};

/* ---- Scenarios ---------------------------------------------------------------------------- */

struct trial;

/** What it does to a guest when a scenario fails, at worst. */
enum severity {
    SEVERITY_COSMETIC = 0,
    SEVERITY_LOST_CPU,
    SEVERITY_HANG,
    SEVERITY_CORRUPTION,
    SEVERITY_BOOT_FAILURE
};

struct scenario {
    const char *name;
    /** Of DEN0022 if nothing else is said. */
    const char *clause;
    /** What a guest suffers from a server that fails it. One line. */
    const char *consequence;
    void (*run)(struct trial *t);
    uint32_t needs;          /**< the functions that the server has to have: HAS(FN_...) */
    uint32_t since : 17;     /**< the oldest version of PSCI that it is about; 0: any */
    uint32_t abilities : 15; /**< that the view has to have */
    uint32_t until : 17;     /**< the first version that it is no longer about; 0: none */
    uint32_t cpus : 8;       /**< how many there have to be; 0: one will do */
    uint32_t severity : 3;   /**< of enum severity */
};

/** A file of scenarios. */
struct family {
    const char *name;
    const struct scenario *scenarios;
    uint32_t count;
};

/** All of them, in the order in which they are best run: what ends a system comes last. */
extern const struct family *const families[];
extern const uint32_t family_count;

/** The n-th scenario over all families, or NULL. */
const struct scenario *scenario_at(uint32_t n);
/** The name of the family that a scenario of the list is in. */
const char *scenario_family(const struct scenario *scenario);
/** The scenario of that name, or NULL. */
const struct scenario *scenario_find(const char *name);
/** Whether a name is that, or begins so if the pattern ends in '*'. */
bool scenario_matches(const char *pattern, const char *name);

/* ---- Trials ------------------------------------------------------------------------------- */

enum verdict { VERDICT_PASSED = 0, VERDICT_FAILED, VERDICT_SKIPPED };

enum {
    REASON_SIZE = 240,
    CHARACTERISTICS_MAX = 8,
    VALUE_SIZE = 40,
    EVENTS_KEPT = 16,
    CPUS_KNOWN = 512 /* of which it is kept in mind whether they run */
};

/** What a server does where it may choose. */
struct characteristic {
    const char *key;
    char value[VALUE_SIZE];
};

/** One run of one scenario. Only trial_run(), and script.h, look inside. */
struct trial {
    const struct view *view;
    const struct machine *machine;
    /* What the server says of itself. */
    uint32_t version_said;  /* PSCI_VERSION, or V0_1 where the machine says so */
    uint32_t version;       /* what is expected of it: the same, but never nonsense */
    uint32_t suspend_flags; /* PSCI_FEATURES of CPU_SUSPEND; 0 before 1.0 */
    uint32_t functions32;   /* functions that are there, as HAS(), by SMC32 ID */
    uint32_t functions64;   /* the same by SMC64 ID */
    bool over;              /* a check failed, or skip(): nothing more is done */
    /* What was found. */
    enum verdict verdict;
    char reason[REASON_SIZE]; /* VERDICT_FAILED, VERDICT_SKIPPED: one line */
    uint32_t checks;          /* how many held */
    /* Of a scenario that does the same in rounds, in_rounds(): how often it did, and how often that
     * failed. Both 0 otherwise. */
    uint32_t rounds;
    uint32_t rounds_failed;
    struct characteristic characteristics[CHARACTERISTICS_MAX];
    uint32_t characteristic_count;
    /* What the script has seen. */
    struct event events[EVENTS_KEPT]; /* the last ones, for scripts to look at */
    uint32_t event_count;
    uint32_t running[CPUS_KNOWN / 32]; /* CPUs that were seen to run, and are in no call */
};

/**
 * Runs a scenario on a system of which nothing but the boot CPU is on, with VIEW_FRESH one that has
 * just been started, and leaves what it found in *t. The system is in any state afterwards.
 */
void trial_run(struct trial *t, const struct scenario *scenario, const struct view *view);

/**
 * For who has no new system for each scenario: makes the used one such that another can run, that
 * is, all CPUs but the boot CPU off, and the modes as they are at the start. False if that did not
 * work; then it has to be started again. Judges nothing, and leaves the verdict in *t alone.
 */
bool trial_tidy(struct trial *t);

/** "lost CPU" and the like. */
const char *severity_text(enum severity severity);

#endif
