/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine itself, as its own files share it: machine.c (its life), board.c (what a reboot makes
 * anew), exits.c, driver.c (under the power controller), observe.c,
 * operator.c.
 */
#ifndef DORMOUSE_MACHINE_INTERNAL_H
#define DORMOUSE_MACHINE_INTERNAL_H

#include <limits.h>

#include "boot/boot.h"
#include "control/events.h"
#include "control/qmp.h"
#include "core/loop.h"
#include "core/memory.h"
#include "core/signals.h"
#include "dev/bus.h"
#include "kvm/kvm.h"
#include "machine/machine.h"
#include "power/power.h"
#include "psci/backend.h"
#include "vcpu/vcpus.h"

/*
 * The half of the machine that a reboot makes anew: KVM's VM and the vCPUs in it. Nothing of the
 * old one can leak into the new one that way, neither an interrupt nor a timer nor a stuck LPI.
 */
struct board {
    struct vm *vm;
    struct vcpu **vcpu; /* config->cpu_count of them */
    struct vcpus *threads;
};

struct machine {
    const struct config *config;
    struct kvm_limits limits;
    int kvm;
    unsigned ipa_bits;
    enum suspend_policy policy; /* in force: KVM may lack what config asks for */
    struct psci_backend backend;
    struct boot *boot;
    struct memory memory;
    struct loop *loop;
    struct signals signals;
    struct console *console;
    struct bus bus;
    struct events *events;
    struct power power;
    int exit_fd; /* eventfd: a vCPU has left the guest */
    struct loop_source *exit_source;
    int observe_fd; /* timerfd: time to look at the vCPUs; -1 without an event log */
    struct loop_source *observe_source;
    uint64_t hypercall_count; /* at the last look */
    int64_t asleep_since;     /* clock_now_ns() */
    struct qmp *qmp;          /* NULL without --qmp */
    int deadline_fd;          /* timerfd: the operator's time to answer is up; -1 without --qmp */
    struct loop_source *deadline_source;
    struct board board;
    unsigned boot_count;
    bool ended;
    int status;
};

/* Builds the board, loads the kernel and lets vCPU 0 run. 0, or -1 after report()ing. */
int board_power_on(struct machine *machine);
/* Takes the board down; safe on one that was built only in part. */
void board_power_off(struct machine *machine);

/* The driver under the power controller, a machine. */
extern const struct power_ops driver_ops;

/*
 * Tells what the vCPUs' threads say of coming on and going off, `most` such changes; nothing in
 * kernel mode. True: there may be more. CHANGES_ALL comes to an end only while all are paused.
 */
#define CHANGES_ALL UINT_MAX
bool machine_take_changes(struct machine *machine, unsigned most);

/* Tells the event log and the operators. */
void machine_tell(struct machine *machine, const struct power_news *news);
void machine_tell_quit(struct machine *machine, enum quit_reason reason, const char *words);

/** Opens the files of the event log and of the console again. @return false after report()ing. */
bool machine_reopen(struct machine *machine);

/* Tells the event log how often each vCPU was in which low-power state. All vCPUs are paused. */
void machine_tell_idle(struct machine *machine);

/* Ends the loop; the process will end with `status`. */
void machine_end(struct machine *machine, int status);

/* The machine's power state is not known any more: an ioctl that must not fail did, with -errno. */
void machine_fail(struct machine *machine, int error);

/* power_wake(), whose error ends the machine; negative: it has ended. */
int machine_wake(struct machine *machine, unsigned source);

/* Looking at which vCPUs are on, where there is an event log to tell. 0 or -errno. */
int observe_open(struct machine *machine);
void observe_close(struct machine *machine);
/* Starts or stops looking from time to time. */
void observe_set(struct machine *machine, bool on);

#endif
