/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is there an order of the calls which explains what they returned?
 *
 * The monitor keeps every state of the specification that can have been reached: all ways in which
 * the calls that have begun may have taken effect, or not yet. A call that returns leaves those in
 * which it has taken effect with just that result. If none is left, nothing explains it: the calls
 * were not linearizable.
 */
#ifndef EXPLORE_MONITOR_H
#define EXPLORE_MONITOR_H

#include "machine.h"

/* The ways that are possible at the present moment of an execution, and at all that have been so
 * far: most moments come again and again in other executions, and are worked out once. */
struct monitor;

struct monitor *monitor_make(const struct program *program, const struct spec *start);
void monitor_free(struct monitor *monitor);
/* A thread's action begins; or it ends, with a result. False if nothing explains that. */
bool monitor_begin(struct monitor *monitor, uint32_t thread, uint32_t action);
bool monitor_end(struct monitor *monitor, uint32_t thread, const struct result *result);
/* No thread is inside the library, and this is the state. False if nothing explains it. */
bool monitor_quiet(struct monitor *monitor, const struct spec *spec);
/* The present moment, and back to it. */
uint32_t monitor_mark(const struct monitor *monitor);
void monitor_back(struct monitor *monitor, uint32_t mark);
struct digest monitor_digest(const struct monitor *monitor);

#endif
