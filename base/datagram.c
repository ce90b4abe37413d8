/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/datagram.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or "@" and the name of an abstract socket. Returns the length of the address, or 0. */
static socklen_t datagram_address(const char *name, struct sockaddr_un *address)
{
    size_t length = strlen(name);

    if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof(address->sun_path)) {
        return 0;
    }
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name, length);
    if (name[0] == '@') {
        address->sun_path[0] = '\0';
    }
    /* The NUL after a path belongs to it, that after an abstract name does not. */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] == '/' ? 1 : 0));
}

int datagram_connect(const char *name)
{
    struct sockaddr_un address;
    socklen_t length = datagram_address(name, &address);
    int fd = length != 0 ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;

    if (length == 0) {
        return -EINVAL;
    }
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, length) == 0) {
        return fd;
    }
    int error = -errno;
    if (fd >= 0) {
        close(fd);
    }
    return error;
}
