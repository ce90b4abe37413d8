/* SPDX-License-Identifier: BSD-2-Clause */
/* Nonsense of all kinds: whatever it is answered with, the server survives it and so does the rest
 * of the guest. */
#include "../engine/moves.h"
#include "families.h"

/* Numbers at which shifts, indexes and sums of implementations overflow. */
static const uint64_t extremes[] = {
    0,
    1,
    3,
    4,
    0xff,
    0x100,
    0xffff,
    0x10000,
    0xffffff,
    0x1000000,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x40000000,
    UINT64_C(0x100000000),
    UINT64_C(0xff00ffffff),
    UINT64_C(0x7fffffffffffffff),
    UINT64_C(0x8000000000000000),
    UINT64_C(0xffffffffffffffff),
};

/* Whether a call of that function could end the system, or a CPU that the trial still needs. */
static bool ends_system(uint32_t function)
{
    return function == FN_SYSTEM_OFF || function == FN_SYSTEM_RESET ||
           function == FN_SYSTEM_RESET2 || function == FN_SYSTEM_OFF2 ||
           function == FN_SYSTEM_SUSPEND;
}

/* The CPU can be started again, whatever state it is in. */
static void recover(struct trial *t, uint32_t cpu, const struct event *e)
{
    if (t->over || e->kind != EVENT_NONE) {
        return;
    }
    interrupt(t, cpu);
    e = await(t, cpu);
    if (e->kind == EVENT_NONE) {
        returns(t, turn_on(t, cpu, entry(t), 0), IS_SUCCESS,
                "CPU_ON of a CPU that a call has turned off");
        comes(t, cpu, entry(t), 0, "the CPU");
    }
}

/* CPUs that were started by accident are turned off, so that the next accident is possible. */
static void tidy(struct trial *t, uint32_t spared)
{
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        if (other(t, n) != spared && await(t, other(t, n))->kind == EVENT_ENTERED) {
            cpu_off(t, other(t, n));
        }
    }
}

enum { ENTRY_SIZE = 4096, UNALIGNED = 3 };

static bool lies_in(uint64_t address, uint64_t base, uint64_t length)
{
    return address >= base && address - base < length;
}

/* Nonsense that would start a CPU in the script's own code proves nothing about the server. For
 * SMC32 calls the lower half counts. */
static uint64_t keep_out(const struct trial *t, uint64_t argument)
{
    const struct machine *machine = t->machine;
    uint64_t low = (uint32_t)argument;
    bool inside = lies_in(argument, machine->own_base, machine->own_length) ||
                  lies_in(low, machine->own_base, machine->own_length);

    return inside && !lies_in(argument, machine->entry, ENTRY_SIZE) ? UNALIGNED : argument;
}

/*
 * Where the script sees only what runs on its own code, a CPU that wakes at nonsense is no more:
 * the entry point of a powerdown is a good one there.
 */
static const struct event *call_hostile(struct trial *t, uint32_t cpu, uint32_t fid, uint64_t a,
                                        uint64_t b, uint64_t c)
{
    uint32_t function = fid & (FN_RANGE - 1);
    bool outside = (t->machine->abilities & VIEW_OUTSIDE) != 0;

    if (!outside && function == FN_CPU_SUSPEND) {
        b = entry(t);
    }
    if (!outside && function == FN_CPU_DEFAULT_SUSPEND) {
        a = entry(t);
    }
    interrupt_soon(t, cpu);
    return call(t, cpu, fid, keep_out(t, a), keep_out(t, b), keep_out(t, c));
}

static void try_all(struct trial *t, uint32_t cpu, uint32_t function)
{
    uint32_t step = t->machine->most_rounds != 0 ? 3 : 1;

    for (uint32_t i = 0; i < COUNT_OF(extremes); i += step) {
        uint64_t x = extremes[i];
        uint64_t y = extremes[(i * 7 + 3) % COUNT_OF(extremes)];
        uint32_t fids[] = {FID32(function), FID64(function)};

        for (uint32_t w = 0; w < 2; w++) {
            recover(t, cpu, call_hostile(t, cpu, fids[w], x, y, x));
            recover(t, cpu, call_hostile(t, cpu, fids[w], mpidr(t, cpu), x, y));
        }
    }
}

