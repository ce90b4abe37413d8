/* SPDX-License-Identifier: BSD-2-Clause */
/* When a VM with --keep may boot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "machine/parts.h"
#include "scratch.h"

static void expect_no_boot(const struct config *config, const char *expected)
{
    struct capture capture;
    char said[256];

    capture_begin(&capture, STDERR_FILENO);
    assert_false(keep_may_boot(config));
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, expected);
}

/* The process before saves the VM after this one has read its command line. */
static void vm_that_was_saved_meanwhile_is_not_booted(void **state)
{
    struct config config = {.keep = "image"};

    (void)state;
    assert_true(keep_may_boot(&config));
    scratch_write("image", "x", 1);
    expect_no_boot(&config, "dormouse: --keep image: another dormouse has just saved the VM: start "
                            "this one again\n");
    config.restore = config.keep;
    assert_true(keep_may_boot(&config));
    config = (struct config){.save = "image"};
    assert_true(keep_may_boot(&config));
}

static void vm_that_cannot_be_looked_for_is_not_booted(void **state)
{
    const struct config config = {.keep = "file/image"};

    (void)state;
    scratch_write("file", "x", 1);
    expect_no_boot(&config,
                   "dormouse: --keep file/image: cannot see whether the VM is saved there: "
                   "Not a directory\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(vm_that_was_saved_meanwhile_is_not_booted),
        TEST(vm_that_cannot_be_looked_for_is_not_booted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
