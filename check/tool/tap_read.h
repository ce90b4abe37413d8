/* SPDX-License-Identifier: BSD-2-Clause */
/** Reads saved TAP documents, those of tap_write() and others, as runs. */
#ifndef TOOL_TAP_READ_H
#define TOOL_TAP_READ_H

#include <stdbool.h>
#include <stdio.h>

#include "results.h"

/** Adds the runs of a document: one, or one for each subtest. A run that does not say its own name
 * has that of the subtest, or that of the file without folder and ".tap". A document that ends too
 * early is an incomplete run.
 *  @return false for what is no TAP document, or contradicts itself; that was told. */
bool tap_read(struct results *results, FILE *file, const char *path);

#endif
