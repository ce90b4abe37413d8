/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replaces core/delay for a test of one delay, which then passes when the test says so. The test must
 * be linked with --wrap=delay_open, delay_close and delay_set (meson.build).
 */
#ifndef DORMOUSE_TESTS_FAKE_DELAY_H
#define DORMOUSE_TESTS_FAKE_DELAY_H

#include <stdint.h>

struct fake_delay {
    void (*passed)(void *arg); /* NULL: it is not open */
    void *arg;
    int64_t set; /* nanoseconds, 0: it is not set */
    int error;   /* delay_open() fails with it */
};

extern struct fake_delay fake_delay;

#endif
