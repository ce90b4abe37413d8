/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPUs that come on and go off, told by their threads to the main thread in the order in which it
 * happened, without a lock.
 *
 * A thread draws a ticket before it changes anything and says afterwards what came of it; main
 * takes the tickets in their order, and waits at one of which nothing has been said. So a change
 * that one vCPU could have seen when it made another one comes first, and of two changes that
 * overlapped either may. Room is never short: of each vCPU a few changes may be on their way at
 * most, and a vCPU comes on again only when there is room for both that and its next going off
 * (changes_want_room()). A guest can thus neither outrun the log nor make anybody but its own
 * starting vCPU wait for it.
 */
#ifndef DORMOUSE_PSCI_CHANGES_H
#define DORMOUSE_PSCI_CHANGES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct changes;

/* NULL where there is no memory. */
struct changes *changes_create(unsigned vcpu_count);
void changes_destroy(struct changes *changes);
/* Forgets all. No thread may be between begin and end. */
void changes_clear(struct changes *changes);

/* Whether the vCPU may come on. If not it waits, which changes_take() says. Its own thread. */
bool changes_want_room(struct changes *changes, unsigned vcpu);

enum change {
    CHANGE_NONE, /* it did not come to it */
    CHANGE_ON,
    CHANGE_OFF,
};

/* A ticket, for changes_end(). The vCPU's own thread. */
uint64_t changes_begin(struct changes *changes, unsigned vcpu);
void changes_end(struct changes *changes, uint64_t ticket, unsigned vcpu, enum change what);

/* What main takes. */
struct change_told {
    unsigned vcpu;
    enum change what;
    bool waits; /* the vCPU wanted room, of which there is more now: it is to ask again */
};

/* More than there can be. */
#define CHANGES_ALL UINT_MAX

/* The next ticket, whatever came of it; false: none, or not known yet. Main. */
bool changes_take(struct changes *changes, struct change_told *told);

#endif
