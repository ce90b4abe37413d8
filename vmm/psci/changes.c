/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci/changes.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

enum {
    PER_VCPU = 4,  /* changes on their way, at most */
    PER_START = 2, /* on, and off again */
};

#define NO_TICKET UINT64_MAX

/* `stamp` is published last: the ticket plus 1, so that what an earlier one left is not taken. */
struct slot {
    _Atomic uint64_t stamp;
    unsigned vcpu;
    enum change what;
};

struct place {
    _Atomic unsigned
        under_way;      /* tickets that main has not taken: up by its thread, down by main */
    _Atomic bool waits; /* it found no room: set by its thread, cleared by main */
};

struct changes {
    _Atomic uint64_t given; /* tickets */
    uint64_t taken;         /* main's */
    uint64_t mask;
    unsigned vcpu_count;
    struct place *places; /* per vCPU */
    struct slot slots[];
};

struct changes *changes_create(unsigned vcpu_count)
{
    uint64_t size = 1;

    /* No two tickets on their way share a slot: there are never more of them than slots. */
    while (size < (uint64_t)vcpu_count * PER_VCPU) {
        size *= 2;
    }
    struct changes *changes = calloc(1, sizeof(*changes) + size * sizeof(changes->slots[0]));
    if (changes == NULL) {
        return NULL;
    }
    changes->places = calloc(vcpu_count, sizeof(changes->places[0]));
    if (changes->places == NULL) {
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
        free(changes->places);
        free(changes);
    }
}

void changes_clear(struct changes *changes)
{
    changes->taken = atomic_load(&changes->given);
    for (unsigned i = 0; i < changes->vcpu_count; i++) {
        atomic_store(&changes->places[i].under_way, 0);
        atomic_store(&changes->places[i].waits, false);
    }
}

static bool has_room(const struct place *place)
{
    return atomic_load(&place->under_way) <= PER_VCPU - PER_START;
}

/*
 * The wish is written before the look at the room, and main makes room before it looks at the wish:
 * of the two at least one sees the other's.
 */
bool changes_want_room(struct changes *changes, unsigned vcpu)
{
    struct place *place = &changes->places[vcpu];

    if (has_room(place)) {
        return true;
    }
    atomic_store(&place->waits, true);
    return has_room(place);
}

uint64_t changes_begin(struct changes *changes, unsigned vcpu)
{
    /* Only its own thread adds to it, so it cannot grow in between. */
    if (atomic_load(&changes->places[vcpu].under_way) >= PER_VCPU) {
        return NO_TICKET; /* Not reached while changes_want_room() is asked; the ring is safe. */
    }
    atomic_fetch_add(&changes->places[vcpu].under_way, 1);
    return atomic_fetch_add(&changes->given, 1);
}

void changes_end(struct changes *changes, uint64_t ticket, unsigned vcpu, enum change what)
{
    if (ticket == NO_TICKET) {
        return;
    }
    struct slot *slot = &changes->slots[ticket & changes->mask];

    slot->vcpu = vcpu;
    slot->what = what;
    atomic_store_explicit(&slot->stamp, ticket + 1, memory_order_release);
}

/* The slot of the next ticket if something has been said of it; else NULL. */
static const struct slot *next_slot(const struct changes *changes)
{
    const struct slot *slot = &changes->slots[changes->taken & changes->mask];
    uint64_t stamp = atomic_load_explicit(&slot->stamp, memory_order_acquire);

    return stamp == changes->taken + 1 ? slot : NULL;
}

bool changes_take(struct changes *changes, struct change_told *told)
{
    const struct slot *slot = next_slot(changes);

    if (slot == NULL) {
        return false;
    }
    *told = (struct change_told){.vcpu = slot->vcpu, .what = slot->what};
    changes->taken++;
    /* From here on the slot may be another ticket's. */
    struct place *place = &changes->places[told->vcpu];
    atomic_fetch_sub(&place->under_way, 1);
    told->waits = atomic_exchange(&place->waits, false);
    return true;
}
