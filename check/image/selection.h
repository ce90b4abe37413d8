/* SPDX-License-Identifier: BSD-2-Clause */
/* The selected scenarios: all, or those of `scenarios=NAME,PREFIX*,...` on the command line. */
#ifndef IMAGE_LIST_H
#define IMAGE_LIST_H

#include "../scenarios/engine/scenario.h"

uint32_t list_count(void);
/* Counted from 1; NULL after the last. */
const struct scenario *list_at(uint32_t number);

#endif
