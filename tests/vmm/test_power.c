/* SPDX-License-Identifier: BSD-2-Clause */
/* The power controller with a fake driver: its decisions, and the order of its actions. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "power/power.h"

enum {
    CPU_COUNT = 4,
    ASK_NS = 7,
    SHUTDOWN_NS = 9,
    ALL_SOURCES = WAKE_IRQ | WAKE_RTC | WAKE_CONSOLE | WAKE_SIGNAL | WAKE_NET,
};

static const struct ipa ram_base = {0x40000000};
static const uint64_t ram_size = 0x10000000;

/* The driver writes each of its calls as a word into one line. */
struct fake {
    bool off[CPU_COUNT];
    struct power_call call;
    unsigned pending; /* wakes_pending() */
    const char *way;
    bool saves;   /* save() succeeds */
    bool recalls; /* notes recall() */
    int fail_at;  /* the n-th call that can fail fails with -EIO; 0: none */
    int calls;
    char log[1024];
};

static void note(struct fake *fake, const char *word)
{
    size_t used = strlen(fake->log);

    snprintf(fake->log + used, sizeof(fake->log) - used, "%s%s", used > 0 ? " " : "", word);
}

static int may_fail(struct fake *fake)
{
    return ++fake->calls == fake->fail_at ? -EIO : 0;
}

static void fake_pause(void *driver)
{
    note(driver, "pause");
}

static void fake_resume(void *driver)
{
    note(driver, "resume");
}

static int fake_is_off(void *driver, unsigned vcpu)
{
    struct fake *fake = driver;
    int error = may_fail(fake);

    return error != 0 ? error : fake->off[vcpu];
}

static int fake_answer(void *driver, unsigned vcpu, enum vpsci_result result)
{
    char word[32];

    snprintf(word, sizeof(word), "answer:%u:%d", vcpu, (int)result);
    note(driver, word);
    return may_fail(driver);
}

static int fake_honour(void *driver, unsigned vcpu)
{
    char word[32];

    snprintf(word, sizeof(word), "honour:%u", vcpu);
    note(driver, word);
    return may_fail(driver);
}

static bool fake_ram_contains(void *driver, struct ipa start, uint64_t size)
{
    (void)driver;
    return start.value >= ram_base.value && start.value - ram_base.value <= ram_size - size;
}

static int fake_doze(void *driver, unsigned vcpu)
{
    (void)vcpu;
    note(driver, "doze");
    return may_fail(driver);
}

static void fake_resume_one(void *driver, unsigned vcpu)
{
    char word[32];

    snprintf(word, sizeof(word), "run:%u", vcpu);
    note(driver, word);
}

static void fake_deadline(void *driver, int64_t nanoseconds)
{
    char word[48];

    snprintf(word, sizeof(word), "deadline:%lld", (long long)nanoseconds);
    note(driver, word);
}

/* Always there, and in the log only where a test is about it. */
static int fake_recall(void *driver)
{
    const struct fake *fake = driver;

    if (fake->recalls) {
        note(driver, "recall");
    }
    return may_fail(driver);
}

static int fake_restart(void *driver, unsigned vcpu, const struct suspend_call *call)
{
    char word[64];

    snprintf(word, sizeof(word), "restart:%u:%llx:%llx%s", vcpu,
             (unsigned long long)call->entry.value, (unsigned long long)call->context,
             call->big_endian ? ":be" : "");
    note(driver, word);
    return may_fail(driver);
}

static int fake_waking_intid(void *driver, unsigned vcpu)
{
    (void)driver;
    (void)vcpu;
    return 27;
}

static void fake_sleep_begins(void *driver, unsigned counted)
{
    char word[32];

    snprintf(word, sizeof(word), "sleep:%x", counted);
    note(driver, word);
}

static void fake_sleep_ends(void *driver, unsigned vcpu)
{
    (void)vcpu;
    note(driver, "awake");
}

static unsigned fake_wakes_pending(void *driver)
{
    const struct fake *fake = driver;

    return fake->pending;
}

static bool fake_save(void *driver)
{
    const struct fake *fake = driver;

    note(driver, "save");
    return fake->saves;
}

static const char *fake_way(void *driver, enum power_request request)
{
    const struct fake *fake = driver;

    assert_int_not_equal(request, REQUEST_NONE);
    return fake->way;
}

static void fake_ask(void *driver, enum power_request request)
{
    note(driver, request == REQUEST_SLEEP ? "ask:sleep" : "ask:shutdown");
}

static void fake_request_deadline(void *driver, int64_t nanoseconds)
{
    char word[48];

    snprintf(word, sizeof(word), "limit:%lld", (long long)nanoseconds);
    note(driver, word);
}

static void tell_refused(struct fake *fake, const struct power_news *news)
{
    char word[64];

    snprintf(word, sizeof(word), "!refused:%d", (int)news->result);
    note(fake, word);
}

