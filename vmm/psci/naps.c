/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci/naps.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"

struct nap_ring {
    atomic_uint written; /* by the vCPU's thread */
    atomic_uint taken;   /* by main */
    atomic_uint_fast64_t lost;
    bool open; /* the vCPU's thread alone uses this and what follows */
    struct nap now;
    struct nap naps[NAPS_MAX];
};

struct naps {
    unsigned count;
    struct nap_ring rings[];
};

struct naps *naps_create(unsigned vcpus)
{
    struct naps *naps = calloc(1, sizeof(*naps) + vcpus * sizeof(naps->rings[0]));

    if (naps != NULL) {
        naps->count = vcpus;
    }
    return naps;
}

void naps_destroy(struct naps *naps)
{
    free(naps);
}

void naps_begin(struct naps *naps, unsigned vcpu, unsigned state)
{
    if (naps == NULL) {
        return;
    }
    struct nap_ring *ring = &naps->rings[vcpu];
    ring->open = true;
    ring->now = (struct nap){.begin = clock_now_ns(), .state = state};
}

/* What main reads was written before `written` says so. */
static void ring_put(struct nap_ring *ring)
{
    unsigned written = atomic_load_explicit(&ring->written, memory_order_relaxed);

    if (written - atomic_load_explicit(&ring->taken, memory_order_acquire) == NAPS_MAX) {
        atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
        return;
    }
    ring->naps[written % NAPS_MAX] = ring->now;
    atomic_store_explicit(&ring->written, written + 1, memory_order_release);
}

void naps_end(struct naps *naps, unsigned vcpu)
{
    if (naps == NULL || !naps->rings[vcpu].open) {
        return;
    }
    struct nap_ring *ring = &naps->rings[vcpu];
    ring->open = false;
    ring->now.end = clock_now_ns();
    ring_put(ring);
}

bool naps_take(struct naps *naps, unsigned vcpu, struct nap *nap)
{
    struct nap_ring *ring = &naps->rings[vcpu];
    unsigned taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);

    if (taken == atomic_load_explicit(&ring->written, memory_order_acquire)) {
        return false;
    }
    *nap = ring->naps[taken % NAPS_MAX];
    atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
    return true;
}

uint64_t naps_lost(struct naps *naps, unsigned vcpu)
{
    return atomic_exchange_explicit(&naps->rings[vcpu].lost, 0, memory_order_relaxed);
}
