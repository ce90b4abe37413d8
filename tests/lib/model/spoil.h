/* SPDX-License-Identifier: BSD-2-Clause */
/** Configurations with one thing wrong, and the error that vpsci_init() is to call it by. */
#ifndef MODEL_SPOIL_H
#define MODEL_SPOIL_H

#include "choices.h"
#include "world.h"

struct spoiled {
    const char *what; /**< is wrong */
    int error;        /**< expected */
    int got;
    bool vm_is_null; /**< as it must be after an error */
};

/** Spoils what `w` describes, tries it, and puts it right again. @return false on a difference. */
bool spoil(struct world *w, struct choices *c, struct spoiled *result);

#endif
