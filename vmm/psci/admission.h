/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Which vCPUs a CPU_ON may start, as the operator decides. The vCPUs' threads ask; the main thread
 * changes it while all vCPUs are paused, so that no CPU_ON is in progress then.
 */
#ifndef DORMOUSE_PSCI_ADMISSION_H
#define DORMOUSE_PSCI_ADMISSION_H

#include <stdbool.h>

struct admission;

/** The first `admitted` of `count` vCPUs may start. NULL: no memory. */
struct admission *admission_create(unsigned count, unsigned admitted);
/** NULL is ignored. */
void admission_destroy(struct admission *admission);

/**
 * Whether this vCPU may start now. If not, the refusal is noted for the main thread. Any vCPU's
 * thread.
 */
bool admission_ask(struct admission *admission, unsigned vcpu);

/* The main thread calls all that follows. */

bool admission_has(const struct admission *admission, unsigned vcpu);
/** It was withdrawn while it was on, and still is. */
bool admission_is_leaving(const struct admission *admission, unsigned vcpu);
/** With all vCPUs paused. A vCPU that is on when it is withdrawn leaves when it goes off. */
void admission_admit(struct admission *admission, unsigned vcpu);
void admission_withdraw(struct admission *admission, unsigned vcpu);

/**
 * The vCPU is off. Returns true, once, if it was withdrawn while it was on: it has left now. If
 * `admission` is NULL no vCPU is ever withdrawn: false.
 */
bool admission_saw_off(struct admission *admission, unsigned vcpu);

/**
 * The next vCPU whose start was refused; false: none. However often a guest tries, a vCPU is
 * returned once until it is admitted.
 */
bool admission_next_refused(struct admission *admission, unsigned *vcpu);

#endif
