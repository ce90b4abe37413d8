/* SPDX-License-Identifier: BSD-2-Clause */
/* SYSTEM_OFF, SYSTEM_RESET, SYSTEM_RESET2, SYSTEM_OFF2, and the state after a reset. */
#include "../engine/moves.h"
#include "families.h"

static void ends(struct trial *t, uint32_t cpu, uint32_t function, uint64_t a, uint64_t b,
                 enum end_kind kind, const char *what)
{
    vanishes(t, call(t, cpu, function, a, b, 0), what);
    expect_end(t, kind, what);
}

static void off(struct trial *t)
{
    ends(t, boot(t), FID32(FN_SYSTEM_OFF), UINT64_MAX, UINT64_MAX, END_OFF, "SYSTEM_OFF");
}

static void off_others_on(struct trial *t)
{
    start_all(t);
    ends(t, boot(t), FID32(FN_SYSTEM_OFF), 0, 0, END_OFF, "SYSTEM_OFF with all CPUs on");
}

static void off_from_secondary(struct trial *t)
{
    start(t, other(t, 0));
    ends(t, other(t, 0), FID32(FN_SYSTEM_OFF), 0, 0, END_OFF, "SYSTEM_OFF by a secondary");
    stays(t, boot(t), "the boot CPU");
}

static void all_at_once(struct trial *t)
{
    struct team_call calls[8];
    uint32_t count = 0;

    for (uint32_t n = 0; n + 1 < cpu_count(t) && count < COUNT_OF(calls); n++) {
        start(t, other(t, n));
        calls[count++] = of(t, other(t, n), FID32(FN_SYSTEM_OFF), 0, 0, 0);
    }
    together(t, calls, count);
    for (uint32_t i = 0; i < count; i++) {
        vanishes(t, &calls[i].event, "SYSTEM_OFF by all CPUs");
    }
    expect_end(t, END_OFF, "SYSTEM_OFF by all CPUs");
}

static void reset(struct trial *t)
{
    ends(t, boot(t), FID32(FN_SYSTEM_RESET), UINT64_MAX, UINT64_MAX, END_RESET, "SYSTEM_RESET");
}

/* Only the boot CPU is on, whatever was on before, and it can start all others. */
static void fresh_after(struct trial *t)
{
    restart(t);
    is_on(t, boot(t), "the boot CPU after a reset");
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        stays(t, other(t, n), "another CPU after a reset");
        is_off(t, other(t, n), "another CPU after a reset");
    }
    start_all(t);
}

static void reset_all_on(struct trial *t)
{
    start_all(t);
    ends(t, other(t, 0), FID32(FN_SYSTEM_RESET), 0, 0, END_RESET, "SYSTEM_RESET by a secondary");
    fresh_after(t);
}

static void reset_pending(struct trial *t)
{
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        returns(t, turn_on(t, other(t, n), entry_n(t, 5), 1), IS_SUCCESS, "CPU_ON");
    }
    ends(t, boot(t), FID32(FN_SYSTEM_RESET), 0, 0, END_RESET,
         "SYSTEM_RESET with CPUs told to start");
    fresh_after(t);
}

static void reset_suspended(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, true);

    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        start(t, other(t, n));
        put_into(t, other(t, n), state, 2);
    }
    ends(t, boot(t), FID32(FN_SYSTEM_RESET), 0, 0, END_RESET, "SYSTEM_RESET with CPUs asleep");
    fresh_after(t);
}

static void reset_boot_off(struct trial *t)
{
    start(t, other(t, 0));
    stop(t, boot(t));
    ends(t, other(t, 0), FID32(FN_SYSTEM_RESET), 0, 0, END_RESET,
         "SYSTEM_RESET with the boot CPU off");
    fresh_after(t);
}

static void reset_twice(struct trial *t)
{
    for (int i = 0; i < 3; i++) {
        ends(t, boot(t), FID32(FN_SYSTEM_RESET), 0, 0, END_RESET, "SYSTEM_RESET");
        fresh_after(t);
    }
}

