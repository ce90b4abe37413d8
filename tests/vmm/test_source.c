/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "boot/source.h"
#include "capture.h"
#include "scratch.h"

#define MIB (UINT64_C(1) << 20)

/* More than a pipe holds, and no whole number of pieces. */
enum { LONG_SIZE = 300001 };

static uint8_t sent[2 * MIB];
static char said[1024];
static uint64_t size;

static int setup(void **state)
{
    for (size_t i = 0; i < sizeof(sent); i++) {
        sent[i] = (uint8_t)(i * 7 + i / 256);
    }
    return scratch_enter(state);
}

static int open_source(const char *path, uint64_t limit)
{
    struct capture capture;

    capture_begin(&capture, STDERR_FILENO);
    int fd = source_open(path, "initrd", limit, &size);
    capture_end(&capture, said, sizeof(said));
    return fd;
}

/* A process that writes `count` bytes of `sent` into `fd`, or into the FIFO `path`, and ends. It closes `unused`. */
static pid_t start_writer(int fd, int unused, const char *path, size_t count)
{
    pid_t writer = fork();

    assert_true(writer >= 0);
    if (writer != 0) {
        return writer;
    }
    close(unused);
    if (path != NULL) {
        usleep(100000); /* the reader is first */
        fd = open(path, O_WRONLY | O_CLOEXEC);
    }
    for (size_t put = 0; put < count;) {
        ssize_t some = write(fd, sent + put, count - put);

        if (some <= 0) {
            break; /* the reader has had enough */
        }
        put += (size_t)some;
    }
    _exit(0);
}

static void end_writer(pid_t writer)
{
    assert_int_equal(waitpid(writer, NULL, 0), writer);
}

/* As a shell does for <(COMMAND): the path of a pipe that a process writes `count` bytes into. */
static int open_pipe(size_t count, uint64_t limit)
{
    int ends[2];
    char path[32];

    assert_int_equal(pipe(ends), 0);
    pid_t writer = start_writer(ends[1], ends[0], NULL, count);
    close(ends[1]);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    int fd = open_source(path, limit);
    close(ends[0]);
    end_writer(writer);
    return fd;
}

static void assert_has(int fd, size_t count)
{
    assert_string_equal(said, "");
    assert_true(fd >= 0);
    assert_int_equal(size, count);
    const uint8_t *got = mmap(NULL, count, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(got, MAP_FAILED);
    assert_memory_equal(got, sent, count);
    assert_int_equal(munmap((void *)(uintptr_t)got, count), 0);
    close(fd);
}

static void a_pipe_is_read_to_its_end(void **state)
{
    (void)state;
    assert_has(open_pipe(1, MIB), 1);
    assert_has(open_pipe(LONG_SIZE, MIB), LONG_SIZE);
}

static void a_fifo_waits_for_its_writer(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    pid_t writer = start_writer(-1, -1, "fifo", LONG_SIZE);
    int fd = open_source("fifo", MIB);
    assert_has(fd, LONG_SIZE);
    end_writer(writer);
}

static void an_empty_pipe_is_an_empty_file(void **state)
{
    (void)state;
    int fd = open_pipe(0, MIB);
    assert_true(fd >= 0);
    assert_int_equal(size, 0);
    close(fd);
}

static void a_pipe_may_have_as_much_as_the_limit(void **state)
{
    (void)state;
    assert_has(open_pipe(MIB, MIB), MIB);
    assert_int_equal(open_pipe(MIB + 1, MIB), -E2BIG);
    assert_string_equal(strchr(said, ':'), strstr(said, ": initrd /dev/fd/"));
    assert_non_null(strstr(
        said, ": the pipe has more than 1 MiB, the guest's memory; give more with --memory\n"));
    assert_int_equal(open_pipe(2 * MIB, MIB), -E2BIG);
}

static void what_was_read_can_no_longer_change(void **state)
{
    struct stat info = {0};

    (void)state;
    int fd = open_pipe(LONG_SIZE, MIB);
    assert_true(fd >= 0);
    assert_true(pwrite(fd, "x", 1, 0) < 0);
    assert_int_equal(errno, EPERM);
    assert_true(ftruncate(fd, 1) < 0);
    assert_true(fd >= 0 && fstat(fd, &info) == 0);
    assert_int_equal(info.st_size, LONG_SIZE);
    assert_has(fd, LONG_SIZE);
}

static void a_file_is_opened_as_it_is(void **state)
{
    struct stat named;
    struct stat opened;

    (void)state;
    scratch_write("file", sent, LONG_SIZE);
    int fd = open_source("file", 1); /* the limit is for pipes */
    assert_int_equal(stat("file", &named), 0);
    assert_int_equal(fstat(fd, &opened), 0);
    assert_int_equal(named.st_ino, opened.st_ino);
    assert_has(fd, LONG_SIZE);
}

static void what_is_neither_is_refused(void **state)
{
    (void)state;
    assert_int_equal(open_source("absent", MIB), -ENOENT);
    assert_string_equal(said, "dormouse: cannot open initrd absent: No such file or directory\n");
    assert_int_equal(open_source(".", MIB), -EINVAL);
    assert_string_equal(said, "dormouse: cannot open initrd .: Not a regular file\n");
    assert_int_equal(open_source("/dev/zero", MIB), -EINVAL);
    assert_string_equal(said, "dormouse: cannot open initrd /dev/zero: Not a regular file\n");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pipe_is_read_to_its_end),          TEST(a_fifo_waits_for_its_writer),
        TEST(an_empty_pipe_is_an_empty_file),     TEST(a_pipe_may_have_as_much_as_the_limit),
        TEST(what_was_read_can_no_longer_change), TEST(a_file_is_opened_as_it_is),
        TEST(what_is_neither_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
