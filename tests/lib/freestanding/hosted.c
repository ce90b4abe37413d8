/* SPDX-License-Identifier: BSD-2-Clause */
/* The same calls of the kernel by a C library, for builds that need one: sanitizers, coverage. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime.h"

long rt_open(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC);
}

long rt_read(int fd, void *buffer, size_t size)
{
    return read(fd, buffer, size);
}

long rt_write(int fd, const void *bytes, size_t size)
{
    return write(fd, bytes, size);
}

_Noreturn void rt_exit(int status)
{
    exit(status);
}
