/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which thread touches what, and until when: what tells that a step commutes with all that others
 * will ever do, so that no other order of it has to be explored.
 *
 * It is learned while exploring. A search that learned nothing new has relied on nothing wrong: the
 * first step that breaks what it relied on would have been found by it.
 */
#ifndef EXPLORE_FOOTPRINT_H
#define EXPLORE_FOOTPRINT_H

#include "machine.h"

void footprint_forget(void);
/* True if this step was not known to be possible. */
bool footprint_learn(const struct event *event);
/* A thread whose next step commutes with everything, or THREAD_MAX. */
uint32_t footprint_independent(void);

#endif