static void fake_tell(void *driver, const struct power_news *news)
{
    static const char *const words[] = {
        [POWER_NEWS_VCPU_ON] = "!on",
        [POWER_NEWS_VCPU_OFF] = "!off",
        [POWER_NEWS_SUSPEND_REQUEST] = "!request",
        [POWER_NEWS_HONOURED] = "!honoured",
        [POWER_NEWS_ASLEEP] = "!asleep",
        [POWER_NEWS_WAKE] = "!wake",
        [POWER_NEWS_WAKE_IGNORED] = "!ignored",
        [POWER_NEWS_RESUMED] = "!resumed",
        [POWER_NEWS_REBOOT] = "!reboot",
        [POWER_NEWS_RESET] = "!reset",
        [POWER_NEWS_OFF] = "!ended",
        [POWER_NEWS_STOPPED] = "!stopped",
        [POWER_NEWS_CONTINUED] = "!continued",
        [POWER_NEWS_ASKED] = "!asked",
        [POWER_NEWS_ASKED_SHUTDOWN] = "!down?",
        [POWER_NEWS_ASKED_SLEEP] = "!sleep?",
        [POWER_NEWS_REQUEST_FAILED] = "!failed",
    };
    char word[64];

    switch (news->kind) {
    case POWER_NEWS_REFUSED:
        tell_refused(driver, news);
        return;
    case POWER_NEWS_VCPU_ON:
    case POWER_NEWS_VCPU_OFF:
        snprintf(word, sizeof(word), "%s:%u", words[news->kind], news->vcpu);
        break;
    case POWER_NEWS_ASKED_SHUTDOWN:
    case POWER_NEWS_ASKED_SLEEP:
        snprintf(word, sizeof(word), "%s%s", words[news->kind], news->way);
        break;
    case POWER_NEWS_REQUEST_FAILED:
        snprintf(word, sizeof(word), "%s:%u", words[news->kind], news->request);
        break;
    case POWER_NEWS_WAKE:
    case POWER_NEWS_WAKE_IGNORED:
        snprintf(word, sizeof(word), "%s:%s", words[news->kind], wake_name(news->source));
        break;
    default:
        snprintf(word, sizeof(word), "%s", words[news->kind]);
        break;
    }
    note(driver, word);
}

static const struct power_ops fake_ops = {
    .pause = fake_pause,
    .resume = fake_resume,
    .ram_contains = fake_ram_contains,
    .resume_one = fake_resume_one,
    .deadline = fake_deadline,
    .waking_intid = fake_waking_intid,
    .sleep_begins = fake_sleep_begins,
    .recall = fake_recall,
    .sleep_ends = fake_sleep_ends,
    .wakes_pending = fake_wakes_pending,
    .save = fake_save,
    .way = fake_way,
    .ask = fake_ask,
    .request_deadline = fake_request_deadline,
    .tell = fake_tell,
};

static const struct power_psci_ops fake_psci_ops = {
    .is_off = fake_is_off,
    .answer = fake_answer,
    .honour = fake_honour,
    .doze = fake_doze,
    .restart = fake_restart,
};

struct fixture {
    struct fake fake;
    struct power power;
};

/* Starts a machine of four vCPUs, of which only the first is on. */
static void start(struct fixture *fixture, enum suspend_policy policy, unsigned wake)
{
    *fixture = (struct fixture){
        .fake =
            {
                .off = {false, true, true, true},
                .call.suspend = {.entry = {0x40200000}, .context = 0xc0ffee},
            },
    };
    const struct power_options options = {
        .ops = &fake_ops,
        .driver = &fixture->fake,
        .psci = &fake_psci_ops,
        .backend = &fixture->fake,
        .cpu_count = CPU_COUNT,
        .policy = policy,
        .wake = wake,
        .ask_ns = ASK_NS,
        .shutdown_ns = SHUTDOWN_NS,
    };
    assert_int_equal(power_init(&fixture->power, &options), 0);
    power_start(&fixture->power);
    fixture->fake.log[0] = '\0';
}

/* A vCPU leaves the guest by the call that is set. */
static int leave(struct fixture *fixture, unsigned vcpu, enum power_exit why)
{
    return power_exit(&fixture->power, vcpu, why, &fixture->fake.call);
}

static void finish(struct fixture *fixture)
{
    power_destroy(&fixture->power);
}

/* Checks the calls since the last check. */
static void expect_log(struct fixture *fixture, const char *log)
{
    assert_string_equal(fixture->fake.log, log);
    fixture->fake.log[0] = '\0';
}

static void honoured_suspend_sleeps(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    assert_int_equal(leave(&f, 0, POWER_EXIT_SUSPEND), 0);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep doze run:0");
    assert_int_equal(f.power.state, POWER_ASLEEP);
    finish(&f);
}

static void interrupt_wakes_at_the_entry(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    f.fake.call.suspend.big_endian = true;
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    assert_int_equal(leave(&f, 0, POWER_EXIT_WAKEUP), 0);
    expect_log(&f, "pause !wake:irq restart:0:40200000:c0ffee:be awake !resumed resume");
    assert_int_equal(f.power.state, POWER_RUNNING);
    finish(&f);
}

