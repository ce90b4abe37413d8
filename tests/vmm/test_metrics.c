/* SPDX-License-Identifier: BSD-2-Clause */
/* The text that Prometheus reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/metrics.h"
#include "core/activity.h"

static struct metrics metrics;

static const struct metrics_facts facts = {
    .vm = "web",
    .psci = "user",
    .vcpus = 4,
    .memory = UINT64_C(512) << 20,
    .resident = 4096,
    .cpu_ns = 1500000000,
};

static char *print(void)
{
    size_t length = 0;
    char *text = metrics_print(&metrics, &facts, &length);

    assert_non_null(text);
    assert_int_equal(length, strlen(text));
    return text;
}

/* The number after `name`, which is the begin of a line. */
static double value_of(const char *text, const char *name)
{
    char line[160];

    (void)snprintf(line, sizeof(line), "\n%s ", name);
    const char *found = strstr(text, line);
    if (found == NULL) {
        fail_msg("no line of %s", name);
    }
    return strtod(found + strlen(line), NULL);
}

static double value(const char *name)
{
    char *text = print();
    double number = value_of(text, name);

    free(text);
    return number;
}

static bool note(enum power_news_kind kind)
{
    return metrics_note(&metrics, &(struct power_news){.kind = kind});
}

static int enter(void **state)
{
    (void)state;
    metrics_start(&metrics, OPERATOR_RUNNING);
    return 0;
}

