/* SPDX-License-Identifier: BSD-2-Clause */
#include "socket_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "drive.h"

int socket_client_open(struct loop *loop, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_true(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    drive_until_idle(loop);
    return fd;
}

void socket_client_say(struct loop *loop, int fd, const char *text)
{
    ssize_t length = (ssize_t)strlen(text);

    assert_true(fd >= 0 && send(fd, text, strlen(text), MSG_NOSIGNAL) == length);
    drive_until_idle(loop);
}
