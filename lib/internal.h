/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the library share. Words and their orders: word.h and atomic.h. */
#ifndef VPSCI_INTERNAL_H
#define VPSCI_INTERNAL_H

#include "vpsci/vpsci.h"
#include "word.h"

/* What a VM has, besides enum vpsci_capability: the same bits, further up. */
enum {
    VPSCI__HAS_RESIDENT = 1 << 16,   /* a Trusted OS on one core */
    VPSCI__HAS_STATISTICS = 1 << 17, /* the capability, the memory and the clock */
    VPSCI__HAS_RANGES = 1 << 18,     /* MEM_PROTECT, and the host says what is covered */
    VPSCI__HAS_ENTRY_CHECK = 1 << 19 /* the host says which entry points are valid */
};

/*
 * A vCPU. The payload, `entry` to `form`, is written by the thread that put the word into CLAIMED
 * (of an off vCPU) or by the owner (of a running one), before the word publishes it.
 */
struct vpsci_vcpu {
    struct vpsci__cell word;
    struct vpsci__cell entry;   /* address; SYSTEM_RESET2, SYSTEM_OFF2: type */
    struct vpsci__cell context; /* context ID; SYSTEM_RESET2: cookie */
    struct vpsci__cell form;    /* VPSCI__FORM_*, function and peer */
    uint32_t affinity;          /* Aff3 31:24 ... Aff0 7:0 */
    uint32_t offset;            /* from the VM, in bytes */
    uint16_t index;
    uint16_t domain[VPSCI_LEVEL_MAX]; /* the first vCPU of its domain of level 1, 2, 3 */
};

/* form: function 7:0, flags, peer 31:16: with an entry, whose call it was; of ASKING, the target */
#define VPSCI__FORM_AARCH32    (UINT64_C(1) << 8)
#define VPSCI__FORM_THUMB      (UINT64_C(1) << 9)
#define VPSCI__FORM_BIG_ENDIAN (UINT64_C(1) << 10)

/*
 * What is not in a cell is written by vpsci_init() only, and read by all. vpsci_init(), vpsci_reset()
 * and vpsci_restore() are exclusive: the embedder orders them before and after all other calls.
 * vpsci_reset() and vpsci_restore() write cells only.
 */

/* A VM. In memory follow the vCPUs, a row of cells for each vCPU with the domains that it may be the
 * first of (domain.c), and the two halves of the table that vpsci_find() uses. */
struct vpsci_vm {
    _Alignas(VPSCI_ALIGNMENT) struct vpsci__cell census;
    struct vpsci__cell system;
    struct vpsci__cell version;
    struct vpsci__cell offers;   /* see vpsci__offers() */
    struct vpsci__cell protect;  /* MEM_PROTECT is on */
    struct vpsci__cell resident; /* index of the vCPU with the Trusted OS */
    const struct vpsci_power_state *states;
    struct vpsci__cell *statistics; /* NULL without */
    uint16_t *slots;
    uint32_t vcpu_count;
    uint32_t state_count;
    uint32_t has;           /* enum vpsci_capability, VPSCI__HAS_* */
    uint32_t smccc_version; /* as configured, or the default */
    uint32_t ids_0_1[VPSCI_ID_0_1_COUNT];
    uint64_t factor;    /* of the hash */
    uint8_t slot_shift; /* from a hash to a slot */
    uint8_t highest;    /* the highest level in the table of states */
    /* What a core that is off agrees to: the last state index of each level (of level 0, the last
     * that is OFF), or NO_STATE. */
    uint8_t deepest[VPSCI_LEVEL_MAX + 1];
    uint8_t shallowest[VPSCI_LEVEL_MAX + 1]; /* the first state index of each level */
    /* Where in a row of cells the domain of level 1, 2, 3 is; and how many cells a row has. */
    uint8_t row_at[VPSCI_LEVEL_MAX + 1];
    struct vpsci_config config; /* fields that the embedder's is too small for are zero */
};

_Static_assert(sizeof(struct vpsci_vcpu) <= 48,
               "with its slots a vCPU is to cost 64 bytes at most");

/* One call, decoded. */
struct vpsci__invocation {
    struct vpsci_vm *vm;
    struct vpsci_vcpu *vcpu;
    const struct vpsci_guest_call *call;
    struct vpsci_outcome *out;
    uint64_t mask;     /* of what the call's width allows in arguments and result */
    uint32_t function; /* its number, or one of these */
};

