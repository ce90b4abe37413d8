/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs an event loop step by step. The test must be linked with --wrap=epoll_wait (meson.build);
 * the wrapper counts the steps.
 */
#ifndef DORMOUSE_TESTS_DRIVE_H
#define DORMOUSE_TESTS_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/*
 * Dispatches until nothing is ready. Fails the test if that never happens, because the loop spins.
 */
void drive_until_idle(struct loop *loop);

/*
 * Dispatches until condition(arg) holds, which is checked before each wait; fails after some
 * seconds.
 */
void drive_until(struct loop *loop, bool (*condition)(void *arg), void *arg);

/* Makes the next wait fail with `error`. */
void drive_fail_wait(int error);

#endif
