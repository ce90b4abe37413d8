/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static void every_error_has_a_text_of_its_own(void **state)
{
    int error;
    int other;

    (void)state;
    for (error = VPSCI_E_IMPOSSIBLE; error <= 0; error++) {
        assert_string_not_equal(vpsci_error_text(error), "unknown error");
        for (other = error + 1; other <= 0; other++) {
            assert_string_not_equal(vpsci_error_text(error), vpsci_error_text(other));
        }
    }
}

static void what_is_no_error_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(vpsci_error_text(VPSCI_E_IMPOSSIBLE - 1), "unknown error");
    assert_string_equal(vpsci_error_text(INT_MIN), "unknown error");
    assert_string_equal(vpsci_error_text(1), "unknown error");
    assert_string_equal(vpsci_error_text(INT_MAX), "unknown error");
}

static void functions_have_names_in_the_widths_that_they_exist_in(void **state)
{
    (void)state;
    assert_string_equal(vpsci_function_name(FN32(VERSION)), "VERSION");
    assert_string_equal(vpsci_function_name(FN32(CPU_ON)), "CPU_ON");
    assert_string_equal(vpsci_function_name(FN64(CPU_ON)), "CPU_ON");
    assert_string_equal(vpsci_function_name(FN32(SYSTEM_OFF2)), "SYSTEM_OFF2");
    assert_string_equal(vpsci_function_name(FN64(SYSTEM_OFF2)), "SYSTEM_OFF2");
    assert_null(vpsci_function_name(FN64(VERSION)));
    assert_null(vpsci_function_name(FN64(CPU_OFF)));
}

static void what_is_no_function_has_no_name(void **state)
{
    (void)state;
    assert_null(vpsci_function_name(FN32(SYSTEM_OFF2) + 1));
    assert_null(vpsci_function_name(FN64(SYSTEM_OFF2) + 1));
    assert_null(vpsci_function_name(VPSCI_FID_32 + 0x20));
    assert_null(vpsci_function_name(VPSCI_FID_SMCCC_VERSION));
    assert_null(vpsci_function_name(VPSCI_FN_CPU_ON));
}

static void results_have_the_names_of_the_specification(void **state)
{
    (void)state;
    assert_string_equal(vpsci_result_name(VPSCI_SUCCESS), "SUCCESS");
    assert_string_equal(vpsci_result_name(VPSCI_NOT_SUPPORTED), "NOT_SUPPORTED");
    assert_string_equal(vpsci_result_name(VPSCI_INVALID_PARAMETERS), "INVALID_PARAMETERS");
    assert_string_equal(vpsci_result_name(VPSCI_DENIED), "DENIED");
    assert_string_equal(vpsci_result_name(VPSCI_ALREADY_ON), "ALREADY_ON");
    assert_string_equal(vpsci_result_name(VPSCI_ON_PENDING), "ON_PENDING");
    assert_string_equal(vpsci_result_name(VPSCI_INTERNAL_FAILURE), "INTERNAL_FAILURE");
    assert_string_equal(vpsci_result_name(VPSCI_NOT_PRESENT), "NOT_PRESENT");
    assert_string_equal(vpsci_result_name(VPSCI_DISABLED), "DISABLED");
    assert_string_equal(vpsci_result_name(VPSCI_INVALID_ADDRESS), "INVALID_ADDRESS");
}

static void what_is_no_result_has_no_name(void **state)
{
    (void)state;
    assert_null(vpsci_result_name(1));
    assert_null(vpsci_result_name(VPSCI_INVALID_ADDRESS - 1));
    assert_null(vpsci_result_name(INT64_MIN));
    assert_null(vpsci_result_name(INT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_text_of_its_own),
        cmocka_unit_test(what_is_no_error_is_unknown),
        cmocka_unit_test(functions_have_names_in_the_widths_that_they_exist_in),
        cmocka_unit_test(what_is_no_function_has_no_name),
        cmocka_unit_test(results_have_the_names_of_the_specification),
        cmocka_unit_test(what_is_no_result_has_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
