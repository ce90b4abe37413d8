/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the library is to do, one call after the other: small, obvious, and written without a look
 * at how the library does it. The monitor compares what happened with it.
 */
#ifndef EXPLORE_SPEC_H
#define EXPLORE_SPEC_H

#include "scenario.h"
#include "vpsci/vpsci.h"

enum spec_state {
    S_OFF,
    S_FROZEN,
    S_STARTING,
    S_PENDING,
    S_ON,
    S_RETURNING,
    S_ASKING,
    S_STANDBY,
    S_POWERDOWN,
    S_SUSPEND_ASKED,
    S_SUSPENDED,
    S_HELD
};

enum spec_wake {
    NOT_WOKEN,
    WOKEN,
    MAYBE_WOKEN /* on, in SYSTEM_SUSPEND: a wake that it may or may not find kept */
};

/* What a state does not use is 0. */
struct spec_vcpu {
    uint8_t state;
    uint8_t code;   /* RETURNING: the result, negated */
    uint8_t detail; /* STANDBY, POWERDOWN: the entry; STARTING: the state before */
    uint8_t wake;
    uint8_t token;    /* the payload of STARTING, PENDING, POWERDOWN, SUSPEND_ASKED, SUSPENDED */
    uint8_t function; /* ASKING */
    uint8_t peer;     /* ASKING: its target */
    uint8_t zero;
};

enum { STAGE_RUNNING, STAGE_ASKED, STAGE_STOPPED };
enum { NO_ACTOR = 0xff };

struct spec {
    struct spec_vcpu vcpus[VCPU_MAX];
    uint8_t vcpu_count;
    uint8_t flags; /* enum scenario_flags */
    uint8_t stage;
    uint8_t actor;    /* ASKED: whose request it is */
    uint8_t function; /* of the request */
    uint8_t token;    /* of the request */
    uint8_t protect;
    uint8_t resident;
    uint8_t os_initiated;
    uint8_t mode_used;
    uint8_t zero[6];
};

/* What else goes on while a call takes effect. Some answers are allowed only then. */
struct circumstances {
    const struct action *others[THREAD_MAX]; /* begun and not over */
    bool other_is_done[THREAD_MAX];          /* it has taken effect */
    int64_t other_value[THREAD_MAX];         /* of those: the result */
    uint32_t other_count;
    bool was_running; /* the system was running at some moment of this call */
};

/* How many ways there are to take effect, the strict one first; the others are described where
 * spec.c allows them. */
enum { VARIANT_COUNT = 4 };

/* One call takes effect. False if it cannot in this variant. */
bool spec_do(struct spec *spec, const struct action *action, uint32_t variant,
             const struct circumstances *around, struct result *result);
/* Whether `actual` is what `expected` says, given that the call ends in this state. */
bool spec_fits(const struct spec *spec, const struct action *action,
               const struct circumstances *around, const struct result *expected,
               const struct result *actual);
uint32_t spec_count(const struct spec *spec);
/* It keeps no power domain up. */
bool spec_is_down(const struct spec_vcpu *vcpu);
/* A number that stands for all of a state: what SAVE returns. */
int64_t spec_digest(const struct spec *spec);

/* The table of power states, whole with SYSTEM, and the domain that each vCPU is in, with DOMAINS. */
enum { SPEC_STATES = 6, SPEC_STATES_OF_CLUSTERS = 4 };
extern const struct vpsci_power_state spec_states[SPEC_STATES];
extern const uint16_t spec_domain[VCPU_MAX];

#endif
