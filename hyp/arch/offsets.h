/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers that assembly and C must agree on; the C files that define the structures check them. */
#ifndef HYP_OFFSETS_H
#define HYP_OFFSETS_H

#define HYP_STACK_SIZE 8192
#define BOARD_CORES    16

/* struct core */
#define CORE_STACK_TOP 0
#define CORE_FAULT     8
#define CORE_KEPT      32
#define CORE_KEPT_SP   (CORE_KEPT + 96)

/* struct arch_frame */
#define FRAME_PC 248 /* pstate follows */

/* What enter_guest() returns: the number of a vector, or that hyp_call() wants the guest to wait. */
#define VECTOR_SYNC   8
#define VECTOR_CALLED 16

/* ESR_ELx.EC (Arm ARM D24.2.40) */
#define ESR_CLASS_SHIFT 26
#define ESR_CLASS_HVC   0x16
#define ESR_CLASS_SMC   0x17

/* struct mmu_values */
#define MMU_MAIR  0
#define MMU_TCR   8
#define MMU_TTBR0 16
#define MMU_SCTLR 24

#endif
