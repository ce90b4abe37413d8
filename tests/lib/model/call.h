/* SPDX-License-Identifier: BSD-2-Clause */
/** Inside the model: what call.c shares with the two files that hold its functions. */
#ifndef MODEL_CALL_H
#define MODEL_CALL_H

#include "model.h"

/** A call that is carried out. */
struct model_asked {
    struct model *m;
    int caller;
    bool wide; /**< arguments have 64 bits */
    bool aarch32;
    bool big_endian;
    uint64_t args[3]; /**< no wider than that */
    struct model_outcome *out;
};

/* The ends that a call can have. */
void model_give(struct model_asked *a, int result);
/** A value that is no error code; calls with 32 bits return no more than those. */
void model_give_value(struct model_asked *a, uint64_t value);
void model_wait(struct model_asked *a, enum vpsci_state state, enum vpsci_wait wait);

/** The vCPU of that name, or MODEL_NONE if other bits are set or there is none. */
int model_target(const struct model_asked *a, uint64_t mpidr);
/** SUCCESS and the entry, or INVALID_ADDRESS (DEN0022 5.1.4, and 6.4 for its state). */
int model_entry(const struct model_asked *a, uint64_t address, uint64_t context,
                struct vpsci_entry *entry);
/** Whether a Trusted OS is there that lives on one core. */
bool model_has_resident(const struct model *m);

/* call_cpu.c */
void model_cpu_suspend(struct model_asked *a);
void model_cpu_default_suspend(struct model_asked *a);
void model_cpu_off(struct model_asked *a);
void model_cpu_freeze(struct model_asked *a);
void model_cpu_on(struct model_asked *a);
void model_affinity_info(struct model_asked *a);
void model_set_suspend_mode(struct model_asked *a);
void model_node_hw_state(struct model_asked *a);
void model_stat_residency(struct model_asked *a);
void model_stat_count(struct model_asked *a);

/* call_system.c */
void model_migrate(struct model_asked *a);
void model_migrate_info_type(struct model_asked *a);
void model_migrate_info_up_cpu(struct model_asked *a);
void model_system_off(struct model_asked *a);
void model_system_reset(struct model_asked *a);
void model_system_reset2(struct model_asked *a);
void model_system_off2(struct model_asked *a);
void model_system_suspend(struct model_asked *a);
void model_mem_protect(struct model_asked *a);
void model_mem_protect_check_range(struct model_asked *a);

#endif
