/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPU interface, hyp's (ICC) and the guest's (ICH), by system registers (IHI0069, 12.2 and
 * 12.4). */
#include "arch.h"

#include "gic_interface.h"
#include "gic_redistributor.h"
#include "sysreg.h"

enum {
    SRE_ALL = 0xf,       /* system registers at EL2 and below, no bypass */
    CTLR_DROP_ONLY = 2,  /* EOImode: ICC_EOIR1_EL1 does not deactivate */
    MASK_NOTHING = 0xff, /* ICC_PMR_EL1 */
    HCR_ENABLE = 1,
    POINTS_IN_WORD = 32,
    PRIORITY_NONE = 0x100,
};

#define VTR_LISTS(vtr)        (((vtr) & 0x1f) + 1)
#define VTR_PREEMPT_BITS(vtr) (((vtr) >> 26 & 7) + 1)

static void gic_open_interface(void)
{
    WRITE_SYSREG(icc_sre_el2, SRE_ALL);
    WRITE_SYSREG(icc_sre_el1, 1);
    WRITE_SYSREG(icc_pmr_el1, MASK_NOTHING);
    WRITE_SYSREG(icc_bpr1_el1, 0);
    WRITE_SYSREG(icc_ctlr_el1, READ_SYSREG(icc_ctlr_el1) | CTLR_DROP_ONLY);
    WRITE_SYSREG(icc_igrpen1_el1, 1);
}

void arch_gic_start_core(void)
{
    gic_start_redistributor();
    gic_open_interface();
    WRITE_SYSREG(ich_vmcr_el2, 0);
    for (unsigned i = 0; i < arch_gic_list_count(); i++) {
        arch_gic_list_write(i, 0);
    }
    arch_gic_clear_active_priorities();
    WRITE_SYSREG(ich_hcr_el2, HCR_ENABLE);
}

uint32_t arch_gic_acknowledge(void)
{
    uint32_t intid = (uint32_t)READ_SYSREG(icc_iar1_el1);

    __asm__ volatile("dsb sy" ::: "memory"); /* it is active before its device is looked at */
    return intid;
}

void arch_gic_drop(uint32_t intid)
{
    WRITE_SYSREG(icc_eoir1_el1, intid);
}

/* What ends a level has reached the device before. */
void arch_gic_deactivate(uint32_t intid)
{
    __asm__ volatile("dsb sy" ::: "memory");
    WRITE_SYSREG(icc_dir_el1, intid);
}

void arch_gic_send(uint64_t sgi1r)
{
    __asm__ volatile("dsb ish" ::: "memory");
    WRITE_SYSREG(icc_sgi1r_el1, sgi1r);
}

unsigned arch_gic_list_count(void)
{
    return (unsigned)VTR_LISTS(READ_SYSREG(ich_vtr_el2));
}

uint32_t arch_gic_read_hcr(void)
{
    return (uint32_t)READ_SYSREG(ich_hcr_el2);
}

void arch_gic_write_hcr(uint32_t value)
{
    WRITE_SYSREG(ich_hcr_el2, value);
}

uint32_t arch_gic_read_vmcr(void)
{
    return (uint32_t)READ_SYSREG(ich_vmcr_el2);
}

void arch_gic_write_vmcr(uint32_t value)
{
    WRITE_SYSREG(ich_vmcr_el2, value);
}

uint32_t arch_gic_empty_lists(void)
{
    return (uint32_t)READ_SYSREG(ich_elrsr_el2);
}

/* ICH_AP0R<n> and AP1R<n> exist for 2^bits / 32 words of preemption levels. */
static unsigned gic_active_words(void)
{
    unsigned bits = (unsigned)VTR_PREEMPT_BITS(READ_SYSREG(ich_vtr_el2));
    unsigned words = (1u << bits) / POINTS_IN_WORD;

    return words < 1 ? 1 : words > GIC_ACTIVE_WORDS ? GIC_ACTIVE_WORDS : words;
}

static uint32_t gic_read_active(unsigned word)
{
    switch (word) {
    case 0:
        return (uint32_t)(READ_SYSREG(ich_ap0r0_el2) | READ_SYSREG(ich_ap1r0_el2));
    case 1:
        return (uint32_t)(READ_SYSREG(ich_ap0r1_el2) | READ_SYSREG(ich_ap1r1_el2));
    case 2:
        return (uint32_t)(READ_SYSREG(ich_ap0r2_el2) | READ_SYSREG(ich_ap1r2_el2));
    default:
        return (uint32_t)(READ_SYSREG(ich_ap0r3_el2) | READ_SYSREG(ich_ap1r3_el2));
    }
}

/* All interrupts are in Group 1. */
static void gic_write_active(unsigned word, uint32_t value)
{
    switch (word) {
    case 0:
        WRITE_SYSREG(ich_ap0r0_el2, 0);
        WRITE_SYSREG(ich_ap1r0_el2, value);
        break;
    case 1:
        WRITE_SYSREG(ich_ap0r1_el2, 0);
        WRITE_SYSREG(ich_ap1r1_el2, value);
        break;
    case 2:
        WRITE_SYSREG(ich_ap0r2_el2, 0);
        WRITE_SYSREG(ich_ap1r2_el2, value);
        break;
    default:
        WRITE_SYSREG(ich_ap0r3_el2, 0);
        WRITE_SYSREG(ich_ap1r3_el2, value);
        break;
    }
}

void arch_gic_clear_active_priorities(void)
{
    for (unsigned word = 0; word < gic_active_words(); word++) {
        gic_write_active(word, 0);
    }
}

void gic_keep(struct gic_kept *kept)
{
    kept->hcr = arch_gic_read_hcr();
    kept->vmcr = arch_gic_read_vmcr();
    for (unsigned i = 0; i < arch_gic_list_count(); i++) {
        kept->lists[i] = arch_gic_list_read(i);
    }
    for (unsigned word = 0; word < gic_active_words(); word++) {
        kept->active[word] = gic_read_active(word);
    }
}

void gic_restore(const struct gic_kept *kept)
{
    unsigned lists = arch_gic_list_count();
    unsigned words = gic_active_words();

    gic_open_interface();
    arch_gic_write_vmcr(kept->vmcr);
    for (unsigned i = 0; i < lists; i++) {
        arch_gic_list_write(i, kept->lists[i]);
    }
    for (unsigned word = 0; word < words; word++) {
        gic_write_active(word, kept->active[word]);
    }
    arch_gic_write_hcr(kept->hcr);
}

unsigned arch_gic_running_priority(void)
{
    unsigned words = gic_active_words();

    for (unsigned word = 0; word < words; word++) {
        uint32_t active = gic_read_active(word);

        if (active != 0) {
            unsigned shift = 8 - (unsigned)VTR_PREEMPT_BITS(READ_SYSREG(ich_vtr_el2));

            return (word * POINTS_IN_WORD + (unsigned)__builtin_ctz(active)) << shift;
        }
    }
    return PRIORITY_NONE;
}
