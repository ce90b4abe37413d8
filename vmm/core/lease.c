/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/lease.h"

#include <errno.h>
#include <fcntl.h>

int lease_begin(int fd)
{
    return fcntl(fd, F_SETLEASE, F_RDLCK) == 0 ? 0 : -errno;
}

bool lease_is_quiet(int fd)
{
    return fcntl(fd, F_GETLEASE) == F_RDLCK;
}

int lease_end(int fd)
{
    return fcntl(fd, F_SETLEASE, F_UNLCK) == 0 ? 0 : -errno;
}
