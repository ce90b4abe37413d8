/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where cores begin at EL2, MMU off: `_start` from the boot loader with the machine's device tree in
 * x0, `core_start` from the firmware's first CPU_ON with the core's own slot (struct core) in x0, and
 * `core_resume` with the same after a call that took the core down: a second entry, with a place of its
 * own for what it needs, so that a start that races with it overwrites nothing.
 */
#include "image.inc"

#include "offsets.h"

#define CURRENT_EL2        8

/* SCTLR_EL2: the bits that are one in a core without later extensions. */
#define SCTLR_EL2_MMU_OFF 0x30c50830

    IMAGE_HEADER _start

    .text
    .globl _start
    .balign 4
_start:
    mov x19, x0                    /* the machine's device tree */
    bl prepare_el2
    CLEAR_BSS
    APPLY_RELA

    adrp x0, boot_stack_end
    add x0, x0, :lo12:boot_stack_end
    mov sp, x0
    mov x0, x19
    bl start_boot                  /* the boot core's slot */
    mov x20, x0

    /* All so far was written with the caches off. Lines that they hold of it are older. */
    adrp x0, image_start
    adrp x1, image_end
    add x1, x1, :lo12:image_end
    bl invalidate
    mov x0, x20
    bl core_begin
    mov x0, x19
    bl hyp_main
    b halt

    .globl core_start
    .balign 4
core_start:
    mov x20, x0
    bl prepare_el2
    mov x0, x20
    bl core_begin
    bl hyp_core_main
    b halt

    .globl core_keep
    .balign 4
core_keep:
    stp x19, x20, [x0, #CORE_KEPT]
    stp x21, x22, [x0, #CORE_KEPT + 16]
    stp x23, x24, [x0, #CORE_KEPT + 32]
    stp x25, x26, [x0, #CORE_KEPT + 48]
    stp x27, x28, [x0, #CORE_KEPT + 64]
    stp x29, x30, [x0, #CORE_KEPT + 80]
    mov x1, sp
    str x1, [x0, #CORE_KEPT_SP]
    mov w0, #0
    ret

    .globl core_resume
    .balign 4
core_resume:
    mov x20, x0
    bl prepare_el2
    mov x0, x20
    bl core_begin
    ldr x1, [x0, #CORE_KEPT_SP]
    mov sp, x1
    ldp x19, x20, [x0, #CORE_KEPT]
    ldp x21, x22, [x0, #CORE_KEPT + 16]
    ldp x23, x24, [x0, #CORE_KEPT + 32]
    ldp x25, x26, [x0, #CORE_KEPT + 48]
    ldp x27, x28, [x0, #CORE_KEPT + 64]
    ldp x29, x30, [x0, #CORE_KEPT + 80]
    mov w0, #1
    ret

/* Leaves the core at EL2 with no host extensions and this image's vectors. Clobbers x0 and x1. */
prepare_el2:
    msr daifset, #0xf
    mrs x0, CurrentEL
    cmp x0, #CURRENT_EL2
    b.ne halt
    mov x0, #(1 << 31)             /* HCR_EL2.RW; E2H comes first, the layout of others depends on it */
    msr hcr_el2, x0
    isb
    ldr x0, =SCTLR_EL2_MMU_OFF
    msr sctlr_el2, x0
    adrp x1, vectors
    add x1, x1, :lo12:vectors
    msr vbar_el2, x1
    msr tpidr_el2, xzr             /* no core yet: a fault only halts */
    msr spsel, #1
    isb
    ret

/* Turns the MMU on, and goes over to the core's own stack. x0: struct core. */
core_begin:
    msr tpidr_el2, x0
    ldr x1, [x0, #CORE_STACK_TOP]
    mov sp, x1
    adrp x1, mmu_values
    add x1, x1, :lo12:mmu_values
    ldp x2, x3, [x1, #MMU_MAIR]
    msr mair_el2, x2
    msr tcr_el2, x3
    ldp x2, x3, [x1, #MMU_TTBR0]
    msr ttbr0_el2, x2
    ic iallu
    tlbi alle2
    dsb sy
    isb
    msr sctlr_el2, x3
    isb
    ret

/* Drops the lines of [x0, x1) from the caches. Clobbers x0 to x3. */
invalidate:
    mrs x2, ctr_el0
    ubfx x2, x2, #16, #4           /* DminLine, log2 of words */
    mov x3, #4
    lsl x2, x3, x2
1:  dc ivac, x0
    add x0, x0, x2
    cmp x0, x1
    b.lo 1b
    dsb sy
    ret

halt:
    wfi
    b halt

    .section .stacks, "aw", %nobits
    .balign 16
    .skip HYP_STACK_SIZE
boot_stack_end:
    .globl core_stacks
core_stacks:
    .skip BOARD_CORES * HYP_STACK_SIZE
