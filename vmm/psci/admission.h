/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which vCPUs a CPU_ON may start: the operator's word. The vCPUs' threads ask, the main thread
 * decides; it does so while all vCPUs are paused, so that no CPU_ON is half way through then.
 */
#ifndef DORMOUSE_PSCI_ADMISSION_H
#define DORMOUSE_PSCI_ADMISSION_H

#include <stdbool.h>

struct admission;

/* The first `admitted` of `count` vCPUs may be started. NULL: no memory. */
struct admission *admission_create(unsigned count, unsigned admitted);
/* NULL is ignored. */
void admission_destroy(struct admission *admission);

/* May this vCPU be started now? If not, that is kept for the main thread. Any vCPU's thread. */
bool admission_ask(struct admission *admission, unsigned vcpu);

/* What follows is the main thread's. */

bool admission_has(const struct admission *admission, unsigned vcpu);
/* With all vCPUs paused. One that is on when it is withdrawn leaves once it is off. */
void admission_admit(struct admission *admission, unsigned vcpu);
void admission_withdraw(struct admission *admission, unsigned vcpu);

/*
 * The vCPU is off. True, once: it was withdrawn while it was on, and has left now. NULL, for a
 * machine whose vCPUs are all the guest's for good: false.
 */
bool admission_saw_off(struct admission *admission, unsigned vcpu);

/*
 * The next vCPU that somebody wanted to start in vain; false: none. A guest that tries again and
 * again is told of once, until the vCPU has been admitted.
 */
bool admission_next_refused(struct admission *admission, unsigned *vcpu);

#endif
