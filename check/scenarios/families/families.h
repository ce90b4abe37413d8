/* SPDX-License-Identifier: BSD-2-Clause */
/* The families, for list.c. */
#ifndef SCENARIOS_FAMILIES_H
#define SCENARIOS_FAMILIES_H

#include "../engine/scenario.h"

extern const struct family version_family;
extern const struct family smccc_family;
extern const struct family features_family;
extern const struct family affinity_info_family;
extern const struct family cpu_on_family;
extern const struct family cpu_on_refused_family;
extern const struct family cpu_off_family;
extern const struct family cpu_suspend_family;
extern const struct family default_suspend_family;
extern const struct family os_initiated_family;
extern const struct family statistics_family;
extern const struct family node_hw_state_family;
extern const struct family migrate_family;
extern const struct family mem_protect_family;
extern const struct family legacy_family;
extern const struct family system_suspend_family;
extern const struct family entry_family;
extern const struct family registers_family;
extern const struct family race_family;
extern const struct family churn_family;
extern const struct family hostile_family;
extern const struct family system_end_family;

#endif
