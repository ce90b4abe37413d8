/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The machine itself, as its own files share it. Each file may call those before it: tell.c
 * (reports to the event log and to operators), mapped.c (memory that is mapped from a file), reach.c (asks the
 * guest), service.c (tells the service manager), lend.c (memory in the balloon), measure.c (figures for Prometheus), tracing.c (a trace), save.c (the machine becomes a file), rest.c (the memory of a sleeping guest), driver.c (carries out what the power controller decides), choose.c (what this host can do),
 * roms.c (read-only memory of devices), restore.c (a file becomes the machine), board.c (what a reboot
 * makes anew), exits.c, release.c (gives an image up that memory is mapped from), operator.c, watch.c (asks an idle
 * guest to sleep), heard.c (what the guest does by itself), machine.c (the machine from start to end).
 */
#ifndef DORMOUSE_MACHINE_PARTS_H
#define DORMOUSE_MACHINE_PARTS_H

#include <stdatomic.h>

#include "boot/boot.h"
#include "control/events.h"
#include "control/metrics.h"
#include "control/metrics_file.h"
#include "control/metrics_server.h"
#include "control/qmp.h"
#include "control/trace.h"
#include "core/activity.h"
#include "core/delay.h"
#include "core/loop.h"
#include "core/memory.h"
#include "core/signals.h"
#include "dev/bus.h"
#include "dev/instances.h"
#include "host/flash/flash.h"
#include "host/port/port_internal.h"
#include "kvm/kvm.h"
#include "machine/machine.h"
#include "power/power.h"
#include "power/quiet.h"
#include "psci/backend.h"
#include "vcpu/vcpus.h"

struct state_reader;
struct state_writer;

/** A guest that was saved, and sleeps. */
struct restored {
    unsigned vcpu; /* made `call` */
    struct suspend_call call;
    int64_t age_ns; /* how long it was a file */
    bool asleep;    /* it sleeps on */
    bool has_agent; /* that has answered before it was saved */
    bool done;      /* it has been put into a board */
};

/** What becomes of a sleeping guest's memory. */
struct rest {
    struct delay delay;          /* the sleep lasts, or there is more to reclaim */
    uint64_t next;               /* how far memory is reclaimed */
    uint64_t piece;              /* how much at a time */
    enum sleep_memory depth;     /* in force */
    bool no_swap;                /* the host had none at the start */
    bool due;                    /* what is saved now is memory that goes to disk */
    struct state_writer *writer; /* of --sleep-memory disk=FILE, or NULL */
    struct state_reader *image;  /* the guest's memory is there; NULL: it is in `memory` */
};

/**
 * The part of the machine that a reboot makes anew: KVM's VM and the vCPUs in it. So nothing of the
 * old one can leak into the new one, neither an interrupt nor a timer nor a stuck LPI.
 */
struct board {
    struct vm *vm;
    struct vcpu **vcpu; /* config->cpu_count of them */
    struct vcpus *threads;
};

/** Read-only memory of devices. */
enum { ROMS_MAX = 4 }; /* two banks of flash, the mirror of registers, the generation ID */

struct rom {
    struct ipa base;
    uint64_t size;
    const void *host;
    bool shown;
};

struct roms {
    unsigned count;
    struct rom at[ROMS_MAX];
};

/** What the service manager is told. */
struct service {
    struct delay delay; /* the next sign of life, or a new line */
    const char *told;   /* the line that it has */
    bool changed;       /* there may be another one */
};

/** What operators have heard of the guest's own doing (heard.c). */
struct heard {
    struct delay delay;      /* runs while something is to be told */
    atomic_bool due;         /* it runs */
    _Atomic int64_t next_ns; /* clock_now_ns(): not before */
    int32_t ahead;           /* of the guest's clock */
};

/** Figures for Prometheus. */
struct measure {
    struct metrics metrics;
    struct metrics_file file;
    struct metrics_server *server; /* NULL: a file, or nothing */
    struct delay delay;            /* the next time that the file is written */
    bool due;                      /* that comes within a second */
    int statm;                     /* /proc/self/statm */
};