static void secondary_may_suspend_if_the_first_is_off(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    f.fake.off[0] = true;
    f.fake.off[2] = false;
    leave(&f, 2, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !off:0 !on:2 !request honour:2 !honoured sleep:1f !asleep doze run:2");
    power_wake(&f.power, WAKE_SIGNAL);
    expect_log(&f, "pause !wake:signal restart:2:40200000:c0ffee awake !resumed resume");
    finish(&f);
}

static void denied_while_another_is_on(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    f.fake.off[3] = false;
    f.fake.call.suspend.entry =
        ipa(1); /* The states of the other vCPUs are checked before the address. */
    assert_int_equal(leave(&f, 0, POWER_EXIT_SUSPEND), 0);
    expect_log(&f, "pause !on:3 !request answer:0:-3 !refused:-3 resume");
    assert_int_equal(f.power.state, POWER_RUNNING);
    finish(&f);
}

/* The backend has judged the call: the controller checks neither vCPUs nor entry point. */
static void judged_calls_are_not_judged_again(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    f.fake.off[3] = false;
    f.fake.call.suspend.entry = ipa(1);
    assert_int_equal(leave(&f, 0, POWER_EXIT_ALLOWED), 0);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep doze run:0");
    finish(&f);
}

static void invalid_entry_points_are_invalid_addresses(void **state)
{
    static const uint64_t bad[] = {
        0,          1,          0x40200001, 0x40200002,     0x40200003,
        0x3ffffffc, 0x50000000, UINT64_MAX, UINT64_MAX - 3, 0x40200000 | UINT64_C(1) << 32,
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        start(&f, SUSPEND_REFUSE, ALL_SOURCES); /* Also under the policy that refuses all calls. */
        f.fake.call.suspend.entry = ipa(bad[i]);
        assert_int_equal(leave(&f, 0, POWER_EXIT_SUSPEND), 0);
        expect_log(&f, "pause !request answer:0:-9 !refused:-9 resume");
        finish(&f);
    }
}

static void last_word_of_ram_is_a_valid_entry_point(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    f.fake.call.suspend.entry = ipa(0x4ffffffc);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    assert_int_equal(f.power.state, POWER_ASLEEP);
    finish(&f);
}

static void policy_refuses(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_REFUSE, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !request answer:0:-3 !refused:-3 resume");
    finish(&f);
}

static void pending_device_wake_ends_the_sleep_at_once(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    f.fake.pending = WAKE_RTC | WAKE_CONSOLE;
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep "
                   "pause !wake:rtc restart:0:40200000:c0ffee awake !resumed resume");
    finish(&f);
}

static void pending_wake_that_does_not_count_is_left_alone(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, WAKE_IRQ);
    f.fake.pending = WAKE_RTC;
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1 !asleep doze run:0");
    finish(&f);
}

static void without_irq_the_vcpu_stays_out_of_the_guest(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, WAKE_RTC);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !request honour:0 !honoured sleep:2 !asleep");
    power_wake(&f.power, WAKE_RTC);
    expect_log(&f, "pause !wake:rtc restart:0:40200000:c0ffee awake !resumed resume");
    finish(&f);
}

static void ignored_wakes_are_reported_once_for_each_sleep(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, WAKE_RTC);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    power_wake(&f.power, WAKE_CONSOLE);
    power_wake(&f.power, WAKE_CONSOLE);
    power_wake(&f.power, WAKE_SIGNAL);
    expect_log(&f, "!ignored:console !ignored:signal");
    power_wake(&f.power, WAKE_RTC);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    power_wake(&f.power, WAKE_CONSOLE);
    expect_log(&f, "!ignored:console");
    finish(&f);
}

static void waking_an_awake_guest_does_nothing(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    power_wake(&f.power, WAKE_RTC);
    power_wake(&f.power, WAKE_CONSOLE);
    expect_log(&f, "");
    power_wake(&f.power, WAKE_SIGNAL); /* The operator is told each time. */
    power_wake(&f.power, WAKE_SIGNAL);
    expect_log(&f, "!ignored:signal !ignored:signal");
    finish(&f);
}

/* The answer to an operator's command is this result, not a guess from the state. */
static void wake_returns_its_result(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_ASK, WAKE_SIGNAL | WAKE_RTC);
    assert_int_equal(power_wake(&f.power, WAKE_SIGNAL), POWER_WAKE_AWAKE);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    assert_int_equal(power_wake(&f.power, WAKE_CONSOLE), POWER_WAKE_UNCOUNTED);
    assert_int_equal(power_wake(&f.power, WAKE_RTC), POWER_WAKE_KEPT);
    power_answer(&f.power, true, "x");
    assert_int_equal(f.power.state, POWER_ASLEEP); /* The RTC has no wake any more. */
    assert_int_equal(power_wake(&f.power, WAKE_CONSOLE), POWER_WAKE_UNCOUNTED);
    assert_int_equal(power_wake(&f.power, WAKE_SIGNAL), POWER_WAKE_DONE);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    power_answer(&f.power, true, "x");
    f.fake.fail_at = f.fake.calls + 1;
    assert_int_equal(power_wake(&f.power, WAKE_RTC), -EIO);
    f.fake.fail_at = 0;
    leave(&f, 0, POWER_EXIT_OFF);
    assert_int_equal(power_wake(&f.power, WAKE_SIGNAL), POWER_WAKE_AWAKE);
    finish(&f);
}

static void late_wakeup_exit_continues(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    power_wake(&f.power, WAKE_RTC);
    f.fake.log[0] = '\0';
    leave(&f, 0, POWER_EXIT_WAKEUP);
    expect_log(&f, "resume");
    finish(&f);
}

static void resets_report_what_they_keep(void **state)
{
    static const struct {
        enum power_exit exit;
        uint64_t type;
        enum power_outcome outcome;
    } cases[] = {
        {POWER_EXIT_RESET, 0, POWER_OUTCOME_COLD_RESET},
        {POWER_EXIT_RESET2, 0, POWER_OUTCOME_WARM_RESET},
        {POWER_EXIT_RESET2, 0x80000001, POWER_OUTCOME_COLD_RESET},
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start(&f, SUSPEND_HONOUR, ALL_SOURCES);
        f.fake.call.reset_type = cases[i].type;
        assert_int_equal(leave(&f, 1, cases[i].exit), 0);
        expect_log(&f, "pause honour:1 !reboot");
        assert_int_equal(f.power.state, POWER_ENDED);
        assert_int_equal(f.power.outcome, cases[i].outcome);
        finish(&f);
    }
}

