/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What the files of the power controller share. Each may call those before it: running.c,
 * request.c, suspend.c, ask.c, power.c.
 */
#ifndef DORMOUSE_POWER_PARTS_H
#define DORMOUSE_POWER_PARTS_H

#include "power/power.h"

/* running.c: which vCPUs may run */

void power_tell(const struct power *power, struct power_news news);

/**
 * Resumes the vCPUs that may run: none while the machine is held, is paused by the operator or
 * waits for the operator's answer. Asleep, only the caller runs, and only if an interrupt may wake
 * it: a vCPU that is out of the guest cannot spin.
 */
void power_let_run(struct power *power);

/** The machine starts: this vCPU is on, and all others are off. */
void power_start_with(struct power *power, unsigned vcpu);

/** Takes all vCPUs out of the guest. While the machine is held they are out already. */
void power_pause_all(struct power *power);

/**
 * With all vCPUs paused, reads the power state of each and reports changes. Reads once, however
 * many calls are decided before a vCPU runs again. 0 or -errno.
 */
int power_observe_paused(struct power *power);

/* request.c: what the guest has been asked for */

/** Opens the request, and asks the guest in the way that there is. */
void request_open(struct power *power, enum power_request request);
/** Closes it if it is this one: the guest does what it was asked for. */
void request_close(struct power *power, enum power_request request);
/**
 * The guest is not to sleep any more, or cannot. If it was asked to, or the operator wanted its next sleep saved, that is
 * reported (REQUEST_FAILED).
 */
void request_drop_sleep(struct power *power, const char *reason);
/** The guest has woken: asks it again for what it could not do asleep. */
void request_repeat(struct power *power);
/** A pause stops the request's time, which begins again after it. */
void request_pause(struct power *power);
void request_continue(struct power *power);

/* suspend.c: a SYSTEM_SUSPEND, from the call to the wake */

/** A vCPU called SYSTEM_SUSPEND; `judged` says how its backend judged the call. 0 or -errno. */
int suspend_decide(struct power *power, unsigned vcpu, enum power_exit judged,
                   const struct suspend_call *call);

/** Ends the sleep: the guest starts again at the entry point that it named. 0 or -errno. */
int sleep_end(struct power *power, enum wake_source source);

/** The guest sleeps: saves the machine, which sleeps on if that fails. */
void sleep_save_now(struct power *power);

#endif
