/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A lease on a file that this process reads (fcntl(2), F_SETLEASE): a process that opens the file to write
 * it, or that cuts it off, waits until the lease ends. The kernel says so by SIGIO, and takes the lease away after
 * /proc/sys/fs/lease-break-time seconds. Block SIGIO before.
 */
#ifndef DORMOUSE_CORE_LEASE_H
#define DORMOUSE_CORE_LEASE_H

#include <stdbool.h>

/**
 * 0 or -errno: -EACCES for a file of another user, -EAGAIN if it is open for writing, -EINVAL on a file
 * system that has no leases.
 */
int lease_begin(int fd);

/** False as soon as a process waits for the end of the lease. */
bool lease_is_quiet(int fd);

/** Lets the process go on that waits. 0, or -EAGAIN: the kernel had taken the lease away. */
int lease_end(int fd);

#endif
