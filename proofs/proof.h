/* SPDX-License-Identifier: BSD-2-Clause */
/* What every proof is written with; README.md explains one. */
#ifndef PROOFS_PROOF_H
#define PROOFS_PROOF_H

#include "lib/record.h"

/* PROOF_VCPUS is given on the command line: proofs/list says how many. */
#ifndef PROOF_VCPUS
#define PROOF_VCPUS 2
#endif

enum {
    VCPUS = PROOF_VCPUS,
    STATES = 3,
    ROW = 3 * (STATES - 1) /* cells of the domains that a vCPU is the first of, at most */
};

/* A claim about these holds for all values. */
bool nondet_bool(void);
uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);

/* Restricts what the claims are about. */
#define assume(condition) __CPROVER_assume(condition)
/* The claim. */
#define check(condition, text) __CPROVER_assert(condition, text)
/* The condition can be true here, so that the claims are not empty: tools/prove.sh expects CBMC to
 * find a way. Without these a mutant's run ends at the first claim that fails. */
#ifdef PROOF_WITHOUT_REACH
#define reach(condition, text) ((void)(condition))
#else
#define reach(condition, text) __CPROVER_assert(!(condition), "reach: " text)
#endif

extern struct vpsci_vm vm;
#define vcpus(index) (*vpsci__vcpu(&vm, index))

/** Makes `vm` a VM of any configuration that vpsci_init() accepts, without statistics. */
void any_vm(void);
/** Gives it statistics too. */
void with_statistics(void);
/** Puts it into any state that a record can have: each state between two calls. */
void any_state(void);
/** any_vm() in any_state(). */
void any_world(void);

/** The state as it was when remember() was called. */
struct world {
    struct vpsci_vm vm;
    struct vpsci_vcpu vcpus[VCPUS];
    enum vpsci_state states[VCPUS];
    uint64_t rows[VCPUS][ROW];
};
extern struct world old;
void remember(void);

/** Checks that the state between two calls is one again: it can be saved, the record can be
 *  restored, and the census and the domains count what the vCPUs' words say. Changes the state. */
void check_state(void);

/** Frame conditions. NOBODY stands for no vCPU. */
enum cell { CENSUS = 1, SYSTEM = 2, VERSION = 4, PROTECT = 8, RESIDENT = 16 };
enum { NOBODY = VPSCI__NOBODY };
/** The VM's cells are as remembered, except these. */
void check_vm_same(unsigned except);
/** So are all vCPUs, except these two. Domains may have changed. */
void check_others_same(uint32_t one, uint32_t two);
/** Nothing has changed. */
void check_same(void);

/** A call of a function by any vCPU that is on, with any arguments of either width. */
extern struct vpsci__invocation call;
extern struct vpsci_guest_call guest;
extern struct vpsci_outcome out;
extern uint32_t caller;
void any_call(enum vpsci_function function);
static inline uint64_t arg(uint32_t n)
{
    return vpsci__arg(&call, n);
}

/** What ops->entry_is_valid() and the rule of alignment say of an entry point. */
bool is_entry(uint64_t address);
/** The entry that the specification derives from what the call gives. */
void check_entry(const struct vpsci_vcpu *vcpu, uint64_t address, uint64_t context);

/** The state of a vCPU now. */
static inline enum vpsci_state state_of(uint32_t index)
{
    return vpsci_vcpu_state(&vcpus(index));
}

/** The call has returned this result and changed nothing. */
void check_refused(int64_t result, int64_t expected);

/** The caller, which has just gone down, has taken its domain of level 1 with it if all cores agree:
 *  into the shallowest state that one of them asked for. Platform-coordinated mode. */
void check_agreed(void);

/** The outcome is this wait. */
void check_wait(enum vpsci_wait wait);

#endif
