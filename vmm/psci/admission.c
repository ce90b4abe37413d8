/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci/admission.h"

#include <stdatomic.h>
#include <stdlib.h>

/*
 * `admitted` changes only while the vCPUs' threads are parked, and their gates' locks order that
 * against what they do: relaxed. `refused` goes up by a vCPU's thread and down by main, and carries
 * nothing but itself; `any_refused` is raised behind it, with release, and lowered before the flags
 * are read, with acquire.
 */
struct place {
    _Atomic bool admitted;
    _Atomic bool refused;
    bool told;    /* main's: of a refusal, since the vCPU was last admitted */
    bool leaving; /* main's */
};

struct admission {
    _Atomic bool any_refused;
    unsigned count;
    unsigned next; /* main's: where the search for refusals goes on; `count`: nowhere */
    struct place places[];
};

struct admission *admission_create(unsigned count, unsigned admitted)
{
    struct admission *admission =
        calloc(1, sizeof(*admission) + count * sizeof(admission->places[0]));

    if (admission == NULL) {
        return NULL;
    }
    admission->count = count;
    admission->next = count;
    for (unsigned i = 0; i < count; i++) {
        atomic_init(&admission->places[i].admitted, i < admitted);
    }
    return admission;
}

void admission_destroy(struct admission *admission)
{
    free(admission);
}

bool admission_ask(struct admission *admission, unsigned vcpu)
{
    struct place *place = &admission->places[vcpu];

    if (atomic_load_explicit(&place->admitted, memory_order_relaxed)) {
        return true;
    }
    atomic_store_explicit(&place->refused, true, memory_order_relaxed);
    atomic_store_explicit(&admission->any_refused, true, memory_order_release);
    return false;
}

bool admission_has(const struct admission *admission, unsigned vcpu)
{
    return atomic_load_explicit(&admission->places[vcpu].admitted, memory_order_relaxed);
}

void admission_set(struct admission *admission, unsigned vcpu, bool admitted)
{
    struct place *place = &admission->places[vcpu];

    atomic_store_explicit(&place->admitted, admitted, memory_order_relaxed);
    place->told = place->told && !admitted;
}

bool admission_next_refused(struct admission *admission, unsigned *vcpu)
{
    if (atomic_exchange_explicit(&admission->any_refused, false, memory_order_acquire)) {
        admission->next = 0;
    }
    while (admission->next < admission->count) {
        struct place *place = &admission->places[admission->next];

        *vcpu = admission->next++;
        if (atomic_exchange_explicit(&place->refused, false, memory_order_relaxed) &&
            !place->told) {
            place->told = true;
            return true;
        }
    }
    return false;
}

bool admission_is_leaving(const struct admission *admission, unsigned vcpu)
{
    return admission->places[vcpu].leaving;
}

void admission_set_leaving(struct admission *admission, unsigned vcpu, bool leaving)
{
    admission->places[vcpu].leaving = leaving;
}
