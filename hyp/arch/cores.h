/* SPDX-License-Identifier: BSD-2-Clause */
/* What arch/ keeps of each physical core. */
#ifndef HYP_CORES_H
#define HYP_CORES_H

#include <stdint.h>

#include "arch.h"

struct core {
    uint64_t stack_top;       /* offsets.h */
    struct arch_frame *fault; /* room for the report of a fault */
    unsigned index;
    uint64_t mpidr;
};

struct core *core_here(void);
struct core *core_slot(unsigned index);

#endif
