/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways to a guest's own programs: the real reach.c, agent.c and power controller, with a port, a
 * bus and an agent of the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "control/agent.h"
#include "core/delay.h"
#include "machine/parts.h"

static struct {
    struct machine machine;
    struct config config;
    void (*silence)(void *arg);
    void *silence_arg;
    bool hears;
    char log[512];
    char sent[256];
} f;

static void note(const char *word)
{
    size_t used = strlen(f.log);

    (void)snprintf(f.log + used, sizeof(f.log) - used, "%s%s", used > 0 ? " " : "", word);
}

static void expect_log(const char *log)
{
    assert_string_equal(f.log, log);
    f.log[0] = '\0';
}

/* --- In place of the port, of the bus and of time. --- */

int __wrap_delay_open(struct delay *delay, struct loop *loop, void (*passed)(void *), void *arg);
void __wrap_delay_close(struct delay *delay);
void __wrap_delay_set(struct delay *delay, int64_t nanoseconds);
bool __wrap_bus_hears(const struct bus *bus, enum device_key key);
void __wrap_bus_press(const struct bus *bus, enum device_key key);
size_t __wrap_port_link_send(struct port_link *link, const void *bytes, size_t count);
void __wrap_port_link_forget(struct port_link *link);

int __wrap_delay_open(struct delay *delay, struct loop *loop, void (*passed)(void *), void *arg)
{
    (void)delay;
    (void)loop;
    f.silence = passed;
    f.silence_arg = arg;
    return 0;
}

void __wrap_delay_close(struct delay *delay)
{
    (void)delay;
}

void __wrap_delay_set(struct delay *delay, int64_t nanoseconds)
{
    (void)delay;
    (void)nanoseconds;
}

bool __wrap_bus_hears(const struct bus *bus, enum device_key key)
{
    (void)bus;
    (void)key;
    return f.hears;
}

void __wrap_bus_press(const struct bus *bus, enum device_key key)
{
    (void)bus;
    note(key == DEVICE_KEY_SLEEP ? "press:sleep" : "press:power");
}

size_t __wrap_port_link_send(struct port_link *link, const void *bytes, size_t count)
{
    assert_ptr_equal(link, &f);
    (void)snprintf(f.sent, sizeof(f.sent), "%.*s", (int)count, (const char *)bytes);
    return count;
}

void __wrap_port_link_forget(struct port_link *link)
{
    assert_ptr_equal(link, &f);
    f.sent[0] = '\0';
}

/* --- The driver under the power controller. --- */

static const char *fake_way(void *driver, enum power_request request)
{
    return reach_way(driver, request);
}

static void fake_ask(void *driver, enum power_request request)
{
    reach_ask(driver, request);
}

static void fake_deadline(void *driver, int64_t nanoseconds)
{
    (void)driver;
    (void)nanoseconds;
}

static void fake_tell(void *driver, const struct power_news *news)
{
    (void)driver;
    if (news->kind == POWER_NEWS_REQUEST_FAILED) {
        note("failed:");
        note(news->reason);
    } else {
        note(news->way);
    }
}

static void say(const char *text);
static void answer_sync(void);

static const struct power_ops ops = {
    .way = fake_way, .ask = fake_ask, .request_deadline = fake_deadline, .tell = fake_tell};

static void start(bool with_agent)
{
    const struct power_options options = {
        .ops = &ops, .driver = &f.machine, .cpu_count = 1, .policy = SUSPEND_HONOUR};

    memset(&f, 0, sizeof(f));
    f.config.agent = with_agent;
    f.machine.config = &f.config;
    assert_int_equal(power_init(&f.machine.power, &options), 0);
    assert_int_equal(reach_open(&f.machine), 0);
    if (with_agent) {
        f.machine.agent_client.attached(&f.machine, (void *)&f);
        f.machine.agent_client.opened(&f.machine, true);
        answer_sync();
    }
}

static void finish(void)
{
    reach_close(&f.machine);
    power_destroy(&f.machine.power);
}

static void ask(enum power_request request)
{
    const char *why;

    assert_int_equal(power_ask(&f.machine.power, request, &why), 0);
}

static void say(const char *text)
{
    size_t length = strlen(text);

    assert_int_equal(f.machine.agent_client.receive(&f.machine, text, length), length);
}

static void answer_sync(void)
{
    char text[64];
    const char *id = strstr(f.sent, "\"id\":");

    assert_non_null(id);
    (void)snprintf(text, sizeof(text), "\xff{\"return\": %lld}\n",
                   strtoll(id + strlen("\"id\":"), NULL, 10));
    say(text);
}

static void without_an_agent_the_key_is_pressed(void **state)
{
    (void)state;
    start(false);
    assert_null(reach_way(&f.machine, REQUEST_SLEEP));
    f.hears = true;
    ask(REQUEST_SLEEP);
    expect_log("key press:sleep");
    ask(REQUEST_SHUTDOWN);
    expect_log("failed: the guest is to shut down key press:power");
    reach_forget(&f.machine);
    finish();
}

