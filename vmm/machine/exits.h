/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The reasons for which vCPUs left the guest, decided on the main thread. By the time that an exit
 * is decided its vCPU may have left the guest again, so no loop here runs until there is no exit
 * left. The exits that are there, at most one for each vCPU, are decided under one pause; then the
 * event loop has its turn.
 */
#ifndef DORMOUSE_MACHINE_EXITS_H
#define DORMOUSE_MACHINE_EXITS_H

#include <stdbool.h>

struct machine;

/** Serves machine->exit_fd, to which the vCPUs' threads write, from the event loop. 0 or -errno. */
int exits_open(struct machine *machine);
void exits_close(struct machine *machine);

/**
 * What the guest did before an operator's command comes first: takes all vCPUs out of the guest,
 * holds them there until power_go_on(), and decides their exits. False: that has ended the machine.
 */
bool exits_catch_up(struct machine *machine);

/**
 * The operator wakes the guest, which may be calling SYSTEM_SUSPEND on another core at this moment.
 * First all exits are decided: then the call either has been made and is woken, or it has not and
 * comes after this wake. Returns an enum power_wake_result; negative: the machine has ended.
 */
int exits_wake(struct machine *machine);

/** If the guest has ended: reboots it, or ends the machine, or leaves it switched off. */
void exits_settle(struct machine *machine);

#endif