static void states_follow_the_news(void **state)
{
    static const struct {
        enum power_news_kind kind;
        enum operator_status state;
    } steps[] = {
        {POWER_NEWS_ASLEEP, OPERATOR_SUSPENDED},    {POWER_NEWS_STOPPED, OPERATOR_PAUSED},
        {POWER_NEWS_CONTINUED, OPERATOR_SUSPENDED}, {POWER_NEWS_RESUMED, OPERATOR_RUNNING},
        {POWER_NEWS_OFF, OPERATOR_SHUTDOWN},        {POWER_NEWS_RESET, OPERATOR_RUNNING},
        {POWER_NEWS_ASLEEP, OPERATOR_SUSPENDED},    {POWER_NEWS_REBOOT, OPERATOR_RUNNING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        assert_true(note(steps[i].kind));
        assert_int_equal(metrics.state, steps[i].state);
    }
    assert_false(note(POWER_NEWS_VCPU_ON));
    assert_false(note(POWER_NEWS_WAKE_IGNORED));
}

static void one_state_is_the_present_one(void **state)
{
    (void)state;
    (void)note(POWER_NEWS_ASLEEP);
    assert_true(value("dormouse_state{vm=\"web\",state=\"running\"}") == 0);
    assert_true(value("dormouse_state{vm=\"web\",state=\"asleep\"}") == 1);
    assert_true(value("dormouse_state{vm=\"web\",state=\"paused\"}") == 0);
    assert_true(value("dormouse_state{vm=\"web\",state=\"off\"}") == 0);
}

static void time_counts_for_the_state_it_was_spent_in(void **state)
{
    (void)state;
    metrics.since -= INT64_C(5000000000);
    (void)note(POWER_NEWS_ASLEEP);
    metrics.since -= INT64_C(100000000000);
    double running = value("dormouse_state_seconds_total{vm=\"web\",state=\"running\"}");
    double asleep = value("dormouse_state_seconds_total{vm=\"web\",state=\"asleep\"}");
    assert_true(running >= 5 && running < 100);
    assert_true(asleep >= 100);
    assert_true(value("dormouse_state_since_timestamp_seconds{vm=\"web\"}") > 1e9);
}

static void events_are_counted(void **state)
{
    const struct power_news wake = {.kind = POWER_NEWS_WAKE, .source = WAKE_NET};

    (void)state;
    (void)note(POWER_NEWS_REFUSED);
    (void)note(POWER_NEWS_ASLEEP);
    (void)note(POWER_NEWS_WAKE_IGNORED);
    (void)metrics_note(&metrics, &wake);
    (void)note(POWER_NEWS_RESUMED);
    (void)note(POWER_NEWS_ASLEEP);
    (void)metrics_note(&metrics, &wake);
    (void)note(POWER_NEWS_REBOOT);
    assert_true(value("dormouse_wakes_total{vm=\"web\",source=\"net\"}") == 2);
    assert_true(value("dormouse_wakes_total{vm=\"web\",source=\"rtc\"}") == 0);
    assert_true(value("dormouse_wakes_ignored_total{vm=\"web\"}") == 1);
    assert_true(value("dormouse_sleeps_total{vm=\"web\"}") == 2);
    assert_true(value("dormouse_suspend_refusals_total{vm=\"web\"}") == 1);
    assert_true(value("dormouse_resets_total{vm=\"web\"}") == 1);
}

static void every_wake_source_has_a_line(void **state)
{
    char name[80];

    (void)state;
    for (unsigned source = 1; source <= WAKE_ALL; source <<= 1) {
        (void)snprintf(name, sizeof(name), "dormouse_wakes_total{vm=\"web\",source=\"%s\"}",
                       wake_name(source));
        assert_true(value(name) == 0);
    }
}

static void devices_are_counted(void **state)
{
    static const char bytes[] =
        "dormouse_device_bytes_total{vm=\"web\",device=\"disk\",direction=\"read\"}";
    static const char operations[] =
        "dormouse_device_operations_total{vm=\"web\",device=\"disk\",direction=\"read\"}";
    double before = value(bytes);
    double count = value(operations);

    (void)state;
    activity_add(ACTIVITY_DISK_READ, 4096);
    activity_add(ACTIVITY_DISK_READ, 512);
    assert_true(value(bytes) == before + 4608);
    assert_true(value(operations) == count + 2);
}

static void facts_are_told(void **state)
{
    (void)state;
    assert_true(value("dormouse_vcpus{vm=\"web\"}") == 4);
    assert_true(value("dormouse_guest_memory_bytes{vm=\"web\"}") == 536870912);
    assert_true(value("dormouse_resident_memory_bytes{vm=\"web\"}") == 4096);
    assert_true(value("dormouse_cpu_seconds_total{vm=\"web\"}") == 1.5);
    assert_true(value("dormouse_info{vm=\"web\",version=\"" DORMOUSE_VERSION "\",psci=\"user\"}") ==
                1);
}

/* The format's rules: each line is a comment or a sample, and HELP and TYPE come before a name's samples. */
static void text_is_of_the_format(void **state)
{
    char *text = print();
    char name[80] = "";

    (void)state;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_int_equal(sscanf(line, "# HELP %79s", name), 1);
        } else if (line[0] == '#') {
            char type[80];
            char kind[80];
            assert_int_equal(sscanf(line, "# TYPE %79s %79s", type, kind), 2);
            assert_string_equal(type, name);
            assert_true(strcmp(kind, "gauge") == 0 || strcmp(kind, "counter") == 0);
            assert_int_equal(strcmp(kind, "counter") == 0, strstr(name, "_total") != NULL);
        } else {
            assert_memory_equal(line, name, strlen(name));
            assert_int_equal(line[strlen(name)], '{');
            char *end = strstr(line, "} ");
            assert_non_null(end);
            (void)strtod(end + 2, &end);
            assert_int_equal(*end, '\0');
        }
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(states_follow_the_news, enter),
        cmocka_unit_test_setup(one_state_is_the_present_one, enter),
        cmocka_unit_test_setup(time_counts_for_the_state_it_was_spent_in, enter),
        cmocka_unit_test_setup(events_are_counted, enter),
        cmocka_unit_test_setup(every_wake_source_has_a_line, enter),
        cmocka_unit_test_setup(devices_are_counted, enter),
        cmocka_unit_test_setup(facts_are_told, enter),
        cmocka_unit_test_setup(text_is_of_the_format, enter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