enum {
    VPSCI__FN_UNKNOWN = VPSCI_FID_COUNT, /* an ID of PSCI's range without a function */
    VPSCI__FN_GENERAL                    /* an ID of another range */
};

/* An argument that is as wide as the call. One that has 32 bits in an SMC64 call too is cast by the
 * handler that reads it. */
static inline uint64_t vpsci__arg(const struct vpsci__invocation *call, uint32_t n)
{
    return call->call->args[n] & call->mask;
}

/* What every outcome defines; see struct vpsci_outcome. */
static inline void vpsci__begin_outcome(struct vpsci_outcome *out, enum vpsci_action action)
{
    out->action = action;
    out->wait = VPSCI_WAIT_NOT;
    out->ended = VPSCI_WAIT_NOT;
    out->start = NULL;
    out->request.pending = false;
}

#include "placement.h" /* vpsci__vcpu(), vpsci__vm(), vpsci__domain_row() */

static inline bool vpsci__is_off(uint64_t word)
{
    return vpsci__state_of(word) <= VPSCI__FROZEN;
}

/* dispatch.c: handlers return a PSCI result, or any value after they made `out` a wait */
#define FUNCTION(name, handler, widths, since, arguments, starts, needs)                           \
    int64_t vpsci__##handler(struct vpsci__invocation *call);
#include "functions.def"

void vpsci__dispatch(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *guest,
                     struct vpsci_outcome *out);
void vpsci__dispatch_unless_waiting(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *guest,
                                    struct vpsci_outcome *out);

/* general.c */
void vpsci__choose_other(struct vpsci__invocation *call, uint32_t id);
int64_t vpsci__unknown(struct vpsci__invocation *call);
int64_t vpsci__general(struct vpsci__invocation *call);
static inline void vpsci__choose(struct vpsci__invocation *call, uint32_t number, bool wide)
{
    call->function = number;
    call->mask = wide ? UINT64_MAX : UINT32_MAX;
}

/* functions.c. From SMCCC 1.3 on the hint is no part of an ID. */
uint64_t vpsci__offers(const struct vpsci_vm *vm, uint32_t version);
bool vpsci__find_legacy(const struct vpsci_vm *vm, uint32_t id, uint32_t *number);
bool vpsci__has_function(const struct vpsci_vm *vm, uint32_t number);
static inline bool vpsci__is_legacy(const struct vpsci_vm *vm)
{
    return vpsci__load(&vm->version) == VPSCI_VERSION_0_1;
}
static inline bool vpsci__is_psci_id(uint32_t id)
{
    return (id & ~VPSCI_FID_BIT_64) - VPSCI_FID_32 < VPSCI_FID_COUNT;
}
/* Is the function of this ID offered to this caller? In version 0.1 nothing is. */
static inline bool vpsci__is_offered(const struct vpsci__invocation *call, uint32_t id)
{
    uint32_t wide = id & VPSCI_FID_BIT_64 ? 32 : 0;

    return vpsci__is_psci_id(id) && !(wide && call->call->aarch32) &&
           (vpsci__load(&call->vm->offers) >> (wide + id % VPSCI_FID_COUNT) & 1);
}
static inline uint32_t vpsci__drop_hint(const struct vpsci_vm *vm, uint32_t id)
{
    return (id & VPSCI_FID_BIT_FAST) && vm->smccc_version >= VPSCI_SMCCC_1_3
               ? id & ~VPSCI_FID_BIT_HINT
               : id;
}

/* next.c */
int64_t vpsci__wait(struct vpsci__invocation *call, enum vpsci_wait wait);
int64_t vpsci__ask(struct vpsci__invocation *call, const struct vpsci_vcpu *target);

/* entry.c */
bool vpsci__entry_is_valid(const struct vpsci__invocation *call, uint32_t n);
void vpsci__entry_write(const struct vpsci__invocation *call, uint32_t n, struct vpsci_vcpu *vcpu);
bool vpsci__entry_is_aligned(uint64_t address, uint64_t form);

/* journal.c */
uint64_t vpsci__settled(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu);
void vpsci__complete_leaving(struct vpsci_vcpu *vcpu, uint64_t leaving);