static void reset2_refuses(struct trial *t)
{
    static const uint32_t types[] = {1, 2, 0x100, 0x10000, 0x40000000, 0x7fffffff};

    for (uint32_t i = 0; i < COUNT_OF(types); i++) {
        returns(t, ask(t, id(t, FN_SYSTEM_RESET2), types[i], 0), IS_INVALID_PARAMETERS,
                "SYSTEM_RESET2 of an architectural type that is none");
        returns(t, ask(t, FID32(FN_SYSTEM_RESET2), types[i], 0), IS_INVALID_PARAMETERS,
                "the same, SMC32");
    }
}

static void reset2_warm(struct trial *t)
{
    ends(t, boot(t), id(t, FN_SYSTEM_RESET2), 0, 0x1234, END_RESET2, "SYSTEM_RESET2, warm");
    expect_equal(t, ending(t).type, 0, "the type of reset that was asked for");
    fresh_after(t);
}

static void reset2_all_on(struct trial *t)
{
    start_all(t);
    ends(t, other(t, 0), id(t, FN_SYSTEM_RESET2), 0, 0, END_RESET2, "SYSTEM_RESET2 by a secondary");
    fresh_after(t);
}

static void off2_all_on(struct trial *t)
{
    start_all(t);
    ends(t, other(t, 0), id(t, FN_SYSTEM_OFF2), 0, 0, END_HIBERNATE, "SYSTEM_OFF2 by a secondary");
}

static void reset2_type_width(struct trial *t)
{
    ends(t, boot(t), id(t, FN_SYSTEM_RESET2), GARBAGE, 0, END_RESET2,
         "SYSTEM_RESET2 with garbage in the upper half of reset_type");
    expect_equal(t, ending(t).type, 0, "the type of reset that was asked for");
}

static void reset2_upper_halves(struct trial *t)
{
    ends(t, boot(t), FID32(FN_SYSTEM_RESET2), GARBAGE, GARBAGE | 0x77, END_RESET2,
         "SMC32 SYSTEM_RESET2 with garbage in the upper halves");
    expect_equal(t, ending(t).cookie, 0x77, "the cookie");
}

static void reset2_vendor(struct trial *t)
{
    const struct event *e = ask(t, id(t, FN_SYSTEM_RESET2), 0x80000002, 0x99);

    characteristic_code(t, "SYSTEM_RESET2 of a vendor's type", e);
    if (e->kind != EVENT_NONE) {
        returns(t, e, IS_INVALID_PARAMETERS, "SYSTEM_RESET2 of a vendor's type");
        is_on(t, boot(t), "the caller");
        return;
    }
    expect_end(t, END_RESET2, "SYSTEM_RESET2 of a vendor's type");
    expect_equal(t, ending(t).type, 0x80000002, "the type of reset that was asked for");
    expect_equal(t, ending(t).cookie, 0x99, "the cookie");
}

static void off2_refuses(struct trial *t)
{
    static const uint32_t types[] = {2, 3, 0x100, 0x10000, 0x80000000, 0x80000001, 0xffffffff};

    for (uint32_t i = 0; i < COUNT_OF(types); i++) {
        returns(t, ask(t, id(t, FN_SYSTEM_OFF2), types[i], 0), IS_INVALID_PARAMETERS,
                "SYSTEM_OFF2 of a type that is none");
    }
    returns(t, ask(t, id(t, FN_SYSTEM_OFF2), 0, 1), IS_INVALID_PARAMETERS,
            "SYSTEM_OFF2 with a cookie");
    returns(t, ask(t, id(t, FN_SYSTEM_OFF2), 1, 1), IS_INVALID_PARAMETERS,
            "SYSTEM_OFF2 of type 1 with a cookie");
    if (!t->machine->aarch32) {
        returns(t, ask(t, id(t, FN_SYSTEM_OFF2), 1, UINT64_C(1) << 32), IS_INVALID_PARAMETERS,
                "SYSTEM_OFF2 with a cookie in the upper half");
    }
}

