/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where cores start: `_start` from the boot loader, `entry_point` from PSCI, which is under test and
 * may have left anything in the registers.
 */
#include "image.inc"
#include "own.inc"

/* FP, SIMD and SVE are usable: scenarios look at their registers. */
#define CPACR_EL1_USABLE (3 << 20 | 3 << 16)
/*
 * The same at EL2, where these are the fields of HCR_EL2.E2H = 1. Without it they mean nothing, as
 * with it the ones of the other layout do.
 */
#define CPTR_EL2_USABLE (CPACR_EL1_USABLE | 0x32ff)

/* RW, AMO, IMO, FMO: interrupts come to EL2, which is no other EL1 where it need not be. */
#define HCR_EL2_E2H_BIT 34
#define HCR_EL2_OWN     ((1 << 31) | (1 << 5) | (1 << 4) | (1 << 3))

/* By number, for not every assembler knows them; they are there where E2H is. */
#define CNTP_CTL_EL02 S3_5_C14_C2_1
#define CNTV_CTL_EL02 S3_5_C14_C3_1

    IMAGE_HEADER _start

    .text
    .globl _start
    .balign 4
_start:
    mrs x20, CurrentEL
    mov x19, x0                    /* the device tree */
    msr daifset, #0xf
    bl core_prepare

    CLEAR_BSS
    APPLY_RELA

    adrp x1, relr_start            /* the same of another kind: SHT_RELR of the generic ABI */
    add x1, x1, :lo12:relr_start
    adrp x2, relr_end
    add x2, x2, :lo12:relr_end
1:  cmp x1, x2
    b.hs 5f
    ldr x4, [x1], #8
    tbnz x4, #0, 2f
    add x3, x0, x4                 /* even: where one is, and where those of the next words begin */
    ldr x5, [x3]
    add x5, x5, x0
    str x5, [x3], #8
    b 1b
2:  mov x6, x3                     /* odd: a bit for each of the next 63 words */
    lsr x4, x4, #1
3:  cbz x4, 4f
    ldr x5, [x6]
    add x7, x5, x0
    tst x4, #1
    csel x5, x7, x5, ne
    str x5, [x6], #8
    lsr x4, x4, #1
    b 3b
4:  add x3, x3, #63 * 8
    b 1b

5:  adrp x0, boot_stack_end
    add x0, x0, :lo12:boot_stack_end
    msr spsel, #1
    mov sp, x0
    adrp x0, cpus                  /* until it is known which of them this core is */
    add x0, x0, :lo12:cpus
    msr tpidr_el1, x0
    adrp x0, level_at_start
    str x20, [x0, :lo12:level_at_start]
    mov x0, x19
    mov x1, x20
    bl guest_main
1:  wfi
    b 1b

/* What every core needs before it runs C. Clobbers x0 and x1. */
    .globl core_prepare
core_prepare:
    adrp x1, vectors
    add x1, x1, :lo12:vectors
    mrs x0, CurrentEL
    tbnz x0, #CURRENT_EL2_BIT, core_prepare_el2
    ldr x0, =SCTLR_EL1_SANE
    msr sctlr_el1, x0
    mov x0, #CPACR_EL1_USABLE
    msr cpacr_el1, x0
    msr vbar_el1, x1
    isb
    ret

/* HCR_EL2 comes first: the layout of others depends on it. */
core_prepare_el2:
    ldr x0, =HCR_EL2_OWN
    msr hcr_el2, x0
    isb
    ldr x0, =SCTLR_EL2_SANE
    msr sctlr_el2, x0
    ldr x0, =CPTR_EL2_USABLE
    msr cptr_el2, x0
    msr vbar_el2, x1
    msr cntvoff_el2, xzr           /* both counters tell the same time */
    isb
    ret

/*
 * The entry point given to PSCI. Writes down the state it was entered with before it changes any
 * of it; system registers whose contents are unknown after a reset serve as scratch memory until
 * there is an address to store to. A caller that was big-endian arrives here big-endian.
 */
    .globl entry_point
    .balign 4
