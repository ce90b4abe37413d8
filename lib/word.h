/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the atomic words hold: one word a vCPU, and two for the VM.
 *
 * A vCPU's word is its power state. Every change also increments bits 63:32. So a word
 * that is read twice with the same value did not change in between.
 */
#ifndef VPSCI_WORD_H
#define VPSCI_WORD_H

#include "atomic.h"

/* The numbers are part of the saved record: never change one, only add. */
enum vpsci__state {
    VPSCI__OFF = 0,
    VPSCI__FROZEN = 1,
    VPSCI__STARTING = 2,  /* off; the host decides on a CPU_ON */
    VPSCI__PENDING = 3,   /* CPU_ON accepted; the payload is complete */
    VPSCI__ON = 4,        /* running */
    VPSCI__RETURNING = 5, /* on; `code` waits for vpsci_next() */
    VPSCI__ASKING = 6,    /* on; waits for an answer to CPU_ON or MIGRATE */
    VPSCI__STANDBY = 7,   /* CPU_SUSPEND; `detail` is the state index */
    VPSCI__POWERDOWN = 8, /* the same, with an entry point in the payload */
    VPSCI__SUSPEND_ASKED = 9,
    VPSCI__SUSPENDED = 10,
    VPSCI__HELD = 11,
    VPSCI__SAVED_COUNT = 12, /* states above can be saved; those below are steps */

    VPSCI__CLAIMED = 12,   /* off; the payload of a CPU_ON is being written */
    VPSCI__LEAVING = 13,   /* on, until the journal says otherwise; then off as `detail` says */
    VPSCI__CHECKING = 14,  /* on; SYSTEM_SUSPEND looks whether the others are off */
    VPSCI__ANSWERING = 15, /* an answer to ASKING is being carried out */
    VPSCI__HONOURING = 16, /* SYSTEM_SUSPEND is being honoured */
    VPSCI__REVOKING = 17,  /* as LEAVING, of one that never ran: pending until then */
    VPSCI__STATE_COUNT = 18
};

/* state 7:0, code 15:8, detail 23:16, flags 31:24, count of changes 63:32 */
#define VPSCI__WAKE      (UINT64_C(1) << 24) /* a wake came; vpsci_next() ends the wait */
#define VPSCI__UNSETTLED (UINT64_C(1) << 25) /* its domains and statistics are not up to date yet */
#define VPSCI__COUNTED   (UINT64_C(1) << 26) /* asleep, and its domains count it as up */
#define VPSCI__CHANGE    (UINT64_C(1) << 32)

static inline enum vpsci__state vpsci__state_of(uint64_t word)
{
    return (enum vpsci__state)(word & 0xff);
}

/* The core is off, or in a state that has a count in its domains. */
static inline bool vpsci__is_down(uint64_t word)
{
    const uint32_t down = 1U << VPSCI__OFF | 1U << VPSCI__FROZEN | 1U << VPSCI__STARTING |
                          1U << VPSCI__PENDING | 1U << VPSCI__STANDBY | 1U << VPSCI__POWERDOWN |
                          1U << VPSCI__CLAIMED | 1U << VPSCI__SUSPENDED | 1U << VPSCI__LEAVING |
                          1U << VPSCI__HONOURING | 1U << VPSCI__REVOKING;

    return down >> vpsci__state_of(word) & 1;
}

static inline uint32_t vpsci__code_of(uint64_t word)
{
    return (uint32_t)(word >> 8 & 0xff);
}

static inline uint32_t vpsci__detail_of(uint64_t word)
{
    return (uint32_t)(word >> 16 & 0xff);
}

/* What a vCPU was, or is to be, when it is off: OFF or FROZEN. In CLAIMED, STARTING, LEAVING and
 * REVOKING it is the detail. */
static inline enum vpsci__state vpsci__off_of(uint64_t word)
{
    return (enum vpsci__state)(word >> 16 & 0xff);
}

/* The word that follows `word` when the state becomes `state`; code, detail and flags are 0. */
static inline uint64_t vpsci__to(uint64_t word, enum vpsci__state state)
{
    /* The lower half becomes 0 and carries into the count, with nothing to shift. */
    return (word | UINT32_MAX) + 1 + (uint64_t)state;
}

static inline uint64_t vpsci__with_detail(uint64_t word, uint32_t detail)
{
    return word | (uint64_t)detail << 16;
}

/* The word that follows `word` when the guest is to get `result`, 0 or a negative number. */
static inline uint64_t vpsci__to_returning(uint64_t word, int result)
{
    return vpsci__to(word, VPSCI__RETURNING) | (uint64_t)(uint8_t)-result << 8;
}

/*
 * The census:
 *   15:0   how many vCPUs are not off
 *   31:16  the journal: the vCPU that the last decrement turned off; its own word may not say so
 *          yet. Any thread that finds one there completes it; see vpsci__leave().
 *   63:32  how many entries the journal has had
 *
 * The system's word:
 *   15:0   the vCPU whose system request is undecided
 *   17:16  where the system is, enum vpsci__stage
 *   18     OS-initiated mode
 *   19     CPU_SUSPEND was called since the mode was last chosen
 *   63:20  how often the host turned on a vCPU
 */
enum vpsci__stage {
    VPSCI__RUNNING = 0,
    VPSCI__STOP_ASKED = 1,
    VPSCI__STOP_ANSWERED = 2, /* an answer is being carried out */
    VPSCI__STOPPED = 3
};

#define VPSCI__NOBODY       UINT32_C(0xffff)
#define VPSCI__OS_INITIATED (UINT64_C(1) << 18)
#define VPSCI__MODE_USED    (UINT64_C(1) << 19)
#define VPSCI__STARTED      (UINT64_C(1) << 20)

static inline uint32_t vpsci__count_of(uint64_t census)
{
    return (uint32_t)(census & 0xffff);
}

static inline uint32_t vpsci__journal_of(uint64_t census)
{
    return (uint32_t)(census >> 16 & 0xffff);
}

static inline uint64_t vpsci__with_journal(uint64_t census, uint32_t index)
{
    return (census & ~(UINT64_C(0xffff) << 16)) | (uint64_t)index << 16;
}

static inline uint32_t vpsci__actor_of(uint64_t system)
{
    return (uint32_t)(system & 0xffff);
}

static inline enum vpsci__stage vpsci__stage_of(uint64_t system)
{
    return (enum vpsci__stage)(system >> 16 & 3);
}

/* The vCPU's system request is undecided. */
static inline bool vpsci__is_actor(uint64_t system, uint32_t index)
{
    return vpsci__stage_of(system) == VPSCI__STOP_ASKED && vpsci__actor_of(system) == index;
}

static inline uint64_t vpsci__with_stage(uint64_t system, enum vpsci__stage stage, uint32_t actor)
{
    return (system & ~UINT64_C(0x3ffff)) | (uint64_t)stage << 16 | actor;
}

#endif
