/* SPDX-License-Identifier: BSD-2-Clause */
/* Text, in its smaller ways: words.h, lines.h, family.h, command.h, names.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "family.h"
#include "lines.h"
#include "must.h"
#include "names.h"
#include "words.h"

#define BAD "\xef\xbf\xbd"

static void check_clean(const char *bytes, size_t length, const char *expected)
{
    char *text = words_clean(bytes, length);

    assert_string_equal(text, expected);
    free(text);
}

static void strangers_words_become_clean(void **state)
{
    (void)state;
    check_clean("", 0, "");
    check_clean(" plain text\t\r ", 14, "plain text");
    check_clean("a\tb\033[1m\x7f", 8, "a b" BAD "[1m" BAD);
    check_clean("\0x", 2, BAD "x");
    check_clean("\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xad", 9, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xad");
    check_clean("\xff\xc3", 2, BAD BAD);                                 /* no characters */
    check_clean("\xc0\xaf\xe0\x80\xaf", 5, BAD BAD BAD BAD BAD);         /* too long forms */
    check_clean("\xc2\x9b", 2, BAD BAD);                                 /* a control character */
    check_clean("\xe2\x80\xae\xe2\x81\xa6", 6, BAD BAD BAD BAD BAD BAD); /* of direction */
    check_clean("\xed\xa0\x80", 3, BAD BAD BAD);                         /* a surrogate */
    check_clean("\xef\xbf\xbe", 3, BAD BAD BAD);                         /* not in XML */
    check_clean("\xf4\x90\x80\x80", 4, BAD BAD BAD BAD);                 /* beyond Unicode */
}

static void long_text_is_cut_at_a_character(void **state)
{
    char bytes[2 * WORDS_MAX];
    char *text;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i += 2) {
        bytes[i] = '\xc3';
        bytes[i + 1] = '\xa4';
    }
    text = words_clean(bytes, sizeof(bytes));
    assert_true(strlen(text) <= WORDS_MAX && strlen(text) > WORDS_MAX - 6);
    assert_string_equal(text + strlen(text) - 5, "\xc3\xa4\xe2\x80\xa6");
    free(text);
}

static void markup_is_escaped(void **state)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = must_stream(&text, &length);

    (void)state;
    words_markup(file, "<a href=\"x\">'&'\xc3\xa4");
    (void)fclose(file);
    assert_string_equal(text, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;\xc3\xa4");
    free(text);
}

/* Lines as "[line]" or, cut, as "(length)". */
static bool note_line(void *context, const char *line, bool cut)
{
    if (cut) {
        (void)fprintf(context, "(%zu)", strlen(line));
    } else {
        (void)fprintf(context, "[%s]", line);
    }
    return strcmp(line, "stop") != 0;
}

static void check_lines(const char *bytes, size_t count, size_t step, const char *expected)
{
    struct lines *lines = must_alloc(1, sizeof(*lines));
    char *text = NULL;
    size_t length = 0;
    FILE *file = must_stream(&text, &length);
    bool more = true;

    for (size_t at = 0; more && at < count; at += step) {
        more =
            lines_feed(lines, bytes + at, count - at < step ? count - at : step, note_line, file);
    }
    if (more) {
        (void)lines_finish(lines, note_line, file);
    }
    (void)fclose(file);
    assert_string_equal(text, expected);
    free(text);
    free(lines);
}

static void bytes_become_lines(void **state)
{
    static const char bytes[] = "one\r\n\r\n\n\0\r  two\0x\r\n\xff\nrest\rx";

    (void)state;
    for (size_t step = 1; step < sizeof(bytes); step++) {
        check_lines(bytes, sizeof(bytes) - 1, step, "[one][][][  two?x][\xff][rest\rx]");
    }
    check_lines("a\nstop\nb\n", 9, 4, "[a][stop]");
}

static void endless_line_costs_no_memory(void **state)
{
    size_t count = (size_t)10 * LINE_SIZE;
    char *bytes = must_alloc(count + 1, 1);
    char expected[64];

    (void)state;
    memset(bytes, 'x', count);
    bytes[count - 1] = '\n';
    bytes[count] = 'y';
    /* So much is left: what came since there was room made the last time. */
    size_t kept = LINE_SIZE / 4;
    size_t left = kept + (count - 1 - (LINE_SIZE - 1)) % (LINE_SIZE - 1 - kept);
    (void)snprintf(expected, sizeof(expected), "(%zu)[y]", left);
    check_lines(bytes, count + 1, 1000, expected);
    free(bytes);
}

static void check_family(char *said, char *name, const char *expected)
{
    const struct point point = {.name = name, .family = said};
    struct family family = family_of(&point);

    assert_int_equal(family.length, strlen(expected));
    assert_memory_equal(family.name, expected, family.length);
}

static void family_is_said_or_in_the_name(void **state)
{
    char said[] = "system-end";
    char name[] = "system-off2-refuses";
    char word[] = "word";
    char none[] = "";

    (void)state;
    check_family(said, name, "system-end");
    check_family(NULL, name, "system");
    check_family(NULL, word, "word");
    check_family(NULL, none, "");
}

static void command_is_as_typed(void **state)
{
    char program[] = "/usr/bin/qemu";
    char option[] = "-append";
    char quoted[] = "a 'b'";
    char empty[] = "";
    char *const words[] = {program, option, quoted, empty, NULL};
    char *text = command_text(words);

    (void)state;
    assert_string_equal(text, "/usr/bin/qemu -append 'a '\\''b'\\''' ''");
    assert_string_equal(command_name(words), "qemu");
    free(text);
}

static void names_have_numbers(void **state)
{
    struct names names = {0};

    (void)state;
    assert_int_equal(names_add(&names, "b"), 0);
    assert_int_equal(names_add(&names, "a"), 1);
    assert_int_equal(names_add(&names, "b"), 0);
    assert_int_equal(names.count, 2);
    assert_string_equal(names.list[1], "a");
    names_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_words_become_clean),
        cmocka_unit_test(long_text_is_cut_at_a_character),
        cmocka_unit_test(markup_is_escaped),
        cmocka_unit_test(bytes_become_lines),
        cmocka_unit_test(endless_line_costs_no_memory),
        cmocka_unit_test(family_is_said_or_in_the_name),
        cmocka_unit_test(command_is_as_typed),
        cmocka_unit_test(names_have_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
