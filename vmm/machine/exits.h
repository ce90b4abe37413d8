/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What vCPUs left the guest for, decided on the main thread. Every vCPU may have left it again by
 * the time that its last exit is decided, so nothing here goes on until there is no exit left: all
 * that are there are decided under one pause, at most one a vCPU, and the event loop gets its turn.
 */
#ifndef DORMOUSE_MACHINE_EXITS_H
#define DORMOUSE_MACHINE_EXITS_H

#include <stdbool.h>

struct machine;

/* Serves what vCPUs' threads say by machine->exit_fd, from the event loop. 0 or -errno. */
int exits_open(struct machine *machine);
void exits_close(struct machine *machine);

/*
 * What the guest did before an operator's command comes first: takes all vCPUs out of the guest,
 * holds them there until power_go_on(), and decides their exits. False: that has ended the machine.
 */
bool exits_catch_up(struct machine *machine);

/*
 * The operator wakes the guest, which may be on its way into SYSTEM_SUSPEND on another core at this
 * moment. Once its exits have been decided the call has either been made, and is woken, or it has
 * not, and comes after this wake. Returns an enum power_wake_result; negative: the machine has ended.
 */
int exits_wake(struct machine *machine);

/* If the guest has ended: reboots it, or ends the machine, or leaves it switched off. */
void exits_settle(struct machine *machine);

#endif
