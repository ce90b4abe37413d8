/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that run the library one access to shared memory at a time, and back.
 *
 * A call that is half way is no stack but a log: what its accesses have returned so far. A step
 * runs the call from its start, takes those values from the log without touching memory, carries
 * out one access more, runs on to where the next one would be, and leaves the call there. To take a
 * step back is to shorten a log by one value and to put one cell back.
 */
#ifndef EXPLORE_MACHINE_H
#define EXPLORE_MACHINE_H

#include "vm.h"

/* More than a thread's calls ever take, if they come to their ends. */
enum { LOG_MAX = 512 };

/* A hash of 128 bits. */
struct digest {
    uint64_t a;
    uint64_t b;
};

static inline uint64_t mix_bits(uint64_t x)
{
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

static inline struct digest digest_add(struct digest digest, uint64_t value)
{
    return (struct digest){mix_bits(digest.a ^ value) + UINT64_C(0x9e3779b97f4a7c15),
                           mix_bits(digest.b + (value ^ UINT64_C(0xa0761d6478bd642f)))};
}

/* What a step did. */
struct event {
    uint8_t thread;
    uint8_t action;
    uint8_t op;  /* enum access_op */
    bool begins; /* ... the action */
    bool ends;   /* ... with `result` */
    uint16_t cell;
    uint64_t before;
    uint64_t after;
    struct result result;
    /* To take it back. */
    uint16_t base;
    uint16_t top;
    uint16_t pending;
    bool looks;
};

struct thread {
    const struct script *script;
    uint8_t at;       /* the action that is next, or half way */
    uint16_t base;    /* where the log of the present action begins */
    uint16_t top;     /* ... and ends */
    uint16_t pending; /* the cell of the next access, plus 1; 0 before the first of an action */
    bool looks;       /* that access changes nothing */
    uint64_t values[LOG_MAX];
    struct digest digests[LOG_MAX + 1]; /* of the position and the log, up to each value */
};

struct machine {
    struct arena arena;
    struct digest memory; /* of the arena, kept up to date */
    struct vpsci_vm *vm;
    uint32_t thread_count;
    struct thread threads[THREAD_MAX];
};

extern struct machine machine;

/* Makes the VM, and runs the setup. False if the library refuses the configuration. */
bool machine_start(const struct program *program);
/* Runs an action of the setup. */
void machine_run(const struct action *action, struct result *result);
bool machine_is_over(uint32_t thread);
/* The thread is inside the library. */
bool machine_is_inside(uint32_t thread);
/* One step of a thread that is not over. False if its call does not come to an end. */
bool machine_step(uint32_t thread, struct event *event);
void machine_step_back(const struct event *event);
struct digest machine_digest(void);

#endif
