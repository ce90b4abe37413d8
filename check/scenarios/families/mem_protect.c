/* SPDX-License-Identifier: BSD-2-Clause */
/* MEM_PROTECT and MEM_PROTECT_CHECK_RANGE. */
#include "../engine/moves.h"
#include "families.h"

static const struct event *protect(struct trial *t, uint64_t enable)
{
    return ask(t, FID32(FN_MEM_PROTECT), enable, 0);
}

static const struct event *check_range(struct trial *t, uint64_t base, uint64_t length)
{
    return ask(t, id(t, FN_MEM_PROTECT_CHECK_RANGE), base, length);
}

static void returns_previous(struct trial *t)
{
    comes_back(t, protect(t, 0), "MEM_PROTECT(0)");
    returns_number(t, protect(t, 1), 0, "MEM_PROTECT(1) after (0)");
    returns_number(t, protect(t, 1), 1, "MEM_PROTECT(1) after (1)");
    returns_number(t, protect(t, 0), 1, "MEM_PROTECT(0) after (1)");
    returns_number(t, protect(t, 0), 0, "MEM_PROTECT(0) after (0)");
}

static void argument_width(struct trial *t)
{
    comes_back(t, protect(t, 1), "MEM_PROTECT(1)");
    comes_back(t, protect(t, GARBAGE), "MEM_PROTECT with garbage in the upper half of 0");
    returns_number(t, protect(t, 0), 0, "MEM_PROTECT after it was turned off");
}

static void for_all_cpus(struct trial *t)
{
    start(t, other(t, 0));
    comes_back(t, protect(t, 1), "MEM_PROTECT(1)");
    returns_number(t, call(t, other(t, 0), FID32(FN_MEM_PROTECT), 0, 0, 0), 1,
                   "MEM_PROTECT on another CPU");
}

static void inside(struct trial *t)
{
    uint64_t base = t->machine->protected_base;
    uint64_t length = t->machine->protected_length;

    if (length == 0) {
        skip(t, "it is not known which memory is protected");
    }
    returns(t, check_range(t, base, length), IS_SUCCESS, "all of the protected memory");
    returns(t, check_range(t, base, 1), IS_SUCCESS, "its first byte");
    returns(t, check_range(t, base + length - 1, 1), IS_SUCCESS, "its last byte");
    returns(t, check_range(t, base, length + 1), IS_DENIED, "one byte more");
    returns(t, check_range(t, base - 1, 1), IS_DENIED, "the byte before");
    returns(t, check_range(t, base - 1, 2), IS_DENIED, "the byte before and its first byte");
}

static void empty(struct trial *t)
{
    returns(t, check_range(t, t->machine->entry, 0), IS_DENIED, "a range of no bytes");
    returns(t, check_range(t, 0, 0), IS_DENIED, "a range of no bytes at 0");
}

static void wrapping(struct trial *t)
{
    uint64_t top = t->machine->aarch32 ? UINT32_MAX : UINT64_MAX;

    returns(t, check_range(t, t->machine->entry, top), IS_DENIED, "a range that wraps around");
    returns(t, check_range(t, top, 2), IS_DENIED, "a range that wraps around at its second byte");
    returns(t, ask(t, FID32(FN_MEM_PROTECT_CHECK_RANGE), UINT32_MAX, 2), IS_DENIED,
            "an SMC32 range that wraps around");
    returns(t, ask(t, FID32(FN_MEM_PROTECT_CHECK_RANGE), UINT32_MAX, UINT32_MAX), IS_DENIED,
            "an SMC32 range that wraps around");
}

static void upper_halves(struct trial *t)
{
    if (t->machine->protected_length == 0) {
        skip(t, "it is not known which memory is protected");
    }
    returns(t,
            call(t, boot(t), FID32(FN_MEM_PROTECT_CHECK_RANGE),
                 GARBAGE | t->machine->protected_base, GARBAGE | 16, GARBAGE),
            IS_SUCCESS, "an SMC32 range with garbage in the upper halves");
}