static void hibernation_is_not_power_off(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_HIBERNATE);
    assert_int_equal(f.power.outcome, POWER_OUTCOME_HIBERNATED);
    finish(&f);
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_OFF);
    assert_int_equal(f.power.outcome, POWER_OUTCOME_OFF);
    finish(&f);
}

static void first_end_counts(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_OFF);
    f.fake.log[0] = '\0';
    leave(&f, 1, POWER_EXIT_RESET);
    leave(&f, 1, POWER_EXIT_SUSPEND);
    power_wake(&f.power, WAKE_SIGNAL);
    expect_log(&f, "");
    assert_int_equal(f.power.outcome, POWER_OUTCOME_OFF);
    finish(&f);
}

static void observing_reports_only_changes(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    f.fake.off[1] = false;
    assert_int_equal(power_observe(&f.power), 0);
    expect_log(&f, "pause !on:1 resume");
    assert_int_equal(power_observe(&f.power), 0);
    expect_log(&f, "pause resume");
    finish(&f);
}

static void observing_leaves_a_sleeper_alone(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    assert_int_equal(power_observe(&f.power), 0);
    expect_log(&f, "");
    finish(&f);
}

/* Whichever step of a sleep fails, the error is returned and no vCPU runs. */
static void every_driver_failure_is_returned(void **state)
{
    /* is_off() of each, honour(), doze(), recall(), restart() */
    enum { STEPS_THAT_CAN_FAIL = CPU_COUNT + 4 };
    struct fixture f;

    (void)state;
    for (int n = 1; n <= STEPS_THAT_CAN_FAIL; n++) {
        start(&f, SUSPEND_HONOUR, ALL_SOURCES);
        f.fake.fail_at = n;
        int error = leave(&f, 0, POWER_EXIT_SUSPEND);
        if (error == 0) {
            error = leave(&f, 0, POWER_EXIT_WAKEUP);
        }
        assert_int_equal(error, -EIO);
        assert_null(strstr(f.fake.log, "resume"));
        finish(&f);
    }
}

/* Memory that is elsewhere comes back before anything of the guest is touched. */
static void memory_is_recalled_before_the_guest_runs(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    f.fake.recalls = true;
    assert_int_equal(leave(&f, 0, POWER_EXIT_WAKEUP), 0);
    assert_non_null(strstr(f.fake.log, " recall restart:0:"));
    assert_ptr_equal(strstr(f.fake.log, "pause"), f.fake.log);
    finish(&f);
}

/* A call that PSCI has refused stays refused, whatever the other vCPUs do meanwhile. */
static void refusals_by_psci_count(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    assert_int_equal(leave(&f, 0, POWER_EXIT_DENIED), 0);
    expect_log(&f, "pause !request answer:0:-3 !refused:-3 resume");
    assert_int_equal(leave(&f, 0, POWER_EXIT_BAD_ENTRY), 0);
    expect_log(&f, "pause !request answer:0:-9 !refused:-9 resume");
    assert_int_equal(f.power.state, POWER_RUNNING);
    finish(&f);
}

static void changes_are_reported_once(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    power_changed(&f.power, 2, true);
    power_changed(&f.power, 2, true);
    power_changed(&f.power, 0, false);
    power_changed(&f.power, 2, false);
    expect_log(&f, "!on:2 !off:0 !off:2");
    leave(&f, 1, POWER_EXIT_OFF);
    f.fake.log[0] = '\0';
    power_changed(&f.power, 2, true);
    expect_log(&f, "");
    finish(&f);
}

static void failed_ends_are_returned(void **state)
{
    static const enum power_exit exits[] = {POWER_EXIT_OFF, POWER_EXIT_HIBERNATE, POWER_EXIT_RESET,
                                            POWER_EXIT_RESET2};
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
        start(&f, SUSPEND_HONOUR, ALL_SOURCES);
        f.fake.fail_at = 1;
        assert_int_equal(leave(&f, 0, exits[i]), -EIO);
        assert_int_equal(f.power.state, POWER_RUNNING);
        finish(&f);
    }
}

static void restart_forgets_observed_states(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    f.fake.off[1] = false;
    power_observe(&f.power);
    leave(&f, 0, POWER_EXIT_RESET);
    power_start(&f.power);
    f.fake.off[1] = true;
    f.fake.log[0] = '\0';
    power_observe(&f.power);
    expect_log(&f, "pause resume");
    finish(&f);
}

static void operator_is_asked_and_honours(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_ASK, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !request deadline:7 !asked");
    assert_int_equal(f.power.state, POWER_ASKED);
    assert_int_equal(power_answer(&f.power, true, "x"), 0);
    expect_log(&f, "deadline:0 honour:0 !honoured sleep:1f !asleep doze run:0");
    assert_int_equal(power_answer(&f.power, true, "x"), -EINVAL);
    expect_log(&f, "");
    finish(&f);
}

static void operator_is_asked_and_refuses(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_ASK, ALL_SOURCES);
    assert_int_equal(power_answer(&f.power, false, "x"), -EINVAL);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    assert_int_equal(power_answer(&f.power, false, "x"), 0);
    expect_log(&f, "deadline:0 answer:0:-3 !refused:-3 resume");
    assert_int_equal(f.power.state, POWER_RUNNING);
    finish(&f);
}

/* The operator is not asked about a call that PSCI refuses. */
static void wrong_calls_do_not_reach_the_operator(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_ASK, ALL_SOURCES);
    f.fake.off[1] = false;
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !on:1 !request answer:0:-3 !refused:-3 resume");
    finish(&f);
}

