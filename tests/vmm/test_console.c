/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console with pipes, sockets and files, and its other targets; test_terminal.c has terminals.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "console_rig.h"
#include "drive.h"
#include "host/console/output.h"
#include "scratch.h"

#define DROPPED     "guest output is dropped from here on\n"
#define BROKEN_PIPE "dormouse: console: cannot write to standard output: Broken pipe; " DROPPED

/* --- Pipes, files and sockets as stdin and stdout. --- */

static void input_waits_for_room_in_the_receiver(void **state)
{
    int left;

    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig.room = 3;
    rig_give("abcdef");
    rig_start("stdio");
    rig_expect_guest("abc");
    /* Bytes without room stay in the pipe for its next reader. */
    assert_int_equal(ioctl(STDIN_FILENO, FIONREAD, &left), 0);
    assert_int_equal(left, 3);
    rig_make_room(100);
    rig_expect_guest("abcdef");
    rig_give("gh");
    rig_expect_guest("abcdefgh");
}

static void input_waits_for_a_receiver(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig.room = 10;
    rig_start("stdio");
    rig_connect(false);
    rig_give("ab");
    drive_until_idle(rig.loop);
    assert_int_equal(rig.received_count, 0);
    rig_connect(true);
    rig_expect_guest("ab");
}

static void end_of_input_is_no_error(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig.room = 100;
    rig_start("stdio");
    rig_watch(true);
    rig_give("last");
    rig_close(&rig.in);
    rig_expect_guest("last");
    assert_int_equal(rig.notices, 1);
    assert_int_equal(rig.quits, 0);
}

static void pipe_has_no_escape_keys(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig.room = 100;
    rig_start("stdio");
    rig_give("\001x\001h\001\001");
    rig_expect_guest("\001x\001h\001\001");
    assert_int_equal(rig.quits, 0);
}

static void standard_descriptors_stay_blocking(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig_start("stdio");
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0);
}

static void output_arrives(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig_start("stdio");
    rig_put("hello\r\n");
    rig_expect_output("hello\r\n");
}

static void check_slow_output(size_t least)
{
    size_t count = rig_put_until_refused();

    assert_in_range(count, least + RING, PIPE + RING);
    drive_until_idle(rig.loop);
    assert_int_equal(rig.writables, 0);
    assert_false(console_put(rig.console, '!'));
    rig_expect_pattern(count);
    assert_int_equal(rig.writables, 1);
    rig_put("on");
    rig_expect_output("on");
}

static void slow_output_is_refused_and_nothing_lost(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig_start("stdio");
    check_slow_output(PIPE);
}

/*
 * The descriptors cannot be opened a second time, and writing and reading could block. Before Linux
 * 6.4 a pipe whose last page has begun may block even for one byte.
 */
static void blocking_descriptors_are_asked_first(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig.no_proc = true;
    rig.room = 4;
    rig_start("stdio");
    check_slow_output(PIPE - (size_t)sysconf(_SC_PAGESIZE) + 1);
    rig_give("ab");
    rig_expect_guest("ab");
    rig_give("cdef");
    rig_expect_guest("abcd");
    rig_make_room(2);
    rig_expect_guest("abcdef");
}

static bool pipes_know_nowait(void)
{
    struct iovec part = {.iov_base = (char[]){'.'}, .iov_len = 1};
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    bool known = pwritev2(ends[1], &part, 1, -1, RWF_NOWAIT) == 1;
    close(ends[0]);
    close(ends[1]);
    return known;
}

/* The pipe has room when it is polled, but none when it is written to. */
static void second_writer_does_not_block_the_guest(void **state)
{
    (void)state;
    if (!pipes_know_nowait()) {
        skip();
    }
    rig_pipe_input();
    rig_pipe_output();
    rig.rival = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(rig.rival > 0);
    rig.no_proc = true;
    rig_start("stdio");
    alarm(50); /* If the write waits, the signal ends the test. */
    rig_put("taken");
    drive_until_idle(rig.loop);
    alarm(0);
    close(rig.rival);
    rig.rival = 0;
    rig_expect_output("taken");
}

