/* SPDX-License-Identifier: BSD-2-Clause */
/* From a guest's registers to a function, and back. */
#include "internal.h"

struct function {
    int64_t (*handler)(struct vpsci__invocation *call);
    uint32_t since;
    uint32_t needs;
    uint8_t widths;
    uint8_t words;
    uint8_t arguments;
    uint8_t starts;
};

enum { STARTS_NEVER, STARTS_ALWAYS, STARTS_POWERDOWN };

#define FUNCTION(name, handler, widths, since, arguments, words, starts, needs)                    \
    [VPSCI_FN_##name] = {vpsci__##handler, since, needs, widths, words, arguments, STARTS_##starts},
static const struct function functions[] = {
#include "functions.def"
};

enum { FUNCTION_COUNT = sizeof(functions) / sizeof(functions[0]) };

static bool is_psci_id(uint32_t id)
{
    return (id & ~VPSCI_FID_BIT_64) - VPSCI_FID_32 < VPSCI_FID_COUNT;
}

/* What a VM offers in a version of PSCI: bit n stands for function n as SMC32, bit 32 + n as SMC64.
 * Calls and PSCI_FEATURES both use it, so that what is announced and what works are the same. */
uint64_t vpsci__offers(const struct vpsci_vm *vm, uint32_t version)
{
    uint64_t offers = 0;
    uint32_t n;

    for (n = 0; version != VPSCI_VERSION_0_1 && n < FUNCTION_COUNT; n++) {
        const struct function *function = &functions[n];

        if (function->since <= version && !(function->needs & ~vm->has)) {
            offers |= (uint64_t)(function->widths & 1) << n;
            offers |= (uint64_t)(function->widths >> 1) << (32 + n);
        }
    }
    return offers;
}

/* Is the function behind an ID offered to such a caller? */
static bool is_offered(const struct vpsci__invocation *call, uint32_t id)
{
    uint64_t offers = vpsci__load(&call->vm->offers);
    uint32_t number = id & (VPSCI_FID_COUNT - 1);

    if (call->call->aarch32) {
        offers &= UINT32_MAX;
    }
    return is_psci_id(id) && (offers >> (id & VPSCI_FID_BIT_64 ? 32 + number : number) & 1);
}

static uint64_t narrow_argument(uint64_t argument, bool is_word)
{
    return argument & (is_word ? UINT32_MAX : UINT64_MAX);
}

static int64_t run_function(struct vpsci__invocation *call, uint32_t number, bool wide)
{
    const struct function *function = &functions[number];
    const uint64_t *args = call->call->args;
    uint32_t words = wide ? function->words : 7;
    int64_t result;

    call->function = (uint8_t)number;
    call->wide = wide;
    call->args[0] = narrow_argument(args[0], words & 1);
    call->args[1] = narrow_argument(args[1], words >> 1 & 1);
    call->args[2] = narrow_argument(args[2], words >> 2);
    result = function->handler(call);
    if (result < 0) {
        return vpsci__result(call->vm, (int)result);
    }
    return wide ? result : (int64_t)(uint32_t)result;
}

/* Version 0.1 has four functions, with IDs that the VM's description chooses (DEN0022, and the
 * device tree binding arm,psci). Their arguments are as wide as the caller's registers. */
static bool is_legacy_call(const struct vpsci_vm *vm, uint32_t id, uint32_t *number)
{
    static const uint8_t numbers[] = {
        [VPSCI_ID_0_1_CPU_SUSPEND] = VPSCI_FN_CPU_SUSPEND,
        [VPSCI_ID_0_1_CPU_OFF] = VPSCI_FN_CPU_OFF,
        [VPSCI_ID_0_1_CPU_ON] = VPSCI_FN_CPU_ON,
        [VPSCI_ID_0_1_MIGRATE] = VPSCI_FN_MIGRATE,
    };
    uint32_t i;

    if (vpsci_version(vm) != VPSCI_VERSION_0_1) {
        return false;
    }
    for (i = 0; i < VPSCI_ID_0_1_COUNT; i++) {
        if (id == vm->ids_0_1[i]) {
            *number = numbers[i];
            return true;
        }
    }
    return false;
}

static int64_t answer_foreign(struct vpsci__invocation *call)
{
    call->out->action = VPSCI_FOREIGN;
    return VPSCI_NOT_SUPPORTED;
}

/* The general calls (SMCCC 7). They exist from SMCCC 1.1 on, in every version of PSCI. If
 * ARCH_FEATURES is asked about another function, the embedder may offer that one. */
static int64_t answer_general(struct vpsci__invocation *call, uint32_t id)
{
    uint32_t asked = (uint32_t)call->call->args[0];

    if (call->vm->smccc_version < VPSCI_SMCCC_1_1) {
        return answer_foreign(call);
    }
    if (id == VPSCI_FID_SMCCC_VERSION) {
        return call->vm->smccc_version;
    }
    if (id == VPSCI_FID_SMCCC_ARCH_FEATURES &&
        (asked == VPSCI_FID_SMCCC_VERSION || asked == VPSCI_FID_SMCCC_ARCH_FEATURES)) {
        return VPSCI_SUCCESS;
    }
    return answer_foreign(call);
}

static uint32_t drop_hint(const struct vpsci_vm *vm, uint32_t id)
{
    if ((id & VPSCI_FID_BIT_FAST) && vm->smccc_version >= VPSCI_SMCCC_1_3) {
        id &= ~VPSCI_FID_BIT_HINT;
    }
    return id;
}

static int64_t dispatch_call(struct vpsci__invocation *call, uint32_t id)
{
    uint32_t number;

    if (is_legacy_call(call->vm, id, &number)) {
        return functions[number].needs & ~call->vm->has
                   ? VPSCI_NOT_SUPPORTED
                   : run_function(call, number, !call->call->aarch32);
    }
    id = drop_hint(call->vm, id);
    if (is_offered(call, id)) {
        return run_function(call, id & (VPSCI_FID_COUNT - 1), (id & VPSCI_FID_BIT_64) != 0);
    }
    return is_psci_id(id) ? VPSCI_NOT_SUPPORTED : answer_general(call, id);
}

void vpsci_call(struct vpsci_vcpu *vcpu, const struct vpsci_call *guest, struct vpsci_outcome *out)
{
    struct vpsci__invocation call;
    int64_t result;

    if (vpsci__state_of(vpsci__load(&vcpu->word)) != VPSCI__ON) {
        vpsci_next(vcpu, out);
        if (out->action != VPSCI_RUN) {
            return;
        }
        /* The host held it, and another thread has woken it just now. */
    }
    call.vm = vpsci__vm(vcpu);
    call.vcpu = vcpu;
    call.call = guest;
    call.out = out;
    *out = (struct vpsci_outcome){.action = VPSCI_RETURN};
    result = dispatch_call(&call, (uint32_t)guest->function);
    if (out->action != VPSCI_WAIT) {
        out->x0 = (uint64_t)result;
    }
}

/* The code that the version in force has for a result: 0.1 has only 0 to -3, and INVALID_ADDRESS
 * exists from 1.0 on. */
int vpsci__result(const struct vpsci_vm *vm, int result)
{
    uint32_t version = vpsci_version(vm);

    if (result == VPSCI_INVALID_ADDRESS && version < VPSCI_VERSION_1_0) {
        return VPSCI_INVALID_PARAMETERS;
    }
    if (version != VPSCI_VERSION_0_1 || result >= VPSCI_DENIED) {
        return result;
    }
    if (result == VPSCI_INTERNAL_FAILURE || result == VPSCI_DISABLED) {
        return VPSCI_DENIED;
    }
    return VPSCI_INVALID_PARAMETERS;
}

/* DEN0022, PSCI_FEATURES. */
int64_t vpsci__features(struct vpsci__invocation *call)
{
    uint32_t id = (uint32_t)call->args[0];

    if (id == VPSCI_FID_SMCCC_VERSION && call->vm->smccc_version >= VPSCI_SMCCC_1_1) {
        return VPSCI_SUCCESS;
    }
    if (!is_offered(call, id)) {
        return VPSCI_NOT_SUPPORTED;
    }
    switch (id & (VPSCI_FID_COUNT - 1)) {
    case VPSCI_FN_CPU_SUSPEND:
        return (call->vm->config->options & VPSCI_OPTION_EXTENDED_STATE
                    ? VPSCI_FEATURE_EXTENDED_STATE
                    : 0) |
               (call->vm->has & VPSCI_CAP_OS_INITIATED ? VPSCI_FEATURE_OS_INITIATED : 0);
    case VPSCI_FN_SYSTEM_OFF2:
        return VPSCI_FEATURE_HIBERNATE_OFF;
    default:
        return 0;
    }
}

/* Of IDs that have no function nothing is read: they are NOT_SUPPORTED. */
static bool describe_function(const struct vpsci_vm *vm, uint32_t id,
                              struct vpsci_function_info *info)
{
    uint32_t number;

    if (!is_legacy_call(vm, id, &number)) {
        id = drop_hint(vm, id);
        if (!is_psci_id(id)) {
            return false;
        }
        number = id & (VPSCI_FID_COUNT - 1);
    }
    *info = (struct vpsci_function_info){.arguments = 0};
    if (number < FUNCTION_COUNT) {
        info->arguments = functions[number].arguments;
        info->starts_core = functions[number].starts != STARTS_NEVER;
        info->by_power_state = functions[number].starts == STARTS_POWERDOWN;
    }
    return true;
}

bool vpsci_function_info(const struct vpsci_vm *vm, uint32_t function,
                         struct vpsci_function_info *info)
{
    *info = (struct vpsci_function_info){.arguments = 3, .starts_core = true};
    if (describe_function(vm, function, info)) {
        return true;
    }
    if (vm->smccc_version < VPSCI_SMCCC_1_1 ||
        (function != VPSCI_FID_SMCCC_VERSION && function != VPSCI_FID_SMCCC_ARCH_FEATURES)) {
        return false;
    }
    *info = (struct vpsci_function_info){.arguments = function == VPSCI_FID_SMCCC_ARCH_FEATURES};
    return true;
}
