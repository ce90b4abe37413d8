/* SPDX-License-Identifier: BSD-2-Clause */
/* What a thread of the explorer does: one call of the library's interface, and what came of it. */
#ifndef EXPLORE_ACTION_H
#define EXPLORE_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VCPU_MAX = 4,
    THREAD_MAX = 5,
    SLEEP_MAX = 6, /* states */
    ACTION_MAX = 6 /* in one thread */
};

enum action_kind {
    DO_CALL, /* vpsci_call(), of `function` */
    DO_NEXT,
    DO_MP_SET, /* vpsci_mp_state_set() to `argument` */
    DO_WAKE,
    DO_ACCEPT, /* vpsci_answer() with SUCCESS */
    DO_REFUSE, /* with DENIED */
    DO_STATE,
    DO_COUNT,
    DO_SAVE
};

struct action {
    uint8_t kind;
    uint8_t vcpu; /* that it is about */
    uint8_t function;
    uint8_t argument; /* a vCPU, an index into the table of states, a mode */
    uint8_t token;    /* what tells its payload from all others, not 0 */
};

/* What came of it, in numbers that can be compared. Unused fields are 0. */
struct result {
    int64_t value;  /* x0, or what the function returned */
    uint8_t action; /* of struct vpsci_outcome */
    uint8_t wait;
    uint8_t start;    /* the vCPU to kick, plus 1 */
    uint8_t entry;    /* the token of the entry */
    uint8_t pending;  /* there is a request */
    uint8_t function; /* of the request */
    uint8_t target;   /* of the request: a vCPU, plus 1 */
    uint8_t token;    /* of the request's payload */
};

/* A payload that is made of parts of several. */
enum { TOKEN_MIXED = 0xff };

/* Called by the owner of the vCPU only. */
static inline bool is_owners(const struct action *action)
{
    return action->kind <= DO_MP_SET;
}

static inline bool is_answer(const struct action *action)
{
    return action->kind == DO_ACCEPT || action->kind == DO_REFUSE;
}

/* Reads "on 1" and the like. False if it is none. */
bool action_read(const char *text, size_t length, struct action *action);
/* Writes it as it is read. */
void action_write(const struct action *action, char *text, size_t size);

#endif
