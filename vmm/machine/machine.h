/* SPDX-License-Identifier: BSD-2-Clause */
/** A whole virtual machine, from its power button to the end. */
#ifndef DORMOUSE_MACHINE_MACHINE_H
#define DORMOUSE_MACHINE_MACHINE_H

#include "config/config.h"

/** What the process ends with; the manual page is the promise. */
enum exit_status {
    STATUS_OFF = 0,        /* the guest powered off: SYSTEM_OFF */
    STATUS_ERROR = 1,      /* the host or dormouse failed */
    STATUS_USAGE = 2,      /* an option is wrong */
    STATUS_GUEST = 3,      /* the guest did what KVM cannot handle */
    STATUS_HIBERNATED = 4, /* SYSTEM_OFF2: off, with its state saved on its own disk */
    STATUS_RESET = 5,      /* it asked for a reset, under --no-reboot */
    STATUS_SAVED = 6,      /* asleep, and saved as a file: --restore continues it */
    STATUS_SIGNAL = 128,   /* plus the signal's number */
};

/**
 * Runs the VM until it ends; returns an exit_status. Whatever fails is report()ed in one line.
 * Call signals_block() first. One machine a process at a time.
 */
int machine_run(const struct config *config);

/**
 * Writes the device tree of that VM to config->dump_dtb instead of running it; needs no KVM. Returns an exit_status,
 * after report()ing a line if it is not 0.
 */
int machine_write_dtb(const struct config *config);

#endif
