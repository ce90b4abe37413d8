/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Looks from time to time which vCPUs are on, where the kernel answers CPU_ON and CPU_OFF and tells
 * nobody. KVM's count of hypercalls says, without a disturbance, whether there can have been one;
 * only then are the vCPUs stopped and asked. Main thread only.
 */
#ifndef DORMOUSE_PSCI_OBSERVE_H
#define DORMOUSE_PSCI_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/delay.h"

struct psci_backend;

/* All zero: closed. */
struct observe {
    struct delay delay;
    unsigned cpu_count;
    bool counts;         /* the vCPUs of the VM that is on count hypercalls */
    uint64_t hypercalls; /* at the last look */
};

/* What outlives a reboot, for backend->observer. 0 or -errno. */
int observe_open(struct psci_backend *backend, unsigned cpu_count);
/* A closed one is ignored, here and below. */
void observe_close(struct psci_backend *backend);

/* A new VM: its vCPUs, once there are any, are asked to count. */
void observe_forget(struct psci_backend *backend);
/* Starts or stops looking. */
void observe_set(struct psci_backend *backend, bool on);

#endif