static void deadline_answers_by_default(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_ASK, ALL_SOURCES);
    assert_int_equal(power_deadline(&f.power), 0);
    expect_log(&f, "");
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    assert_int_equal(power_deadline(&f.power), 0);
    expect_log(&f, "deadline:0 answer:0:-3 !refused:-3 resume");
    f.power.ask_default = true;
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    assert_int_equal(power_deadline(&f.power), 0);
    assert_int_equal(f.power.state, POWER_ASLEEP);
    finish(&f);
}

/* As in libvpsci: a wake between request and answer is kept; a refusal drops it. */
static void wake_before_the_answer_is_kept(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_ASK, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    power_wake(&f.power, WAKE_SIGNAL);
    f.fake.log[0] = '\0';
    power_answer(&f.power, true, "x");
    expect_log(&f, "deadline:0 honour:0 !honoured sleep:1f !asleep pause !wake:signal "
                   "restart:0:40200000:c0ffee awake !resumed resume");
    leave(&f, 0, POWER_EXIT_SUSPEND);
    power_wake(&f.power, WAKE_SIGNAL);
    power_answer(&f.power, false, "x");
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    power_answer(&f.power, true, "x");
    expect_log(&f, "deadline:0 honour:0 !honoured sleep:1f !asleep doze run:0");
    finish(&f);
}

static void paused_machine_decides_but_does_not_run(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    power_stop(&f.power);
    power_stop(&f.power);
    expect_log(&f, "pause !stopped");
    assert_int_equal(power_observe(&f.power), 0);
    expect_log(&f, "");
    leave(&f, 0, POWER_EXIT_SUSPEND); /* The vCPU had left the guest before. */
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep doze");
    power_cont(&f.power);
    power_cont(&f.power);
    expect_log(&f, "!continued run:0");
    power_stop(&f.power);
    power_wake(&f.power, WAKE_RTC);
    expect_log(&f, "pause !stopped pause !wake:rtc restart:0:40200000:c0ffee awake !resumed");
    power_cont(&f.power);
    expect_log(&f, "!continued resume");
    finish(&f);
}

/* The interrupt came just before the pause. The sleep continues during the pause and ends after it. */
static void interrupt_before_a_pause_wakes_after_it(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    power_stop(&f.power);
    f.fake.log[0] = '\0';
    assert_int_equal(leave(&f, 0, POWER_EXIT_WAKEUP), 0);
    expect_log(&f, "");
    assert_int_equal(f.power.state, POWER_ASLEEP);
    power_cont(&f.power);
    expect_log(&f, "!continued run:0");
    leave(&f, 0, POWER_EXIT_WAKEUP);
    expect_log(&f, "pause !wake:irq restart:0:40200000:c0ffee awake !resumed resume");
    finish(&f);
}

/*
 * Any number of calls is decided under one pause and with one reading of the vCPUs' states, and
 * nothing runs before the end.
 */
