/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hands: the cores, as what makes calls when the script says so. Who carries the script posts
 * orders; a core that has none waits in hand_serve().
 *
 * Between cores there are plain loads and stores with barriers: with the MMU off all memory is of
 * Device type, where exclusives need not work. Each field has one writer at a time, named below.
 */
#ifndef IMAGE_HAND_H
#define IMAGE_HAND_H

#include <stdbool.h>
#include <stdint.h>

#include "../../bare/smp.h"
#include "../scenarios/engine/scenario.h"

enum order { ORDER_CALL, ORDER_CARRY };

/* What the carrier knows of a core. */
enum hand_state {
    HAND_AWAY, /* off, as far as is known: it may come by an entry point, started by CPU_ON */
    HAND_IDLE, /* waits for orders, or carries the script */
    HAND_BUSY  /* in a call, of which nothing has been seen yet */
};

struct hand {
    struct cpu *cpu;
    /* The carrier's, and read by the core once `orders` has changed. */
    uint64_t not_before; /* CNTVCT at which the call is made; 0: at once */
    uint64_t alarm;      /* ticks after which the core's own timer fires; 0: it does not */
    struct guest_call call;
    volatile uint64_t orders;
    /* The core's, and read by the carrier once the count has changed. */
    volatile uint64_t taken;  /* orders that it has begun: what follows is the server's doing */
    volatile uint64_t events; /* how many there were */
    struct event event;       /* the last one */
    /* The core's own. */
    uint64_t served;
    /* The carrier's own; the core reads `order`, `rung` and `starts_big_endian` too. */
    uint64_t seen; /* of `events` */
    enum order order;
    enum hand_state state;
    bool rung;              /* a ring follows the order */
    bool starts_big_endian; /* its last CPU_ON was called by a core that was */
    bool given_up;          /* nothing was seen of its call for as long as one waits for that */
    bool roused;            /* an interrupt was sent since, before anything was seen */
    bool expected;          /* it is bound to be seen: it was told to start, or has been woken */
    bool pending;           /* an interrupt was sent to it while it ran */
    bool interrupt;         /* one is to come once it sleeps */
};

extern struct hand hands[CPU_MAX];

/* By the boot core: all are away but itself, which serves for ever, and begins with the script. */
__attribute__((noreturn)) void hands_start(void);
struct hand *hand_self(void);
/* Whether the core of that name carries the script. For one that knows no more of itself. */
bool hand_carries(uint64_t mpidr);
/* What SMCCC_VERSION says: which registers a call has to preserve. */
void hands_convention(uint32_t smccc_version);

/* By the carrier: has a core make a call, which may be its own, that it makes once the script has
 * left it. */
void hand_call(struct hand *hand, const struct guest_call *call, uint64_t not_before);
/* By the carrier: has an idle core carry the script. Returns on that core. */
void hand_move(struct hand *to);
/* By the carrier: makes a call itself. It comes back when the call returns or its core enters. */
void hand_call_here(struct hand *self, const struct guest_call *call, uint64_t not_before,
                    struct event *event);
/* Whether there is an event that has not been taken, and taking it. */
bool hand_has_event(const struct hand *hand);
void hand_take_event(struct hand *hand, struct event *event);

#endif
