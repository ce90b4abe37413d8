/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the specification share. */
#ifndef EXPLORE_STEP_H
#define EXPLORE_STEP_H

#include "spec.h"

/* A step of a call: what it is about, and where its result goes. */
struct step {
    struct spec *spec;
    struct spec_vcpu *vcpu;
    const struct action *action;
    const struct circumstances *around;
    struct result *result;
    uint32_t variant;
};

/* spec.c */
bool spec_is_off(const struct spec_vcpu *vcpu);
void spec_become(struct spec_vcpu *vcpu, enum spec_state state);
void spec_answer(struct step *step, int64_t value);
void spec_wait(struct step *step, enum vpsci_wait wait);
/* The request that comes with a wait for an answer. */
void spec_show_request(struct step *step);
void spec_wait_stopped(struct step *step);
/* Is a call going on that may be half way through changing this vCPU? */
bool spec_is_being_changed(const struct step *step, uint8_t vcpu);
/* The host turns on a vCPU: it counts for a moment, even if a CPU_ON comes first. */
bool spec_host_turns_on(const struct step *step);
bool spec_is_ready(const struct spec_vcpu *vcpu);
/* An answer that has been given, and is not back yet: to this vCPU, or to any. */
bool spec_is_answered(const struct step *step, bool any);
bool spec_is_asleep(const struct spec_vcpu *vcpu);
bool spec_is_in_cpu_suspend(const struct step *step);

/* spec_next.c, spec_call.c, spec_host.c: each takes effect in the step's variant, or returns false.
 */
bool spec_next(struct step *step);
bool spec_call(struct step *step);
bool spec_do_host(struct step *step);
bool spec_save(struct step *step);

#endif
