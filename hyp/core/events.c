/* SPDX-License-Identifier: BSD-2-Clause */
#include "events.h"

/* A bit for each physical core, which is a vCPU. */
static struct {
    struct arch_lock lock; /* may be taken while a VM's lock is held */
    struct vm *control;    /* NULL: no VM is one, or it has ended */
    uint32_t open;         /* requests that wait for an answer */
    uint32_t requests;     /* those of them that the control VM does not know yet */
    uint32_t wakes;
    unsigned last; /* whose event was told last, so that no vCPU can keep others from theirs */
} events;

static uint32_t events_bit(const struct vcpu *vcpu)
{
    return UINT32_C(1) << vcpu->core;
}

/* With the lock, so that the interrupt cannot be ended after a newer event. */
static void events_signal(void)
{
    if (events.control == NULL || events.control->control_intid == 0) {
        return;
    }
    if ((events.requests | events.wakes) != 0) {
        vgic_raise(events.control, events.control->control_intid);
    } else {
        vgic_lower(events.control, events.control->control_intid);
    }
}

bool events_post(const struct vcpu *vcpu, enum events_kind kind)
{
    arch_lock(&events.lock);
    bool is_open = events.control != NULL;
    if (is_open && kind == EVENTS_REQUEST) {
        events.open |= events_bit(vcpu);
        events.requests |= events_bit(vcpu);
    } else if (is_open) {
        events.wakes |= events_bit(vcpu);
    }
    events_signal();
    arch_unlock(&events.lock);
    return is_open;
}

void events_settle(const struct vcpu *vcpu)
{
    arch_lock(&events.lock);
    events.open &= ~events_bit(vcpu);
    events.requests &= ~events_bit(vcpu);
    events_signal();
    arch_unlock(&events.lock);
}

/* The first of these cores after the last one. */
static unsigned events_turn(uint32_t cores)
{
    uint32_t later = cores & ~((UINT32_C(2) << events.last) - 1);

    return (unsigned)__builtin_ctz(later != 0 ? later : cores);
}

/* With the lock; there is one. */
static unsigned events_take(enum events_kind *kind)
{
    unsigned core = events_turn(events.requests | events.wakes);
    uint32_t bit = UINT32_C(1) << core;

    *kind = (events.wakes & bit) != 0 ? EVENTS_WAKE : EVENTS_REQUEST;
    if (*kind == EVENTS_WAKE) {
        events.wakes &= ~bit; /* It came before the request that the vCPU has made since. */
    } else {
        events.requests &= ~bit;
    }
    events.last = core;
    return core;
}

struct vcpu *events_next(enum events_kind *kind)
{
    struct vcpu *vcpu = NULL;

    *kind = EVENTS_NONE;
    arch_lock(&events.lock);
    if ((events.requests | events.wakes) != 0) {
        vcpu = vcpu_of_core(events_take(kind));
    }
    events_signal();
    arch_unlock(&events.lock);
    return vcpu;
}

void events_repeat(void)
{
    arch_lock(&events.lock);
    events.requests = events.open;
    events_signal();
    arch_unlock(&events.lock);
}

void events_open(struct vm *control)
{
    arch_lock(&events.lock);
    events.control = control;
    events.open = 0;
    events.requests = 0;
    events.wakes = 0;
    events.last = 0;
    arch_unlock(&events.lock);
}

uint32_t events_close(void)
{
    arch_lock(&events.lock);
    uint32_t open = events.open;
    events.control = NULL;
    events.open = 0;
    events.requests = 0;
    events.wakes = 0;
    arch_unlock(&events.lock);
    return open;
}
