/* SPDX-License-Identifier: BSD-2-Clause */
/* MIGRATE, MIGRATE_INFO_TYPE, MIGRATE_INFO_UP_CPU: a Trusted OS on one CPU. */
#include "../engine/moves.h"
#include "families.h"

static int64_t info_type(struct trial *t)
{
    const struct event *e = ask(t, FID32(FN_MIGRATE_INFO_TYPE), 0, 0);

    return e->kind == EVENT_RETURNED ? code(e) : RET_NOT_SUPPORTED;
}

static const struct event *up_cpu(struct trial *t)
{
    return ask(t, id(t, FN_MIGRATE_INFO_UP_CPU), 0, 0);
}

static const struct event *migrate(struct trial *t, uint32_t cpu, uint64_t target)
{
    return does(t, cpu, FN_MIGRATE, target, 0);
}

static void need_type(struct trial *t, int64_t type)
{
    if (info_type(t) != type) {
        skip(t, type == TOS_MIGRATABLE ? "there is no Trusted OS that can be moved"
                                       : "there is no Trusted OS that cannot be moved");
    }
}

static void type_is_known(struct trial *t)
{
    const struct event *e = ask(t, FID32(FN_MIGRATE_INFO_TYPE), 0, 0);

    comes_back(t, e, "MIGRATE_INFO_TYPE");
    expect(t, code(e) == RET_NOT_SUPPORTED || (code(e) >= 0 && code(e) <= TOS_NONE),
           "MIGRATE_INFO_TYPE is neither NOT_SUPPORTED nor one of 0, 1, 2");
    characteristic_number(t, "MIGRATE_INFO_TYPE", (uint32_t)e->x0);
}

static void without_trusted_os(struct trial *t)
{
    int64_t type = info_type(t);

    if (type == TOS_MIGRATABLE || type == TOS_FIXED) {
        skip(t, "there is a Trusted OS");
    }
    returns(t, migrate(t, boot(t), mpidr(t, boot(t))), IS_NOT_SUPPORTED,
            "MIGRATE without a Trusted OS");
    returns(t, up_cpu(t), IS_NOT_SUPPORTED | IS_INVALID_PARAMETERS | IS_SUCCESS,
            "MIGRATE_INFO_UP_CPU without a Trusted OS");
}

static void resident_exists(struct trial *t)
{
    bool found = false;
    const struct event *e = up_cpu(t);

    comes_back(t, e, "MIGRATE_INFO_UP_CPU");
    for (uint32_t cpu = 0; cpu < cpu_count(t); cpu++) {
        found = found || mpidr(t, cpu) == e->x0;
    }
    expect(t, found, "MIGRATE_INFO_UP_CPU names a CPU that does not exist");
    returns_number(t, ask(t, FID32(FN_MIGRATE_INFO_UP_CPU), 0, 0), (uint32_t)e->x0,
                   "SMC32 MIGRATE_INFO_UP_CPU");
}

/* Scripts begin on the boot CPU, so the Trusted OS must be there. */
static void need_resident_boot(struct trial *t)
{
    const struct event *e = up_cpu(t);

    if (e->x0 != mpidr(t, boot(t))) {
        skip(t, "the Trusted OS is not on the boot CPU");
    }
}

static void fixed_is_denied(struct trial *t)
{
    need_type(t, TOS_FIXED);
    start(t, other(t, 0));
    returns(t, migrate(t, boot(t), mpidr(t, other(t, 0))), IS_DENIED,
            "MIGRATE of a Trusted OS that cannot be moved");
}

static void not_here(struct trial *t)
{
    need_type(t, TOS_MIGRATABLE);
    need_resident_boot(t);
    start(t, other(t, 0));
    returns(t, migrate(t, other(t, 0), mpidr(t, boot(t))), IS_NOT_PRESENT,
            "MIGRATE by a CPU on which the Trusted OS is not");
}

