/* SPDX-License-Identifier: BSD-2-Clause */
/* The scenarios that are meant: all, or those of `scenarios=NAME,PREFIX*,...` on the command line.
 */
#ifndef IMAGE_LIST_H
#define IMAGE_LIST_H

#include "../scenarios/engine/scenario.h"

uint32_t list_count(void);
/* From 1; NULL behind the last. */
const struct scenario *list_at(uint32_t number);

#endif
