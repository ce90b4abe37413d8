/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an ID to a handler: every ID, version, capability, caller. The handlers are replaced by some
 * that note which was called and return anything.
 */
#include "proof.h"

static uint32_t handled; /* the function, or NONE */
static uint64_t seen[3]; /* its arguments */
static bool waits;       /* it made the outcome a wait */
static int64_t returned;

enum { NONE = 0xff };

static int64_t note(struct vpsci__invocation *invocation, uint32_t number)
{
    check(handled == NONE, "one handler is called");
    check(invocation->function == number, "a handler gets its own number");
    handled = number;
    for (uint32_t i = 0; i < 3; i++) {
        seen[i] = vpsci__arg(invocation, i);
    }
    if (waits) {
        invocation->out->action = VPSCI_WAIT;
    }
    return returned;
}

/* All handlers but PSCI_FEATURES, which is part of the claim. */
#define vpsci__features unused_features
#define FUNCTION(name, handler, widths, since, arguments, starts, needs)                           \
    int64_t vpsci__##handler(struct vpsci__invocation *invocation)                                 \
    {                                                                                              \
        return note(invocation, VPSCI_FN_##name);                                                  \
    }
#include "lib/functions.def"
#undef vpsci__features

int64_t vpsci__features(struct vpsci__invocation *invocation);

static bool offered_since(uint32_t number)
{
#define FUNCTION(name, handler, widths, since, arguments, starts, needs)                           \
    if (number == VPSCI_FN_##name) {                                                               \
        return since <= vpsci_version(&vm) && !((needs) & ~vm.has);                                \
    }
#include "lib/functions.def"
    return false;
}

static bool has_width(uint32_t number, bool wide)
{
#define FUNCTION(name, handler, widths, since, arguments, starts, needs)                           \
    if (number == VPSCI_FN_##name) {                                                               \
        return (widths) >> wide & 1;                                                               \
    }
#include "lib/functions.def"
    return false;
}

/* The function of an ID of versions 0.2 and later; NONE if the VM does not offer it to this caller. */
static uint32_t function_of(uint32_t id)
{
    bool wide = (id & VPSCI_FID_BIT_64) != 0;
    uint32_t number = id & 0x1f;

    if (vpsci_version(&vm) == VPSCI_VERSION_0_1 || (wide && guest.aarch32)) {
        return NONE;
    }
    if ((id & ~(VPSCI_FID_BIT_64 | 0x1f)) != VPSCI_FID_32) {
        return NONE;
    }
    return offered_since(number) && has_width(number, wide) ? number : (uint32_t)NONE;
}

static void any_guest(void)
{
    any_vm();
    vm.smccc_version = nondet_u32();
    assume(vm.smccc_version >= VPSCI_SMCCC_1_0 && vm.smccc_version <= VPSCI_SMCCC_1_5);
    vm.has |= nondet_bool() ? VPSCI__HAS_STATISTICS : 0;
    vm.has |= nondet_bool() ? VPSCI__HAS_RANGES : 0;
    assume(vpsci_version_set(&vm, nondet_u32()) == 0);
    for (uint32_t i = 0; i < 3; i++) {
        guest.args[i] = nondet_u64();
    }
    guest.function = nondet_u64();
    guest.aarch32 = nondet_bool();
    handled = NONE;
    waits = nondet_bool();
    returned = (int64_t)nondet_u64();
    assume(returned >= VPSCI_INVALID_ADDRESS);
}

/* Bit 16 of an ID is a hint from SMCCC 1.3 on. */
static uint32_t without_hint(uint32_t id)
{
    bool hint = vm.smccc_version >= VPSCI_SMCCC_1_3 && (id & VPSCI_FID_BIT_FAST);

    return hint ? id & ~VPSCI_FID_BIT_HINT : id;
}

static void check_returned(bool wide)
{
    int64_t x0 = (int64_t)out.x0;

    check(out.action == (waits ? VPSCI_WAIT : VPSCI_RETURN), "outcome: action");
    if (waits) {
        return;
    }
    if (returned >= 0) {
        check(x0 == (wide ? returned : (int64_t)(uint32_t)returned), "x0: a result");
    } else {
        check(x0 < 0 && x0 >= VPSCI_INVALID_ADDRESS, "x0: an error, in 64 bits");
        check(vpsci_version(&vm) < VPSCI_VERSION_1_0 || x0 == returned, "x0: the error");
        check(vpsci_version(&vm) != VPSCI_VERSION_0_1 || x0 >= VPSCI_DENIED, "x0: one of 0.1");
    }
}

/* Versions 0.2 and later. */
void prove_dispatch(void)
{
    uint32_t id;
    uint32_t number;
    bool wide;

    any_guest();
    assume(vpsci_version(&vm) != VPSCI_VERSION_0_1);
    id = without_hint((uint32_t)guest.function);
    number = function_of(id);
    assume(number != VPSCI_FN_FEATURES);
    wide = (id & VPSCI_FID_BIT_64) != 0;
    vpsci__dispatch(&vcpus(0), &guest, &out);
    reach(handled == VPSCI_FN_CPU_ON && wide, "CPU_ON by SMC64");
    reach(handled == VPSCI_FN_SYSTEM_OFF2, "SYSTEM_OFF2");
    reach(out.action == VPSCI_FOREIGN, "a foreign call");
    check(handled == number, "the handler of what is offered, and no other");
    if (number == NONE) {
        check(out.action == VPSCI_RETURN || out.action == VPSCI_FOREIGN, "outcome: no handler");
        return;
    }
    for (uint32_t i = 0; i < 3; i++) {
        check(seen[i] == (wide ? guest.args[i] : (uint32_t)guest.args[i]), "arguments");
    }
    check_returned(wide);
}

/* Version 0.1: four functions, by the IDs of the configuration. */
void prove_dispatch_0_1(void)
{
    static const uint32_t numbers[VPSCI_ID_0_1_COUNT] = {VPSCI_FN_CPU_SUSPEND, VPSCI_FN_CPU_OFF,
                                                         VPSCI_FN_CPU_ON, VPSCI_FN_MIGRATE};
    uint32_t expected = NONE;

    any_guest();
    assume(vpsci_version(&vm) == VPSCI_VERSION_0_1);
    for (uint32_t i = VPSCI_ID_0_1_COUNT; i-- > 0;) {
        if (vm.ids_0_1[i] == (uint32_t)guest.function) {
            expected = numbers[i];
        }
    }
    if (expected == VPSCI_FN_MIGRATE && !(vm.has & VPSCI__HAS_RESIDENT)) {
        expected = NONE;
    }
    vpsci__dispatch(&vcpus(0), &guest, &out);
    reach(handled == VPSCI_FN_MIGRATE, "MIGRATE");
    check(handled == expected, "the handler of the ID, and no other");
    if (expected != NONE) {
        check_returned(!guest.aarch32);
    }
}

/* PSCI_FEATURES says of each ID what happens if it is called. */
void prove_features(void)
{
    uint32_t asked;
    int64_t says;

    any_guest();
    assume(vpsci_version(&vm) >= VPSCI_VERSION_1_0);
    guest.function = VPSCI_FID_32 + VPSCI_FN_FEATURES;
    asked = (uint32_t)guest.args[0];
    assume(asked != VPSCI_FID_32 + VPSCI_FN_FEATURES && asked != VPSCI_FID_SMCCC_VERSION);
    assume(without_hint(asked) == asked);
    vpsci__dispatch(&vcpus(0), &guest, &out);
    check(out.action == VPSCI_RETURN && handled == NONE, "PSCI_FEATURES calls nothing");
    says = (int64_t)out.x0;
    guest.function = asked;
    vpsci__dispatch(&vcpus(0), &guest, &out);
    reach(says == 3, "CPU_SUSPEND with all features");
    reach(says == VPSCI_NOT_SUPPORTED, "something that is not there");
    check((says >= 0) == (handled != NONE), "what it announces has a handler, and nothing else");
    check(says >= 0 || says == VPSCI_NOT_SUPPORTED, "result");
}

/* How much of a call is read: at least what the handler's function takes. */
void prove_describe_function(void)
{
    struct vpsci_function_info info;
    uint32_t number;
    bool known;

    any_guest();
    assume(vpsci_version(&vm) != VPSCI_VERSION_0_1);
    number = function_of(without_hint((uint32_t)guest.function));
    known = vpsci_describe_function(&vm, (uint32_t)guest.function, &info);
    reach(known && info.by_power_state, "CPU_SUSPEND");
    reach(!known, "a foreign call");
    check(known || info.arguments == 3, "of what is not known, all is read");
    check(known || number == NONE, "what is offered is known");
#define FUNCTION(name, handler, widths, since, arguments_, starts, needs)                          \
    check(number != VPSCI_FN_##name || info.arguments == arguments_, "arguments");
#include "lib/functions.def"
}
