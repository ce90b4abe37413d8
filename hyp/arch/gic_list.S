/* SPDX-License-Identifier: BSD-2-Clause */
/* The list registers by number: each is an instruction of its own. */
    .text
/* uint64_t arch_gic_list_read(unsigned index) */
    .globl arch_gic_list_read
    .balign 4
arch_gic_list_read:
    adr x1, 1f
    add x1, x1, w0, uxtw #3
    br x1
1:
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    mrs x0, ich_lr\number\()_el2
    ret
    .endr

/* void arch_gic_list_write(unsigned index, uint64_t value): ICH_ELRSR_EL2 knows of it
 * afterwards. */
    .globl arch_gic_list_write
    .balign 4
arch_gic_list_write:
    adr x2, 2f
    add x2, x2, w0, uxtw #3
    br x2
2:
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    msr ich_lr\number\()_el2, x1
    b 3f
    .endr
3:  isb
    ret
