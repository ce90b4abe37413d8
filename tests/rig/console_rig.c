/* SPDX-License-Identifier: BSD-2-Clause */
#include "console_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "drive.h"
#include "scratch.h"

struct console_rig rig;
static struct capture errors;

/* open() has two names; a program uses one of them, depending on the size of its file offsets. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);

static int mode_of(int flags, va_list arguments)
{
    return (flags & O_CREAT) != 0 ? va_arg(arguments, int) : 0;
}

static bool is_missing(const char *path)
{
    if (rig.no_proc && strncmp(path, "/proc/", strlen("/proc/")) == 0) {
        errno = ENOENT;
        return true;
    }
    return false;
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;

    va_start(arguments, flags);
    int mode = mode_of(flags, arguments);
    va_end(arguments);
    return is_missing(path) ? -1 : __real_open(path, flags, mode);
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list arguments;

    va_start(arguments, flags);
    int mode = mode_of(flags, arguments);
    va_end(arguments);
    return is_missing(path) ? -1 : __real_open64(path, flags, mode);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    static const char bytes[4096];
    int ready = rig.no_patience && timeout > 0 ? 0 : __real_poll(fds, count, timeout);

    while (rig.rival > 0 && write(rig.rival, bytes, sizeof(bytes)) > 0) {
    }
    return ready;
}

static size_t guest_room(void *arg)
{
    (void)arg;
    return rig.room;
}

static void guest_receive(void *arg, const uint8_t *bytes, size_t count)
{
    (void)arg;
    assert_true(count > 0 && count <= rig.room);
    memcpy(rig.received + rig.received_count, bytes, count);
    rig.received_count += count;
    rig.room -= count;
}

static void guest_writable(void *arg)
{
    (void)arg;
    rig.writables++;
}

static void count_call(void *arg)
{
    ++*(unsigned *)arg;
}

int rig_setup(void **state)
{
    fflush(NULL);
    signal(SIGPIPE, SIG_IGN);
    memset(&rig, 0, sizeof(rig));
    rig.saved[0] = dup(STDIN_FILENO);
    rig.saved[1] = dup(STDOUT_FILENO);
    rig.in = -1;
    rig.out = -1;
    rig.loop = loop_create();
    return rig.loop == NULL ? -1 : scratch_enter(state);
}

void rig_end(void)
{
    console_destroy(rig.console);
    rig.console = NULL;
}

int rig_teardown(void **state)
{
    rig_end();
    loop_destroy(rig.loop);
    rig_close(&rig.in);
    rig_close(&rig.out);
    for (int fd = 0; fd < 2; fd++) {
        dup2(rig.saved[fd], fd);
        close(rig.saved[fd]);
    }
    return scratch_leave(state);
}

void rig_close(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

void rig_become(int fd, int standard)
{
    assert_int_equal(dup2(fd, standard), standard);
    close(fd);
}

void rig_pipe_input(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    rig_become(ends[0], STDIN_FILENO);
    rig.in = ends[1];
}

void rig_pipe_output(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    rig_become(ends[1], STDOUT_FILENO);
    rig.out = ends[0];
    assert_int_equal(fcntl(rig.out, F_SETFL, O_NONBLOCK), 0);
}

void rig_terminal(void)
{
    int slave;

    assert_int_equal(openpty(&rig.out, &slave, NULL, NULL, NULL), 0);
    assert_int_equal(fcntl(rig.out, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(dup2(slave, STDIN_FILENO), STDIN_FILENO);
    rig_become(slave, STDOUT_FILENO);
}

void rig_connect(bool on)
{
    static const struct console_receiver receiver = {
        .room = guest_room, .receive = guest_receive, .writable = guest_writable};

    console_connect(rig.console, on ? &receiver : NULL);
    drive_until_idle(rig.loop);
}

void rig_start(const char *target)
{
    rig.console = console_create(rig.loop, target, count_call, &rig.quits);
    if (rig.console != NULL) {
        rig_connect(true);
    }
}

void rig_watch(bool on)
{
    console_watch(rig.console, on ? count_call : NULL, &rig.notices);
}

void rig_give(const char *text)
{
    int fd = rig.in >= 0 ? rig.in : rig.out;

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

void rig_make_room(size_t room)
{
    rig.room = room;
    console_accept(rig.console);
}

bool rig_has_received(void *arg)
{
    return rig.received_count >= *(const size_t *)arg;
}

/* The kernel passes a terminal's bytes on later, so the test waits for them. */
void rig_expect_guest(const char *text)
{
    size_t count = strlen(text);

    drive_until(rig.loop, rig_has_received, &count);
    drive_until_idle(rig.loop);
    assert_int_equal(rig.received_count, count);
    assert_memory_equal(rig.received, text, count);
}

void rig_put(const char *text)
{
    while (*text != '\0') {
        assert_true(console_put(rig.console, (uint8_t)*text++));
    }
}

static char pattern(size_t index)
{
    return (char)('a' + index % 23);
}

size_t rig_put_until_refused(void)
{
    size_t count = 0;

    while (console_put(rig.console, (uint8_t)pattern(count))) {
        count++;
        assert_true(count < sizeof(rig.output));
    }
    return count;
}

bool rig_has_output(void *arg)
{
    ssize_t count =
        read(rig.out, rig.output + rig.output_count, sizeof(rig.output) - 1 - rig.output_count);

    rig.output_count += count > 0 ? (size_t)count : 0;
    rig.output[rig.output_count] = '\0';
    return rig.output_count >= *(const size_t *)arg;
}

void rig_expect_output(const char *text)
{
    size_t count = strlen(text);

    rig.output_count = 0;
    drive_until(rig.loop, rig_has_output, &count);
    assert_string_equal(rig.output, text);
}

void rig_expect_pattern(size_t count)
{
    rig.output_count = 0;
    rig_expect_rest_of_pattern(count);
}

void rig_expect_rest_of_pattern(size_t count)
{
    drive_until(rig.loop, rig_has_output, &count);
    assert_int_equal(rig.output_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rig.output[i], pattern(i));
    }
}

bool rig_has_quit(void *arg)
{
    (void)arg;
    return rig.quits > 0;
}

bool rig_is_writable(void *arg)
{
    (void)arg;
    return rig.writables > 0;
}

void rig_catch_errors(void)
{
    capture_begin(&errors, STDERR_FILENO);
}

void rig_end_errors(char *text, size_t size)
{
    capture_end(&errors, text, size);
}

void rig_expect_errors(const char *text)
{
    char said[1024];

    rig_end_errors(said, sizeof(said));
    assert_string_equal(said, text);
}
