/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Looks from time to time which vCPUs are on. This is for the kernel as backend, which does not
 * report CPU_ON and CPU_OFF. KVM counts hypercalls, and reading the counts stops no vCPU; only if
 * there were any are the vCPUs stopped and asked. Main thread only.
 */
#ifndef DORMOUSE_PSCI_OBSERVE_H
#define DORMOUSE_PSCI_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/delay.h"

struct psci_backend;

/** All zero: closed. */
struct observe {
    struct delay delay;
    unsigned cpu_count;
    bool counts;         /* the vCPUs of the VM that is on count hypercalls */
    uint64_t hypercalls; /* at the last look */
};

/** Creates what outlives a reboot, for backend->observer. 0 or -errno. */
int observe_open(struct psci_backend *backend, unsigned cpu_count);
/** A closed one is ignored, here and below. */
void observe_close(struct psci_backend *backend);

/** A new VM: the next observe_set() makes its vCPUs count. */
void observe_forget(struct psci_backend *backend);
/** Starts or stops looking. */
void observe_set(struct psci_backend *backend, bool on);

#endif
