/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers that assembly and C must agree on; the C files that define the structures check them. */
#ifndef HYP_OFFSETS_H
#define HYP_OFFSETS_H

#define HYP_STACK_SIZE 8192
#define BOARD_CORES    16

/* struct core */
#define CORE_STACK_TOP 0
#define CORE_FAULT     8

/* struct arch_frame */
#define FRAME_X      0
#define FRAME_PC     248
#define FRAME_PSTATE 256

/* struct mmu_values */
#define MMU_MAIR  0
#define MMU_TCR   8
#define MMU_TTBR0 16
#define MMU_SCTLR 24

#endif
