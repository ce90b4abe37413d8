/* SPDX-License-Identifier: BSD-2-Clause */
#include "datagram_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

int datagram_server(const char *purpose, char name[DATAGRAM_NAME_SIZE])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(name, DATAGRAM_NAME_SIZE, "@dormouse-test-%s-%d", purpose, (int)getpid());
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0 && length > 0 && length < DATAGRAM_NAME_SIZE);
    memcpy(address.sun_path + 1, name + 1, (size_t)length - 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)),
                     0);
    return fd;
}
