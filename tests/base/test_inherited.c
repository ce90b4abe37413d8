/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets of the service manager. Each case is a child: the descriptors have fixed numbers. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/inherited.h"
#include "capture.h"

static char said[512]; /* by the child, on standard error */

/* In the child: descriptors from 3 on are sockets that listen, but for the last if `plain`. */
static void give(unsigned count, bool plain)
{
    for (unsigned i = 0; i < count; i++) {
        const struct sockaddr any = {.sa_family = AF_UNIX}; /* Linux chooses an abstract name. */
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        if (fd < 0 || bind(fd, &any, sizeof(any.sa_family)) != 0 ||
            (!(plain && i + 1 == count) && listen(fd, 1) != 0)) {
            _exit(99);
        }
        (void)dup2(fd, 3 + (int)i);
        if (fd > 3 + (int)count) {
            close(fd);
        }
    }
}

static void set_variables(const char *pid, const char *count, const char *names)
{
    char own[16];

    (void)snprintf(own, sizeof(own), "%d", (int)getpid());
    setenv("LISTEN_PID", pid != NULL ? pid : own, 1);
    setenv("LISTEN_FDS", count, 1);
    if (names != NULL) {
        setenv("LISTEN_FDNAMES", names, 1);
    }
}

static bool is_prepared(int fd)
{
    return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

/* Returns what the child's `look` returns, or 77 if inherited_take() fails. */
static int in_child(void (*prepare)(void), bool (*look)(const struct inherited *inherited))
{
    struct capture capture;
    int status;

    capture_begin(&capture, STDERR_FILENO);
    pid_t child = fork();
    if (child == 0) {
        struct inherited inherited;

        prepare();
        bool good = inherited_take(&inherited);
        bool clean = getenv("LISTEN_PID") == NULL && getenv("LISTEN_FDS") == NULL &&
                     getenv("LISTEN_FDNAMES") == NULL;
        _exit(!clean ? 98 : !good ? 77 : look(&inherited) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    capture_end(&capture, said, sizeof(said));
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void give_two(void)
{
    give(2, false);
    set_variables(NULL, "2", "vsock-22:other");
}

static bool are_two(const struct inherited *inherited)
{
    return inherited->count == 2 && inherited->at[0].fd == 3 && inherited->at[1].fd == 4 &&
           strcmp(inherited->at[0].name, "vsock-22") == 0 &&
           strcmp(inherited->at[1].name, "other") == 0 && is_prepared(3) && is_prepared(4);
}

static void give_without_names(void)
{
    give(1, false);
    set_variables(NULL, "1", NULL);
}

static bool is_one_without_a_name(const struct inherited *inherited)
{
    return inherited->count == 1 && inherited->at[0].name[0] == '\0';
}

static void give_to_another(void)
{
    give(1, false);
    set_variables("1", "1", "vsock-22");
}

static void give_none(void)
{
}

static bool are_none(const struct inherited *inherited)
{
    return inherited->count == 0;
}

static void give_plain(void)
{
    give(2, true);
    set_variables(NULL, "2", "a:b");
}

static void give_too_many(void)
{
    give(1, false);
    set_variables(NULL, "9", "a");
}

static void sockets_have_names(void **state)
{
    (void)state;
    assert_int_equal(in_child(give_two, are_two), 0);
    assert_int_equal(in_child(give_without_names, is_one_without_a_name), 0);
    assert_string_equal(said, "");
}

static void others_sockets_stay(void **state)
{
    (void)state;
    assert_int_equal(in_child(give_to_another, are_none), 0);
    assert_int_equal(in_child(give_none, are_none), 0);
}

static void wrong_ones_are_refused(void **state)
{
    (void)state;
    assert_int_equal(in_child(give_plain, are_none), 77);
    assert_string_equal(
        said, "dormouse: LISTEN_FDS: descriptor 4 (b) is no stream socket that listens\n");
    assert_int_equal(in_child(give_too_many, are_none), 77);
    assert_string_equal(
        said, "dormouse: LISTEN_FDS: the service manager gives 9 sockets, and 8 are possible\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_have_names),
        cmocka_unit_test(others_sockets_stay),
        cmocka_unit_test(wrong_ones_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
