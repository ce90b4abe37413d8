/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of all scenarios. OS-initiated mode comes before all that has a CPU suspend itself: on a
 * system that is not new for each scenario it would be too late afterwards. */
#include "../engine/text.h"
#include "families.h"

const struct family *const families[] = {
    &version_family,        &smccc_family,          &features_family,      &os_initiated_family,
    &node_hw_state_family,  &registers_family,      &affinity_info_family, &cpu_on_family,
    &cpu_on_refused_family, &cpu_off_family,        &cpu_suspend_family,   &default_suspend_family,
    &entry_family,          &statistics_family,     &migrate_family,       &mem_protect_family,
    &legacy_family,         &system_suspend_family, &race_family,          &churn_family,
    &hostile_family,        &system_end_family,
};

const uint32_t family_count = sizeof(families) / sizeof(families[0]);

const struct scenario *scenario_at(uint32_t n)
{
    for (uint32_t i = 0; i < family_count; i++) {
        if (n < families[i]->count) {
            return &families[i]->scenarios[n];
        }
        n -= families[i]->count;
    }
    return NULL;
}

const char *scenario_family(const struct scenario *scenario)
{
    uint32_t i = 0;

    while (scenario < families[i]->scenarios ||
           scenario >= families[i]->scenarios + families[i]->count) {
        i++;
    }
    return families[i]->name;
}

const struct scenario *scenario_find(const char *name)
{
    for (uint32_t n = 0; scenario_at(n) != NULL; n++) {
        if (text_equal(scenario_at(n)->name, name)) {
            return scenario_at(n);
        }
    }
    return NULL;
}

bool scenario_matches(const char *pattern, const char *name)
{
    while (*pattern != '\0' && *pattern == *name) {
        pattern++;
        name++;
    }
    return (pattern[0] == '*' && pattern[1] == '\0') || *pattern == *name;
}
