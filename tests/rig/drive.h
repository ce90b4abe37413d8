/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs an event loop step by step from a test. The test must be linked with --wrap=epoll_wait
 * (meson.build), which is where the steps are counted.
 */
#ifndef DORMOUSE_TESTS_DRIVE_H
#define DORMOUSE_TESTS_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/* Dispatches until nothing is ready. Fails the test where that does not come: the loop spins. */
void drive_until_idle(struct loop *loop);

/* Dispatches until condition(arg) holds, which is asked before each wait; fails after some seconds.
 */
void drive_until(struct loop *loop, bool (*condition)(void *arg), void *arg);

/* The next wait fails with `error`. */
void drive_fail_wait(int error);

#endif
