/* SPDX-License-Identifier: BSD-2-Clause */
/** The machine's side of control/operator.h. Main thread. */
#ifndef DORMOUSE_MACHINE_OPERATOR_H
#define DORMOUSE_MACHINE_OPERATOR_H

#include "control/operator.h"
#include "machine/parts.h"

/* Its argument is a struct machine. */
extern const struct operator_ops operator_machine_ops;

/* The clock for --on-suspend ask and the socket of --qmp. 0, or -1 after report()ing a line. */
int operator_open(struct machine *machine);
void operator_close(struct machine *machine);

/* power_deadline() is called so many nanoseconds from now; 0: not any more. */
void operator_deadline(struct machine *machine, int64_t nanoseconds);

/* vCPU `vcpu` is off, or with the others after a reset: one that was withdrawn has left now. */
void operator_saw_off(struct machine *machine, unsigned vcpu);
/* Tells of vCPUs that somebody wanted to start and that are not admitted. */
void operator_take_refusals(struct machine *machine);

#endif
