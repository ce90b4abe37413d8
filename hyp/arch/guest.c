/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch.h"

#include <stddef.h>

#include "cpu_features.h"
#include "offsets.h"
#include "start.h"
#include "sysreg.h"

#define PSTATE_EL1H UINT64_C(0x3c5) /* EL1h, DAIF masked */
#define PSTATE_NZCV UINT64_C(0xf0000000)
#define PSTATE_TCO  (UINT64_C(1) << 25)
#define PSTATE_DIT  (UINT64_C(1) << 24)
#define PSTATE_PAN  (UINT64_C(1) << 22)
#define PSTATE_MODE UINT64_C(0x1f)
#define PSTATE_32   UINT64_C(0x10)
#define MODE_EL1T   UINT64_C(4)
#define MODE_EL1H   UINT64_C(5)

#define SCTLR_EL1_RESET UINT64_C(0x30d00800)
#define SCTLR_EL1_EE    (UINT64_C(1) << 25)
#define SCTLR_EL1_SPAN  (UINT64_C(1) << 23)
#define CNTHCTL_EL1     UINT64_C(3) /* EL1 reads the physical counter, and has its timer */
#define HCR_VSE         (UINT64_C(1) << 8)

/* ESR: classes of exceptions, and the fields that are used here (Arm ARM D24.2.40). */
enum {
    CLASS_UNKNOWN = 0x00,
    CLASS_HVC = ESR_CLASS_HVC,
    CLASS_SMC = ESR_CLASS_SMC,
    CLASS_SYSREG = 0x18,
    CLASS_FETCH_LOWER = 0x20,
    CLASS_FETCH_SAME = 0x21,
    CLASS_DATA_LOWER = 0x24,
    CLASS_DATA_SAME = 0x25,
    CLASS_SHIFT = ESR_CLASS_SHIFT,
    ESR_IL = 1 << 25,
    ESR_EXTERNAL = 0x10, /* not on a walk of the tables */
    ESR_WRITE = 1 << 6,
};

/* Vectors of a lower level: 8 synchronous, 9 IRQ, 10 FIQ, 11 SError; 12 to 15 from AArch32. */
enum { VECTOR_KIND = 3, KIND_SYNC = 0, KIND_SERROR = 3 };

/* Stage 2: 4 KiB granule, walks from level 1 on, write-back, inner-shareable. */
#define VTCR_VALUE                                                                                 \
    (UINT64_C(1) << 31 | UINT64_C(3) << 12 | UINT64_C(1) << 10 | UINT64_C(1) << 8 |                \
     UINT64_C(1) << 6)
#define VTCR_PS_SHIFT    16
#define IPA_BITS_MAX     39
#define PARANGE_MASK     0xf
#define PARANGE_36_BIT   1
#define MPIDR_ONE        (UINT64_C(1) << 31)
#define VTTBR_VMID_SHIFT 48

_Static_assert(offsetof(struct arch_frame, pc) == FRAME_PC, "offsets.h");

static enum arch_exit_kind guest_kind_of(uint64_t esr)
{
    switch (esr >> CLASS_SHIFT & 0x3f) {
    case CLASS_HVC:
        return ARCH_EXIT_HVC;
    case CLASS_SMC:
        return ARCH_EXIT_SMC;
    case CLASS_SYSREG:
        return ARCH_EXIT_SYSREG;
    case CLASS_DATA_LOWER:
        return ARCH_EXIT_DATA_ABORT;
    case CLASS_FETCH_LOWER:
        return ARCH_EXIT_FETCH_ABORT;
    default:
        return ARCH_EXIT_OTHER;
    }
}

void arch_run(struct arch_frame *frame, struct arch_exit *exit)
{
    unsigned way = enter_guest(frame);
    unsigned vector = way & VECTOR_KIND;

    exit->kind = way == VECTOR_CALLED ? ARCH_EXIT_CALLED : ARCH_EXIT_INTERRUPT;
    if (way == VECTOR_CALLED) {
        return;
    }
    if (vector == KIND_SERROR) {
        /* It is the guest's: given back as a virtual one. */
        WRITE_SYSREG(hcr_el2, READ_SYSREG(hcr_el2) | HCR_VSE);
    }
    if (vector != KIND_SYNC) {
        return;
    }
    exit->esr = READ_SYSREG(esr_el2);
    exit->kind = guest_kind_of(exit->esr);
    if (exit->kind == ARCH_EXIT_DATA_ABORT || exit->kind == ARCH_EXIT_FETCH_ABORT) {
        exit->va = READ_SYSREG(far_el2);
        exit->ipa = READ_SYSREG(hpfar_el2) << 8 | (exit->va & 0xfff);
    }
}

void arch_stop_timers(void)
{
    WRITE_SYSREG(cntv_ctl_el0, 0);
    WRITE_SYSREG(cntp_ctl_el0, 0);
    WRITE_SYSREG(cntv_cval_el0, 0);
    WRITE_SYSREG(cntp_cval_el0, 0);
}

void arch_stop_tracing(void)
{
    cpu_features_stop_tracing();
}

