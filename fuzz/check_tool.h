/* SPDX-License-Identifier: BSD-2-Clause */
/** What the fuzzers of vpsci-check check in all results, whatever their source. */
#ifndef FUZZ_CHECK_TOOL_H
#define FUZZ_CHECK_TOOL_H

#include "results.h"

/**
 * Writes all reports. Checks that a run which was saved and read again is the same, and that XML
 * and HTML contain nothing forbidden. Aborts if not.
 */
void check_results(const struct results *results);

#endif
