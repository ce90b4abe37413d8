/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * vCPUs that come on and go off. Their threads note it for the main thread, without a lock, in the
 * order in which it happened.
 *
 * A thread takes a ticket before it changes anything and notes the result afterwards. Main takes
 * the tickets in their order, and waits at one without a result. So if a vCPU could have seen one
 * change when it made another, main gets them in that order; two changes that overlapped come in
 * either order. There is always room: each vCPU has at most a few changes on their way, and it
 * comes on again only if there is room for that and for going off again (changes_want_room()). So a
 * guest cannot outrun the log, and only its own starting vCPU ever waits.
 */
#ifndef DORMOUSE_PSCI_CHANGES_H
#define DORMOUSE_PSCI_CHANGES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct changes;

/** NULL: no memory. */
struct changes *changes_create(unsigned vcpu_count);
void changes_destroy(struct changes *changes);
/** Forgets all changes. No thread may be between begin and end. */
void changes_clear(struct changes *changes);

/**
 * Whether there is room for the vCPU to come on. If not, changes_take() says when to ask again. The
 * vCPU's own thread.
 */
bool changes_want_room(struct changes *changes, unsigned vcpu);

enum change {
    CHANGE_NONE, /* nothing changed */
    CHANGE_ON,
    CHANGE_OFF,
};

/** A ticket, for changes_end(). The vCPU's own thread. */
uint64_t changes_begin(struct changes *changes, unsigned vcpu);
void changes_end(struct changes *changes, uint64_t ticket, unsigned vcpu, enum change what);

/** A change, as main takes it. */
struct change_told {
    unsigned vcpu;
    enum change what;
    bool waits; /* the vCPU waited for room, and there is some now: nudge it */
};

/** For psci_backend_ops.take_changes(). */
#define CHANGES_ALL UINT_MAX

/** The next ticket and its result; false: there is none, or its result is not known yet. Main. */
bool changes_take(struct changes *changes, struct change_told *told);

#endif
