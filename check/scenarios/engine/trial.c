/* SPDX-License-Identifier: BSD-2-Clause */
/* One trial: what the server says about itself, whether the scenario applies to it, and the
 * scenario. */
#include "moves.h"
#include "text.h"

static const uint32_t mandatory_0_1 = HAS(FN_CPU_SUSPEND) | HAS(FN_CPU_OFF) | HAS(FN_CPU_ON);
static const uint32_t mandatory_0_2 = HAS(FN_VERSION) | HAS(FN_CPU_SUSPEND) | HAS(FN_CPU_OFF) |
                                      HAS(FN_CPU_ON) | HAS(FN_AFFINITY_INFO) | HAS(FN_SYSTEM_OFF) |
                                      HAS(FN_SYSTEM_RESET);

static bool all_zero(const uint32_t *ids)
{
    return (ids[0] | ids[1] | ids[2] | ids[3]) == 0;
}

static void ask_features(struct trial *t, uint32_t function)
{
    const struct event *e = features(t, FID32(function));

    if (e->kind == EVENT_RETURNED && code(e) >= 0) {
        t->functions32 |= HAS(function);
        t->suspend_flags |= function == FN_CPU_SUSPEND ? (uint32_t)e->x0 : 0;
    }
    if (!has_64(function)) {
        return;
    }
    e = features(t, FID64(function));
    if (e->kind == EVENT_RETURNED && code(e) >= 0) {
        t->functions64 |= HAS(function);
    }
}

/* PSCI 0.2 has no PSCI_FEATURES. MIGRATE exists if MIGRATE_INFO_TYPE returns 0 or 1. */
static void guess_functions_0_2(struct trial *t)
{
    const struct event *e = ask(t, FID32(FN_MIGRATE_INFO_TYPE), 0, 0);

    t->functions32 = mandatory_0_2;
    if (e->kind != EVENT_RETURNED || code(e) < 0) {
        return;
    }
    t->functions32 |= HAS(FN_MIGRATE_INFO_TYPE);
    if (code(e) < TOS_NONE) {
        t->functions32 |= HAS(FN_MIGRATE) | HAS(FN_MIGRATE_INFO_UP_CPU);
    }
}

static void ask_server(struct trial *t)
{
    if (!all_zero(t->machine->ids_0_1)) {
        t->version = t->version_said = V0_1;
        t->functions32 = mandatory_0_1;
        return;
    }
    t->version_said = (uint32_t)ask(t, FID32(FN_VERSION), 0, 0)->x0;
    t->version = t->version_said >> 16 == 1 ? t->version_said : V0_2;
    if (t->version < V1_0) {
        guess_functions_0_2(t);
    }
    for (uint32_t function = 0; t->version >= V1_0 && function < FN_COUNT; function++) {
        ask_features(t, function);
    }
}

static const char *function_text(uint32_t function)
{
    static const char *const texts[FN_COUNT] = {"PSCI_VERSION",
                                                "CPU_SUSPEND",
                                                "CPU_OFF",
                                                "CPU_ON",
                                                "AFFINITY_INFO",
                                                "MIGRATE",
                                                "MIGRATE_INFO_TYPE",
                                                "MIGRATE_INFO_UP_CPU",
                                                "SYSTEM_OFF",
                                                "SYSTEM_RESET",
                                                "PSCI_FEATURES",
                                                "CPU_FREEZE",
                                                "CPU_DEFAULT_SUSPEND",
                                                "NODE_HW_STATE",
                                                "SYSTEM_SUSPEND",
                                                "PSCI_SET_SUSPEND_MODE",
                                                "PSCI_STAT_RESIDENCY",
                                                "PSCI_STAT_COUNT",
                                                "SYSTEM_RESET2",
                                                "MEM_PROTECT",
                                                "MEM_PROTECT_CHECK_RANGE",
                                                "SYSTEM_OFF2"};

    return texts[function];
}

static void skip_missing(struct trial *t, uint32_t missing)
{
    char reason[VALUE_SIZE * 2];
    struct text text;
    uint32_t function = 0;

    while ((missing & HAS(function)) == 0) {
        function++;
    }
    text_start(&text, reason, sizeof(reason));
    text_add(&text, "the server does not offer ");
    text_add(&text, function_text(function));
    skip(t, reason);
}

static const char *ability_text(uint32_t missing)
{
    static const char *const texts[] = {
        "no CPU can be made big-endian here",
        "registers at an entry cannot be seen here",
        "the end of the system cannot be seen here",
        "the system cannot be started again here",
        "time cannot be made to pass here",
        "a CPU must not be lost here",
        "one CPU must stay awake here",
        "other scenarios have used this system",
        "the boot CPU must stay on here",
        "registers cannot be compared here",
    };
    uint32_t i = 0;

    while ((missing & (1U << i)) == 0) {
        i++;
    }
    return texts[i];
}

static void skip_version(struct trial *t, const struct scenario *scenario)
{
    char reason[VALUE_SIZE * 2];
    struct text text;
    uint32_t version = t->version < scenario->since ? scenario->since : scenario->until;

    text_start(&text, reason, sizeof(reason));
    text_add(&text, t->version < scenario->since ? "only since PSCI " : "only before PSCI ");
    text_add_number(&text, version >> 16);
    text_add(&text, ".");
    text_add_number(&text, version & 0xffff);
    skip(t, reason);
}

/* Skips a scenario that does not apply to this server or this view. */
static void check_needs(struct trial *t, const struct scenario *scenario)
{
    uint32_t missing = scenario->needs & ~(t->functions32 | t->functions64);
    uint32_t blind = scenario->abilities & ~t->machine->abilities;

    if (t->version < scenario->since || (scenario->until != 0 && t->version >= scenario->until)) {
        skip_version(t, scenario);
    } else if (missing != 0) {
        skip_missing(t, missing);
    } else if (scenario->cpus > t->machine->cpu_count) {
        skip(t, "there are not enough CPUs");
    } else if (blind != 0) {
        skip(t, ability_text(blind));
    }
}

void trial_run(struct trial *t, const struct scenario *scenario, const struct view *view)
{
    *t = (struct trial){0};
    t->view = view;
    t->machine = view->machine;
    note_running(t, boot(t), true);
    ask_server(t);
    check_needs(t, scenario);
    if (!t->over) {
        scenario->run(t);
    }
    if (!t->over && t->checks == 0) {
        skip(t, "there was nothing to check");
    }
}

const char *severity_text(enum severity severity)
{
    static const char *const texts[] = {"cosmetic", "lost CPU", "hang", "corrupted state",
                                        "boot failure"};

    return texts[severity];
}
