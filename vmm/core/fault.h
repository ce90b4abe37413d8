/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What becomes of an access to memory whose file cannot be read (SIGBUS, BUS_ADRERR): the process ends
 * with one line that names the file. Any other SIGBUS does what it did before.
 */
#ifndef DORMOUSE_CORE_FAULT_H
#define DORMOUSE_CORE_FAULT_H

#include <stdint.h>

/** What the process ends with. */
enum { FAULT_STATUS = 1 };

/**
 * Handles SIGBUS from now on. `name` of the VM for the line, or NULL. `at_end` is called before the process
 * ends, on the thread that made the access, in a signal handler; NULL: nothing is to be done. Main thread,
 * before any other starts. 0 or -errno.
 */
int fault_open(const char *name, void (*at_end)(void));

/**
 * Accesses to [host, host + size) are to memory that is mapped from the image `path`; size 0: to none. Main thread,
 * and no other accesses that memory meanwhile.
 */
void fault_expect(const uint8_t *host, uint64_t size, const char *path);

#endif