static void held_machine_decides_under_one_pause(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    f.fake.off[3] = false;
    power_hold(&f.power);
    power_hold(&f.power);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    int looks = f.fake.calls;
    leave(&f, 3, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !on:3 !request answer:0:-3 !refused:-3 !request answer:3:-3 !refused:-3");
    assert_true(f.fake.calls - looks < CPU_COUNT);
    power_go_on(&f.power);
    expect_log(&f, "resume");
    f.fake.off[3] = true; /* The vCPU has run, so its state must be read again. */
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !off:3 !request honour:0 !honoured sleep:1f !asleep doze run:0");
    power_hold(&f.power);
    power_wake(&f.power, WAKE_RTC);
    expect_log(&f, "pause !wake:rtc restart:0:40200000:c0ffee awake !resumed");
    power_start(&f.power); /* A reset ends the hold. */
    power_go_on(&f.power);
    expect_log(&f, "!on:0 resume");
    finish(&f);
}

static void pause_outlasts_request_and_reset(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_ASK, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    power_stop(&f.power);
    f.fake.log[0] = '\0';
    power_cont(&f.power);
    expect_log(&f, "!continued"); /* The request still waits. */
    power_stop(&f.power);
    f.fake.log[0] = '\0';
    power_reset(&f.power);
    expect_log(&f, "pause deadline:0 !reset");
    assert_int_equal(f.power.outcome, POWER_OUTCOME_COLD_RESET);
    power_start(&f.power);
    power_go_on(&f.power);
    expect_log(&f, "!on:0");
    power_cont(&f.power);
    expect_log(&f, "!continued resume");
    finish(&f);
}

static void operator_resets_a_sleeper(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    power_reset(&f.power);
    expect_log(&f, "pause awake !reset");
    leave(&f, 0, POWER_EXIT_WAKEUP); /* It came meanwhile. */
    expect_log(&f, "");
    power_stop(&f.power);
    power_cont(&f.power);
    expect_log(&f, "pause !stopped !continued");
    finish(&f);
}

/* --- Requests to the guest. --- */

static void ask(struct fixture *f, enum power_request request)
{
    const char *why;

    f->fake.way = "key";
    assert_int_equal(power_ask(&f->power, request, &why), 0);
    assert_null(why);
}

static void expect_objection(struct fixture *f, enum power_request request, const char *part)
{
    const char *why;

    assert_int_equal(power_ask(&f->power, request, &why), POWER_NOT_ASKED);
    assert_non_null(strstr(why, part));
    expect_log(f, "");
}

static void asked_guest_sleeps(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    ask(&f, REQUEST_SLEEP);
    expect_log(&f, "limit:30000000000 !sleep?key ask:sleep");
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep limit:0 doze run:0");
    power_request_deadline(&f.power);
    power_wake(&f.power, WAKE_RTC);
    expect_log(&f, "pause !wake:rtc restart:0:40200000:c0ffee awake !resumed resume");
    finish(&f);
}

static void asked_guest_shuts_down(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    ask(&f, REQUEST_SHUTDOWN);
    expect_log(&f, "limit:9 !down?key ask:shutdown");
    leave(&f, 0, POWER_EXIT_OFF);
    expect_log(&f, "pause honour:0 limit:0 !ended");
    power_request_deadline(&f.power);
    expect_log(&f, "");
    finish(&f);
}

static void asked_guest_may_be_slow_or_refuse(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    ask(&f, REQUEST_SLEEP);
    f.fake.log[0] = '\0';
    power_request_deadline(&f.power);
    expect_log(&f, "limit:0 !failed:2");
    power_request_deadline(&f.power);
    power_request_failed(&f.power, "late");
    expect_log(&f, "");

    ask(&f, REQUEST_SHUTDOWN);
    f.fake.log[0] = '\0';
    power_request_failed(&f.power, "it sulks");
    expect_log(&f, "limit:0 !failed:1");

    ask(&f, REQUEST_SLEEP);
    f.fake.log[0] = '\0';
    f.fake.off[1] = false;
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !on:1 !request answer:0:-3 !refused:-3 limit:0 !failed:2 resume");
    finish(&f);
}

/* The program that asked for the sleep waits for an answer. */
static void sleep_that_cannot_come_is_reported(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    ask(&f, REQUEST_SLEEP);
    f.fake.log[0] = '\0';
    ask(&f, REQUEST_SHUTDOWN);
    expect_log(&f, "limit:0 !failed:2 limit:9 !down?key ask:shutdown");
    power_request_failed(&f.power, "");
    ask(&f, REQUEST_SLEEP);
    f.fake.log[0] = '\0';
    power_reset(&f.power);
    expect_log(&f, "pause limit:0 !failed:2 !reset");
    finish(&f);
}

static void who_cannot_be_asked(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_REFUSE, ALL_SOURCES);
    expect_objection(&f, REQUEST_SHUTDOWN, "no driver for the power key");
    expect_objection(&f, REQUEST_SLEEP, "--on-suspend");
    finish(&f);

    start(&f, SUSPEND_HONOUR, WAKE_RTC);
    expect_objection(&f, REQUEST_SLEEP, "no driver for the sleep key");
    f.fake.way = "key";
    power_stop(&f.power);
    f.fake.log[0] = '\0';
    expect_objection(&f, REQUEST_SHUTDOWN, "paused");
    expect_objection(&f, REQUEST_SLEEP, "paused");
    power_cont(&f.power);
    ask(&f, REQUEST_SHUTDOWN);
    f.fake.log[0] = '\0';
    expect_objection(&f, REQUEST_SLEEP, "asked to shut down");
    power_request_failed(&f.power, "");
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    expect_objection(&f, REQUEST_SLEEP, "suspended already");
    expect_objection(&f, REQUEST_SHUTDOWN, "--wake");
    power_reset(&f.power);
    f.fake.log[0] = '\0';
    expect_objection(&f, REQUEST_SHUTDOWN, "off");
    finish(&f);
}

/* A guest cannot shut down asleep: it is woken, and asked when it runs again. */
static void sleeper_is_woken_to_shut_down(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    ask(&f, REQUEST_SHUTDOWN);
    expect_log(&f, "limit:9 pause !wake:signal restart:0:40200000:c0ffee awake !resumed "
                   "!down?key ask:shutdown resume");
    finish(&f);
}

/* It was asked while it suspended itself, and would sleep through its time. */
static void sleep_does_not_hide_a_shutdown(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    ask(&f, REQUEST_SLEEP);
    ask(&f, REQUEST_SHUTDOWN);
    f.fake.log[0] = '\0';
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep pause !wake:signal "
                   "restart:0:40200000:c0ffee awake !resumed !down?key ask:shutdown resume");
    f.fake.way = NULL;
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep pause !wake:signal "
                   "restart:0:40200000:c0ffee awake !resumed limit:0 !failed:1 resume");
    finish(&f);
}

static void sleeper_that_no_operator_wakes_stays_asleep(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, WAKE_RTC);
    ask(&f, REQUEST_SHUTDOWN);
    f.fake.log[0] = '\0';
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !request honour:0 !honoured sleep:2 !asleep");
    power_request_deadline(&f.power);
    expect_log(&f, "limit:0 !failed:1");
    finish(&f);
}

static void shutdown_answers_a_suspend(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_ASK, ALL_SOURCES);
    ask(&f, REQUEST_SLEEP);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "limit:30000000000 !sleep?key ask:sleep pause !request limit:0 deadline:7 "
                   "!asked");
    expect_objection(&f, REQUEST_SLEEP, "waits for an answer");
    ask(&f, REQUEST_SHUTDOWN);
    expect_log(&f, "deadline:0 answer:0:-3 !refused:-3 resume limit:9 !down?key ask:shutdown");
    finish(&f);
}

/* With the policy each sleep is saved, with all vCPUs paused; one that is not goes on as a sleep. */
static void policy_saves_each_sleep(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_SAVE, ALL_SOURCES);
    assert_int_equal(leave(&f, 0, POWER_EXIT_SUSPEND), 0);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep save doze run:0");
    leave(&f, 0, POWER_EXIT_WAKEUP);
    f.fake.log[0] = '\0';
    f.fake.saves = true;
    assert_int_equal(leave(&f, 0, POWER_EXIT_SUSPEND), 0);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep save");
    assert_int_equal(f.power.state, POWER_ASLEEP);
    finish(&f);
}

