/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../rig/capture.h"
#include "../rig/scratch.h"
#include "output.h"

static void check_text(const char *name, const char *expected)
{
    char text[64] = "";
    FILE *file = scratch_open(name, "re");

    (void)fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    assert_string_equal(text, expected);
}

static void file_is_there_once_it_is_complete(void **state)
{
    struct output output;
    struct stat info;
    mode_t mask = umask(027);

    (void)state;
    scratch_write("report", "old", 3);
    assert_true(output_open(&output, "report"));
    (void)fputs("new", output.file);
    (void)fflush(output.file);
    check_text("report", "old");
    assert_true(output_close(&output));
    check_text("report", "new");
    assert_int_equal(stat("report", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(scratch_entry_count(), 1);
    (void)umask(mask);
}

static void dropped_file_leaves_nothing(void **state)
{
    struct output output;

    (void)state;
    scratch_write("report", "old", 3);
    assert_true(output_open(&output, "report"));
    (void)fputs("new", output.file);
    output_drop(&output);
    check_text("report", "old");
    assert_int_equal(scratch_entry_count(), 1);
}

static void no_path_is_no_file(void **state)
{
    struct output output;

    (void)state;
    assert_true(output_open(&output, NULL));
    assert_null(output.file);
    assert_true(output_close(&output));
    output_drop(&output);
}

static void link_stays_one(void **state)
{
    struct output output;
    struct stat info;

    (void)state;
    scratch_write("target", "old", 3);
    assert_int_equal(symlink("target", "link"), 0);
    assert_true(output_open(&output, "link"));
    (void)fputs("new", output.file);
    assert_true(output_close(&output));
    assert_int_equal(lstat("link", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    check_text("target", "new");
}

/* Said when it is opened; or, of a disk that is full, when it is closed. */
static void check_complaint(const char *path, bool opens, const char *words)
{
    struct output output;
    struct capture capture;
    char said[512];
    bool opened;
    bool closed = false;

    capture_begin(&capture, STDERR_FILENO);
    opened = output_open(&output, path);
    if (opened) {
        (void)fputs("text", output.file);
        closed = output_close(&output);
    }
    capture_end(&capture, said, sizeof(said));
    assert_int_equal(opened, opens);
    assert_false(closed);
    assert_non_null(strstr(said, path));
    assert_non_null(strstr(said, words));
}

static void what_cannot_be_written_is_told(void **state)
{
    struct stat info;

    (void)state;
    check_complaint("nowhere/report", false, "No such file");
    check_complaint(".", false, "Is a directory");
    check_complaint("/dev/full", true, "No space left");
    assert_int_equal(stat("/dev/full", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    assert_int_equal(scratch_entry_count(), 0);
}

/* The device is written to, and still there. */
static void device_is_not_replaced(void **state)
{
    struct output output;
    struct stat info;

    (void)state;
    assert_true(output_open(&output, "/dev/null"));
    assert_null(output.temporary);
    assert_true(output_close(&output));
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(file_is_there_once_it_is_complete),
        TEST(dropped_file_leaves_nothing),
        TEST(no_path_is_no_file),
        TEST(link_stays_one),
        TEST(what_cannot_be_written_is_told),
        TEST(device_is_not_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