static void arguments(struct trial *t)
{
    uint32_t cpu = started(t, 0);

    for (uint32_t function = 0; function < FN_RANGE; function++) {
        if (!ends_system(function)) {
            try_all(t, cpu, function);
        }
    }
    tidy(t, cpu);
    returns_as(t, ask(t, FID32(FN_VERSION), 0, 0), NUMBER_VERSION, t->version, "PSCI_VERSION");
}

/* xorshift64, by George Marsaglia. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t random_argument(const struct trial *t, uint64_t *state)
{
    uint64_t r = next_random(state);

    switch (r & 7) {
    case 0:
    case 1:
        return mpidr(t, (uint32_t)(r >> 8) % cpu_count(t));
    case 2:
        return entry(t) + (r >> 8 & 0xfff);
    case 3:
        return r >> 8 & 7;
    case 4:
        return next_random(state);
    default:
        return extremes[(r >> 8) % COUNT_OF(extremes)];
    }
}

enum { RANDOM_CALLS = 3000, RANDOM_CALLS_PER_ROUND = 15 };

static void at_random(struct trial *t)
{
    uint32_t cpu = other(t, 0);
    uint64_t state = UINT64_C(0x243f6a8885a308d3); /* of pi */
    uint32_t fewer = t->machine->most_rounds * RANDOM_CALLS_PER_ROUND;
    uint32_t count = fewer != 0 && fewer < RANDOM_CALLS ? fewer : RANDOM_CALLS;

    start(t, cpu);
    for (uint32_t i = 0; i < count && !t->over; i++) {
        uint32_t function = (uint32_t)next_random(&state) % FN_RANGE;
        uint32_t fid = (next_random(&state) & 1) != 0 ? FID64(function) : FID32(function);

        if (ends_system(function)) {
            continue;
        }
        const struct event *e =
            call_hostile(t, cpu, fid, random_argument(t, &state), random_argument(t, &state),
                         random_argument(t, &state));
        bool starts = function == FN_CPU_ON && code(e) == RET_SUCCESS;

        recover(t, cpu, e);
        if (starts) {
            tidy(t, cpu);
        }
    }
    returns_as(t, ask(t, FID32(FN_VERSION), 0, 0), NUMBER_VERSION, t->version, "PSCI_VERSION");
}

/* Calls that end the system, with wrong arguments: they must not end it. */
static void system_arguments(struct trial *t)
{
    static const uint32_t functions[] = {FN_SYSTEM_RESET2, FN_SYSTEM_OFF2, FN_SYSTEM_SUSPEND};

    start(t, other(t, 0));
    for (uint32_t f = 0; f < COUNT_OF(functions); f++) {
        for (uint32_t i = 3; i < COUNT_OF(extremes); i++) {
            /* Bit 31 makes a vendor's reset type, which may be a good one, and 0 is. */
            uint32_t type = (uint32_t)extremes[i];

            if (functions[f] == FN_SYSTEM_RESET2 && (type == 0 || type >> 31 != 0)) {
                continue;
            }
            if (functions[f] == FN_SYSTEM_OFF2 && type < 2) {
                continue;
            }
            returns(t, ask(t, id(t, functions[f]), extremes[i], extremes[i]), IS_ANY_ERROR,
                    "a call about the system with arguments that make no sense");
        }
    }
    is_on(t, other(t, 0), "another CPU");
}

static const struct scenario scenarios[] = {
    {.name = "hostile-arguments",
     .clause = "Return codes",
     .consequence = "some calls crash the server, or another guest",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .abilities = VIEW_EXPENDABLE,
     .cpus = 2,
     .run = arguments},
    {.name = "hostile-random-calls",
     .clause = "Return codes",
     .consequence = "some calls crash the server, or another guest",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .abilities = VIEW_EXPENDABLE,
     .cpus = 2,
     .run = at_random},
    {.name = "hostile-system-arguments",
     .clause = "Return codes",
     .consequence = "a mistake of one CPU ends the system",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .cpus = 2,
     .run = system_arguments},
};

const struct family hostile_family = {"hostile", scenarios, COUNT_OF(scenarios)};
