/* SPDX-License-Identifier: BSD-2-Clause */
/* The client of the guest agent, with an agent that says what the test wants. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/agent.h"
#include "fake_delay.h"

static struct agent *agent;
static char sent[512];
static unsigned failures;
static char reason[512];

static void fake_send(void *arg, const void *bytes, size_t count)
{
    assert_ptr_equal(arg, &fake_delay);
    assert_true(count < sizeof(sent));
    memcpy(sent, bytes, count);
    sent[count] = '\0';
}

static void fake_failed(void *arg, const char *why)
{
    assert_ptr_equal(arg, &fake_delay);
    failures++;
    (void)snprintf(reason, sizeof(reason), "%s", why);
}

static const struct agent_env env = {.arg = &fake_delay, .send = fake_send, .failed = fake_failed};

static int setup(void **state)
{
    (void)state;
    sent[0] = reason[0] = '\0';
    failures = 0;
    fake_delay.error = 0;
    agent = agent_create(&env);
    return agent != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    agent_destroy(agent);
    assert_null(fake_delay.passed);
    return 0;
}

static void say_bytes(const char *bytes, size_t count)
{
    agent_receive(agent, bytes, count);
}

static void say(const char *text)
{
    say_bytes(text, strlen(text));
}

static void expect_sent(const char *text)
{
    assert_string_equal(sent, text);
    sent[0] = '\0';
}

/* Checks that a synchronisation was sent. Returns its number. */
static long long expect_sync(void)
{
    static const char start[] = "\xff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":";
    char *end;

    assert_memory_equal(sent, start, sizeof(start) - 1);
    long long number = strtoll(sent + sizeof(start) - 1, &end, 10);
    assert_string_equal(end, "}}\n");
    sent[0] = '\0';
    return number;
}

static void answer_sync(long long number)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "\xff{\"return\": %lld}\n", number);
    say(text);
}

#define SHUTDOWN "{\"execute\":\"guest-shutdown\",\"arguments\":{\"mode\":\"powerdown\"}}\n"
#define SUSPEND  "{\"execute\":\"guest-suspend-ram\"}\n"

/* The channel is opened by an agent that dormouse does not know yet. */
static void appear(void)
{
    agent_opened(agent, true);
    if (!agent_is_known(agent)) {
        answer_sync(expect_sync());
    }
    assert_true(agent_is_known(agent));
    assert_int_equal(fake_delay.set, 0);
}

/* As far as the command. */
static void ask(enum agent_command command, const char *text)
{
    appear();
    agent_ask(agent, command);
    assert_true(fake_delay.set > 0);
    answer_sync(expect_sync());
    expect_sent(text);
    assert_int_equal(fake_delay.set, 0);
}

static void is_known_from_the_first_answer_to_the_restart(void **state)
{
    (void)state;
    assert_false(agent_is_known(agent));
    appear();
    agent_opened(agent, false); /* The guest sleeps. */
    assert_true(agent_is_known(agent));
    agent_restart(agent);
    assert_false(agent_is_known(agent));
    assert_false(agent_is_known(NULL));
    expect_sent("");
}

/* Its guest was saved: the channel is closed until the guest is awake, and the agent is not examined again. */
static void agent_of_a_restored_guest_is_known(void **state)
{
    (void)state;
    agent_restart(agent);
    agent_recall(agent);
    assert_true(agent_is_known(agent));
    agent_ask(agent, AGENT_SHUT_DOWN);
    expect_sent("");
    agent_opened(agent, true);
    answer_sync(expect_sync());
    expect_sent(SHUTDOWN);
    assert_int_equal(failures, 0);
}

static void commands_follow_the_synchronisation(void **state)
{
    (void)state;
    ask(AGENT_SHUT_DOWN, SHUTDOWN);
    ask(AGENT_SUSPEND, SUSPEND);
    assert_int_equal(failures, 0);
}

/* Each question has a number of its own: an old answer does not count. */
static void old_answers_do_not_count(void **state)
{
    (void)state;
    appear();
    agent_ask(agent, AGENT_SUSPEND);
    long long first = expect_sync();
    agent_ask(agent, AGENT_SUSPEND);
    long long second = expect_sync();
    assert_true(first != second);
    answer_sync(first);
    expect_sent("");
    say("\xff{\"return\": {}}\n\xff{\"error\": {\"desc\": "
        "\"no\"}}\n\xff[]\n\xff\"x\"\n\xff{]\n\xff\n");
    say("{\"error\":{\"desc\":\"what another client asked for\"}}\n");
    expect_sent("");
    assert_int_equal(failures, 0);
    answer_sync(second);
    expect_sent(SUSPEND);
}

/* An answer without its delimiter may be the end of something else. */
static void only_a_delimited_answer_counts(void **state)
{
    char text[64];

    (void)state;
    appear();
    agent_ask(agent, AGENT_SUSPEND);
    long long number = expect_sync();
    (void)snprintf(text, sizeof(text), "{\"return\": %lld}\n", number);
    say(text);
    expect_sent("");
    (void)snprintf(text, sizeof(text), "{\"retu\xff{\"return\": %lld}\r\n", number);
    for (const char *at = text; *at != '\0'; at++) {
        say_bytes(at, 1);
    }
    expect_sent(SUSPEND);
}

static void an_error_is_passed_on(void **state)
{
    (void)state;
    ask(AGENT_SUSPEND, SUSPEND);
    say("{\"error\":{\"class\":\"GenericError\",\"desc\":\"child process has failed\"}}\n");
    assert_int_equal(failures, 1);
    assert_string_equal(reason, "the guest agent answers: child process has failed");
    say("{\"error\":{\"class\":\"GenericError\",\"desc\":\"again\"}}\n");
    assert_int_equal(failures, 1);
    ask(AGENT_SUSPEND, SUSPEND);
    say("{\"error\":7}\n");
    assert_int_equal(failures, 2);
    assert_string_equal(reason, "the guest agent answers: an error");
}

