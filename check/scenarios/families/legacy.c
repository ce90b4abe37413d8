/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI 0.1: the device tree names its function IDs. Other scenarios run on it as well. */
#include "../engine/moves.h"
#include "families.h"

/* None of the IDs of later versions is answered. */
static void no_later_ids(struct trial *t)
{
    for (uint32_t function = 0; function < FN_COUNT; function++) {
        returns(t, ask(t, FID32(function), mpidr(t, other(t, 0)), entry(t)), IS_NOT_SUPPORTED,
                "an SMC32 ID of a later version");
        returns(t, ask(t, FID64(function), mpidr(t, other(t, 0)), entry(t)), IS_NOT_SUPPORTED,
                "an SMC64 ID of a later version");
    }
    start(t, other(t, 0));
}

static void errors(struct trial *t)
{
    returns(t, turn_on(t, boot(t), entry(t), 0), IS_ALREADY_ON, "CPU_ON of the caller");
    returns(t, cpu_on(t, boot(t), absent_mpidr(t, boot(t), 0), entry(t), 0), IS_INVALID_PARAMETERS,
            "CPU_ON of a CPU that does not exist");
    returns(t, turn_on(t, other(t, 0), 3, 0), IS_INVALID_ADDRESS, "CPU_ON with an odd entry point");
    returns(t, ask(t, t->machine->ids_0_1[3], mpidr(t, boot(t)), 0),
            IS_NOT_SUPPORTED | IS_DENIED | IS_SUCCESS, "MIGRATE");
}

static void neighbouring_ids(struct trial *t)
{
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t function = t->machine->ids_0_1[i] ^ UINT32_C(0x100);

        returns(t, ask(t, function, mpidr(t, other(t, 0)), entry(t)), IS_NOT_SUPPORTED,
                "an ID that is none");
    }
    stays(t, other(t, 0), "the CPU that it named");
}

/* IDs that another server of PSCI 0.1 uses have no function here. */
static void own_ids_only(struct trial *t)
{
    if (t->machine->ids_0_1[2] == UINT32_C(0x95c1ba60)) {
        skip(t, "the IDs are KVM's");
    }
    returns(t, ask(t, UINT32_C(0x95c1ba60), mpidr(t, other(t, 0)), entry(t)), IS_NOT_SUPPORTED,
            "CPU_ON by an ID of another server");
    start(t, other(t, 0));
}

static const struct scenario scenarios[] = {
    {.name = "legacy-no-later-ids",
     .clause = "PSCI 0.1, function IDs",
     .consequence = "a guest that probes takes the server for a newer one",
     .until = V0_2,
     .cpus = 2,
     .run = no_later_ids},
    {.name = "legacy-errors",
     .clause = "PSCI 0.1, return codes",
     .consequence = "an old guest gets a code that it does not know",
     .until = V0_2,
     .abilities = VIEW_EXPENDABLE,
     .cpus = 2,
     .run = errors},
    {.name = "legacy-neighbouring-ids",
     .clause = "PSCI 0.1, function IDs",
     .consequence = "a call to another service turns CPUs on or off",
     .until = V0_2,
     .cpus = 2,
     .run = neighbouring_ids},
    {.name = "legacy-own-ids-only",
     .clause = "PSCI 0.1, function IDs",
     .consequence = "a call to another service turns CPUs on or off",
     .until = V0_2,
     .cpus = 2,
     .run = own_ids_only},
};

const struct family legacy_family = {"legacy", scenarios, COUNT_OF(scenarios)};