entry_point:
    msr tpidr_el0, x0
    msr tpidrro_el0, x1
    msr tpidr_el1, x2
    msr elr_el1, x3
    msr far_el1, x4
    READ_OWN x0, sctlr
    bic x1, x0, #SCTLR_EE
    WRITE_OWN sctlr, x1, x2
    isb

    mrs x1, mpidr_el1
    ldr x3, =0xff00ffffff
    and x1, x1, x3
    adrp x2, cpus
    add x2, x2, :lo12:cpus
    adrp x3, cpu_count
    ldr w3, [x3, :lo12:cpu_count]
1:  cbz w3, stranger
    ldr x4, [x2, #CPU_MPIDR]
    cmp x4, x1
    b.eq 2f
    add x2, x2, #CPU_SIZE
    sub w3, w3, #1
    b 1b

2:  add x3, x2, #CPU_ENTRY
    str x0, [x3, #ENTRY_SCTLR]
    mrs x0, tpidr_el0
    mrs x1, tpidrro_el0
    stp x0, x1, [x3, #ENTRY_X]
    mrs x0, tpidr_el1
    mrs x1, elr_el1
    stp x0, x1, [x3, #ENTRY_X + 16]
    mrs x4, far_el1
    stp x4, x5, [x3, #ENTRY_X + 32]
    stp x6, x7, [x3, #ENTRY_X + 48]
    stp x8, x9, [x3, #ENTRY_X + 64]
    stp x10, x11, [x3, #ENTRY_X + 80]
    stp x12, x13, [x3, #ENTRY_X + 96]
    stp x14, x15, [x3, #ENTRY_X + 112]
    stp x16, x17, [x3, #ENTRY_X + 128]
    stp x18, x19, [x3, #ENTRY_X + 144]
    stp x20, x21, [x3, #ENTRY_X + 160]
    stp x22, x23, [x3, #ENTRY_X + 176]
    stp x24, x25, [x3, #ENTRY_X + 192]
    stp x26, x27, [x3, #ENTRY_X + 208]
    stp x28, x29, [x3, #ENTRY_X + 224]
    str x30, [x3, #ENTRY_X + 240]
    mrs x0, CurrentEL
    str x0, [x3, #ENTRY_CURRENT_EL]
    mrs x0, daif
    str x0, [x3, #ENTRY_DAIF]
    mrs x0, spsel
    str x0, [x3, #ENTRY_SPSEL]
    msr daifset, #0xf
    msr spsel, #1
    msr tpidr_el1, x2
    bl core_prepare

    /* Only now: at EL2 the counter may have had any offset, and the timers' names any meaning. */
    mrs x0, cntvct_el0
    str x0, [x3, #ENTRY_COUNTER]
    mrs x0, cntv_ctl_el0
    mrs x1, cntp_ctl_el0
    mrs x4, CurrentEL
    tbz x4, #CURRENT_EL2_BIT, 3f
    mrs x4, hcr_el2
    tbz x4, #HCR_EL2_E2H_BIT, 3f
    mrs x0, CNTV_CTL_EL02
    mrs x1, CNTP_CTL_EL02
3:  str x0, [x3, #ENTRY_CNTV_CTL]
    str x1, [x3, #ENTRY_CNTP_CTL]

    ldr x0, [x2, #CPU_RESUMES]
    cbnz x0, call_resume           /* the core is in psci_call(): go on there */
    ldr x0, [x2, #CPU_STACK_TOP]
    mov sp, x0
    mov x0, x2
    bl smp_secondary_main

/* A core that the device tree does not name has nothing to run and cannot report. */
stranger:
    wfi
    b stranger

    .section .stacks, "aw", %nobits
    .balign 16
    .skip 4 * CPU_STACK_SIZE
boot_stack_end:
    .globl cpu_stacks
cpu_stacks:
    .skip CPU_MAX * CPU_STACK_SIZE