/* What a guest says may be shown on a terminal. */
static void an_error_is_cleaned_and_cut(void **state)
{
    char text[900];

    (void)state;
    ask(AGENT_SUSPEND, SUSPEND);
    say("{\"error\":{\"desc\":\"a\\u001b[31m\\u202eb\"}}\n");
    assert_string_equal(reason, "the guest agent answers: a\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd"
                                "\xef\xbf\xbd"
                                "b");
    ask(AGENT_SUSPEND, SUSPEND);
    (void)snprintf(text, sizeof(text), "{\"error\":{\"desc\":\"%0700d\"}}\n", 0);
    say(text);
    assert_int_equal(strlen(reason), strlen("the guest agent answers: ") + 199);
}

static void success_and_noise_are_no_errors(void **state)
{
    (void)state;
    ask(AGENT_SHUT_DOWN, SHUTDOWN);
    say("{\"return\": {}}\n\n{\"event\":\"x\"}\nnonsense\n");
    assert_int_equal(failures, 0);
    agent_opened(agent, false); /* The agent ends, as all programs of the guest. */
    say("{\"error\":{\"desc\":\"late\"}}\n");
    assert_int_equal(failures, 0);
}

static void silence_is_a_failure(void **state)
{
    (void)state;
    appear();
    agent_ask(agent, AGENT_SUSPEND);
    assert_true(fake_delay.set == AGENT_SECONDS * INT64_C(1000000000));
    long long number = expect_sync();
    fake_delay.passed(fake_delay.arg);
    assert_int_equal(failures, 1);
    assert_string_equal(reason, "the guest agent does not answer");
    answer_sync(number);
    expect_sent("");
}

/* The guest has woken: its agent opens the channel again when it runs. */
static void a_question_waits_for_the_channel(void **state)
{
    (void)state;
    appear();
    agent_opened(agent, false);
    agent_ask(agent, AGENT_SHUT_DOWN);
    expect_sent("");
    agent_opened(agent, true);
    expect_sync();
    agent_opened(agent, false);
    agent_opened(agent, true);
    answer_sync(expect_sync());
    expect_sent(SHUTDOWN);
}

static void a_restart_ends_the_question(void **state)
{
    (void)state;
    agent_ask(agent, AGENT_SHUT_DOWN);
    agent_restart(agent);
    assert_int_equal(fake_delay.set, 0);
    agent_opened(agent, true);
    expect_sync();
    expect_sent("");
    assert_int_equal(failures, 0);
}

static void long_lines_are_dropped(void **state)
{
    char chunk[300];

    (void)state;
    memset(chunk, 'x', sizeof(chunk));
    appear();
    agent_ask(agent, AGENT_SUSPEND);
    long long number = expect_sync();
    say("\xff");
    for (int i = 0; i < 10000; i++) {
        say_bytes(chunk, sizeof(chunk));
    }
    say("\n");
    answer_sync(number);
    expect_sent(SUSPEND);
    say("{\"error\":{\"desc\":\"");
    for (int i = 0; i < 4; i++) {
        say_bytes(chunk, sizeof(chunk));
    }
    say("\"}}\n");
    assert_int_equal(failures, 0);
    say("{\"error\":{\"desc\":\"short\"}}\n");
    assert_int_equal(failures, 1);
}

/* EDK2 opens all ports, and answers nothing. */
static void a_channel_without_an_agent_is_none(void **state)
{
    (void)state;
    agent_opened(agent, true);
    long long number = expect_sync();
    say("\xff{\"return\": 1}\n\xff{\"error\":{\"desc\":\"x\"}}\n");
    assert_false(agent_is_known(agent));
    agent_opened(agent, false);
    answer_sync(number);
    assert_false(agent_is_known(agent));
    agent_opened(agent, true);
    assert_true(expect_sync() != number);
    assert_int_equal(fake_delay.set, 0);
    assert_int_equal(failures, 0);
}

/* Nothing of a guest's chatter is looked at if nothing was asked. */
static void chatter_is_ignored(void **state)
{
    (void)state;
    say("\xff{\"return\": 1}\n{\"error\":{\"desc\":\"x\"}}\n");
    appear();
    say("\xff{\"return\": 1}\n{\"error\":{\"desc\":\"x\"}}\n");
    expect_sent("");
    assert_int_equal(failures, 0);
}

static void no_agent_is_no_error(void **state)
{
    (void)state;
    agent_opened(NULL, true);
    agent_receive(NULL, "x", 1);
    agent_restart(NULL);
    agent_recall(NULL);
    agent_ask(NULL, AGENT_SUSPEND);
    agent_destroy(NULL);
    fake_delay.error = -EMFILE;
    assert_null(agent_create(&env));
    assert_int_equal(errno, EMFILE);
    fake_delay.passed = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_known_from_the_first_answer_to_the_restart),
        TEST(agent_of_a_restored_guest_is_known),
        TEST(commands_follow_the_synchronisation),
        TEST(old_answers_do_not_count),
        TEST(only_a_delimited_answer_counts),
        TEST(an_error_is_passed_on),
        TEST(an_error_is_cleaned_and_cut),
        TEST(success_and_noise_are_no_errors),
        TEST(silence_is_a_failure),
        TEST(a_question_waits_for_the_channel),
        TEST(a_restart_ends_the_question),
        TEST(long_lines_are_dropped),
        TEST(a_channel_without_an_agent_is_none),
        TEST(chatter_is_ignored),
        TEST(no_agent_is_no_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
