/* SPDX-License-Identifier: BSD-2-Clause */
#include "own.inc"

    .arch_extension fp
    .arch_extension simd

/* What psci_call() keeps on its stack: x19-x30, the call, DAIF. */
#define SAVED_SIZE 112
#define SAVED_CALL 96
#define SAVED_DAIF 104

/*
 * The call itself, with every register as `struct psci_call` says. x0 points to that on entry. The
 * last thing before the call and the first thing after it is SCTLR: in between, memory may be
 * big-endian, so nothing is loaded or stored there. At EL2 the registers of EL1 are mere storage.
 */
.macro CALL_WITH instruction, level
    msr tpidrro_el0, x0
    ldr x1, [x0, #CALL_SP_EL0]
    msr sp_el0, x1
    ldr x1, [x0, #CALL_IN]
    msr tpidr_el0, x1
    ldr x1, [x0, #CALL_SPSEL]
    msr spsel, x1
    ldr x1, [x0, #CALL_DAIF]
    msr daif, x1
    ldp x1, x2, [x0, #CALL_IN + 8]
    ldp x3, x4, [x0, #CALL_IN + 24]
    ldp x5, x6, [x0, #CALL_IN + 40]
    ldp x7, x8, [x0, #CALL_IN + 56]
    ldp x9, x10, [x0, #CALL_IN + 72]
    ldp x11, x12, [x0, #CALL_IN + 88]
    ldp x13, x14, [x0, #CALL_IN + 104]
    ldp x15, x16, [x0, #CALL_IN + 120]
    ldp x17, x18, [x0, #CALL_IN + 136]
    ldp x19, x20, [x0, #CALL_IN + 152]
    ldp x21, x22, [x0, #CALL_IN + 168]
    ldp x23, x24, [x0, #CALL_IN + 184]
    ldp x25, x26, [x0, #CALL_IN + 200]
    ldp x27, x28, [x0, #CALL_IN + 216]
    ldp x29, x30, [x0, #CALL_IN + 232]
    ldr x0, [x0, #CALL_SCTLR]
    msr sctlr_\level, x0
    isb
    mrs x0, tpidr_el0
    \instruction #0
    msr tpidr_el0, x0
    mrs x0, daif
    msr contextidr_el1, x0
    msr daifset, #0xf
    mrs x0, sctlr_\level
    msr far_el1, x0
    bic x0, x0, #SCTLR_EE
    bic x0, x0, #SCTLR_M
    bic x0, x0, #SCTLR_C
    bic x0, x0, #SCTLR_I
    msr sctlr_\level, x0
    isb
    b call_returned
.endm

/*
 * bool psci_call(struct psci_call *call): true if the call did not return but this core came back
 * through entry_point.
 */
    .text
    .globl psci_call
    .balign 4
psci_call:
    stp x19, x20, [sp, #-SAVED_SIZE]!
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    mrs x1, daif
    stp x0, x1, [sp, #SAVED_CALL]
    mrs x1, tpidr_el1
    mov x2, sp
    str x2, [x1, #CPU_RESUME_SP]
    ldr x2, [x0, #CALL_RESUMES]
    str x2, [x1, #CPU_RESUMES]
    mrs x1, CurrentEL
    tbnz x1, #CURRENT_EL2_BIT, 2f
    ldr x1, [x0, #CALL_SMC]
    cbnz x1, 1f
    CALL_WITH hvc, el1
1:  CALL_WITH smc, el1
2:  CALL_WITH smc, el2             /* an HVC would come to ourselves */

call_returned:
    mrs x0, tpidrro_el0
    stp x1, x2, [x0, #CALL_OUT + 8]
    stp x3, x4, [x0, #CALL_OUT + 24]
    stp x5, x6, [x0, #CALL_OUT + 40]
    stp x7, x8, [x0, #CALL_OUT + 56]
    stp x9, x10, [x0, #CALL_OUT + 72]
    stp x11, x12, [x0, #CALL_OUT + 88]
    stp x13, x14, [x0, #CALL_OUT + 104]
    stp x15, x16, [x0, #CALL_OUT + 120]
    stp x17, x18, [x0, #CALL_OUT + 136]
    stp x19, x20, [x0, #CALL_OUT + 152]
    stp x21, x22, [x0, #CALL_OUT + 168]
    stp x23, x24, [x0, #CALL_OUT + 184]
    stp x25, x26, [x0, #CALL_OUT + 200]
    stp x27, x28, [x0, #CALL_OUT + 216]
    stp x29, x30, [x0, #CALL_OUT + 232]
    mrs x1, tpidr_el0
    str x1, [x0, #CALL_OUT]
    mrs x1, far_el1
    str x1, [x0, #CALL_SCTLR_AFTER]
    mrs x1, contextidr_el1
    str x1, [x0, #CALL_DAIF_AFTER]
    mrs x1, spsel
    str x1, [x0, #CALL_SPSEL_AFTER]

    /* How far either stack pointer has moved; a core that lost its own gets it back here. */
    msr spsel, #1
    mrs x2, tpidr_el1
    ldr x2, [x2, #CPU_RESUME_SP]
    mov x1, sp
    sub x1, x1, x2
    mov sp, x2
    mrs x3, sp_el0
    ldr x4, [x0, #CALL_SP_EL0]
    sub x3, x3, x4
    orr x1, x1, x3
    str x1, [x0, #CALL_SP_MOVED]
    mov w0, #0
    b call_leave

/* From entry_point: x2 is this core. */
    .globl call_resume
call_resume:
    ldr x0, [x2, #CPU_RESUME_SP]
    mov sp, x0
    mov w0, #1

call_leave:
    ldr x1, [sp, #SAVED_DAIF]
    msr daif, x1
    mrs x1, tpidr_el1
    str xzr, [x1, #CPU_RESUMES]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp x19, x20, [sp], #SAVED_SIZE
    ret

/* void fp_load(const struct fp_state *state) */
    .globl fp_load
fp_load:
    ldp q0, q1, [x0]
    ldp q2, q3, [x0, #32]
    ldp q4, q5, [x0, #64]
    ldp q6, q7, [x0, #96]
    ldp q8, q9, [x0, #128]
    ldp q10, q11, [x0, #160]
    ldp q12, q13, [x0, #192]
    ldp q14, q15, [x0, #224]
    ldp q16, q17, [x0, #256]
    ldp q18, q19, [x0, #288]
    ldp q20, q21, [x0, #320]
    ldp q22, q23, [x0, #352]
    ldp q24, q25, [x0, #384]
    ldp q26, q27, [x0, #416]
    ldp q28, q29, [x0, #448]
    ldp q30, q31, [x0, #480]
    add x0, x0, #512
    ldp x1, x2, [x0]
    msr fpcr, x1
    msr fpsr, x2
    ret

/* void fp_store(struct fp_state *state) */
    .globl fp_store
fp_store:
    stp q0, q1, [x0]
    stp q2, q3, [x0, #32]
    stp q4, q5, [x0, #64]
    stp q6, q7, [x0, #96]
    stp q8, q9, [x0, #128]
    stp q10, q11, [x0, #160]
    stp q12, q13, [x0, #192]
    stp q14, q15, [x0, #224]
    stp q16, q17, [x0, #256]
    stp q18, q19, [x0, #288]
    stp q20, q21, [x0, #320]
    stp q22, q23, [x0, #352]
    stp q24, q25, [x0, #384]
    stp q26, q27, [x0, #416]
    stp q28, q29, [x0, #448]
    stp q30, q31, [x0, #480]
    mrs x1, fpcr
    mrs x2, fpsr
    add x0, x0, #512
    stp x1, x2, [x0]
    ret