/* A warm reset keeps memory, so protection must be off after it. A cold reset clears memory first. */
static void over_reset2(struct trial *t)
{
    comes_back(t, protect(t, 1), "MEM_PROTECT(1)");
    vanishes(t, ask(t, id(t, FN_SYSTEM_RESET2), 0, 0), "SYSTEM_RESET2");
    restart(t);
    returns_number(t, protect(t, 0), 0, "MEM_PROTECT after a warm reset");
}

static void over_reset(struct trial *t)
{
    comes_back(t, protect(t, 1), "MEM_PROTECT(1)");
    vanishes(t, ask(t, FID32(FN_SYSTEM_RESET), 0, 0), "SYSTEM_RESET");
    restart(t);
    const struct event *e = protect(t, 0);

    comes_back(t, e, "MEM_PROTECT after SYSTEM_RESET");
    characteristic(t, "MEM_PROTECT after SYSTEM_RESET", code(e) == 1 ? "still on" : "off");
}

#define LEAK "secrets that the guest wants cleared survive it, or the guest refuses to hold any"

static const struct scenario scenarios[] = {
    {.name = "mem-protect-returns-previous",
     .clause = "MEM_PROTECT",
     .consequence = LEAK,
     .since = V1_1,
     .needs = HAS(FN_MEM_PROTECT),
     .run = returns_previous},
    {.name = "mem-protect-argument-width",
     .clause = "DEN0028 SMC32 argument passing",
     .consequence = LEAK,
     .since = V1_1,
     .needs = HAS(FN_MEM_PROTECT),
     .run = argument_width},
    {.name = "mem-protect-for-all-cpus",
     .clause = "MEM_PROTECT",
     .consequence = LEAK,
     .since = V1_1,
     .needs = HAS(FN_MEM_PROTECT),
     .cpus = 2,
     .run = for_all_cpus},
    {.name = "mem-protect-check-range",
     .clause = "MEM_PROTECT_CHECK_RANGE",
     .consequence = LEAK,
     .since = V1_1,
     .needs = HAS(FN_MEM_PROTECT_CHECK_RANGE),
     .run = inside},
    {.name = "mem-protect-check-range-empty",
     .clause = "MEM_PROTECT_CHECK_RANGE, DENIED",
     .consequence = LEAK,
     .since = V1_1,
     .needs = HAS(FN_MEM_PROTECT_CHECK_RANGE),
     .run = empty},
    {.name = "mem-protect-check-range-wraps",
     .clause = "MEM_PROTECT_CHECK_RANGE, DENIED",
     .consequence = LEAK,
     .since = V1_1,
     .needs = HAS(FN_MEM_PROTECT_CHECK_RANGE),
     .run = wrapping},
    {.name = "mem-protect-check-range-upper-halves",
     .clause = "DEN0028 SMC32 argument passing",
     .consequence = LEAK,
     .since = V1_1,
     .needs = HAS(FN_MEM_PROTECT_CHECK_RANGE),
     .run = upper_halves},
    {.name = "mem-protect-over-reset2",
     .clause = "SYSTEM_RESET2, SYSTEM_WARM_RESET",
     .consequence = "memory that was to survive a warm reset is cleared by the next cold one",
     .since = V1_1,
     .needs = HAS(FN_MEM_PROTECT) | HAS(FN_SYSTEM_RESET2),
     .abilities = VIEW_END | VIEW_RESTART,
     .run = over_reset2},
    {.name = "mem-protect-over-reset",
     .clause = "MEM_PROTECT",
     .consequence = LEAK,
     .since = V1_1,
     .needs = HAS(FN_MEM_PROTECT),
     .abilities = VIEW_END | VIEW_RESTART,
     .run = over_reset},
};

const struct family mem_protect_family = {"mem-protect", scenarios, COUNT_OF(scenarios)};
