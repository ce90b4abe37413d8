/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are appended to, limited, continued and opened again. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/logfile.h"
#include "scratch.h"

static void expect_file(const char *name, const char *expected)
{
    char text[256];
    int fd = open(name, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    ssize_t length = read(fd, text, sizeof(text) - 1);
    close(fd);
    assert_true(length >= 0);
    text[length] = '\0';
    assert_string_equal(text, expected);
}

static off_t size_of(const char *name)
{
    struct stat status;

    return stat(name, &status) == 0 ? status.st_size : -1;
}

static void put(struct logfile *log, const char *text)
{
    assert_int_equal(logfile_make_room(log, strlen(text)), 0);
    assert_int_equal(logfile_write(log, text, strlen(text)), 0);
}

static void specs_are_checked(void **state)
{
    static const char *const good[] = {"a",        "a,b",   "a,max=1", "a,max=4K",
                                       "a,max=1G", "a,max", "a,b=c/d", "a,=b"};
    static const char *const bad[] = {
        "",          ",max=4K",      "a,max=",       "a,max=3K",       "a,max=x",
        "a,max=4KK", "a,max=0",      "a,max=-1",     "a,max=1P",       "a,maxsize=10M",
        "a,Max=4K",  "a,max=4K,b=c", "a,b=c,max=4K", "a,max=4K,max=4K"};
    struct logfile log;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(logfile_spec_is_valid(good[i]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(logfile_spec_is_valid(bad[i]));
        assert_int_equal(logfile_open(&log, bad[i]), -EINVAL);
        logfile_close(&log);
    }
    assert_int_equal(logfile_open(&log, "a,b"), 0);
    assert_int_equal(log.max, 0);
    logfile_close(&log);
    assert_int_equal(logfile_open(&log, "./a,max=64K"), 0);
    assert_int_equal(log.max, 64 << 10);
    assert_string_equal(log.path, "./a");
    logfile_close(&log);
    assert_int_equal(logfile_open(&log, "none/a"), -ENOENT);
}

/* A file is ours if it did not exist, also not as a link, until it is opened again. */
static void created_file_is_known(void **state)
{
    struct logfile log;

    (void)state;
    assert_int_equal(logfile_open(&log, "new"), 0);
    assert_true(log.fd >= 0);
    assert_int_equal(logfile_created(&log), log.fd);
    assert_int_equal(logfile_reopen(&log), 0);
    assert_int_equal(logfile_created(&log), -1);
    logfile_close(&log);
    assert_int_equal(logfile_created(&log), -1);
    assert_int_equal(logfile_open(&log, "new"), 0);
    assert_int_equal(logfile_created(&log), -1);
    logfile_close(&log);
    assert_int_equal(symlink("target", "link"), 0);
    assert_int_equal(logfile_open(&log, "link"), 0);
    assert_int_equal(logfile_created(&log), -1);
    logfile_close(&log);
}

static void file_is_appended_to(void **state)
{
    struct logfile log;

    (void)state;
    scratch_write("log", "old\nnew", 7);
    assert_int_equal(logfile_open(&log, "log"), 0);
    assert_false(logfile_is_at_line(&log));
    put(&log, "\n");
    assert_true(logfile_is_at_line(&log));
    /* If another program empties the file, no hole is left at its start. */
    assert_int_equal(truncate("log", 0), 0);
    assert_true(logfile_is_at_line(&log));
    put(&log, "x");
    logfile_close(&log);
    expect_file("log", "x");
}

static void limit_continues_in_a_fresh_file(void **state)
{
    char line[101];
    struct logfile log;

    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    assert_int_equal(logfile_open(&log, "log,max=4K"), 0);
    for (unsigned i = 0; i < 40; i++) {
        put(&log, line);
    }
    assert_int_equal(size_of("log"), 4000);
    assert_int_equal(size_of("log.1"), -1);
    put(&log, line);
    assert_int_equal(size_of("log"), 100);
    assert_int_equal(size_of("log.1"), 4000);
    for (unsigned i = 0; i < 80; i++) {
        put(&log, line);
    }
    assert_int_equal(size_of("log"), 100);
    assert_int_equal(size_of("log.1"), 4000);
    assert_int_equal(scratch_entry_count(), 2);
    logfile_close(&log);
}

/* If another program has put a file in the place of the log, that file is not renamed. */
static void limit_renames_only_its_own_file(void **state)
{
    char block[4000];
    struct logfile log;

    (void)state;
    memset(block, 'x', sizeof(block));
    assert_int_equal(logfile_open(&log, "log,max=4K"), 0);
    assert_int_equal(logfile_write(&log, block, sizeof(block)), 0);
    assert_int_equal(rename("log", "moved"), 0);
    scratch_write("log", "theirs\n", 7);
    assert_int_equal(logfile_make_room(&log, 200), 0);
    put(&log, "ours\n");
    expect_file("log", "theirs\nours\n");
    assert_int_equal(size_of("moved"), 4000);
    assert_int_equal(size_of("log.1"), -1);
    logfile_close(&log);
}

/* Otherwise the next file would be beside the link, and a link such as /dev/stdout would be gone. */
static void limit_renames_no_link(void **state)
{
    char block[4000];
    char path[32];
    struct logfile log;

    (void)state;
    memset(block, 'x', sizeof(block));
    assert_int_equal(mkdir("big", 0700), 0);
    assert_int_equal(symlink("big/log", "link"), 0);
    assert_int_equal(logfile_open(&log, "link,max=4K"), 0);
    assert_int_equal(logfile_write(&log, block, sizeof(block)), 0);
    assert_int_equal(logfile_make_room(&log, 200), 0);
    put(&log, "next\n");
    logfile_close(&log);
    assert_int_equal(size_of("big/log.1"), 4000);
    expect_file("link", "next\n");
    assert_int_equal(scratch_entry_count(), 2);

    int fd = open("big/log", O_WRONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof(path), "/dev/fd/%d,max=4K", fd);
    assert_int_equal(logfile_open(&log, path), 0);
    close(fd);
    assert_int_equal(logfile_write(&log, block, sizeof(block)), 0);
    assert_int_equal(logfile_make_room(&log, 200), 0);
    logfile_close(&log);
    expect_file("big/log", "");
    assert_int_equal(unlink("big/log"), 0);
    assert_int_equal(unlink("big/log.1"), 0);
    assert_int_equal(rmdir("big"), 0);
}

static void reopening_follows_the_name(void **state)
{
    struct logfile log;

    (void)state;
    assert_int_equal(logfile_open(&log, "log"), 0);
    put(&log, "a");
    assert_int_equal(rename("log", "log.old"), 0);
    put(&log, "b");
    /* From any working folder, because the log's folder stays open. */
    int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(chdir("/"), 0);
    int error = logfile_reopen(&log);
    assert_int_equal(fchdir(here), 0);
    close(here);
    assert_int_equal(error, 0);
    put(&log, "c");
    expect_file("log.old", "ab");
    expect_file("log", "c");
    /* If the new file cannot be opened, the old one stays in use. */
    assert_int_equal(rename("log", "log.old"), 0);
    assert_int_equal(mkdir("log", 0700), 0);
    assert_int_equal(logfile_reopen(&log), -EISDIR);
    put(&log, "d");
    expect_file("log.old", "cd");
    assert_int_equal(rmdir("log"), 0);
    logfile_close(&log);
}

/* A short write has no errno; writing the rest again gives one. */
static void short_write_is_taken_back_and_explained(void **state)
{
    struct logfile log;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(logfile_open(&log, "log"), 0);
    put(&log, "0123456789\n");
    scratch_limit_files(16);
    int error = logfile_write(&log, "0123456789\n", 11);
    scratch_limit_files(RLIM_INFINITY);
    assert_int_equal(error, -EFBIG);
    expect_file("log", "0123456789\n");
    logfile_close(&log);
}

static void full_pipe_does_not_wait(void **state)
{
    char block[4096] = {0};
    struct logfile log;
    unsigned taken = 0;

    (void)state;
    assert_int_equal(mkfifo("log", 0600), 0);
    assert_int_equal(logfile_open(&log, "log"), -ENXIO);
    int reader = open("log", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_int_equal(logfile_open(&log, "log,max=4K"), 0);
    int error;
    while ((error = logfile_write(&log, block, sizeof(block))) == 0 && taken < 10000) {
        taken++;
    }
    assert_int_equal(error, -EAGAIN);
    assert_true(taken > 0);
    assert_int_equal(logfile_make_room(&log, 1), 0);
    assert_true(logfile_is_at_line(&log));
    close(reader);
    logfile_close(&log);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(specs_are_checked),
        TEST(created_file_is_known),
        TEST(file_is_appended_to),
        TEST(limit_continues_in_a_fresh_file),
        TEST(limit_renames_only_its_own_file),
        TEST(limit_renames_no_link),
        TEST(reopening_follows_the_name),
        TEST(short_write_is_taken_back_and_explained),
        TEST(full_pipe_does_not_wait),
    };

    return cmocka_run_group_tests_name("logfile", tests, NULL, NULL);
}
