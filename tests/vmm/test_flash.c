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

#include "capture.h"
#include "host/flash/flash.h"
#include "scratch.h"

enum { TEMPLATE_SIZE = 200 << 10 };

static uint8_t template[TEMPLATE_SIZE];

static int setup(void **state)
{
    scratch_enter(state);
    /* Its second piece of 64 KiB is zero. */
    memset(template, 0xff, sizeof(template));
    memset(template + (64 << 10), 0, 64 << 10);
    scratch_write("code", "c", 1);
    scratch_write("template", template, sizeof(template));
    return 0;
}

static struct flash_paths paths(const char *vars, const char *from)
{
    return (struct flash_paths){.code = "code", .vars = vars, .vars_template = from};
}

/* Opens, expects `text` on standard error, and whether there is a flash. */
static struct flash *open_flash(const struct flash_paths *wanted, const char *text)
{
    struct capture capture;
    char said[512];

    capture_begin(&capture, STDERR_FILENO);
    struct flash *flash = flash_open(wanted);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, text);
    return flash;
}

static void expect_refused(const struct flash_paths *wanted, const char *text)
{
    size_t count = scratch_entry_count();

    assert_null(open_flash(wanted, text));
    assert_int_equal(scratch_entry_count(), count);
}

static void test_created(void **state)
{
    const struct flash_paths wanted = paths("vars", "template");
    struct flash *flash = open_flash(&wanted, "");
    struct stat info;
    uint8_t bytes[sizeof(template)];

    (void)state;
    assert_non_null(flash);
    assert_int_equal(stat("vars", &info), 0);
    assert_int_equal(info.st_size, FLASH_BANK_SIZE);
    assert_true(info.st_blocks * 512 <= TEMPLATE_SIZE);
    flash_read(&flash->vars, 0, bytes, sizeof(bytes));
    assert_memory_equal(bytes, template, sizeof(bytes));
    assert_memory_equal(flash->vars.host, template, sizeof(template));
    assert_int_equal(scratch_entry_count(), 3);
    assert_true(flash_write(&flash->vars, 1, "new", 3));
    assert_memory_equal((const char *)flash->vars.host + 1, "new", 3);
    flash_close(flash);

    /* The template does not matter any more. */
    const struct flash_paths again = paths("vars", "missing");
    flash = open_flash(&again, "");
    flash_read(&flash->vars, 0, bytes, 4);
    assert_memory_equal(bytes, "\xffnew", 4);
    flash_close(flash);
}

static void test_without_template(void **state)
{
    const struct flash_paths wanted = paths("vars", NULL);
    struct flash *flash = open_flash(&wanted, "");
    uint8_t byte = 1;

    (void)state;
    assert_non_null(flash);
    flash_read(&flash->vars, FLASH_BANK_SIZE - 1, &byte, 1);
    assert_int_equal(byte, 0);
    flash_read(&flash->code, 0, &byte, 1);
    assert_int_equal(byte, 'c');
    flash_read(&flash->code, 1, &byte, 1);
    assert_int_equal(byte, 0);
    flash_close(flash);
}

static void test_private(void **state)
{
    const struct flash_paths wanted = paths(NULL, "template");
    struct flash *flash = open_flash(
        &wanted, "dormouse: without --vars FILE the firmware's variables are lost at the end\n");

    (void)state;
    assert_non_null(flash);
    assert_memory_equal(flash->vars.host, template, sizeof(template));
    assert_true(flash_write(&flash->vars, 0, "new", 3));
    assert_memory_equal(flash->vars.host, "new", 3);
    flash_close(flash);
    assert_int_equal(scratch_entry_count(), 2);
}

static void test_locked(void **state)
{
    const struct flash_paths wanted = paths("vars", "template");
    struct flash *flash = open_flash(&wanted, "");

    (void)state;
    assert_non_null(flash);
    expect_refused(&wanted, "dormouse: --vars vars: another machine uses this file; give each "
                            "machine its own\n");
    flash_close(flash);
    flash = open_flash(&wanted, "");
    assert_non_null(flash);
    flash_close(flash);
}

static void test_refused(void **state)
{
    struct flash_paths wanted = paths("small", "template");

    (void)state;
    scratch_write("small", "x", 1);
    expect_refused(&wanted, "dormouse: --vars small: not a file of 67108864 bytes, as flash for "
                            "variables is; give a file of that size, or a name that does not "
                            "exist\n");
    wanted = paths("no/vars", "template");
    expect_refused(&wanted, "dormouse: --vars no/vars: cannot create the file: No such file or "
                            "directory\n");
    wanted = paths("vars", "missing");
    expect_refused(
        &wanted,
        "dormouse: cannot open template of variables missing: No such file or directory\n");
    wanted = paths("", "template");
    expect_refused(&wanted,
                   "dormouse: --vars '': cannot create the file: No such file or directory\n");
    wanted = paths("vars", "template");
    wanted.code = "missing";
    expect_refused(&wanted, "dormouse: cannot open firmware missing: No such file or directory\n");
    scratch_write("empty", "", 0);
    wanted.code = "empty";
    expect_refused(&wanted,
                   "dormouse: firmware empty: has 0 bytes; a flash has room for 1 to 67108864\n");
}

/* Too large, as a file of firmware and as a template. */
static void test_too_large(void **state)
{
    FILE *file = scratch_open("large", "w");
    struct flash_paths wanted = paths("vars", "large");

    (void)state;
    assert_int_equal(ftruncate(fileno(file), FLASH_BANK_SIZE + 1), 0);
    assert_int_equal(fclose(file), 0);
    expect_refused(&wanted,
                   "dormouse: --vars vars: cannot create the file from large: File too large\n");
    wanted.code = "large";
    expect_refused(&wanted,
                   "dormouse: firmware large: has 67108865 bytes; a flash has room for 1 to "
                   "67108864\n");
}

#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_created), FILE_TEST(test_without_template), FILE_TEST(test_private),
        FILE_TEST(test_locked),  FILE_TEST(test_refused),          FILE_TEST(test_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
