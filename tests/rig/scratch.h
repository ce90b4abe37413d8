/* SPDX-License-Identifier: BSD-2-Clause */
/* An empty working folder for a test. */
#ifndef DORMOUSE_TESTS_SCRATCH_H
#define DORMOUSE_TESTS_SCRATCH_H

#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>

/* Setup and teardown for cmocka: the test runs in a new folder, which is removed afterwards. */
int scratch_enter(void **state);
int scratch_leave(void **state);

/*
 * Creates a new file in the current folder. An old file of that name that is open or mapped does
 * not change.
 */
void scratch_write(const char *name, const void *bytes, size_t size);

/* fopen() that fails the test on an error. */
FILE *scratch_open(const char *name, const char *mode);

/* The number of entries in the current folder. */
size_t scratch_entry_count(void);

/* Limits the size of the files that this process writes (RLIMIT_FSIZE); RLIM_INFINITY ends that. */
void scratch_limit_files(rlim_t size);

#endif
