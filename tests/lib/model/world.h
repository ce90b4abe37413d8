/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A VM's configuration, made of choices, with all that it points to. There are two of everything
 * that a VM owns, so that one can be saved and restored into the other.
 */
#ifndef MODEL_WORLD_H
#define MODEL_WORLD_H

#include <stdio.h>

#include <vpsci/vpsci.h>

#include "choices.h"
#include "model.h"

enum { WORLD_VMS = 2 };

/** What the operations know. */
struct world_host {
    uint64_t now;
    uint64_t bad_address; /**< addresses with all of these bits are refused */
    uint64_t bad_base;    /**< ranges that begin with any of these bits are not protected */
    bool broken;          /**< an operation was called as it must not be */
};

struct world {
    struct vpsci_mpidr mpidrs[MODEL_VCPU_MAX];
    struct vpsci_power_state states[VPSCI_STATE_MAX];
    uint16_t domains[VPSCI_LEVEL_MAX][MODEL_VCPU_MAX];
    struct vpsci_ops ops;
    struct world_host host;
    bool aarch32; /**< the guest mostly makes its calls in AArch32 state */
    bool deep;    /**< few vCPUs in a tree of domains: what domains do is rare otherwise */
    struct vpsci_config configs[WORLD_VMS];
    void *memory[WORLD_VMS];
    size_t memory_size;
};

/** A world of choices, with `vcpus` vCPUs, or as many as the choices say if that is 0. */
void world_make(struct world *w, struct choices *c, uint32_t vcpus);
/** Gives a world its memory, after its first configuration is complete. */
void world_furnish(struct world *w);
void world_drop(struct world *w);
void world_print(const struct world *w, FILE *to);

#endif
