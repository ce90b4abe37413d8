/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci/observe.h"

#include "base/clock.h"
#include "psci/backend.h"

/*
 * The time between two looks: at least LOOK_NANOSECONDS, and PAUSE_PER_LOOK times as long as the
 * last look took. With hundreds of vCPUs a look is long, and the guest must be able to run in
 * between.
 */
#define LOOK_NANOSECONDS INT64_C(100000000)
enum { PAUSE_PER_LOOK = 10 };

static uint64_t sum_hypercalls(const struct psci_backend *backend)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < backend->observe.cpu_count; i++) {
        sum += vcpu_hypercall_count(backend->vcpu[i]);
    }
    return sum;
}

static void look_for_changes(struct psci_backend *backend)
{
    uint64_t hypercalls = sum_hypercalls(backend);

    if (hypercalls == backend->observe.hypercalls) {
        return;
    }
    backend->observe.hypercalls = hypercalls;
    int error = power_observe(backend->observer.power);
    if (error != 0) {
        backend->observer.fail(backend->observer.arg, error);
    }
}

static void on_time_to_look(void *arg)
{
    struct psci_backend *backend = arg;
    int64_t start = clock_now_ns();

    look_for_changes(backend);
    int64_t pause = (clock_now_ns() - start) * PAUSE_PER_LOOK;
    delay_set(&backend->observe.delay, pause > LOOK_NANOSECONDS ? pause : LOOK_NANOSECONDS);
}

int observe_open(struct psci_backend *backend, unsigned cpu_count)
{
    backend->observe.cpu_count = cpu_count;
    return delay_open(&backend->observe.delay, backend->observer.loop, on_time_to_look, backend);
}

void observe_close(struct psci_backend *backend)
{
    delay_close(&backend->observe.delay);
}

void observe_forget(struct psci_backend *backend)
{
    backend->observe.counts = false;
    backend->observe.hypercalls = 0;
}

void observe_set(struct psci_backend *backend, bool on)
{
    struct observe *observe = &backend->observe;

    if (on && !observe->counts) {
        for (unsigned i = 0; i < observe->cpu_count; i++) {
            vcpu_count_hypercalls(backend->vcpu[i]);
        }
        observe->counts = true;
    }
    delay_set(&observe->delay, on ? LOOK_NANOSECONDS : 0);
}
