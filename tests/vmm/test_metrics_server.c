/* SPDX-License-Identifier: BSD-2-Clause */
/* Metrics by HTTP on a Unix socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/metrics_server.h"
#include "core/loop.h"
#include "drive.h"
#include "scratch.h"
#include "socket_client.h"

static struct loop *loop;
static struct metrics_server *server;
static const char *answer;
static unsigned asked;

static char *give_text(void *arg, size_t *length)
{
    (void)arg;
    asked++;
    *length = answer != NULL ? strlen(answer) : 0;
    return answer != NULL ? strdup(answer) : NULL;
}

static int enter(void **state)
{
    answer = "dormouse_vcpus 4\n";
    asked = 0;
    if (scratch_enter(state) != 0) {
        return -1;
    }
    loop = loop_create();
    server = metrics_server_open(loop, "metrics", give_text, NULL);
    return server != NULL ? 0 : -1;
}

static int leave(void **state)
{
    metrics_server_close(server);
    loop_destroy(loop);
    return scratch_leave(state);
}

/* The connection is at its end, and had this. */
static void expect_end(int fd, const char *expected)
{
    char text[1024];
    size_t length = 0;
    ssize_t got;

    while ((got = recv(fd, text + length, sizeof(text) - 1 - length, MSG_DONTWAIT)) > 0) {
        length += (size_t)got;
    }
    assert_int_equal(got, 0);
    text[length] = '\0';
    assert_string_equal(text, expected);
    close(fd);
}

static void expect_open(int fd)
{
    char byte;

    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
}

#define HEAD(status, length)                                                                       \
    "HTTP/1.0 " status "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"            \
    "Content-Length: " length "\r\nConnection: close\r\n\r\n"
#define ANSWER HEAD("200 OK", "17") "dormouse_vcpus 4\n"

static void request_is_answered(void **state)
{
    int fd = socket_client_open(loop, "metrics");

    (void)state;
    socket_client_say(loop, fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_end(fd, ANSWER);
    fd = socket_client_open(loop, "metrics");
    socket_client_say(loop, fd, "GET / HTTP/1.0\n\n");
    expect_end(fd, ANSWER);
    assert_int_equal(asked, 2);
}

static void request_may_come_in_pieces(void **state)
{
    int fd = socket_client_open(loop, "metrics");

    (void)state;
    socket_client_say(loop, fd, "GET /metrics HT");
    expect_open(fd);
    socket_client_say(loop, fd, "TP/1.1\r\n\r");
    expect_open(fd);
    socket_client_say(loop, fd, "\n");
    expect_end(fd, ANSWER);
}

static void other_methods_are_refused(void **state)
{
    int fd = socket_client_open(loop, "metrics");

    (void)state;
    socket_client_say(loop, fd, "POST /metrics HTTP/1.1\r\n\r\n");
    expect_end(fd, HEAD("405 Method Not Allowed", "0"));
    fd = socket_client_open(loop, "metrics");
    socket_client_say(loop, fd, "\n\n");
    expect_end(fd, HEAD("405 Method Not Allowed", "0"));
    assert_int_equal(asked, 0);
}

static void lack_of_memory_is_told(void **state)
{
    int fd = socket_client_open(loop, "metrics");

    (void)state;
    answer = NULL;
    socket_client_say(loop, fd, "GET / HTTP/1.0\r\n\r\n");
    expect_end(fd, HEAD("503 Service Unavailable", "0"));
}

static void client_that_sends_too_much_is_cut_off(void **state)
{
    char text[1025];
    int fd = socket_client_open(loop, "metrics");

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (unsigned i = 0; i < METRICS_REQUEST_MAX / (sizeof(text) - 1); i++) {
        expect_open(fd);
        socket_client_say(loop, fd, text);
    }
    expect_end(fd, "");
    assert_int_equal(asked, 0);
}

static void silent_clients_keep_nobody_out(void **state)
{
    int silent[METRICS_CLIENTS_MAX + 1];

    (void)state;
    for (unsigned i = 0; i <= METRICS_CLIENTS_MAX; i++) {
        silent[i] = socket_client_open(loop, "metrics");
    }
    expect_end(silent[0], "");
    int fd = socket_client_open(loop, "metrics");
    expect_end(silent[1], "");
    socket_client_say(loop, fd, "GET / HTTP/1.0\r\n\r\n");
    expect_end(fd, ANSWER);
    for (unsigned i = 2; i <= METRICS_CLIENTS_MAX; i++) {
        expect_open(silent[i]);
        close(silent[i]);
    }
    drive_until_idle(loop);
}

static void client_that_goes_is_forgotten(void **state)
{
    int fd = socket_client_open(loop, "metrics");

    (void)state;
    close(fd);
    drive_until_idle(loop);
    fd = socket_client_open(loop, "metrics");
    (void)!send(fd, "GET / HTTP/1.0\r\n\r\n", 18, 0);
    close(fd); /* It does not wait for the answer. */
    drive_until_idle(loop);
    fd = socket_client_open(loop, "metrics");
    socket_client_say(loop, fd, "GET / HTTP/1.0\r\n\r\n");
    expect_end(fd, ANSWER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(request_is_answered),
        TEST(request_may_come_in_pieces),
        TEST(other_methods_are_refused),
        TEST(lack_of_memory_is_told),
        TEST(client_that_sends_too_much_is_cut_off),
        TEST(silent_clients_keep_nobody_out),
        TEST(client_that_goes_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
