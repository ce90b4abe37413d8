/* SPDX-License-Identifier: BSD-2-Clause */
/* An empty working folder for a test. */
#ifndef DORMOUSE_TESTS_SCRATCH_H
#define DORMOUSE_TESTS_SCRATCH_H

#include <stddef.h>
#include <stdio.h>

/* Setup and teardown for cmocka: the test runs in a new folder, which is removed with all in it. */
int scratch_enter(void **state);
int scratch_leave(void **state);

/* Makes a new file in the current folder; one of that name that was opened or mapped stays as it
 * was. */
void scratch_write(const char *name, const void *bytes, size_t size);

/* fopen() that cannot fail but with the test. */
FILE *scratch_open(const char *name, const char *mode);

/* The number of entries in the current folder. */
size_t scratch_entry_count(void);

#endif
