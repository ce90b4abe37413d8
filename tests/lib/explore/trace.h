/* SPDX-License-Identifier: BSD-2-Clause */
/* A schedule, for people. */
#ifndef EXPLORE_TRACE_H
#define EXPLORE_TRACE_H

#include "machine.h"

void trace_print(const struct program *program, const struct event *events, uint32_t count);

#endif