/* The writer is not called for each byte. */
static void refused_writer_is_called_when_half_the_ring_is_free(void **state)
{
    static struct output output = {.lock = PTHREAD_MUTEX_INITIALIZER, .refused = true};

    (void)state;
    output.ring.count = RING / 2 + 1;
    assert_false(output_owes(&output));
    output.ring.count = RING / 2;
    assert_true(output_owes(&output));
    assert_false(output_owes(&output));
}

static void sockets_work_both_ways(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    rig.out = ends[1];
    assert_int_equal(fcntl(rig.out, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    rig_become(ends[0], STDOUT_FILENO);
    rig.room = 3;
    rig_start("stdio");
    rig_give("abc");
    rig_expect_guest("abc");
    rig_expect_pattern(rig_put_until_refused());
    assert_int_equal(rig.writables, 1);
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);

    rig_catch_errors();
    rig_close(&rig.out);
    rig_put("into nothing");
    drive_until_idle(rig.loop);
    rig_expect_errors(BROKEN_PIPE);
}

static void file_is_read_while_there_is_room(void **state)
{
    (void)state;
    scratch_write("input", "0123456789", 10);
    rig_become(open("input", O_RDONLY), STDIN_FILENO);
    rig_pipe_output();
    rig.room = 4;
    rig_start("stdio");
    rig_expect_guest("0123");
    rig_make_room(3);
    rig_expect_guest("0123456");
    rig_make_room(30);
    rig_expect_guest("0123456789");
}

static void empty_input_is_no_error(void **state)
{
    (void)state;
    rig_become(open("/dev/null", O_RDWR), STDIN_FILENO);
    rig_pipe_output();
    rig.room = 4;
    rig_start("stdio");
    assert_int_equal(rig.received_count, 0);
}

/* As main() opens them: they occupy their numbers, and cannot be used. */
static void closed_descriptors_are_no_input_and_one_report(void **state)
{
    (void)state;
    rig_become(open("/dev/null", O_WRONLY), STDIN_FILENO);
    rig_become(open("/dev/null", O_RDONLY), STDOUT_FILENO);
    rig_catch_errors();
    rig.room = 4;
    rig_start("stdio");
    rig_put("dropped");
    drive_until_idle(rig.loop);
    rig_expect_errors(
        "dormouse: console: cannot write to standard output: Bad file descriptor; " DROPPED);
}

static void broken_pipe_is_reported_once(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig_start("stdio");
    rig_put("fine");
    rig_catch_errors();
    rig_close(&rig.out);
    rig_put("dropped");
    drive_until_idle(rig.loop);
    rig_expect_errors(BROKEN_PIPE);
}

static void broken_pipe_releases_a_refused_writer(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig_start("stdio");
    rig_put_until_refused();
    rig_catch_errors();
    rig_close(&rig.out);
    drive_until_idle(rig.loop);
    rig_expect_errors(BROKEN_PIPE);
    assert_int_equal(rig.writables, 1);
    rig_put("dropped");
}

/* `{ echo header; dormouse run; } > log`: dormouse continues at the shared file position. */
static void output_continues_at_the_shells_file_position(void **state)
{
    char text[32] = "";

    (void)state;
    rig_pipe_input();
    rig_become(open("log", O_RDWR | O_CREAT, 0600), STDOUT_FILENO);
    assert_int_equal(write(STDOUT_FILENO, "header ", 7), 7);
    rig_start("stdio");
    rig_put("guest");
    assert_int_equal(write(STDOUT_FILENO, " end", 4), 4);
    assert_int_equal(pread(STDOUT_FILENO, text, sizeof(text), 0), 16);
    assert_string_equal(text, "header guest end");
}

/* --- Other targets. --- */

static void expect_file(const char *path, const char *expected)
{
    char text[128] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(read(fd, text, sizeof(text) - 1), strlen(expected));
    close(fd);
    assert_string_equal(text, expected);
}

static void file_target_is_appended_to(void **state)
{
    struct stat status;

    (void)state;
    scratch_write("old", "first run\n", 10);
    rig_start("old");
    assert_string_equal(console_file(rig.console), "old");
    rig_put("second");
    rig_end();
    expect_file("old", "first run\nsecond");

    mode_t mask = umask(0);
    rig_start("fresh");
    umask(mask);
    assert_int_equal(stat("fresh", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
}

/* `: > log`, as logrotate's copytruncate does. */
static void truncated_file_has_no_hole(void **state)
{
    (void)state;
    rig_start("log");
    rig_put("copied away");
    assert_int_equal(truncate("log", 0), 0);
    rig_put("next");
    expect_file("log", "next");
}

static void renamed_file_is_reopened_on_request(void **state)
{
    (void)state;
    rig_start("log");
    rig_put("one");
    assert_int_equal(rename("log", "log.old"), 0);
    rig_put("two");
    assert_true(console_reopen(rig.console));
    rig_put("three");
    expect_file("log.old", "onetwo");
    expect_file("log", "three");
}

static void old_file_stays_if_reopening_fails(void **state)
{
    (void)state;
    rig_start("log");
    assert_int_equal(rename("log", "log.old"), 0);
    assert_int_equal(mkdir("log", 0700), 0);
    rig_catch_errors();
    assert_false(console_reopen(rig.console));
    rig_expect_errors(
        "dormouse: console: cannot reopen log: Is a directory; the old file stays in use\n");
    rig_put("goes on");
    expect_file("log.old", "goes on");
    assert_int_equal(rmdir("log"), 0);
}

static size_t size_of(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? (size_t)status.st_size : 0;
}

/* No byte is lost: what does not fit waits until the main thread has renamed the file. */
static void full_file_continues_in_a_fresh_file(void **state)
{
    (void)state;
    rig_start("log,max=4K");
    for (unsigned i = 0; i < 10; i++) {
        rig_put("0123456789abcde\n0123456789abcde\n0123456789abcde\n0123456789abcde\n"
                "0123456789abcde\n0123456789abcde\n0123456789abcde\n0123456789abcde\n"
                "0123456789abcde\n0123456789abcde\n0123456789abcde\n0123456789abcde\n"
                "0123456789abcde\n0123456789abcde\n0123456789abcde\n0123456789abcde\n"
                "0123456789abcde\n0123456789abcde\n0123456789abcde\n0123456789abcde\n"
                "0123456789abcde\n0123456789abcde\n0123456789abcde\n0123456789abcde\n"
                "0123456789abcde\n0123456789abcde\n0123456789abcde\n0123456789abcde\n");
    }
    drive_until_idle(rig.loop);
    assert_int_equal(size_of("log.1"), 4096);
    assert_int_equal(size_of("log"), 4480 - 4096);
    rig_put("on");
    rig_end();
    assert_int_equal(size_of("log"), 4480 - 4096 + 2);
}

/* console_destroy() also does so, when the loop has ended. */
static void full_file_continues_during_the_end(void **state)
{
    static char bytes[4096];

    (void)state;
    memset(bytes, '.', sizeof(bytes));
    scratch_write("log", bytes, sizeof(bytes));
    rig_start("log,max=4K");
    rig_put("last words");
    rig_end();
    assert_int_equal(size_of("log.1"), 4096);
    expect_file("log", "last words");
}

static void set_file_limit(rlim_t limit)
{
    struct rlimit now;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &now), 0);
    now.rlim_cur = limit == 0 ? now.rlim_max : limit;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
}

/* RLIMIT_FSIZE, like a full disk, loses the bytes for which there is no room. */
static void full_file_loses_output_until_there_is_room(void **state)
{
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    rig_start("log");
    rig_catch_errors();
    set_file_limit(4);
    rig_put("1234lost");
    set_file_limit(0);
    rig_put("again");
    rig_expect_errors(
        "dormouse: console: cannot write to log: File too large; guest output is dropped until "
        "there is room\n"
        "dormouse: console: writing to log again; bytes of guest output that are missing: 4\n");
    expect_file("log", "1234again");
}

/* A file at its limit that cannot be renamed is full too, until it can be. */
static void limit_is_tried_again_after_an_error(void **state)
{
    static char bytes[4096];

    (void)state;
    memset(bytes, '.', sizeof(bytes));
    scratch_write("log", bytes, sizeof(bytes));
    assert_int_equal(mkdir("log.1", 0700), 0);
    rig_catch_errors();
    rig_start("log,max=4K");
    rig_put("lost");
    drive_until_idle(rig.loop);
    rig_put("too");
    drive_until_idle(rig.loop);
    assert_int_equal(rmdir("log.1"), 0);
    rig_put("!");
    drive_until_idle(rig.loop);
    rig_put("again");
    rig_expect_errors(
        "dormouse: console: cannot write to log: Is a directory; guest output is dropped until "
        "there is room\n"
        "dormouse: console: writing to log again; bytes of guest output that are missing: 8\n");
    assert_int_equal(size_of("log.1"), 4096);
    expect_file("log", "again");
}

static void full_disk_is_reported_once(void **state)
{
    (void)state;
    rig_catch_errors();
    rig_start("/dev/full");
    rig_put("some output");
    drive_until_idle(rig.loop);
    rig_expect_errors(
        "dormouse: console: cannot write to /dev/full: No space left on device; " DROPPED);
}

static void target_that_cannot_be_opened_is_named(void **state)
{
    (void)state;
    rig_catch_errors();
    rig_start("missing/file");
    rig_expect_errors("dormouse: console: cannot open missing/file: No such file or directory\n");
    assert_null(rig.console);
}

static void fifo_without_a_reader_is_an_error_at_once(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    rig_catch_errors();
    rig_start("fifo");
    rig_expect_errors("dormouse: console: cannot open fifo: No such device or address\n");
    assert_null(rig.console);
}

static void console_none_accepts_output_and_reads_nothing(void **state)
{
    int left;

    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig_give("for the shell");
    rig.room = 100;
    rig_start("none");
    for (unsigned i = 0; i < 3 * RING; i++) {
        rig_put(".");
    }
    drive_until_idle(rig.loop);
    assert_int_equal(rig.received_count, 0);
    assert_int_equal(ioctl(STDIN_FILENO, FIONREAD, &left), 0);
    assert_int_equal(left, 13);
    assert_int_equal(read(rig.out, rig.output, 1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(input_waits_for_room_in_the_receiver),
        RIG_TEST(input_waits_for_a_receiver),
        RIG_TEST(end_of_input_is_no_error),
        RIG_TEST(pipe_has_no_escape_keys),
        RIG_TEST(standard_descriptors_stay_blocking),
        RIG_TEST(output_arrives),
        RIG_TEST(slow_output_is_refused_and_nothing_lost),
        RIG_TEST(blocking_descriptors_are_asked_first),
        RIG_TEST(second_writer_does_not_block_the_guest),
        RIG_TEST(refused_writer_is_called_when_half_the_ring_is_free),
        RIG_TEST(sockets_work_both_ways),
        RIG_TEST(file_is_read_while_there_is_room),
        RIG_TEST(empty_input_is_no_error),
        RIG_TEST(closed_descriptors_are_no_input_and_one_report),
        RIG_TEST(broken_pipe_is_reported_once),
        RIG_TEST(broken_pipe_releases_a_refused_writer),
        RIG_TEST(output_continues_at_the_shells_file_position),
        RIG_TEST(file_target_is_appended_to),
        RIG_TEST(truncated_file_has_no_hole),
        RIG_TEST(renamed_file_is_reopened_on_request),
        RIG_TEST(old_file_stays_if_reopening_fails),
        RIG_TEST(full_file_continues_in_a_fresh_file),
        RIG_TEST(full_file_continues_during_the_end),
        RIG_TEST(full_file_loses_output_until_there_is_room),
        RIG_TEST(limit_is_tried_again_after_an_error),
        RIG_TEST(full_disk_is_reported_once),
        RIG_TEST(target_that_cannot_be_opened_is_named),
        RIG_TEST(fifo_without_a_reader_is_an_error_at_once),
        RIG_TEST(console_none_accepts_output_and_reads_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
