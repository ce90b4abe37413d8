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
    assert_null(vpsci_function_name(VPSCI_FID_SMCCC_ARCH_FEATURES + 1));
    assert_null(vpsci_function_name(VPSCI_FID_0_1_KVM - 1));
    assert_null(vpsci_function_name(VPSCI_FID_0_1_KVM + 4));
    assert_null(vpsci_function_name(VPSCI_FN_CPU_ON));
}

static void functions_beside_the_table_have_names(void **state)
{
    (void)state;
    assert_string_equal(vpsci_function_name(VPSCI_FID_SMCCC_VERSION), "SMCCC_VERSION");
    assert_string_equal(vpsci_function_name(VPSCI_FID_SMCCC_ARCH_FEATURES), "SMCCC_ARCH_FEATURES");
    assert_string_equal(vpsci_function_name(VPSCI_FID_0_1_KVM), "CPU_SUSPEND");
    assert_string_equal(vpsci_function_name(VPSCI_FID_0_1_KVM + 1), "CPU_OFF");
    assert_string_equal(vpsci_function_name(VPSCI_FID_0_1_KVM + 2), "CPU_ON");
    assert_string_equal(vpsci_function_name(VPSCI_FID_0_1_KVM + 3), "MIGRATE");
}

static void results_have_the_names_of_the_specification(void **state)
{
    (void)state;
    assert_string_equal(vpsci_result_name(FN64(CPU_ON), VPSCI_SUCCESS), "SUCCESS");
    assert_string_equal(vpsci_result_name(FN64(CPU_ON), VPSCI_NOT_SUPPORTED), "NOT_SUPPORTED");
    assert_string_equal(vpsci_result_name(FN64(CPU_ON), VPSCI_INVALID_PARAMETERS),
                        "INVALID_PARAMETERS");
    assert_string_equal(vpsci_result_name(FN64(CPU_ON), VPSCI_DENIED), "DENIED");
    assert_string_equal(vpsci_result_name(FN64(CPU_ON), VPSCI_ALREADY_ON), "ALREADY_ON");
    assert_string_equal(vpsci_result_name(FN64(CPU_ON), VPSCI_ON_PENDING), "ON_PENDING");
    assert_string_equal(vpsci_result_name(FN64(CPU_ON), VPSCI_INTERNAL_FAILURE),
                        "INTERNAL_FAILURE");
    assert_string_equal(vpsci_result_name(FN64(CPU_ON), VPSCI_NOT_PRESENT), "NOT_PRESENT");
    assert_string_equal(vpsci_result_name(FN64(CPU_ON), VPSCI_DISABLED), "DISABLED");
    assert_string_equal(vpsci_result_name(FN64(CPU_ON), VPSCI_INVALID_ADDRESS), "INVALID_ADDRESS");
}

static void what_is_no_result_has_no_name(void **state)
{
    (void)state;
    assert_null(vpsci_result_name(FN64(CPU_ON), 1));
    assert_null(vpsci_result_name(FN64(CPU_ON), VPSCI_INVALID_ADDRESS - 1));
    assert_null(vpsci_result_name(FN64(CPU_ON), INT64_MIN));
    assert_null(vpsci_result_name(FN64(CPU_ON), INT64_MAX));
}

static void states_that_a_function_returns_have_names(void **state)
{
    (void)state;
    assert_string_equal(vpsci_result_name(FN64(AFFINITY_INFO), 0), "ON");
    assert_string_equal(vpsci_result_name(FN32(AFFINITY_INFO), 1), "OFF");
    assert_string_equal(vpsci_result_name(FN64(AFFINITY_INFO), 2), "ON_PENDING");
    assert_null(vpsci_result_name(FN64(AFFINITY_INFO), 3));
    assert_string_equal(vpsci_result_name(FN64(AFFINITY_INFO), -2), "INVALID_PARAMETERS");
    assert_string_equal(vpsci_result_name(FN32(MIGRATE_INFO_TYPE), 2), "NOT_NEEDED");
    assert_null(vpsci_result_name(FN32(MIGRATE_INFO_TYPE), 3));
    assert_string_equal(vpsci_result_name(FN64(NODE_HW_STATE), 0), "HW_ON");
    assert_string_equal(vpsci_result_name(FN64(NODE_HW_STATE), 2), "HW_STANDBY");
    assert_null(vpsci_result_name(FN64(NODE_HW_STATE), 3));
    assert_string_equal(vpsci_result_name(VPSCI_FID_0_1_KVM + 2, 0), "SUCCESS");
    assert_string_equal(vpsci_result_name(0, -1), "NOT_SUPPORTED");
}

static void numbers_have_no_name(void **state)
{
    (void)state;
    assert_null(vpsci_result_name(FN32(VERSION), 0x10001));
    assert_null(vpsci_result_name(FN64(MIGRATE_INFO_UP_CPU), 0));
    assert_null(vpsci_result_name(FN64(STAT_COUNT), 0));
    assert_null(vpsci_result_name(FN64(STAT_RESIDENCY), 0));
    assert_null(vpsci_result_name(FN32(MEM_PROTECT), 0));
    assert_null(vpsci_result_name(FN32(FEATURES), 3));
}

/* Calls `name` for 0 to `last`: each has a name of its own; what is beyond has none. */
#define CHECK_NAMES(name, type, last)                                                              \
    do {                                                                                           \
        for (int one = 0; one <= (int)(last); one++) {                                             \
            assert_non_null(name((type)one));                                                      \
            for (int other = 0; other < one; other++) {                                            \
                assert_string_not_equal(name((type)one), name((type)other));                       \
            }                                                                                      \
        }                                                                                          \
        assert_null(name((type)((last) + 1)));                                                     \
        assert_null(name((type) - 1));                                                             \
    } while (0)

static void each_enumerator_has_a_name(void **state)
{
    (void)state;
    CHECK_NAMES(vpsci_action_name, enum vpsci_action, VPSCI_FOREIGN);
    CHECK_NAMES(vpsci_wait_name, enum vpsci_wait, VPSCI_WAIT_STOPPED);
    CHECK_NAMES(vpsci_state_name, enum vpsci_state, VPSCI_STATE_ASKING);
    CHECK_NAMES(vpsci_system_name, enum vpsci_system, VPSCI_SYSTEM_STOPPED);
    assert_string_equal(vpsci_action_name(VPSCI_ENTER), "enter");
    assert_string_equal(vpsci_wait_name(VPSCI_WAIT_POWERDOWN), "powerdown");
    assert_string_equal(vpsci_state_name(VPSCI_STATE_ON_PENDING), "on-pending");
    assert_string_equal(vpsci_system_name(VPSCI_SYSTEM_STOPPING), "stopping");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_text_of_its_own),
        cmocka_unit_test(what_is_no_error_is_unknown),
        cmocka_unit_test(functions_have_names_in_the_widths_that_they_exist_in),
        cmocka_unit_test(what_is_no_function_has_no_name),
        cmocka_unit_test(functions_beside_the_table_have_names),
        cmocka_unit_test(states_that_a_function_returns_have_names),
        cmocka_unit_test(numbers_have_no_name),
        cmocka_unit_test(each_enumerator_has_a_name),
        cmocka_unit_test(results_have_the_names_of_the_specification),
        cmocka_unit_test(what_is_no_result_has_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
