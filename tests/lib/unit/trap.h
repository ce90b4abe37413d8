/* SPDX-License-Identifier: BSD-2-Clause */
/* What is to happen between two steps of a call. One trap is set at a time. */
#ifndef VPSCI_TRAP_H
#define VPSCI_TRAP_H

#include "../atomic.h"

struct trap {
    enum access_op op;
    const struct vpsci__cell *cell;
    unsigned skip; /* how many such accesses are left alone */
    void (*spring)(void *argument);
    void *argument;
};

/* Sets a trap, which springs once: just before the access that it names. */
void trap_set(struct trap trap);

/* Did the last one spring? */
bool trap_sprang(void);

#endif