/** A trace. */
enum { TRACING_DEVICES = 5 };

struct tracing_flow {
    uint64_t in; /* bytes until the last look */
    uint64_t out;
    bool shown; /* there were some */
};

struct tracing {
    struct trace *trace; /* NULL without --trace */
    struct naps *naps;
    struct delay delay;
    enum operator_status state; /* that the trace has */
    int64_t looked;             /* clock_now_ns() of the last look */
    struct tracing_flow flows[TRACING_DEVICES];
};

struct machine {
    const struct config *config;
    struct kvm_limits limits;
    int kvm;
    unsigned ipa_bits;
    enum suspend_policy policy; /* in force: KVM may lack what config asks for */
    struct psci_backend backend;
    struct instances devices; /* for the tree and the bus */
    struct boot *boot;
    struct flash *flash; /* NULL: no firmware */
    struct roms roms;
    struct memory memory;
    struct loop *loop;
    struct signals signals;
    struct console *console;
    struct bus bus;
    struct events *events;
    struct power power;
    int exit_fd; /* eventfd: a vCPU's thread has something for main */
    struct loop_source *exit_source;
    struct delay deadline; /* the operator's time to answer; only with --on-suspend ask */
    struct delay request;  /* the guest's time to do what it is asked for */
    struct delay watch; /* the next look whether the guest is idle; only with --sleep-when-idle */
    struct quiet quiet;
    struct agent *agent; /* NULL without --agent */
    struct port_client agent_client;
    struct port_settings ports;
    struct port_link *agent_link;
    int64_t asleep_since; /* clock_now_ns() */
    struct qmp *qmp;      /* NULL without --qmp */
    struct service service;
    struct heard heard;
    struct measure measure;
    struct tracing tracing;
    struct board board;
    unsigned boot_count;
    uint32_t psci_version;       /* of the board; before: the wanted one, or CONFIG_PSCI_DEFAULT */
    struct state_writer *writer; /* NULL: nothing says where to save */
    struct state_writer *saving; /* during save_machine(): what it writes to */
    struct state_reader *reader; /* NULL without --restore */
    struct restored restored;
    struct rest rest;
    struct delay give_up;   /* SIGTERM has not saved the VM: its guest is to shut down */
    struct delay release;   /* more of memory is to be read from its image */
    bool told_awake;        /* why an idle guest does not sleep */
    bool told_time;         /* why the agent does not set the clock */
    bool terminated;        /* by SIGTERM, on which the guest was asked to shut down */
    bool again;             /* when the guest has shut down, it starts again */
    bool paused_by_device;  /* its disk has failed, and the operator has not continued it since */
    bool save_woken;        /* the guest was awake when it was to be saved */
    const char *save_asker; /* a signal, whose answer is a line when the guest sleeps; or NULL */
    bool ended;
    bool ended_by_key; /* Ctrl-a x */
    int status;
};

/**
 * Opens KVM, and chooses the PSCI backend, the policy in force and the size of the guest's address
 * space. False after report()ing what the host lacks.
 */
bool machine_choose(struct machine *machine);

/** Shows or hides a device's ROM: struct bus_env.show_rom; its argument is a struct machine. */
int roms_show(void *arg, struct ipa base, const struct device_rom *parts, bool shown);
/** Puts the ROMs that are shown into a new board. 0 or -errno. */
int roms_attach(const struct machine *machine);

/** Builds the board, loads the kernel and lets vCPU 0 run. 0, or -1 after report()ing. */
int board_power_on(struct machine *machine);
/** Takes the board down; safe on one that was built only in part. */
void board_power_off(struct machine *machine);

