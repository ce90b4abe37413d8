/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The library and the model, side by side: every step is done to both, and everything that can be
 * seen of either is compared. Who drives them chooses the steps.
 */
#ifndef MODEL_LOCKSTEP_H
#define MODEL_LOCKSTEP_H

#include <stdio.h>

#include "model.h"
#include "step.h"
#include "world.h"

struct lockstep {
    struct world *world;
    struct model model;
    struct vpsci_vm *vm;
    struct vpsci_vcpu *vcpus[MODEL_VCPU_MAX];
    int current; /**< which of the world's two VMs `vm` is */
    struct vpsci_vm *vms[WORLD_VMS];
    uint8_t *record; /**< room for what vpsci_save() writes, twice */
    size_t record_size;
    struct vpsci_outcome out; /**< of the last step */
    const char *what;         /**< differed first, or NULL */
    int who;                  /**< the vCPU that it was about */
    uint64_t expected;
    uint64_t got;
    FILE *words; /**< each step and its outcome are told here, unless NULL */
};

/** Makes a VM of `world` and a model of it. @return false if they differ already. */
bool lockstep_begin(struct lockstep *l, struct world *world);
void lockstep_end(struct lockstep *l);
/** Goes on with the other VM, which has been started before, as it is. */
void lockstep_switch(struct lockstep *l, int which);
/** @return false on a difference. */
bool lockstep_step(struct lockstep *l, const struct step *step);
/** Compares all that there is to see. @return false on a difference. */
bool lockstep_look(struct lockstep *l);
/** The same for all that a running vCPU can ask, if there is one, without changing anything. */
bool lockstep_look_as_guest(struct lockstep *l);

/** Does all `count` steps in a fresh VM. @return how many were alike, `count` if all. */
size_t lockstep_run(struct lockstep *l, struct world *world, const struct step *steps,
                    size_t count);
/** Leaves out all steps that a difference does not need. @return how many are left. */
size_t lockstep_shrink(struct lockstep *l, struct world *world, struct step *steps, size_t count);
/** Tells the configuration, the steps and the difference to people. */
void lockstep_report(struct lockstep *l, struct world *world, const struct step *steps,
                     size_t count, FILE *to);

#endif
