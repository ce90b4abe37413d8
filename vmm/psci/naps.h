/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Stays of vCPUs in idle states, for a trace: each vCPU's thread writes, the main thread reads. A
 * guest can make any number of them, so those that find no room are counted and not kept.
 */
#ifndef DORMOUSE_PSCI_NAPS_H
#define DORMOUSE_PSCI_NAPS_H

#include <stdbool.h>
#include <stdint.h>

enum { NAPS_MAX = 256 }; /* of a vCPU, until they are read */

struct nap {
    int64_t begin; /* clock_now_ns() */
    int64_t end;
    unsigned state; /* an index into the plan of idle states */
};

struct naps;

/** NULL if there is no memory. */
struct naps *naps_create(unsigned vcpus);
/** NULL is ignored, here and by naps_begin() and naps_end(). */
void naps_destroy(struct naps *naps);

/** The vCPU's thread: it enters the state, and leaves it. */
void naps_begin(struct naps *naps, unsigned vcpu, unsigned state);
void naps_end(struct naps *naps, unsigned vcpu);

/** Main: the oldest stay that has ended and was not taken yet. False: all were taken. */
bool naps_take(struct naps *naps, unsigned vcpu, struct nap *nap);
/** Main: how many were not kept since the last call. */
uint64_t naps_lost(struct naps *naps, unsigned vcpu);

#endif