static void sleep_that_ends_at_once_is_not_saved(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_SAVE, ALL_SOURCES);
    f.fake.pending = WAKE_RTC;
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep pause !wake:rtc "
                   "restart:0:40200000:c0ffee awake !resumed resume");
    finish(&f);
}

static void operator_saves_a_sleeper_at_once(void **state)
{
    struct fixture f;
    const char *why;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    assert_int_equal(power_save(&f.power, &why), 0);
    expect_log(&f, "pause save run:0");
    f.fake.saves = true;
    assert_int_equal(power_save(&f.power, &why), 0);
    expect_log(&f, "pause save");
    finish(&f);
}

static void operator_saves_the_next_sleep_only(void **state)
{
    struct fixture f;
    const char *why;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    assert_int_equal(power_save(&f.power, &why), POWER_NOT_ASKED);
    assert_non_null(why);
    f.fake.way = "key";
    assert_int_equal(power_save(&f.power, &why), 0);
    expect_log(&f, "limit:30000000000 !sleep?key ask:sleep");
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep limit:0 save doze run:0");
    leave(&f, 0, POWER_EXIT_WAKEUP);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    assert_null(strstr(f.fake.log, "save"));
    finish(&f);
}

/* A packet comes while the guest goes to sleep. The image is woken anyway; one that failed wakes as any sleep. */
static void operators_save_comes_before_a_wake(void **state)
{
    struct fixture f;
    const char *why;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    f.fake.way = "key";
    f.fake.pending = WAKE_NET;
    power_save(&f.power, &why);
    f.fake.log[0] = '\0';
    assert_int_equal(leave(&f, 0, POWER_EXIT_SUSPEND), 0);
    expect_log(&f,
               "pause !request honour:0 !honoured sleep:1f !asleep limit:0 save pause !wake:net "
               "restart:0:40200000:c0ffee awake !resumed resume");
    f.fake.saves = true;
    power_save(&f.power, &why);
    f.fake.log[0] = '\0';
    assert_int_equal(leave(&f, 0, POWER_EXIT_SUSPEND), 0);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep limit:0 save");
    assert_int_equal(f.power.state, POWER_ASLEEP);
    finish(&f);
}

/* A guest that is awake is to be saved. */
static void start_saving(struct fixture *f, enum suspend_policy policy)
{
    const char *why;

    start(f, policy, ALL_SOURCES);
    f->fake.way = "key";
    assert_int_equal(power_save(&f->power, &why), 0);
}

/* The guest asks the operator, who wakes it and then allows the sleep. */
static void save_comes_before_a_wake_that_was_kept(void **state)
{
    struct fixture f;

    (void)state;
    start_saving(&f, SUSPEND_ASK);
    f.fake.saves = true;
    leave(&f, 0, POWER_EXIT_SUSPEND);
    assert_int_equal(power_wake(&f.power, WAKE_SIGNAL), POWER_WAKE_KEPT);
    f.fake.log[0] = '\0';
    power_answer(&f.power, true, "");
    expect_log(&f, "deadline:0 honour:0 !honoured sleep:1f !asleep save");
    finish(&f);
}

/* Whatever ends the wish is reported, and no later sleep is saved for it. */
static void save_that_will_not_be_is_reported(void **state)
{
    struct fixture f;

    (void)state;
    start_saving(&f, SUSPEND_ASK);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    power_answer(&f.power, false, "");
    expect_log(&f, "deadline:0 answer:0:-3 !refused:-3 !failed:2 resume");
    leave(&f, 0, POWER_EXIT_SUSPEND);
    f.fake.log[0] = '\0';
    power_answer(&f.power, true, "");
    assert_null(strstr(f.fake.log, "save"));
    finish(&f);

    start_saving(&f, SUSPEND_HONOUR);
    f.fake.log[0] = '\0';
    ask(&f, REQUEST_SHUTDOWN);
    expect_log(&f, "limit:0 !failed:2 limit:9 !down?key ask:shutdown");
    leave(&f, 0, POWER_EXIT_SUSPEND);
    assert_null(strstr(f.fake.log, "save"));
    finish(&f);

    start_saving(&f, SUSPEND_HONOUR);
    f.fake.log[0] = '\0';
    leave(&f, 0, POWER_EXIT_RESET);
    expect_log(&f, "pause honour:0 limit:0 !failed:2 !reboot");
    power_start(&f.power);
    leave(&f, 0, POWER_EXIT_SUSPEND);
    assert_null(strstr(f.fake.log, "save"));
    finish(&f);
}

/* A guest that did not sleep in time is not saved when it does so by itself, an hour later. */
static void save_is_over_with_the_request(void **state)
{
    struct fixture f;

    (void)state;
    start_saving(&f, SUSPEND_HONOUR);
    power_request_deadline(&f.power);
    f.fake.log[0] = '\0';
    leave(&f, 0, POWER_EXIT_SUSPEND);
    expect_log(&f, "pause !request honour:0 !honoured sleep:1f !asleep doze run:0");
    finish(&f);
}

static void restored_guest_sleeps_on(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_SAVE, ALL_SOURCES);
    assert_int_equal(power_start_asleep(&f.power, 1, &f.fake.call.suspend, false), 0);
    expect_log(&f, "!on:1 sleep:1f !asleep doze run:1");
    leave(&f, 1, POWER_EXIT_WAKEUP);
    expect_log(&f, "pause !wake:irq restart:1:40200000:c0ffee awake !resumed resume");
    finish(&f);
}

