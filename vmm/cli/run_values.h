/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Values of the options of `dormouse run`: each function is an option's `set`, fills its part of
 * the struct config that `settings` points to, and returns false after report()ing what is wrong.
 */
#ifndef DORMOUSE_CLI_RUN_VALUES_H
#define DORMOUSE_CLI_RUN_VALUES_H

#include "base/option.h"

extern const char *const run_idle_words[]; /* by enum idle_mode, and NULL */

bool run_set_cpus(const struct option_row *row, void *settings, const char *value);
bool run_set_clusters(const struct option_row *row, void *settings, const char *value);
bool run_set_kernel_at(const struct option_row *row, void *settings, const char *value);
bool run_set_memory(const struct option_row *row, void *settings, const char *value);
bool run_set_name(const struct option_row *row, void *settings, const char *value);
bool run_set_sleep_memory(const struct option_row *row, void *settings, const char *value);
bool run_set_on_suspend(const struct option_row *row, void *settings, const char *value);
bool run_set_wake(const struct option_row *row, void *settings, const char *value);
bool run_set_trace(const struct option_row *row, void *settings, const char *value);
bool run_set_metrics(const struct option_row *row, void *settings, const char *value);
bool run_set_events(const struct option_row *row, void *settings, const char *value);
bool run_set_on_pending(const struct option_row *row, void *settings, const char *value);
bool run_set_qmp(const struct option_row *row, void *settings, const char *value);
bool run_set_sleep_when_idle(const struct option_row *row, void *settings, const char *value);
bool run_set_shutdown_limit(const struct option_row *row, void *settings, const char *value);
bool run_set_psci_version(const struct option_row *row, void *settings, const char *value);

#endif