/** How the guest can be asked now, in a word, or NULL. */
const char *reach_way(const struct machine *machine, enum power_request request);
/** Asks it in that way. */
void reach_ask(struct machine *machine, enum power_request request);
/** The guest has woken: its agent sets the clock, if --agent-time asks for that. */
void reach_set_time(struct machine *machine);
/** The guest starts again: its agent is another one. */
void reach_forget(struct machine *machine);
/** After that: a restored guest may have the agent that it had when it was saved. */
void reach_recall(struct machine *machine);
/** Whether the guest's agent has answered since the guest's start. */
bool reach_has_agent(const struct machine *machine);
/** With --agent, before the devices are created: the client of the guest agent. 0 or -errno. */
int reach_open(struct machine *machine);
/** After the devices have gone. */
void reach_close(struct machine *machine);

/** Whether memory can come from an image in this process. */
bool mapped_may_be(const struct machine *machine);
/** Before memory is mapped. 0 or -errno. */
int mapped_open(const struct machine *machine);
/** When the image's memory is to be read: as --restore-memory says. */
void mapped_plan(const struct machine *machine, struct state_reader *reader);

/** The loop is there. 0 or -errno. */
int release_open(struct machine *machine);
void release_close(struct machine *machine);
/** SIGIO: a process waits for the image that memory may be mapped from. */
void release_begin(struct machine *machine);

/** Before the sandbox, the loop is there. 0 or -errno. */
int service_open(struct machine *machine);
void service_close(struct machine *machine);
/** The machine begins to run: tells the service manager. */
void service_start(struct machine *machine);
/** The machine ends, after the time that its guest has to shut down. */
void service_stop(const struct machine *machine);
/** The line for people may be another one now. */
void service_news(struct machine *machine, enum power_news_kind kind);

/** --metrics, before the sandbox. 0, -REPORTED or -errno. */
int measure_open(struct machine *machine);
void measure_close(struct machine *machine);
/** The machine begins to run. */
void measure_start(struct machine *machine);
void measure_news(struct machine *machine, const struct power_news *news);

/** --trace, the same. */
int tracing_open(struct machine *machine);
void tracing_close(struct machine *machine);
void tracing_start(struct machine *machine);
void tracing_news(struct machine *machine, const struct power_news *news);

/** --keep, when the disks are locked. False after report()ing: the VM may be a file, and must not boot. */
bool keep_may_boot(const struct config *config);

/** What saves the machine, before the sandbox. 0 or -REPORTED. */
int save_open(struct machine *machine);
void save_close(struct machine *machine);
/** The guest sleeps, and all vCPUs are paused. False after report()ing: the guest sleeps on. */
bool save_machine(struct machine *machine, struct state_writer *writer);
/** The news of that. */
void save_tell(struct machine *machine, const struct state_writer *writer, bool saved);

/** Before the sandbox. 0 or -REPORTED. */
int rest_prepare(struct machine *machine);
/** The loop is there. 0 or -errno. */
int rest_open(struct machine *machine);
void rest_close(struct machine *machine);
/** A sleep begins and ends. */
void rest_begin(struct machine *machine);
void rest_end(struct machine *machine);
/**
 * Another depth from now on. If the guest sleeps, and all vCPUs are paused, it counts for this sleep too.
 * 0, or -errno after report()ing: the guest's memory is lost.
 */
int rest_set_depth(struct machine *machine, enum sleep_memory depth);
/** Whether a file is named to which memory can go. */
bool rest_has_file(const struct machine *machine);
/** Whether the machine is to be saved for rest_save() to take its memory. */
bool rest_is_due(const struct machine *machine);
/** The guest sleeps, and all vCPUs are paused: its memory goes to the file, if that can be written. */
void rest_save(struct machine *machine);
/** Brings memory back, if it is in the file, and removes the file. 0, or -errno after report()ing. */
int rest_recall(struct machine *machine);
/** Whether the guest is in the file already to which `writer` would save it. */
bool rest_is_saved_as(const struct machine *machine, const struct state_writer *writer);
/**
 * Before and after a save elsewhere. Memory comes back, if it is in the file, which stays: until the
 * guest is `saved`, it is all that there is. If it is not, memory goes again. 0 or -errno, as above.
 */
int rest_load(struct machine *machine);
void rest_unload(struct machine *machine, bool saved);
/** The machine starts again: what was in the file is not needed. */
void rest_forget(struct machine *machine);

