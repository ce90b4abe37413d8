/* SPDX-License-Identifier: BSD-2-Clause */
#include "calls.h"

#include "control.h"
#include "policy.h"
#include "power.h"
#include "skip.h"

/* SMCCC_ARCH_WORKAROUND_1 to 4 (DEN0028, 7). */
static const uint32_t calls_workarounds[] = {0x80008000, VCPU_WORKAROUND_2, 0x80003fff, 0x80000004};

enum { WORKAROUND_COUNT = sizeof(calls_workarounds) / sizeof(calls_workarounds[0]) };

/* In vcpu->workarounds, beside a bit for each that exists. */
#define WORKAROUNDS_ASKED (UINT32_C(1) << 31)

/* The firmware has SMCCC_ARCH_FEATURES. Set before the first guest runs. */
static bool calls_firmware_has_features;

static int64_t calls_firmware(uint64_t function, uint64_t argument)
{
    struct arch_smc_result result;

    arch_firmware(function, argument, 0, 0, &result);
    return (int64_t)result.x[0];
}

/* Firmware that does not know SMCCC_VERSION may not even return from it, so PSCI is asked first
 * (DEN0028, appendix C). */
void calls_ask_firmware(void)
{
    calls_firmware_has_features =
        calls_firmware(VPSCI_FID_32 | VPSCI_FN_VERSION, 0) >= VPSCI_VERSION_1_0 &&
        (int32_t)calls_firmware(VPSCI_FID_32 | VPSCI_FN_FEATURES, VPSCI_FID_SMCCC_VERSION) >= 0 &&
        (int32_t)calls_firmware(VPSCI_FID_SMCCC_VERSION, 0) >= (int32_t)VPSCI_SMCCC_1_1;
}

static int calls_find_workaround(uint32_t id)
{
    for (int i = 0; i < WORKAROUND_COUNT; i++) {
        if (calls_workarounds[i] == id) {
            return i;
        }
    }
    return -1;
}

/* The answer may differ between cores, so each asks for itself. */
static int64_t calls_ask_workaround(unsigned index)
{
    if (!calls_firmware_has_features) {
        return VPSCI_NOT_SUPPORTED;
    }
    return (int32_t)calls_firmware(VPSCI_FID_SMCCC_ARCH_FEATURES, calls_workarounds[index]);
}

/* Guests call workarounds at each change of a process. */
static bool calls_has_workaround(struct vcpu *vcpu, unsigned index)
{
    if (vcpu->workarounds == 0) {
        vcpu->workarounds = WORKAROUNDS_ASKED;
        for (unsigned i = 0; i < WORKAROUND_COUNT; i++) {
            vcpu->workarounds |= calls_ask_workaround(i) >= 0 ? UINT32_C(1) << i : 0;
        }
    }
    return (vcpu->workarounds >> index & 1) != 0;
}

static int64_t calls_features(uint32_t id)
{
    int index = calls_find_workaround(id);

    return index < 0 ? VPSCI_NOT_SUPPORTED : calls_ask_workaround((unsigned)index);
}

static void calls_note_protection(struct vcpu *vcpu, bool is_on)
{
    vcpu->workarounds &= ~VCPU_UNPROTECTED;
    vcpu->workarounds |= is_on ? 0 : VCPU_UNPROTECTED;
}

static bool calls_forward(struct vcpu *vcpu, unsigned index)
{
    struct arch_smc_result result;
    uint64_t *x = vcpu->frame.x;

    if (!calls_has_workaround(vcpu, index)) {
        return false;
    }
    if (calls_workarounds[index] == VCPU_WORKAROUND_2) {
        calls_note_protection(vcpu, (uint32_t)x[1] != 0);
    }
    arch_firmware(calls_workarounds[index], x[1], x[2], x[3], &result);
    for (unsigned i = 0; i < 4; i++) {
        x[i] = result.x[i];
    }
    return true;
}

/* A call that is not the library's. Returns false if no call has this ID. */
static bool calls_answer_other(struct vcpu *vcpu)
{
    uint32_t id = (uint32_t)vcpu->frame.x[0];

    if (id == VPSCI_FID_SMCCC_ARCH_FEATURES) {
        vcpu->frame.x[0] = (uint64_t)calls_features((uint32_t)vcpu->frame.x[1]);
        return true;
    }
    int workaround = calls_find_workaround(id);
    if (workaround >= 0) {
        return calls_forward(vcpu, (unsigned)workaround);
    }
    return vcpu->vm->is_control && control_call(vcpu);
}

static bool calls_carry_out(struct vcpu *vcpu)
{
    enum { PSTATE_AARCH32 = 1 << 4 };
    const uint64_t *x = vcpu->frame.x;
    const struct vpsci_guest_call call = {
        .function = x[0],
        .args = {x[1], x[2], x[3]},
        .aarch32 = (vcpu->frame.pstate & PSTATE_AARCH32) != 0,
        .big_endian = arch_guest_is_big_endian(),
    };
    struct vpsci_outcome out;

    vpsci_call(vcpu->psci, &call, &out);
    if (out.action == VPSCI_FOREIGN && calls_answer_other(vcpu)) {
        return true;
    }
    if (out.request.pending) {
        policy_decide(vcpu, &out.request);
    }
    return power_apply_call(vcpu, &out);
}

bool calls_take(struct vcpu *vcpu, const struct arch_exit *exit)
{
    if (exit->kind == ARCH_EXIT_SMC) {
        skip_instruction(&vcpu->frame, exit->esr); /* the trapped SMC itself */
    }
    if ((exit->esr & 0xffff) != 0) { /* the immediate: reserved (DEN0028, 2.9) */
        vcpu->frame.x[0] = (uint64_t)VPSCI_NOT_SUPPORTED;
        return true;
    }
    return calls_carry_out(vcpu);
}
