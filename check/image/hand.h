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

/* What the carrier knows about a core. */
enum hand_state {
    HAND_AWAY, /* off, as far as is known; CPU_ON may start it at an entry point */
    HAND_IDLE, /* waits for orders, or carries the script */
    HAND_BUSY  /* in a call; the carrier has seen no event since */
};

struct hand {
    struct cpu *cpu;
    /* Written by the carrier, and read by the core after `orders` has changed. */
    uint64_t not_before; /* CNTVCT at which the call is made; 0: at once */
    uint64_t alarm;      /* ticks after which the core's own timer fires; 0: it does not */
    struct guest_call call;
    volatile uint64_t orders;
    /* Written by the core, and read by the carrier after the count has changed. */
    volatile uint64_t taken;  /* orders that it has begun; what follows is the server's work */
    volatile uint64_t events; /* how many there were */
    struct event event;       /* the last one */
    /* The core's own. */
    uint64_t served;
    /* Written by the carrier; the core also reads `order`, `rung` and `starts_big_endian`. */
    uint64_t seen; /* of `events` */
    enum order order;
    enum hand_state state;
    bool rung;              /* a ring follows the order */
    bool starts_big_endian; /* the caller of its last CPU_ON was big-endian */
    bool given_up;          /* no event came within the time limit of its call */
    bool roused;            /* an interrupt was sent after that, before any event */
    bool expected;          /* an event must come: it was told to start, or was woken */
    bool pending;           /* an interrupt was sent to it while it ran */
    bool interrupt;         /* an interrupt is to be sent once it sleeps */
};

extern struct hand hands[CPU_MAX];

/* Called by the boot core. All others are away. The boot core carries the script first, and
 * serves for ever. */
__attribute__((noreturn)) void hands_start(void);
struct hand *hand_self(void);
/* Returns whether the core with that MPIDR carries the script, for a core that knows nothing
 * else about itself. */
bool hand_carries(uint64_t mpidr);
/* Sets which registers a call must preserve, by what SMCCC_VERSION returned. */
void hands_convention(uint32_t smccc_version);

/* Called by the carrier: has a core make a call. If it is the carrier's own core, that makes
 * the call once the script has left it. */
void hand_call(struct hand *hand, const struct guest_call *call, uint64_t not_before);
/* Called by the carrier: has an idle core carry the script. Returns on that core. */
void hand_move(struct hand *to);
/* Called by the carrier: makes a call itself. Returns when the call returns or the core enters. */
void hand_call_here(struct hand *self, const struct guest_call *call, uint64_t not_before,
                    struct event *event);
/* Returns whether there is an event that has not been taken; takes it. */
bool hand_has_event(const struct hand *hand);
void hand_take_event(struct hand *hand, struct event *event);

#endif
