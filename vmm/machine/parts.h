/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine itself, as its own files share it. Each file may call those before it: tell.c (the
 * machine's word to the world), driver.c (under the power controller), choose.c (what the host can), board.c (what a reboot makes
 * anew), exits.c, operator.c, machine.c (its life).
 */
#ifndef DORMOUSE_MACHINE_PARTS_H
#define DORMOUSE_MACHINE_PARTS_H

#include "boot/boot.h"
#include "control/events.h"
#include "control/qmp.h"
#include "core/delay.h"
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
    struct delay deadline; /* the operator's time to answer is up; only with --on-suspend ask */
    int64_t asleep_since;  /* clock_now_ns() */
    struct qmp *qmp;       /* NULL without --qmp */
    struct board board;
    unsigned boot_count;
    bool ended;
    int status;
};

/*
 * Opens KVM, and chooses who answers PSCI, the policy in force and the size of the guest's address
 * space. False after report()ing what the host lacks.
 */
bool machine_choose(struct machine *machine);

/* Builds the board, loads the kernel and lets vCPU 0 run. 0, or -1 after report()ing. */
int board_power_on(struct machine *machine);
/* Takes the board down; safe on one that was built only in part. */
void board_power_off(struct machine *machine);

/* The driver under the power controller, a machine. */
extern const struct power_ops driver_ops;

/* Its deadline, for --on-suspend ask. 0 or -errno. */
int driver_open(struct machine *machine);
void driver_close(struct machine *machine);

/* The socket of --qmp. 0, or -1 after report()ing a line. */
int operator_open(struct machine *machine);
void operator_close(struct machine *machine);

/* Tells the event log and the operators. */
void machine_tell(struct machine *machine, const struct power_news *news);
void machine_tell_vcpu(struct machine *machine, enum power_news_kind kind, unsigned vcpu);
/* The vCPU is off: tells so if it was withdrawn, and has left now. */
void machine_tell_left(struct machine *machine, unsigned vcpu);
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

#endif
