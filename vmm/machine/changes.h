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
 * (changes_have_room()). A guest can thus neither outrun the log nor make anybody but its own
 * starting vCPU wait for it.
 */
#ifndef DORMOUSE_MACHINE_CHANGES_H
#define DORMOUSE_MACHINE_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

struct changes;

/* NULL where there is no memory. */
struct changes *changes_create(unsigned vcpu_count);
void changes_destroy(struct changes *changes);
/* Forgets all. No thread may be between begin and end. */
void changes_clear(struct changes *changes);

/* Whether the vCPU may come on. Its own thread; main. */
bool changes_have_room(const struct changes *changes, unsigned vcpu);

enum change {
    CHANGE_NONE, /* it did not come to it */
    CHANGE_ON,
    CHANGE_OFF,
};

/* A ticket, for changes_end(). The vCPU's own thread. */
uint64_t changes_begin(struct changes *changes, unsigned vcpu);
void changes_end(struct changes *changes, uint64_t ticket, unsigned vcpu, enum change what);

/* The next change; false: none, or not known yet. Never CHANGE_NONE. Main. */
bool changes_take(struct changes *changes, unsigned *vcpu, enum change *what);

#endif
