/* SPDX-License-Identifier: BSD-2-Clause */
/* What the operator is told is one line, whatever goes into it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/report.h"
#include "capture.h"

static void line_names_the_program_and_the_vm(void **state)
{
    struct capture capture;
    char said[256];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    report("no %s", "cheese");
    report_name("vm-1");
    report("%d mice", 3);
    report_name(NULL);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, "dormouse: no cheese\ndormouse: vm-1: 3 mice\n");
}

static void long_line_is_cut_and_ended(void **state)
{
    struct capture capture;
    char text[5000];
    char said[6000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    capture_begin(&capture, STDERR_FILENO);
    report("%s", text);
    capture_end(&capture, said, sizeof(said));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    assert_true(strlen(said) > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_names_the_program_and_the_vm),
        cmocka_unit_test(long_line_is_cut_and_ended),
    };

    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
