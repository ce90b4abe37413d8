/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/console/escape.h"

/*
 * Feeds `typed` and checks the result: the bytes for the guest, with H for help and Q for quit. No
 * test types these two letters.
 */
static void check(const char *typed, const char *expected)
{
    struct escape escape = {0};
    char result[64] = "";
    size_t count = 0;

    for (const char *key = typed; *key != '\0'; key++) {
        uint8_t byte = (uint8_t)*key;

        switch (escape_feed(&escape, &byte)) {
        case ESCAPE_SEND:
            result[count++] = (char)byte;
            break;
        case ESCAPE_HELP:
            result[count++] = 'H';
            break;
        case ESCAPE_QUIT:
            result[count++] = 'Q';
            break;
        case ESCAPE_DROP:
            break;
        }
    }
    assert_string_equal(result, expected);
}

static void keys_do_what_the_help_says(void **state)
{
    (void)state;
    check("plain \003\004 text", "plain \003\004 text");
    check("xh?a", "xh?a");
    check("\001x", "Q");
    check("\001h", "H");
    check("\001?", "H");
    check("\001\001", "\001");
    check("\001a", "\001");
    check("\001", "");
}

static void prefix_counts_for_one_key_only(void **state)
{
    (void)state;
    check("\001hx", "Hx");
    check("\001\001x", "\001x");
    check("\001\001\001x", "\001Q");
}

static void unknown_key_is_dropped_with_its_prefix(void **state)
{
    (void)state;
    check("1\001c2", "12");
    check("1\001X2", "12");
    check("1\001\rx", "1x");
}

static void bytes_above_ascii_pass(void **state)
{
    (void)state;
    check("\303\244\377\201", "\303\244\377\201");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_do_what_the_help_says),
        cmocka_unit_test(prefix_counts_for_one_key_only),
        cmocka_unit_test(unknown_key_is_dropped_with_its_prefix),
        cmocka_unit_test(bytes_above_ascii_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
