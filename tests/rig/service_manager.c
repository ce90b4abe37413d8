/* SPDX-License-Identifier: BSD-2-Clause */
#include "service_manager.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "datagram_server.h"

static int manager = -1;
static char manager_name[DATAGRAM_NAME_SIZE];

void service_manager_open(void)
{
    manager = datagram_server("manager", manager_name);
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