static void bad_target(struct trial *t)
{
    need_type(t, TOS_MIGRATABLE);
    need_resident_boot(t);
    returns(t, migrate(t, boot(t), absent_mpidr(t, boot(t), 0)), IS_INVALID_PARAMETERS,
            "MIGRATE to a CPU that does not exist");
    returns(t, migrate(t, boot(t), mpidr(t, boot(t)) | UINT64_C(1) << 24), IS_INVALID_PARAMETERS,
            "MIGRATE with a reserved bit in target_cpu");
    returns_wide(t, up_cpu(t), mpidr(t, boot(t)), "MIGRATE_INFO_UP_CPU after a refused MIGRATE");
}

static void moves(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    need_type(t, TOS_MIGRATABLE);
    need_resident_boot(t);
    start(t, cpu);
    returns(t, migrate(t, boot(t), mpidr(t, cpu)), IS_SUCCESS, "MIGRATE");
    returns_wide(t, up_cpu(t), mpidr(t, cpu), "MIGRATE_INFO_UP_CPU after MIGRATE");
    returns(t, cpu_off(t, cpu), IS_DENIED, "CPU_OFF of the CPU to which the Trusted OS has moved");
    returns(t, migrate(t, boot(t), mpidr(t, boot(t))), IS_NOT_PRESENT,
            "MIGRATE by the CPU it left");
    returns(t, migrate(t, cpu, mpidr(t, boot(t))), IS_SUCCESS, "MIGRATE back");
    stop(t, cpu);
}

static void upper_halves(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    need_type(t, TOS_MIGRATABLE);
    need_resident_boot(t);
    start(t, cpu);
    returns(t, call(t, boot(t), FID32(FN_MIGRATE), GARBAGE | mpidr(t, cpu), GARBAGE, GARBAGE),
            IS_SUCCESS, "SMC32 MIGRATE with garbage in the upper halves");
    returns_wide(t, up_cpu(t), mpidr(t, cpu), "MIGRATE_INFO_UP_CPU after MIGRATE");
}

#define UP (HAS(FN_MIGRATE) | HAS(FN_MIGRATE_INFO_UP_CPU))

static const struct scenario scenarios[] = {
    {.name = "migrate-info-type",
     .clause = "5.9 MIGRATE_INFO_TYPE",
     .consequence = "the guest keeps a CPU on for a Trusted OS that does not exist",
     .since = V0_2,
     .run = type_is_known},
    {.name = "migrate-without-trusted-os",
     .clause = "5.8 MIGRATE, NOT_SUPPORTED",
     .consequence = "the guest believes that it has moved a Trusted OS that does not exist",
     .since = V0_2,
     .run = without_trusted_os},
    {.name = "migrate-info-up-cpu",
     .clause = "5.10 MIGRATE_INFO_UP_CPU",
     .consequence = "the guest keeps the wrong CPU on",
     .severity = SEVERITY_LOST_CPU,
     .since = V0_2,
     .needs = HAS(FN_MIGRATE_INFO_UP_CPU),
     .run = resident_exists},
    {.name = "migrate-of-fixed",
     .clause = "5.8 MIGRATE, DENIED",
     .consequence = "the guest turns off the CPU that its Trusted OS lives on",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .needs = UP,
     .cpus = 2,
     .run = fixed_is_denied},
    {.name = "migrate-not-present",
     .clause = "5.8 MIGRATE, NOT_PRESENT",
     .consequence = "the guest believes that the Trusted OS was elsewhere than it is",
     .since = V0_2,
     .needs = UP,
     .cpus = 2,
     .run = not_here},
    {.name = "migrate-bad-target",
     .clause = "5.8 MIGRATE, INVALID_PARAMETERS",
     .consequence = "the Trusted OS moves to no CPU",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .needs = UP,
     .run = bad_target},
    {.name = "migrate-moves",
     .clause = "5.8 MIGRATE",
     .consequence = "the guest turns off the CPU that its Trusted OS lives on",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .needs = UP,
     .cpus = 2,
     .run = moves},
    {.name = "migrate-upper-halves",
     .clause = "DEN0028 SMC32 argument passing",
     .consequence = "the Trusted OS cannot be moved, depending on leftover bits in a register",
     .since = V0_2,
     .needs = UP,
     .cpus = 2,
     .run = upper_halves},
};

const struct family migrate_family = {"migrate", scenarios, COUNT_OF(scenarios)};
