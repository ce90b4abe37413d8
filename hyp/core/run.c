/* SPDX-License-Identifier: BSD-2-Clause */
#include "run.h"

#include "bus.h"
#include "calls.h"
#include "power.h"
#include "skip.h"

/* A trapped MSR or MRS, as ESR_EL2 has it: Op0, Op2, Op1, CRn, CRm, and the direction. */
#define SYSREG_ID(op0, op1, crn, crm, op2)                                                         \
    ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
enum {
    SYSREG_ID_MASK = SYSREG_ID(3, 7, 15, 15, 7),
    SYSREG_IS_READ = 1,
    SYSREG_REGISTER_SHIFT = 5,
    SYSREG_ERROR_MASK = SYSREG_ID(3, 7, 15, 0, 0),
    SYSREG_ERROR = SYSREG_ID(3, 0, 5, 0, 0), /* ERRIDR_EL1 and what follows it */
    SYSREG_ACTLR = SYSREG_ID(3, 0, 1, 0, 1),
    SYSREG_SGI1R = SYSREG_ID(3, 0, 12, 11, 5),
    SYSREG_ASGI1R = SYSREG_ID(3, 0, 12, 11, 6),
    SYSREG_SGI0R = SYSREG_ID(3, 0, 12, 11, 7),
};

enum { REGISTER_ZERO = 31 };

/* They read as zero and ignore writes: the guest has no records of errors, and cannot change what
 * ACTLR_EL1 controls. */
static bool run_is_zero(unsigned id)
{
    return id == SYSREG_ACTLR || (id & SYSREG_ERROR_MASK) == SYSREG_ERROR;
}

static bool run_is_send(unsigned id)
{
    return id == SYSREG_SGI1R || id == SYSREG_ASGI1R || id == SYSREG_SGI0R;
}

/* The system registers that trap and exist. */
static void run_take_sysreg(struct vcpu *vcpu, uint64_t esr)
{
    unsigned id = esr & SYSREG_ID_MASK;
    unsigned reg = esr >> SYSREG_REGISTER_SHIFT & 0x1f;
    bool is_read = (esr & SYSREG_IS_READ) != 0;

    if (!run_is_zero(id) && (is_read || !run_is_send(id))) {
        arch_inject_undefined(&vcpu->frame);
        return;
    }
    if (is_read && reg != REGISTER_ZERO) {
        vcpu->frame.x[reg] = 0;
    }
    if (id == SYSREG_SGI1R) {
        vgic_send(vcpu, reg == REGISTER_ZERO ? 0 : vcpu->frame.x[reg]);
    }
    skip_instruction(&vcpu->frame, esr);
}

bool run_take_exit(struct vcpu *vcpu, const struct arch_exit *exit)
{
    switch (exit->kind) {
    case ARCH_EXIT_HVC:
    case ARCH_EXIT_SMC:
        return calls_take(vcpu, exit);
    case ARCH_EXIT_DATA_ABORT:
    case ARCH_EXIT_FETCH_ABORT:
        bus_take_abort(vcpu, exit);
        return true;
    case ARCH_EXIT_SYSREG:
        run_take_sysreg(vcpu, exit->esr);
        return true;
    case ARCH_EXIT_CALLED:
    case ARCH_EXIT_INTERRUPT: /* power_step() takes it */
        return false;
    default:
        arch_inject_undefined(&vcpu->frame);
        return true;
    }
}

bool hyp_call(struct arch_frame *frame, uint64_t esr)
{
    enum { CLASS_SHIFT = 26, CLASS_SMC = 0x17 };
    struct arch_exit exit = {
        .kind = (esr >> CLASS_SHIFT & 0x3f) == CLASS_SMC ? ARCH_EXIT_SMC : ARCH_EXIT_HVC,
        .esr = esr,
    };

    return calls_take((struct vcpu *)frame, &exit); /* it is the vCPU's first member */
}

void run_vcpu(struct vcpu *vcpu)
{
    for (;;) {
        struct arch_exit exit;

        while (!power_step(vcpu)) {
        }
        do {
            vgic_fill(vcpu);
            arch_run(&vcpu->frame, &exit);
        } while (run_take_exit(vcpu, &exit));
    }
}
