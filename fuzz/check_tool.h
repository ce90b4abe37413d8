/* SPDX-License-Identifier: BSD-2-Clause */
/** What the fuzzers of vpsci-check ask of any results, wherever they came from. */
#ifndef FUZZ_CHECK_TOOL_H
#define FUZZ_CHECK_TOOL_H

#include "results.h"

/** Writes all reports: a run that was saved and read again is the same, and XML and HTML have
 * nothing in them that they must not have. Aborts if not. */
void check_results(const struct results *results);

#endif
