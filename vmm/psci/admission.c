/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci/admission.h"

#include <stdatomic.h>
#include <stdlib.h>

/*
 * `admitted` changes only while the vCPUs' threads are parked, and the locks of their gates order
 * the change against their reads, so relaxed accesses do. A vCPU's thread sets `refused` and main
 * clears it; it carries no other data. `any_refused` is set after it, with release, and cleared
 * before main reads the flags, with acquire.
 */
struct candidate {
    _Atomic bool admitted;
    _Atomic bool refused;
    bool told;    /* main's: a refusal has been reported since the vCPU was last admitted */
    bool leaving; /* main's: withdrawn, and still on */
};

struct admission {
    _Atomic bool any_refused;
    unsigned count;
    unsigned next; /* main's: where the search for refusals continues; `count`: it has ended */
    struct candidate candidates[];
};

struct admission *admission_create(unsigned count, unsigned admitted)
{
    struct admission *admission =
        calloc(1, sizeof(*admission) + count * sizeof(admission->candidates[0]));

    if (admission == NULL) {
        return NULL;
    }
    admission->count = count;
    admission->next = count;
    for (unsigned i = 0; i < count; i++) {
        atomic_init(&admission->candidates[i].admitted, i < admitted);
    }
    return admission;
}

void admission_destroy(struct admission *admission)
{
    free(admission);
}

bool admission_ask(struct admission *admission, unsigned vcpu)
{
    struct candidate *candidate = &admission->candidates[vcpu];

    if (atomic_load_explicit(&candidate->admitted, memory_order_relaxed)) {
        return true;
    }
    atomic_store_explicit(&candidate->refused, true, memory_order_relaxed);
    atomic_store_explicit(&admission->any_refused, true, memory_order_release);
    return false;
}

bool admission_has(const struct admission *admission, unsigned vcpu)
{
    return atomic_load_explicit(&admission->candidates[vcpu].admitted, memory_order_relaxed);
}

bool admission_is_leaving(const struct admission *admission, unsigned vcpu)
{
    return admission->candidates[vcpu].leaving;
}

void admission_admit(struct admission *admission, unsigned vcpu)
{
    struct candidate *candidate = &admission->candidates[vcpu];

    atomic_store_explicit(&candidate->admitted, true, memory_order_relaxed);
    candidate->told = false;
    candidate->leaving = false;
}

void admission_withdraw(struct admission *admission, unsigned vcpu)
{
    struct candidate *candidate = &admission->candidates[vcpu];

    atomic_store_explicit(&candidate->admitted, false, memory_order_relaxed);
    candidate->leaving = true;
}

bool admission_saw_off(struct admission *admission, unsigned vcpu)
{
    bool left = admission != NULL && admission->candidates[vcpu].leaving;

    if (left) {
        admission->candidates[vcpu].leaving = false;
    }
    return left;
}

bool admission_next_refused(struct admission *admission, unsigned *vcpu)
{
    if (atomic_exchange_explicit(&admission->any_refused, false, memory_order_acquire)) {
        admission->next = 0;
    }
    while (admission->next < admission->count) {
        struct candidate *candidate = &admission->candidates[admission->next];

        *vcpu = admission->next++;
        if (atomic_exchange_explicit(&candidate->refused, false, memory_order_relaxed) &&
            !candidate->told) {
            candidate->told = true;
            return true;
        }
    }
    return false;
}