/* An alarm that passed while it was a file. */
static void restored_guest_wakes_by_what_came_meanwhile(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    f.fake.pending = WAKE_RTC;
    assert_int_equal(power_start_asleep(&f.power, 0, &f.fake.call.suspend, false), 0);
    expect_log(&f,
               "!on:0 sleep:1f !asleep pause !wake:rtc restart:0:40200000:c0ffee awake !resumed "
               "resume");
    finish(&f);
}

static void restored_guest_is_woken_whatever_counts(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, WAKE_RTC);
    assert_int_equal(power_start_asleep(&f.power, 0, &f.fake.call.suspend, true), 0);
    expect_log(&f, "!on:0 sleep:2 !asleep pause !wake:signal restart:0:40200000:c0ffee awake "
                   "!resumed resume");
    finish(&f);
}

static void pause_stops_the_time_of_a_request(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, SUSPEND_HONOUR, ALL_SOURCES);
    ask(&f, REQUEST_SHUTDOWN);
    f.fake.log[0] = '\0';
    power_stop(&f.power);
    expect_log(&f, "pause limit:0 !stopped");
    power_cont(&f.power);
    expect_log(&f, "limit:9 !continued resume");
    power_reset(&f.power);
    expect_log(&f, "pause limit:0 !reset");
    finish(&f);
}

static int test_saves(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_saves_each_sleep),
        cmocka_unit_test(sleep_that_ends_at_once_is_not_saved),
        cmocka_unit_test(operator_saves_a_sleeper_at_once),
        cmocka_unit_test(operator_saves_the_next_sleep_only),
        cmocka_unit_test(operators_save_comes_before_a_wake),
        cmocka_unit_test(save_comes_before_a_wake_that_was_kept),
        cmocka_unit_test(save_that_will_not_be_is_reported),
        cmocka_unit_test(save_is_over_with_the_request),
    };

    return cmocka_run_group_tests_name("saves", tests, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honoured_suspend_sleeps),
        cmocka_unit_test(interrupt_wakes_at_the_entry),
        cmocka_unit_test(secondary_may_suspend_if_the_first_is_off),
        cmocka_unit_test(denied_while_another_is_on),
        cmocka_unit_test(judged_calls_are_not_judged_again),
        cmocka_unit_test(invalid_entry_points_are_invalid_addresses),
        cmocka_unit_test(last_word_of_ram_is_a_valid_entry_point),
        cmocka_unit_test(policy_refuses),
        cmocka_unit_test(pending_device_wake_ends_the_sleep_at_once),
        cmocka_unit_test(pending_wake_that_does_not_count_is_left_alone),
        cmocka_unit_test(without_irq_the_vcpu_stays_out_of_the_guest),
        cmocka_unit_test(ignored_wakes_are_reported_once_for_each_sleep),
        cmocka_unit_test(waking_an_awake_guest_does_nothing),
        cmocka_unit_test(wake_returns_its_result),
        cmocka_unit_test(late_wakeup_exit_continues),
        cmocka_unit_test(resets_report_what_they_keep),
        cmocka_unit_test(hibernation_is_not_power_off),
        cmocka_unit_test(first_end_counts),
        cmocka_unit_test(observing_reports_only_changes),
        cmocka_unit_test(observing_leaves_a_sleeper_alone),
        cmocka_unit_test(every_driver_failure_is_returned),
        cmocka_unit_test(memory_is_recalled_before_the_guest_runs),
        cmocka_unit_test(refusals_by_psci_count),
        cmocka_unit_test(changes_are_reported_once),
        cmocka_unit_test(failed_ends_are_returned),
        cmocka_unit_test(restart_forgets_observed_states),
        cmocka_unit_test(operator_is_asked_and_honours),
        cmocka_unit_test(operator_is_asked_and_refuses),
        cmocka_unit_test(wrong_calls_do_not_reach_the_operator),
        cmocka_unit_test(deadline_answers_by_default),
        cmocka_unit_test(wake_before_the_answer_is_kept),
        cmocka_unit_test(paused_machine_decides_but_does_not_run),
        cmocka_unit_test(interrupt_before_a_pause_wakes_after_it),
        cmocka_unit_test(held_machine_decides_under_one_pause),
        cmocka_unit_test(pause_outlasts_request_and_reset),
        cmocka_unit_test(operator_resets_a_sleeper),
        cmocka_unit_test(asked_guest_sleeps),
        cmocka_unit_test(asked_guest_shuts_down),
        cmocka_unit_test(asked_guest_may_be_slow_or_refuse),
        cmocka_unit_test(sleep_that_cannot_come_is_reported),
        cmocka_unit_test(who_cannot_be_asked),
        cmocka_unit_test(sleeper_is_woken_to_shut_down),
        cmocka_unit_test(sleep_does_not_hide_a_shutdown),
        cmocka_unit_test(sleeper_that_no_operator_wakes_stays_asleep),
        cmocka_unit_test(shutdown_answers_a_suspend),
        cmocka_unit_test(restored_guest_sleeps_on),
        cmocka_unit_test(restored_guest_wakes_by_what_came_meanwhile),
        cmocka_unit_test(restored_guest_is_woken_whatever_counts),
        cmocka_unit_test(pause_stops_the_time_of_a_request),
    };

    return cmocka_run_group_tests_name("power", tests, NULL, NULL) + test_saves();
}
