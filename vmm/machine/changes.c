/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine/changes.h"

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

struct changes {
    _Atomic uint64_t given; /* tickets */
    uint64_t taken;         /* main's */
    uint64_t mask;
    unsigned vcpu_count;
    /* Per vCPU: its tickets that main has not taken. Up by its thread, down by main. */
    _Atomic unsigned *under_way;
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
    changes->under_way = calloc(vcpu_count, sizeof(changes->under_way[0]));
    if (changes->under_way == NULL) {
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
        free(changes->under_way);
        free(changes);
    }
}

void changes_clear(struct changes *changes)
{
    changes->taken = atomic_load(&changes->given);
    for (unsigned i = 0; i < changes->vcpu_count; i++) {
        atomic_store(&changes->under_way[i], 0);
    }
}

bool changes_have_room(const struct changes *changes, unsigned vcpu)
{
    return atomic_load(&changes->under_way[vcpu]) <= PER_VCPU - PER_START;
}

uint64_t changes_begin(struct changes *changes, unsigned vcpu)
{
    /* Only its own thread adds to it, so it cannot grow in between. */
    if (atomic_load(&changes->under_way[vcpu]) >= PER_VCPU) {
        return NO_TICKET; /* Not reached while changes_have_room() is asked; the ring is safe. */
    }
    atomic_fetch_add(&changes->under_way[vcpu], 1);
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

bool changes_take(struct changes *changes, unsigned *vcpu, enum change *what)
{
    const struct slot *slot;

    while ((slot = next_slot(changes)) != NULL) {
        *vcpu = slot->vcpu;
        *what = slot->what;
        changes->taken++;
        /* Last: from here on the slot may be another ticket's. */
        atomic_fetch_sub(&changes->under_way[*vcpu], 1);
        if (*what != CHANGE_NONE) {
            return true;
        }
    }
    return false;
}
