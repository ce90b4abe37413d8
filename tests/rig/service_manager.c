/* SPDX-License-Identifier: BSD-2-Clause */
#include "service_manager.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static int manager = -1;
static char manager_name[64];

/* An abstract name for each process: nothing is left behind. */
void service_manager_open(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(manager_name, sizeof(manager_name), "@dormouse-test-%d", (int)getpid());

    memcpy(address.sun_path + 1, manager_name + 1, (size_t)length - 1);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (manager < 0) {
        fail();
        return;
    }
    assert_int_equal(bind(manager, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)),
                     0);
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
    service_manager_invite();
}

void service_manager_invite(void)
{
    setenv("NOTIFY_SOCKET", manager_name, 1);
}

void service_manager_close(void)
{
    if (manager >= 0) {
        close(manager);
    }
    manager = -1;
}

void service_manager_expect(const char *text)
{
    char said[512];
    ssize_t length = recv(manager, said, sizeof(said) - 1, 0);

    assert_true(length >= 0);
    said[length] = '\0';
    assert_string_equal(said, text);
}

void service_manager_expect_silence(void)
{
    char said[8];

    assert_int_equal(recv(manager, said, sizeof(said), 0), -1);
    assert_int_equal(errno, EAGAIN);
}
