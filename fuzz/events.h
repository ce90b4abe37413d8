/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Eventfds and an epoll set without system calls, which take most of the time of short inputs. By --wrap, the linker
 * lets the functions of events.c replace those of the C library. Other descriptors stay the kernel's, and so does the
 * set as far as it watches them.
 */
#ifndef FUZZ_EVENTS_H
#define FUZZ_EVENTS_H

#include "core/loop.h"

/**
 * Runs the loop for at most two rounds: what is ready is served, and then what that made ready. Ends at once if nothing
 * is ready.
 */
void events_run_loop(struct loop *loop);

/** How many eventfds are open. */
unsigned events_open_count(void);

#endif