static void guest_reset_registers(bool big_endian)
{
    WRITE_SYSREG(sctlr_el1, SCTLR_EL1_RESET | (big_endian ? SCTLR_EL1_EE : 0));
    WRITE_SYSREG(hcr_el2, READ_SYSREG(hcr_el2) & ~HCR_VSE);
    WRITE_SYSREG(cpacr_el1, 0);
    WRITE_SYSREG(tcr_el1, 0);
    WRITE_SYSREG(ttbr0_el1, 0);
    WRITE_SYSREG(ttbr1_el1, 0);
    WRITE_SYSREG(mair_el1, 0);
    WRITE_SYSREG(amair_el1, 0);
    WRITE_SYSREG(vbar_el1, 0);
    WRITE_SYSREG(contextidr_el1, 0);
    WRITE_SYSREG(cntkctl_el1, 0);
    WRITE_SYSREG(csselr_el1, 0);
    WRITE_SYSREG(par_el1, 0);
    WRITE_SYSREG(esr_el1, 0);
    WRITE_SYSREG(far_el1, 0);
    WRITE_SYSREG(elr_el1, 0);
    WRITE_SYSREG(spsr_el1, 0);
    WRITE_SYSREG(sp_el0, 0);
    WRITE_SYSREG(sp_el1, 0);
    WRITE_SYSREG(tpidr_el0, 0);
    WRITE_SYSREG(tpidrro_el0, 0);
    WRITE_SYSREG(tpidr_el1, 0);
    WRITE_SYSREG(mdscr_el1, 0);
}

void arch_reset_vcpu(struct arch_frame *frame, uint64_t entry, uint64_t context, bool big_endian)
{
    *frame = (struct arch_frame){.x = {context}, .pc = entry, .pstate = PSTATE_EL1H};
    guest_reset_registers(big_endian);
    cpu_features_reset();
    __asm__ volatile("tlbi vmalle1\n\tic iallu\n\tdsb nsh\n\tisb" ::: "memory");
}

bool arch_guest_is_big_endian(void)
{
    return (READ_SYSREG(sctlr_el1) & SCTLR_EL1_EE) != 0;
}

static uint64_t guest_vector(uint64_t pstate)
{
    if ((pstate & PSTATE_32) != 0) {
        return 0x600;
    }
    switch (pstate & PSTATE_MODE) {
    case MODE_EL1H:
        return 0x200;
    case MODE_EL1T:
        return 0x000;
    default:
        return 0x400;
    }
}

static bool guest_is_at_el1(uint64_t pstate)
{
    return (pstate & PSTATE_MODE) == MODE_EL1H || (pstate & PSTATE_MODE) == MODE_EL1T;
}

/* An exception as the guest's core would have taken it to EL1 (Arm ARM, AArch64.TakeException). */
static void guest_inject(struct arch_frame *frame, uint64_t esr)
{
    uint64_t old = frame->pstate;
    bool sets_pan = (READ_SYSREG(sctlr_el1) & SCTLR_EL1_SPAN) == 0 &&
                    (READ_SYSREG(id_aa64mmfr1_el1) >> 20 & 0xf) != 0;
    bool sets_tco = (READ_SYSREG(id_aa64pfr1_el1) >> 8 & 0xf) != 0; /* memory tagging */

    WRITE_SYSREG(esr_el1, esr | ESR_IL);
    WRITE_SYSREG(elr_el1, frame->pc);
    WRITE_SYSREG(spsr_el1, old);
    frame->pc = READ_SYSREG(vbar_el1) + guest_vector(old);
    frame->pstate = PSTATE_EL1H | (old & (PSTATE_NZCV | PSTATE_DIT | PSTATE_PAN)) |
                    (sets_pan ? PSTATE_PAN : 0) | (sets_tco ? PSTATE_TCO : 0);
}

void arch_inject_abort(struct arch_frame *frame, const struct arch_exit *exit)
{
    bool is_fetch = exit->kind == ARCH_EXIT_FETCH_ABORT;
    uint64_t class = is_fetch ? CLASS_FETCH_LOWER : CLASS_DATA_LOWER;

    if (guest_is_at_el1(frame->pstate)) {
        class = is_fetch ? CLASS_FETCH_SAME : CLASS_DATA_SAME;
    }
    WRITE_SYSREG(far_el1, exit->va);
    guest_inject(frame,
                 class << CLASS_SHIFT | ESR_EXTERNAL | (is_fetch ? 0 : exit->esr & ESR_WRITE));
}

void arch_inject_undefined(struct arch_frame *frame)
{
    guest_inject(frame, (uint64_t)CLASS_UNKNOWN << CLASS_SHIFT);
}

static uint64_t guest_stage2_control(void)
{
    uint64_t range = READ_SYSREG(id_aa64mmfr0_el1) & PARANGE_MASK;
    unsigned bits = range == 0 ? 32 : range == PARANGE_36_BIT ? 36 : IPA_BITS_MAX;

    return VTCR_VALUE | (range > 5 ? 5 : range) << VTCR_PS_SHIFT | (64 - bits);
}

void arch_use_vm(uint64_t stage2_root, unsigned vmid, uint64_t mpidr)
{
    cpu_features_open();
    WRITE_SYSREG(vpidr_el2, READ_SYSREG(midr_el1));
    WRITE_SYSREG(vmpidr_el2, mpidr | MPIDR_ONE);
    WRITE_SYSREG(cnthctl_el2, CNTHCTL_EL1);
    WRITE_SYSREG(cntvoff_el2, 0);
    WRITE_SYSREG(vtcr_el2, guest_stage2_control());
    WRITE_SYSREG(vttbr_el2, (uint64_t)vmid << VTTBR_VMID_SHIFT | stage2_root);
    arch_forget_stage2();
}
