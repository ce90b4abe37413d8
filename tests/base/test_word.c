/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/word.h"

static void assert_word(struct word word, const char *text)
{
    if (!word_is(word, text)) {
        fail_msg("'%.*s' is not '%s'", (int)word.length, word.text, text);
    }
}

static void words_are_taken_one_by_one(void **state)
{
    struct word word = word_first("disk.img,ro,,serial=S");

    (void)state;
    assert_word(word, "disk.img");
    assert_true(word_next(&word));
    assert_word(word, "ro");
    assert_true(word_next(&word));
    assert_word(word, "");
    assert_true(word_next(&word));
    assert_word(word, "serial=S");
    assert_false(word_next(&word));
    assert_word(word, "serial=S");
}

static void a_value_may_be_empty(void **state)
{
    struct word word = word_first("");

    (void)state;
    assert_word(word, "");
    assert_false(word_next(&word));
}

static void two_commas_belong_to_a_name(void **state)
{
    struct word word = word_first_name(",,a,,,ro");
    char *name = word_name(word);

    (void)state;
    assert_string_equal(name, ",a,");
    free(name);
    assert_true(word_next(&word));
    assert_word(word, "ro");
}

static void a_prefix_is_removed(void **state)
{
    struct word word = word_first("serial=S,x");

    (void)state;
    assert_false(word_begins(&word, "serial=S,x"));
    assert_false(word_begins(&word, "mac="));
    assert_true(word_begins(&word, "serial="));
    assert_word(word, "S");
    assert_false(word_is(word, "S,"));
    assert_false(word_is(word, ""));
    assert_true(word_next(&word));
    assert_word(word, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_taken_one_by_one),
        cmocka_unit_test(a_value_may_be_empty),
        cmocka_unit_test(two_commas_belong_to_a_name),
        cmocka_unit_test(a_prefix_is_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
