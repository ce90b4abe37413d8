/* SPDX-License-Identifier: BSD-2-Clause */
/* What arch/ keeps of each physical core. */
#ifndef HYP_CORES_H
#define HYP_CORES_H

#include <stdint.h>

#include "arch.h"

/* Of a core, to the firmware. */
enum core_state {
    CORE_UNUSED, /* never started */
    CORE_ON,
    CORE_OFF,   /* it turns itself off, or is off: a kick is a CPU_ON */
    CORE_COMING /* the same, and another core calls CPU_ON */
};

struct core {
    uint64_t stack_top;       /* offsets.h */
    struct arch_frame *fault; /* room for the report of a fault */
    unsigned index;
    uint64_t mpidr;
    uint64_t kept[13];  /* x19 to x30 and the stack of a core that went down: start.S */
    uint32_t state;     /* shared: enum core_state */
    uint32_t is_asleep; /* shared: its vCPU is in SYSTEM_SUSPEND */
    uint32_t is_kicked; /* shared: since the core last looked, before it turned itself off */
};

struct core *core_here(void);
struct core *core_slot(unsigned index);

#endif
