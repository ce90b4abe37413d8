/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci/changes.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

enum {
    PER_VCPU = 4,  /* most changes on their way */
    PER_START = 2, /* on, and off again */
};

#define NO_TICKET UINT64_MAX

/*
 * The result of a ticket. `stamp` is the ticket plus 1 and is written last, so that main does not
 * take what an earlier ticket left here.
 */
struct note {
    _Atomic uint64_t stamp;
    unsigned vcpu;
    enum change what;
};

/* A vCPU's part. Its thread adds to `under_way` and sets `waits`; main subtracts and clears. */
struct teller {
    _Atomic unsigned under_way; /* tickets that main has not taken */
    _Atomic bool waits;         /* it found no room */
};

struct changes {
    _Atomic uint64_t given; /* tickets */
    uint64_t taken;         /* main's */
    uint64_t mask;
    unsigned vcpu_count;
    struct teller *tellers; /* per vCPU */
    struct note notes[];
};

struct changes *changes_create(unsigned vcpu_count)
{
    uint64_t size = 1;

    /* No two tickets on their way share a note: there are never more of them than notes. */
    while (size < (uint64_t)vcpu_count * PER_VCPU) {
        size *= 2;
    }
    struct changes *changes = calloc(1, sizeof(*changes) + size * sizeof(changes->notes[0]));
    if (changes == NULL) {
        return NULL;
    }
    changes->tellers = calloc(vcpu_count, sizeof(changes->tellers[0]));
    if (changes->tellers == NULL) {
        free(changes);
        return NULL;
    }
    changes->mask = size - 1;
    changes->vcpu_count = vcpu_count;
    return changes;
}

void changes_destroy(struct changes *changes)
{
    if (changes != NULL) {
        free(changes->tellers);
        free(changes);
    }
}

void changes_clear(struct changes *changes)
{
    changes->taken = atomic_load(&changes->given);
    for (unsigned i = 0; i < changes->vcpu_count; i++) {
        atomic_store(&changes->tellers[i].under_way, 0);
        atomic_store(&changes->tellers[i].waits, false);
    }
}

static bool teller_has_room(const struct teller *teller)
{
    return atomic_load(&teller->under_way) <= PER_VCPU - PER_START;
}

/*
 * Sets `waits` before it looks for room, and main makes room before it reads `waits`: at least one
 * of the two sees what the other one did.
 */
bool changes_want_room(struct changes *changes, unsigned vcpu)
{
    struct teller *teller = &changes->tellers[vcpu];

    if (teller_has_room(teller)) {
        return true;
    }
    atomic_store(&teller->waits, true);
    return teller_has_room(teller);
}

uint64_t changes_begin(struct changes *changes, unsigned vcpu)
{
    /* Only this thread adds to it, so it cannot grow in between. */
    if (atomic_load(&changes->tellers[vcpu].under_way) >= PER_VCPU) {
        return NO_TICKET; /* Cannot happen if changes_want_room() was asked; protects the ring. */
    }
    atomic_fetch_add(&changes->tellers[vcpu].under_way, 1);
    return atomic_fetch_add(&changes->given, 1);
}

void changes_end(struct changes *changes, uint64_t ticket, unsigned vcpu, enum change what)
{
    if (ticket == NO_TICKET) {
        return;
    }
    struct note *note = &changes->notes[ticket & changes->mask];

    note->vcpu = vcpu;
    note->what = what;
    atomic_store_explicit(&note->stamp, ticket + 1, memory_order_release);
}

/* The note of the next ticket, or NULL if its result is not known yet. */
static const struct note *note_next(const struct changes *changes)
{
    const struct note *note = &changes->notes[changes->taken & changes->mask];
    uint64_t stamp = atomic_load_explicit(&note->stamp, memory_order_acquire);

    return stamp == changes->taken + 1 ? note : NULL;
}

bool changes_take(struct changes *changes, struct change_told *told)
{
    const struct note *note = note_next(changes);

    if (note == NULL) {
        return false;
    }
    *told = (struct change_told){.vcpu = note->vcpu, .what = note->what};
    changes->taken++;
    /* From here on the note may be another ticket's. */
    struct teller *teller = &changes->tellers[told->vcpu];
    atomic_fetch_sub(&teller->under_way, 1);
    told->waits = atomic_exchange(&teller->waits, false);
    return true;
}