/** Opens the image of --restore, and compares it with the command line. 0 or -REPORTED. */
int restore_open(struct machine *machine);
void restore_close(struct machine *machine);
/** Whether the next board is to hold the saved guest. */
bool restore_is_due(const struct machine *machine);
/** Fills memory, and a board whose vCPUs have no threads yet. 0, -REPORTED or -errno. */
int restore_load(struct machine *machine);
/** The saved guest continues its sleep, or wakes. 0, -REPORTED or -errno. */
int restore_start(struct machine *machine);

/** The driver under the power controller; its argument is a struct machine. */
extern const struct power_ops driver_ops;

/** The driver's timers. 0 or -errno. */
int driver_open(struct machine *machine);
void driver_close(struct machine *machine);

/** The guest begins to run, and is watched if --sleep-when-idle asks for that. */
void driver_watch_start(struct machine *machine);
/** Sets the time of the next look, if the guest runs. */
void driver_watch_on(struct machine *machine);
void driver_sample(struct quiet_sample *now);
/** Reports why an idle guest does not sleep, once. */
void driver_tell_awake(struct machine *machine, const char *why);

/** Watches for an idle guest, if --sleep-when-idle asks for that. 0 or -errno. */
int watch_open(struct machine *machine);
void watch_close(struct machine *machine);

/** lend.c: how much memory the guest keeps, and should keep. Text: why there is no answer. */
const char *lend_kept(const struct machine *machine, uint64_t *bytes);
const char *lend_keep(const struct machine *machine, uint64_t bytes);
/** Reports changes from now on. After the devices are created. */
void lend_open(struct machine *machine);

/** heard.c: before the devices are created, and after they have gone. 0 or -errno. */
int heard_open(struct machine *machine);
void heard_close(struct machine *machine);
/** A device has changed. Any thread. */
void heard_note(void *arg);

/** The socket of --qmp. 0, or -1 after report()ing a line. */
int operator_open(struct machine *machine);
void operator_close(struct machine *machine);

/** A cold reset, in any state. */
void operator_reset(struct machine *machine);

/** Asks the guest for something. NULL, or why it cannot be asked, a constant; nothing has changed then. */
const char *operator_ask(struct machine *machine, enum power_request request);

/**
 * Saves the machine and ends it, or asks the guest to sleep for that; `asker`: a signal's name, with which lines
 * say what becomes of it, or NULL. Text: why not, as above.
 */
const char *operator_save(struct machine *machine, const char *asker);
/** Continues a VM that the operator has paused, if its guest can be asked and has to run for that. */
void operator_end_pause(struct machine *machine, enum power_request request);

/** Reports to the event log and to the operators. */
void machine_tell(struct machine *machine, const struct power_news *news);
void machine_tell_vcpu(struct machine *machine, enum power_news_kind kind, unsigned vcpu);
/** The vCPU is off. If it was withdrawn before, reports that it has left now. */
void machine_tell_left(struct machine *machine, unsigned vcpu);
void machine_tell_quit(struct machine *machine, enum quit_reason reason, const char *words);

/** Reports that the VM is ended from outside, and ends it with the status for that signal. */
void machine_quit(struct machine *machine, int signal_number, enum quit_reason reason,
                  const char *words);
void machine_quit_by_signal(struct machine *machine, int number);

/** Opens the files of the event log and of the console again. @return false after report()ing. */
bool machine_reopen(struct machine *machine);

/** Tells the event log how often each vCPU was in which low-power state. All vCPUs are paused. */
void machine_tell_idle(struct machine *machine);

/** Ends the loop; the process will end with `status`. */
void machine_end(struct machine *machine, int status);

/** Ends the machine after a line that the caller has report()ed: operators learn `text`. */
void machine_end_by_error(struct machine *machine, const char *text, int status);
/**
 * An ioctl that must not fail did, with -errno: the power state is unknown, and the machine ends.
 */
void machine_fail(struct machine *machine, int error);

/** Calls power_wake(); an error ends the machine. Negative: the machine has ended. */
int machine_wake(struct machine *machine, unsigned source);

#endif