static void off2_type_0(struct trial *t)
{
    ends(t, boot(t), id(t, FN_SYSTEM_OFF2), 0, 0, END_HIBERNATE, "SYSTEM_OFF2 of type 0");
}

static void off2_type_1(struct trial *t)
{
    ends(t, boot(t), id(t, FN_SYSTEM_OFF2), 1, 0, END_HIBERNATE, "SYSTEM_OFF2 of type 1");
}

static void off2_upper_halves(struct trial *t)
{
    ends(t, boot(t), FID32(FN_SYSTEM_OFF2), GARBAGE | 1, GARBAGE, END_HIBERNATE,
         "SMC32 SYSTEM_OFF2 with garbage in the upper halves");
}

static void off2_type_width(struct trial *t)
{
    ends(t, boot(t), id(t, FN_SYSTEM_OFF2), GARBAGE | 1, 0, END_HIBERNATE,
         "SYSTEM_OFF2 with garbage in the upper half of its type");
}

#define RESETS (VIEW_END | VIEW_RESTART)

static const struct scenario scenarios[] = {
    {.name = "system-off",
     .clause = "5.11 SYSTEM_OFF",
     .consequence = "a guest that shuts down, or panics, hangs instead",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .abilities = VIEW_END,
     .run = off},
    {.name = "system-off-others-on",
     .clause = "5.11 SYSTEM_OFF",
     .consequence = "a guest that shuts down, or panics, hangs instead",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .abilities = VIEW_END,
     .cpus = 2,
     .run = off_others_on},
    {.name = "system-off-from-secondary",
     .clause = "5.11 SYSTEM_OFF",
     .consequence = "whether a guest can shut down depends on the CPU that it uses",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .abilities = VIEW_END,
     .cpus = 2,
     .run = off_from_secondary},
    {.name = "system-off-by-all",
     .clause = "5.11 SYSTEM_OFF",
     .consequence = "a guest that panics on all CPUs at once hangs",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .abilities = VIEW_END,
     .cpus = 3,
     .run = all_at_once},
    {.name = "system-reset",
     .clause = "5.12 SYSTEM_RESET",
     .consequence = "a guest that reboots hangs, or continues where it does not expect to",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .abilities = VIEW_END,
     .run = reset},
    {.name = "system-reset-others-on",
     .clause = "5.12 SYSTEM_RESET",
     .consequence = "CPUs of the old system run in the memory of the new one",
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .abilities = RESETS,
     .cpus = 2,
     .run = reset_all_on},
    {.name = "system-reset-pending",
     .clause = "5.12 SYSTEM_RESET",
     .consequence = "a CPU starts at an address of the system before",
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .abilities = RESETS,
     .cpus = 2,
     .run = reset_pending},
    {.name = "system-reset-suspended",
     .clause = "5.12 SYSTEM_RESET",
     .consequence = "a CPU wakes at an address of the system before",
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .abilities = RESETS,
     .cpus = 2,
     .run = reset_suspended},
    {.name = "system-reset-boot-cpu-off",
     .clause = "5.12 SYSTEM_RESET",
     .consequence = "a guest that reboots does not come up again",
     .severity = SEVERITY_BOOT_FAILURE,
     .since = V0_2,
     .abilities = RESETS | VIEW_HANDOVER,
     .cpus = 2,
     .run = reset_boot_off},
    {.name = "system-reset-again-and-again",
     .clause = "5.12 SYSTEM_RESET",
     .consequence = "a guest reboots once and never again",
     .severity = SEVERITY_BOOT_FAILURE,
     .since = V0_2,
     .abilities = RESETS,
     .cpus = 2,
     .run = reset_twice},
    {.name = "system-reset2-refuses",
     .clause = "SYSTEM_RESET2, INVALID_PARAMETERS",
     .consequence = "the guest gets another kind of reset than it asked for",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_1,
     .needs = HAS(FN_SYSTEM_RESET2),
     .run = reset2_refuses},
    {.name = "system-reset2-warm",
     .clause = "SYSTEM_RESET2, SYSTEM_WARM_RESET",
     .consequence = "a guest that reboots hangs, or loses its memory",
     .severity = SEVERITY_HANG,
     .since = V1_1,
     .needs = HAS(FN_SYSTEM_RESET2),
     .abilities = RESETS,
     .cpus = 2,
     .run = reset2_warm},
    {.name = "system-reset2-others-on",
     .clause = "SYSTEM_RESET2, SYSTEM_WARM_RESET",
     .consequence = "CPUs of the old system run in the memory of the new one",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_1,
     .needs = HAS(FN_SYSTEM_RESET2),
     .abilities = RESETS,
     .cpus = 2,
     .run = reset2_all_on},
    {.name = "system-reset2-type-width",
     .clause = "DEN0028 SMC64 argument passing; uint32 reset_type",
     .consequence = "a reboot or hibernation fails, depending on leftover bits in a register",
     .severity = SEVERITY_HANG,
     .since = V1_1,
     .needs = HAS(FN_SYSTEM_RESET2),
     .abilities = VIEW_END,
     .run = reset2_type_width},
    {.name = "system-reset2-upper-halves",
     .clause = "DEN0028 SMC32 argument passing",
     .consequence = "a reboot or hibernation fails, depending on leftover bits in a register",
     .severity = SEVERITY_HANG,
     .since = V1_1,
     .needs = HAS(FN_SYSTEM_RESET2),
     .abilities = VIEW_END,
     .run = reset2_upper_halves},
    {.name = "system-reset2-vendor",
     .clause = "SYSTEM_RESET2, vendor-specific resets",
     .consequence = "the guest gets another kind of reset than it asked for",
     .since = V1_1,
     .needs = HAS(FN_SYSTEM_RESET2),
     .abilities = VIEW_END,
     .run = reset2_vendor},
    {.name = "system-off2-refuses",
     .clause = "SYSTEM_OFF2, INVALID_PARAMETERS",
     .consequence =
         "a guest that asks for a kind of off that does not exist is turned off for good",
     .since = V1_3,
     .needs = HAS(FN_SYSTEM_OFF2),
     .run = off2_refuses},
    {.name = "system-off2-type-0",
     .clause = "SYSTEM_OFF2, HIBERNATE_OFF",
     .consequence = "Linux, which passes 0, does not hibernate",
     .severity = SEVERITY_HANG,
     .since = V1_3,
     .needs = HAS(FN_SYSTEM_OFF2),
     .abilities = VIEW_END,
     .run = off2_type_0},
    {.name = "system-off2-type-1",
     .clause = "SYSTEM_OFF2, HIBERNATE_OFF",
     .consequence = "a guest that passes the specified type does not hibernate",
     .severity = SEVERITY_HANG,
     .since = V1_3,
     .needs = HAS(FN_SYSTEM_OFF2),
     .abilities = VIEW_END,
     .run = off2_type_1},
    {.name = "system-off2-others-on",
     .clause = "SYSTEM_OFF2, HIBERNATE_OFF",
     .consequence = "a guest that hibernates hangs instead, or continues",
     .severity = SEVERITY_HANG,
     .since = V1_3,
     .needs = HAS(FN_SYSTEM_OFF2),
     .abilities = VIEW_END,
     .cpus = 2,
     .run = off2_all_on},
    {.name = "system-off2-upper-halves",
     .clause = "DEN0028 SMC32 argument passing",
     .consequence = "a reboot or hibernation fails, depending on leftover bits in a register",
     .severity = SEVERITY_HANG,
     .since = V1_3,
     .needs = HAS(FN_SYSTEM_OFF2),
     .abilities = VIEW_END,
     .run = off2_upper_halves},
    {.name = "system-off2-type-width",
     .clause = "DEN0028 SMC64 argument passing; uint32 type",
     .consequence = "a reboot or hibernation fails, depending on leftover bits in a register",
     .severity = SEVERITY_HANG,
     .since = V1_3,
     .needs = HAS(FN_SYSTEM_OFF2),
     .abilities = VIEW_END,
     .run = off2_type_width},
};

const struct family system_end_family = {"system-end", scenarios, COUNT_OF(scenarios)};