static void the_agent_comes_before_the_key(void **state)
{
    (void)state;
    start(true);
    f.hears = true;
    ask(REQUEST_SLEEP);
    expect_log("agent");
    answer_sync();
    assert_non_null(strstr(f.sent, "guest-suspend-ram"));
    ask(REQUEST_SHUTDOWN);
    expect_log("failed: the guest is to shut down agent");
    answer_sync();
    assert_non_null(strstr(f.sent, "guest-shutdown"));
    finish();
}

/* After a wake, if the operator wants that and has not asked for anything else. */
static void the_agent_sets_the_clock(void **state)
{
    struct capture capture;
    char said[256];

    (void)state;
    start(true);
    f.sent[0] = '\0';
    reach_set_time(&f.machine);
    assert_string_equal(f.sent, "");
    f.config.agent_time = true;
    reach_set_time(&f.machine);
    answer_sync();
    assert_non_null(strstr(f.sent, "{\"execute\":\"guest-set-time\",\"arguments\":{\"time\":1"));
    capture_begin(&capture, STDERR_FILENO);
    for (unsigned i = 0; i < 2; i++) {
        say("{\"error\": {\"desc\": \"no hwclock\"}}\n");
        reach_set_time(&f.machine);
        answer_sync();
    }
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, "dormouse: --agent-time: the guest's clock was not set: the guest "
                              "agent answers: no hwclock\n");
    ask(REQUEST_SHUTDOWN);
    expect_log("agent");
    reach_set_time(&f.machine);
    answer_sync();
    assert_non_null(strstr(f.sent, "guest-shutdown"));
    finish();
}

static void the_key_follows_an_agent_that_refuses(void **state)
{
    (void)state;
    start(true);
    f.hears = true;
    ask(REQUEST_SHUTDOWN);
    answer_sync();
    say("{\"error\":{\"desc\":\"disabled\"}}\n");
    expect_log("agent key press:power");
    finish();
}

static void the_key_follows_an_agent_that_says_nothing(void **state)
{
    (void)state;
    start(true);
    f.hears = true;
    ask(REQUEST_SLEEP);
    f.silence(f.silence_arg);
    expect_log("agent key press:sleep");
    finish();
}

static void without_a_key_the_agents_refusal_counts(void **state)
{
    (void)state;
    start(true);
    ask(REQUEST_SLEEP);
    answer_sync();
    say("{\"error\":{\"desc\":\"no\"}}\n");
    expect_log("agent failed: the guest agent answers: no");
    assert_int_equal(f.machine.power.request, REQUEST_NONE);
    finish();
}

static void a_new_guest_has_no_agent_yet(void **state)
{
    (void)state;
    start(true);
    assert_string_equal(reach_way(&f.machine, REQUEST_SLEEP), "agent");
    f.machine.agent_client.opened(&f.machine, false);
    assert_string_equal(reach_way(&f.machine, REQUEST_SLEEP), "agent");
    reach_forget(&f.machine);
    assert_null(reach_way(&f.machine, REQUEST_SLEEP));
    finish();
}

/* Its agent is the only way to it, and has not opened the channel yet. */
static void a_restored_guest_has_its_agent(void **state)
{
    (void)state;
    start(true);
    assert_true(reach_has_agent(&f.machine));
    reach_forget(&f.machine);
    assert_false(reach_has_agent(&f.machine));
    reach_recall(&f.machine);
    assert_null(reach_way(&f.machine, REQUEST_SHUTDOWN));
    f.machine.restored.has_agent = true;
    reach_recall(&f.machine);
    ask(REQUEST_SHUTDOWN);
    expect_log("agent");
    f.machine.agent_client.opened(&f.machine, true);
    answer_sync();
    assert_non_null(strstr(f.sent, "guest-shutdown"));
    finish();
}

/* The device has gone before the agent's client. */
static void nothing_is_sent_without_a_port(void **state)
{
    (void)state;
    start(true);
    f.machine.agent_client.attached(&f.machine, NULL);
    f.sent[0] = '\0';
    ask(REQUEST_SLEEP);
    assert_string_equal(f.sent, "");
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_agent_the_key_is_pressed),
        cmocka_unit_test(the_agent_comes_before_the_key),
        cmocka_unit_test(the_agent_sets_the_clock),
        cmocka_unit_test(the_key_follows_an_agent_that_refuses),
        cmocka_unit_test(the_key_follows_an_agent_that_says_nothing),
        cmocka_unit_test(without_a_key_the_agents_refusal_counts),
        cmocka_unit_test(a_new_guest_has_no_agent_yet),
        cmocka_unit_test(a_restored_guest_has_its_agent),
        cmocka_unit_test(nothing_is_sent_without_a_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
