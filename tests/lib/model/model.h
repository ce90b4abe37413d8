/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What <vpsci/vpsci.h> promises, as a program that is too simple to be wrong in the same way as the
 * library: one thread, plain fields, a scan wherever something is to be known of all vCPUs. It was
 * written from the header and the specification, and shares nothing with lib/ but the header.
 *
 * vCPUs are indices here; MODEL_NONE is no vCPU, and no entry of the table of power states.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <vpsci/vpsci.h>

enum { MODEL_VCPU_MAX = 130, MODEL_LEVELS = VPSCI_LEVEL_MAX + 1, MODEL_NONE = -1 };

/** Numbers of the specification, not taken from the library, where these may be wrong: the affinity
 *  fields of an MPIDR, and the first of KVM's four function IDs for version 0.1. */
#define MODEL_AFFINITY UINT64_C(0xff00ffffff)
#define MODEL_ID_KVM   0x95c1ba5e

/** Whether two MPIDRs agree in the affinity fields from `level` up. */
static inline bool model_agrees(uint64_t one, uint64_t other, int level)
{
    static const uint64_t fields[MODEL_LEVELS] = {MODEL_AFFINITY, UINT64_C(0xff00ffff00),
                                                  UINT64_C(0xff00ff0000), UINT64_C(0xff00000000)};

    return ((one ^ other) & fields[level]) == 0;
}

/** What vpsci_next() has to hand out, once, when nothing else stands in its way. */
enum model_ready { MODEL_READY_NOT, MODEL_READY_RETURN, MODEL_READY_ENTER };

/** `struct vpsci_request`, with whole entries, and indices for pointers. */
struct model_request {
    bool pending;
    enum vpsci_function function;
    int target;
    struct vpsci_entry entry;
    uint32_t type;
    uint64_t cookie;
};

/** A time that a core or a domain spends in a low-power state. */
struct model_stay {
    int entry;      /**< which, as an index into the table of power states; or MODEL_NONE */
    bool counts;    /**< in the statistics */
    uint64_t since; /**< when it began */
};

struct model_vcpu {
    enum vpsci_state state; /**< what vpsci_vcpu_state() says */
    enum model_ready ready;
    enum vpsci_wait ended;    /**< by what is ready */
    int result;               /**< of MODEL_READY_RETURN, in the words of the newest version */
    struct vpsci_entry entry; /**< of MODEL_READY_ENTER, or where it starts when woken */
    bool frozen;              /**< what a CPU_ON that is refused returns it to */
    bool woken;               /**< a wake came while a SYSTEM_SUSPEND was considered */
    struct model_request request;

    /* For its power domains. */
    bool down;
    bool suspended;         /**< by a suspend call, not off */
    bool keeps_context;     /**< by a suspend call in standby */
    int vote[MODEL_LEVELS]; /**< the entry that it asks for at each level, or MODEL_NONE */
    struct model_stay stay; /**< at level 0 */
};

struct model_counter {
    uint64_t count;
    uint64_t residency;
};

struct model {
    const struct vpsci_config *config;
    const struct vpsci_power_state *states; /**< the configuration's, or those that go for none */
    int state_count;
    int count;   /**< of vCPUs */
    int highest; /**< level in the table */
    /** The lowest index of the vCPUs in each vCPU's domain of each level. */
    int lead[MODEL_LEVELS][MODEL_VCPU_MAX];

    uint64_t now; /**< the clock; the model's user sets it */
    uint32_t version;
    enum vpsci_system system;
    bool os_initiated;
    bool cpu_suspend_called; /**< since the mode was last changed */
    bool mem_protect;
    int resident; /**< where a Trusted OS is that lives on one core */
    struct model_vcpu vcpus[MODEL_VCPU_MAX];
    struct model_stay domains[MODEL_LEVELS]
                             [MODEL_VCPU_MAX]; /**< [level][lead]; level 0 is unused */
    struct model_counter counters[MODEL_VCPU_MAX][VPSCI_STATE_MAX]; /**< [lead][entry] */
};

/** `struct vpsci_outcome`, with indices for pointers. */
struct model_outcome {
    enum vpsci_action action;
    enum vpsci_wait wait;
    enum vpsci_wait ended;
    uint64_t x0;
    struct vpsci_entry entry;
    int start;
    struct model_request request;
};

/* model.c: what the embedder asks for. Each does what the function of libvpsci does. */
void model_init(struct model *m, const struct vpsci_config *config);
void model_reset(struct model *m);
void model_next(struct model *m, int i, struct model_outcome *out);
bool model_wake(struct model *m, int i);
int model_answer(struct model *m, int i, int result);
int model_mp_state_set(struct model *m, int i, int state);
int model_version_set(struct model *m, uint32_t version);
enum vpsci_mp_state model_mp_state(const struct model *m, int i);
uint32_t model_on_count(const struct model *m);
/** Puts `to`, a model of the same configuration, into the state of `from`. */
void model_copy(struct model *to, const struct model *from);

/* For call.c. */
bool model_is_off(const struct model_vcpu *v);
bool model_runs(const struct model *m, int i);
bool model_is_system(enum vpsci_function function);
/** A result as a guest sees it in x0, in the words of the version in force. */
uint64_t model_result(const struct model *m, int result);

/* call.c: what the guest asks for. */
void model_call(struct model *m, int i, const struct vpsci_guest_call *call,
                struct model_outcome *out);

/* power.c: cores and domains that go down and come up. */
/** Cores that are off at the start are down, and so are domains of no others. */
void model_power_init(struct model *m);
/** CPU_OFF and its like. */
void model_power_off(struct model *m, int i);
/** CPU_SUSPEND in the state `entry`, in which the core loses its context if it is a powerdown. */
void model_power_suspend(struct model *m, int i, int entry, bool powerdown);
/** CPU_DEFAULT_SUSPEND. */
void model_power_default_suspend(struct model *m, int i);
/** A core that was down runs again; one that was not is not affected. */
void model_power_up(struct model *m, int i);
/** Whether vCPU i, at level 0, or its domain of `level` is in standby. */
bool model_power_is_in_standby(const struct model *m, int level, int i);
/** The last entry of level 0 in which a core loses its context, or MODEL_NONE. */
int model_power_off_entry(const struct model *m);

/* sound.c */
/** What no VM may ever be in, in words, if this one is; else NULL. */
const char *model_unsound(const struct model *m);
/** Whether shallow states come first, as a configuration is asked to have it: no state is followed
 * by one of its level that keeps something on which it turns off. */
bool model_states_are_ordered(const struct vpsci_power_state *states, int count);

#endif
