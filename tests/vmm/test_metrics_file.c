/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of metrics. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "control/metrics_file.h"
#include "scratch.h"

static void expect_file(const char *expected)
{
    char text[64] = "";
    FILE *file = scratch_open("vm.prom", "r");

    (void)!fread(text, 1, sizeof(text) - 1, file);
    assert_string_equal(text, expected);
    fclose(file);
}

static void only_the_collectors_names_are_valid(void **state)
{
    (void)state;
    assert_true(metrics_file_is_valid("vm.prom"));
    assert_true(metrics_file_is_valid("/var/lib/node/vm.prom"));
    assert_false(metrics_file_is_valid("vm.txt"));
    assert_false(metrics_file_is_valid("vm.prom/vm"));
    assert_false(metrics_file_is_valid(".prom"));
    assert_false(metrics_file_is_valid("folder/.prom"));
    assert_false(metrics_file_is_valid(""));
}

static void file_is_replaced_as_a_whole(void **state)
{
    struct metrics_file file;
    struct stat status;

    (void)state;
    assert_true(metrics_file_open(&file, "vm.prom"));
    metrics_file_write(&file, "first and long\n", 15);
    expect_file("first and long\n");
    int old = open("vm.prom", O_RDONLY);
    metrics_file_write(&file, "second\n", 7);
    expect_file("second\n");
    assert_int_equal(fstat(old, &status), 0);
    assert_int_equal(status.st_size, 15); /* A reader that is at it sees the old one to its end. */
    assert_int_equal(stat("vm.prom", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
    assert_int_equal(scratch_entry_count(), 1);
    close(old);
    metrics_file_close(&file);
    assert_int_equal(scratch_entry_count(), 0);
}

/* A link that another user has put there leads nowhere. */
static void leftovers_are_replaced(void **state)
{
    struct metrics_file file;

    (void)state;
    scratch_write("precious", "x", 1);
    assert_int_equal(symlink("precious", "vm.prom.new"), 0);
    assert_true(metrics_file_open(&file, "vm.prom"));
    metrics_file_write(&file, "text\n", 5);
    expect_file("text\n");
    metrics_file_close(&file);
    struct stat status;
    assert_int_equal(stat("precious", &status), 0);
    assert_int_equal(status.st_size, 1);
}

static void failure_is_told_once(void **state)
{
    struct metrics_file file;
    struct capture capture;
    char text[200];

    (void)state;
    assert_int_equal(mkdir("folder", 0755), 0);
    assert_true(metrics_file_open(&file, "folder/vm.prom"));
    assert_int_equal(rmdir("folder"), 0);
    capture_begin(&capture, STDERR_FILENO);
    metrics_file_write(&file, "text\n", 5);
    metrics_file_write(&file, "text\n", 5);
    capture_end(&capture, text, sizeof(text));
    assert_string_equal(text, "dormouse: cannot write metrics to folder/vm.prom: No such file or "
                              "directory; the VM continues\n");
    metrics_file_close(&file);
}

static void folder_must_exist(void **state)
{
    struct metrics_file file;
    struct capture capture;
    char text[200];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    assert_false(metrics_file_open(&file, "none/vm.prom"));
    capture_end(&capture, text, sizeof(text));
    assert_string_equal(text, "dormouse: --metrics none/vm.prom: No such file or directory\n");
    metrics_file_close(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_the_collectors_names_are_valid),
        TEST(file_is_replaced_as_a_whole),
        TEST(leftovers_are_replaced),
        TEST(failure_is_told_once),
        TEST(folder_must_exist),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
