/* SPDX-License-Identifier: BSD-2-Clause */
#include "lose.h"

#include "sysreg.h"

/* SCTLR: the bits that are one, so MMU and caches are off. */
#define SCTLR_EL2_OFF UINT64_C(0x30c50830)
#define SCTLR_EL1_OFF UINT64_C(0x30d00800)

static void lose_el2(void)
{
    WRITE_SYSREG(sctlr_el2, SCTLR_EL2_OFF);
    WRITE_SYSREG(hcr_el2, 0);
    WRITE_SYSREG(vbar_el2, LOST & ~UINT64_C(0x7ff));
    WRITE_SYSREG(ttbr0_el2, LOST);
    WRITE_SYSREG(tcr_el2, LOST);
    WRITE_SYSREG(mair_el2, LOST);
    WRITE_SYSREG(tpidr_el2, LOST);
    WRITE_SYSREG(sp_el2, LOST);
    WRITE_SYSREG(elr_el2, LOST);
    WRITE_SYSREG(spsr_el2, LOST);
    WRITE_SYSREG(vttbr_el2, LOST);
    WRITE_SYSREG(vtcr_el2, LOST);
    WRITE_SYSREG(vmpidr_el2, LOST);
    WRITE_SYSREG(vpidr_el2, LOST);
    WRITE_SYSREG(cptr_el2, LOST);
    WRITE_SYSREG(mdcr_el2, LOST & 0xf00);
    WRITE_SYSREG(hstr_el2, LOST);
    WRITE_SYSREG(cnthctl_el2, 0);
    WRITE_SYSREG(cntvoff_el2, LOST);
}

static void lose_el1(void)
{
    WRITE_SYSREG(sctlr_el1, SCTLR_EL1_OFF);
    WRITE_SYSREG(vbar_el1, LOST & ~UINT64_C(0x7ff));
    WRITE_SYSREG(ttbr0_el1, LOST);
    WRITE_SYSREG(ttbr1_el1, LOST);
    WRITE_SYSREG(tcr_el1, LOST);
    WRITE_SYSREG(mair_el1, LOST);
    WRITE_SYSREG(sp_el0, LOST);
    WRITE_SYSREG(sp_el1, LOST);
    WRITE_SYSREG(tpidr_el0, LOST);
    WRITE_SYSREG(tpidr_el1, LOST);
    WRITE_SYSREG(elr_el1, LOST);
    WRITE_SYSREG(spsr_el1, LOST);
    WRITE_SYSREG(cpacr_el1, LOST);
    WRITE_SYSREG(contextidr_el1, LOST);
    WRITE_SYSREG(cntkctl_el1, LOST);
}

static void lose_timers(void)
{
    WRITE_SYSREG(cnthp_ctl_el2, 0);
    WRITE_SYSREG(cntv_ctl_el0, 0);
    WRITE_SYSREG(cntp_ctl_el0, 0);
    WRITE_SYSREG(cnthp_cval_el2, LOST);
    WRITE_SYSREG(cntv_cval_el0, LOST);
    WRITE_SYSREG(cntp_cval_el0, LOST);
}

/* QEMU's cores have four list registers. */
static void lose_cpu_interfaces(void)
{
    WRITE_SYSREG(ich_hcr_el2, 0);
    WRITE_SYSREG(ich_vmcr_el2, 0);
    WRITE_SYSREG(ich_lr0_el2, 0);
    WRITE_SYSREG(ich_lr1_el2, 0);
    WRITE_SYSREG(ich_lr2_el2, 0);
    WRITE_SYSREG(ich_lr3_el2, 0);
    WRITE_SYSREG(ich_ap0r0_el2, 0);
    WRITE_SYSREG(ich_ap1r0_el2, 0);
    WRITE_SYSREG(icc_igrpen1_el1, 0);
    WRITE_SYSREG(icc_bpr1_el1, 7);
    WRITE_SYSREG(icc_ctlr_el1, 0);
    WRITE_SYSREG(icc_pmr_el1, 0x80);
}

void lose_all(void)
{
    lose_cpu_interfaces();
    lose_timers();
    lose_el1();
    lose_el2();
    __asm__ volatile("tlbi alle2\n\ttlbi alle1\n\tic iallu\n\tdsb sy\n\tisb" ::: "memory");
}