/* affinity.c */
int64_t vpsci__affinity_of(const struct vpsci_vm *vm, uint64_t word);
int64_t vpsci__affinity_of_group(const struct vpsci__invocation *call, uint32_t affinity,
                                 uint32_t mask);

/* cpu_off.c */
bool vpsci__leave(struct vpsci_vcpu *vcpu, uint64_t word, enum vpsci__state off, bool was_up);

/* request.c */
void vpsci__request(const struct vpsci_vcpu *vcpu, bool stops, struct vpsci_request *request);

/* mpidr.c */
bool vpsci__find_prepare(struct vpsci_vm *vm);
uint16_t vpsci__first_by_affinity(const struct vpsci_vm *vm, uint32_t i, uint32_t level);
struct vpsci_vcpu *vpsci__target(const struct vpsci_vm *vm, uint64_t mpidr);
uint32_t vpsci__slot_bits(uint32_t vcpu_count);
/* Of an MPIDR without other bits than affinity fields. */
static inline uint32_t vpsci__pack(uint64_t mpidr)
{
    return (uint32_t)(mpidr >> 8 & 0xff000000) | (uint32_t)mpidr;
}

/* power_states.c */
bool vpsci__states_prepare(struct vpsci_vm *vm);
uint32_t vpsci__state_index(const struct vpsci_vm *vm, uint32_t power_state);
uint32_t vpsci__state_at(const struct vpsci_vm *vm, uint32_t state_index, uint32_t level);
bool vpsci__is_powerdown(const struct vpsci_vm *vm, uint32_t state_index);

/* domain_tree.c */
extern const uint32_t vpsci__domains_left_out; /* capabilities that this build does not have */
extern const uint8_t vpsci__level_most;        /* of a power state */
uint32_t vpsci__row_cells(const struct vpsci_power_state *states, uint32_t count, uint32_t level,
                          uint8_t *shallowest);
bool vpsci__domains_prepare(struct vpsci_vm *vm);

/* suspend_mode.c */
int vpsci__permit_suspend(struct vpsci__invocation *call, uint32_t state_index);

/* Is there anything to keep besides the vCPUs' words: domains above the core, or statistics? */
static inline bool vpsci__accounts(const struct vpsci_vm *vm)
{
    return vm->highest > 0 || vm->statistics;
}

/* domain.c */
bool vpsci__stays_counted(const struct vpsci_vm *vm, uint32_t state_index);
void vpsci__went_down(const struct vpsci_vcpu *vcpu, uint64_t word, bool by_os);
void vpsci__came_up(const struct vpsci_vcpu *vcpu, uint64_t word);
int vpsci__os_may(const struct vpsci_vcpu *vcpu, uint32_t state_index);
uint32_t vpsci__node_state(const struct vpsci_vm *vm, uint32_t first, uint32_t level);
uint32_t vpsci__nodes(const struct vpsci_vm *vm, uint32_t index);
bool vpsci__nodes_settled(const struct vpsci_vm *vm);
void vpsci__nodes_set(const struct vpsci_vm *vm, uint32_t index, uint32_t nodes);
void vpsci__nodes_recount(const struct vpsci_vm *vm);
void vpsci__nodes_reset(const struct vpsci_vm *vm);

/* statistics.c */
extern const uint32_t vpsci__statistics_left_out; /* capabilities that this build does not have */
uint32_t vpsci__core_state(const struct vpsci_vm *vm, uint64_t word);
void vpsci__stat_enter(const struct vpsci_vm *vm, uint32_t index, uint32_t level,
                       uint32_t state_index);
void vpsci__stat_undo(const struct vpsci_vm *vm, uint32_t index, uint32_t level,
                      uint32_t state_index);
void vpsci__stat_leave(const struct vpsci_vm *vm, uint32_t index, uint32_t level,
                       uint32_t state_index);
struct vpsci__cell *vpsci__stat_row(const struct vpsci_vm *vm, uint32_t index);
uint32_t vpsci__stat_cells(uint32_t state_count);

/* version.c */
bool vpsci__version_known(uint32_t version);
int vpsci__older_result(uint32_t version, int result);
/* The code that the version in force has for a result. */
static inline int vpsci__result(const struct vpsci_vm *vm, int result)
{
    uint32_t version = (uint32_t)vpsci__load(&vm->version);

    return version >= VPSCI_VERSION_1_0 ? result : vpsci__older_result(version, result);
}

#endif
