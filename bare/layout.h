/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that assembly and C must agree on. The C files that define the structures check them with
 * static assertions.
 */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#define CPU_MAX        512
#define CPU_STACK_SIZE 8192

/* struct cpu */
#define CPU_MPIDR     0
#define CPU_STACK_TOP 8
#define CPU_RESUME_SP 16
#define CPU_RESUMES   24
#define CPU_ENTRY     32
#define CPU_SIZE      512

/* struct entry_state */
#define ENTRY_X          0
#define ENTRY_SCTLR      248
#define ENTRY_CURRENT_EL 256
#define ENTRY_DAIF       264
#define ENTRY_SPSEL      272
#define ENTRY_CNTV_CTL   280
#define ENTRY_CNTP_CTL   288
#define ENTRY_COUNTER    296

/* struct psci_call */
#define CALL_IN          0
#define CALL_OUT         248
#define CALL_SMC         496
#define CALL_SCTLR       504
#define CALL_DAIF        512
#define CALL_SPSEL       520
#define CALL_SP_EL0      528
#define CALL_SCTLR_AFTER 536
#define CALL_DAIF_AFTER  544
#define CALL_SPSEL_AFTER 552
#define CALL_SP_MOVED    560
#define CALL_RESUMES     568

/* struct exception_frame */
#define FRAME_X     0
#define FRAME_ELR   248
#define FRAME_SPSR  256
#define FRAME_SCTLR 264
#define FRAME_SIZE  272

/* struct sve_state: vectors of up to 2048 bits, of predicates an eighth of that. */
#define SVE_BYTES_MAX 256
#define SVE_Z_COUNT   32
#define SVE_P_COUNT   16
#define SVE_P         8192
#define SVE_FFR       8704

/* CurrentEL: this bit is set at EL2 and not at EL1. */
#define CURRENT_EL2_BIT 3

/* SCTLR. SANE: the bits that are one in a core without later extensions, and nothing else. */
#define SCTLR_EL1_SANE 0x30d00800
#define SCTLR_EL2_SANE 0x30c50830
#define SCTLR_M        (1 << 0)
#define SCTLR_C        (1 << 2)
#define SCTLR_I        (1 << 12)
#define SCTLR_EE       (1 << 25)

#define DAIF_ALL 0x3c0
#define DAIF_I   0x080

#endif
