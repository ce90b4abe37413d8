/* SPDX-License-Identifier: BSD-2-Clause */
/** One thing that a guest or its embedder does, as data: to be chosen, repeated, left out, printed.
 */
#ifndef MODEL_STEP_H
#define MODEL_STEP_H

#include <stdio.h>

#include <vpsci/vpsci.h>

#include "choices.h"
#include "model.h"
#include "world.h"

enum step_kind {
    STEP_CALL,
    STEP_NEXT,
    STEP_WAKE,
    STEP_ANSWER,   /**< with `value`, a result */
    STEP_MP_STATE, /**< to `value` */
    STEP_VERSION,  /**< to `value` */
    STEP_RESET,
    STEP_LOOK,    /**< compares all that there is to see */
    STEP_RESTORE, /**< saves, and goes on in the other VM: as it is if `value`, or else a new one */
    STEP_DAMAGE   /**< tries to restore a record in which byte `value` was changed */
};

struct step {
    enum step_kind kind;
    uint8_t vcpu;
    uint32_t ticks; /**< that the clock goes on before it */
    int64_t value;
    struct vpsci_guest_call call;
};

/** Chooses a step that mostly means something in the state that `m` is in. */
void step_choose(struct step *step, struct choices *c, const struct model *m,
                 const struct world *w);
void step_print(const struct step *step, FILE *to);
void step_print_outcome(const struct vpsci_outcome *out, FILE *to);

#endif
