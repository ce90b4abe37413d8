/* SPDX-License-Identifier: BSD-2-Clause */
#include "cores.h"

#include <stddef.h>

#include "board.h"
#include "mmu.h"
#include "offsets.h"
#include "start.h"
#include "sysreg.h"
#include "vpsci/abi.h"

_Static_assert(offsetof(struct core, stack_top) == CORE_STACK_TOP, "offsets.h");
_Static_assert(BOARD_CORE_MAX == BOARD_CORES, "offsets.h");
_Static_assert(offsetof(struct core, fault) == CORE_FAULT, "offsets.h");
_Static_assert(offsetof(struct core, kept) == CORE_KEPT, "offsets.h");

static struct core cores[BOARD_CORE_MAX];
static struct arch_frame fault_frames[BOARD_CORE_MAX];
/* start.S: one after the other, the boot core's first one included. */
extern uint8_t core_stacks[BOARD_CORE_MAX][HYP_STACK_SIZE];

/* Runs with the MMU off. */
static struct core *core_prepare_all(void)
{
    uint64_t here = READ_SYSREG(mpidr_el1) & VPSCI_MPIDR_MASK;
    struct core *found = NULL;

    for (unsigned i = 0; i < board.core_count; i++) {
        cores[i] = (struct core){.stack_top = (uint64_t)core_stacks[i] + HYP_STACK_SIZE,
                                 .fault = &fault_frames[i],
                                 .index = i,
                                 .mpidr = board.mpidrs[i]};
        if (board.mpidrs[i] == here) {
            found = &cores[i];
            found->state = CORE_ON;
        }
    }
    return found;
}

struct core *start_boot(uint64_t tree)
{
    struct core *core = core_prepare_all();

    if (core == NULL) {
        arch_stop("this core is not in the board's list");
    }
    mmu_prepare(tree);
    return core;
}

struct core *core_here(void)
{
    return (struct core *)READ_SYSREG(tpidr_el2);
}

struct core *core_slot(unsigned index)
{
    return &cores[index];
}

unsigned arch_core(void)
{
    return core_here()->index;
}

unsigned arch_core_count(void)
{
    return board.core_count;
}
