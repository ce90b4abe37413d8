/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the control VM has to be told. Nothing can be lost or overflow: there is no queue, but a bit
 * for each vCPU and kind of event. Its interrupt is pending while there is something to tell. Any
 * core.
 */
#ifndef HYP_EVENTS_H
#define HYP_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "vm.h"

enum events_kind {
    EVENTS_NONE = 0,
    EVENTS_REQUEST = 1, /* the vCPU waits for an answer */
    EVENTS_WAKE = 2     /* the vCPU, in SYSTEM_SUSPEND or MP state SUSPENDED, was woken */
};

/* Returns false if there is no control VM that could ever be told. */
bool events_post(const struct vcpu *vcpu, enum events_kind kind);
/* The request has been answered. */
void events_settle(const struct vcpu *vcpu);
/* The next thing to tell: its vCPU, or NULL. */
struct vcpu *events_next(enum events_kind *kind);
/* The control VM was reset: requests without an answer are to be told again. */
void events_repeat(void);
/* The control VM starts, or ends: until it starts, nothing can be posted. Returns a bit for each core
 * whose request had no answer. */
void events_open(struct vm *control);
uint32_t events_close(void);

#endif
