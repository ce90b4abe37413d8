/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of wake sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "power/wake.h"

static char details[64];

/* Accepts "good", and with ":" in front everything. */
static size_t read_detail(void *arg, unsigned source, const char *text)
{
    size_t length = text[0] == ':' ? strlen(text) : strncmp(text, "good", 4) == 0 ? 4 : 0;

    assert_ptr_equal(arg, &details);
    if (source != WAKE_NET) {
        return 0;
    }
    size_t used = strlen(details);
    (void)snprintf(details + used, sizeof(details) - used, "%.*s|", (int)length, text);
    return length;
}

static void wake_lists_are_sets(void **state)
{
    static const struct {
        const char *list;
        int set;
    } cases[] = {
        {"irq", WAKE_IRQ},
        {"rtc,console", WAKE_RTC | WAKE_CONSOLE},
        {"signal,signal", WAKE_SIGNAL},
        {"net", WAKE_NET},
        {"net=good", WAKE_NET},
        {"rtc,net=good,irq", WAKE_RTC | WAKE_NET | WAKE_IRQ},
        {"rtc,net=good,net=:a,b=c", WAKE_RTC | WAKE_NET},
        {"all", WAKE_ALL},
        {"none", 0},
    };
    const char *bad;
    int bad_length;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(wake_parse(cases[i].list, read_detail, &details, &bad, &bad_length),
                         cases[i].set);
    }
    assert_string_equal(details, "good|good|good|:a,b=c|");
}

static void position_of_a_wrong_word_is_returned(void **state)
{
    static const struct {
        const char *list;
        int at;
        int length;
    } cases[] = {{"", 0, 0},
                 {"rt", 0, 2},
                 {"rtcx", 0, 4},
                 {"rtc,lid,irq", 4, 3},
                 {"irq,", 4, 0},
                 {"irq,net=bad,rtc", 4, 7},
                 {"net=goodly", 0, 10},
                 {"net=", 0, 4},
                 {"rtc=good", 0, 8},
                 {"none,rtc", 0, 4},
                 {"irq,none", 4, 4}};
    const char *bad;
    int bad_length;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(wake_parse(cases[i].list, read_detail, &details, &bad, &bad_length), -1);
        assert_int_equal(bad - cases[i].list, cases[i].at);
        assert_int_equal(bad_length, cases[i].length);
    }
}

static void every_source_has_its_name(void **state)
{
    const char *bad;
    int bad_length;

    (void)state;
    for (unsigned source = 1; source <= WAKE_ALL; source <<= 1) {
        assert_int_equal(wake_parse(wake_name(source), read_detail, &details, &bad, &bad_length),
                         source);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wake_lists_are_sets),
        cmocka_unit_test(position_of_a_wrong_word_is_returned),
        cmocka_unit_test(every_source_has_its_name),
    };

    return cmocka_run_group_tests_name("wake", tests, NULL, NULL);
}
