/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "must.h"
#include "play.h"

static const struct point *point_of(const struct play *play, unsigned number)
{
    assert_true(number <= play->run->point_count);
    return &play->run->points[number - 1];
}

/* Scenario 2 of 3 is running. */
static void play_to_second(struct play *playing)
{
    play_boot(playing, "go 1 start\n");
    play(playing, "1..3\n# running 1 one\nok 1 - one\n# running 2 two");
}

static void whole_run_is_recorded(void **state)
{
    struct play *p = *state;

    play_boot(p, "go 1 start\n");
    play(p, "# server: PSCI 1.3, SMCCC 1.1\n1..3\n# running 1 one\nok 1 - one\n"
            "# characteristic: a thing: so: so\n# running 2 two\nnot ok 2 - two\n  ---\n"
            "  message: \"it \\\"failed\\\"\"\n  clause: \"5.6\"\n  severity: hang\n  other: 1\n"
            "  consequence: \"\"\n  ...\n# often: 3 of 10\n# running 3 three\n"
            "ok 3 - three # SKIP no such call\n# passed 1, failed 1, skipped 1\n# end");
    assert_int_equal(p->dialogue.phase, DIALOGUE_ENDING);
    assert_int_equal(p->dialogue.settled, 3);
    assert_int_equal(dialogue_ended(&p->dialogue, "with status 0"), DIALOGUE_DONE);
    run_finish(p->run);
    assert_null(p->run->incomplete);
    assert_int_equal(results_status(&p->results), 1);
    assert_string_equal(p->run->machine.list[0].key, "cpus");
    assert_string_equal(p->run->machine.list[0].value, "4");
    assert_string_equal(p->run->server.list[1].key, "SMCCC");
    assert_string_equal(point_of(p, 1)->characteristics.list[0].key, "a thing");
    assert_string_equal(point_of(p, 1)->characteristics.list[0].value, "so: so");
    assert_string_equal(point_of(p, 2)->message, "it \"failed\"");
    assert_string_equal(point_of(p, 2)->clause, "5.6");
    assert_string_equal(point_of(p, 2)->severity, "hang");
    assert_string_equal(point_of(p, 2)->consequence, "");
    assert_string_equal(point_of(p, 2)->often, "3 of 10");
    assert_int_equal(point_of(p, 3)->verdict, VERDICT_SKIPPED);
    assert_string_equal(point_of(p, 3)->reason, "no such call");
}

/* The image says it before the first scenario of each boot. What it never says is no name. */
static void families_are_taken_from_the_image(void **state)
{
    struct play *p = *state;

    play_boot(p, "go 1 start\n");
    play(p, "1..6\n# running 1 a-one\nok 1 - a-one\n# family: a\n# running 2 a-two\nok 2 - a-two\n"
            "# running 3 a-three\nok 3 - a-three\n# family: b-c\n# running 4 b-four");
    play_boot(p, "go 4 reset\n");
    play(p, "not ok 4 - b-four\n# family: <b>\nok 5 - b-five\n# family: c\n# running 6 c-six");
    assert_int_equal(dialogue_silent(&p->dialogue, "1 s"), DIALOGUE_RESTART);
    assert_int_equal(dialogue_silent(&p->dialogue, "1 s"), DIALOGUE_FAILED);
    assert_null(point_of(p, 1)->family);
    assert_string_equal(point_of(p, 2)->family, "a");
    assert_string_equal(point_of(p, 3)->family, "a");
    assert_string_equal(point_of(p, 4)->family, "b-c");
    assert_null(point_of(p, 5)->family);
    assert_string_equal(point_of(p, 6)->family, "c");
}

/* The image says that a piece was lost: the answer begins anew, but not for ever. */
static void lost_answer_is_sent_again(void **state)
{
    struct play *p = *state;

    play_boot(p, "go 1 start\n");
    play(p, "1..2\n# running 1 one\n# log 1 0123456789");
    play(p, "TAP version 14\n# vpsci-check 2\n# ready");
    assert_int_equal(p->step, DIALOGUE_ANSWER);
    for (int i = 0; i < ANSWER_REPEATS; i++) {
        play_answer(p, SAY_AGAIN, "go 1 reset 0123456789\n");
    }
    play(p, SAY_AGAIN);
    assert_int_equal(p->step, DIALOGUE_GO_ON);
    play(p, "ok 1 - one\n# fresh 2");
    play_boot(p, "go 2 again\n");
    play_answer(p, SAY_AGAIN, "go 2 again\n");
}

static void noise_is_ignored(void **state)
{
    struct play *p = *state;

    play_answer(p,
                "Booting Linux\n=> TAP version 14\n\033[1m# vpsci-check 2\n# ready ?\n # ready\n"
                "ok 9 - of a boot loader?no\nnoise # ready\n# ready",
                "go 1 start\n");
    play(p, "1..2\n(XEN) # running 2 x\n# running 1 one\n(XEN) ok 1 - one\nok then\nok 77 - far\n"
            "# running 0 x\n# running 99999999999 x\n# fresh\n# log 1 xyz\nok 1 - one\n"
            "(XEN) between\n# characteristic: key: value");
    assert_int_equal(p->step, DIALOGUE_GO_ON);
    assert_int_equal(p->run->point_count, 1);
    assert_int_equal(point_of(p, 1)->characteristics.count, 1);
}

static void point_before_plan_must_be_in_it(void **state)
{
    struct play *p = *state;

    play(p, "# running 9 nine\nok 9 - nine");
    play_failure(p, "1..3", "after scenario 9");
}

static void scenario_that_runs_before_the_plan_must_be_in_it(void **state)
{
    play_failure(*state, "# running 2 two\n1..1", "after scenario 2");
}

/* What a long scenario says now and then is no noise: it counts as a sign of life. */
static void still_running_is_a_line_of_ours(void **state)
{
    struct play *p = *state;
    bool ours;

    play_to_second(p);
    assert_int_equal(dialogue_line(&p->dialogue, "# still running", false, &ours), DIALOGUE_GO_ON);
    assert_true(ours);
    assert_int_equal(dialogue_line(&p->dialogue, "(XEN) still running", false, &ours),
                     DIALOGUE_GO_ON);
    assert_false(ours);
}

static void cut_line_is_header_or_noise(void **state)
{
    struct play *p = *state;
    bool ours;

    assert_int_equal(dialogue_line(&p->dialogue, "1..3", true, &ours), DIALOGUE_GO_ON);
    assert_false(ours);
    assert_false(p->run->has_plan);
    play_to_second(p);
    assert_int_equal(dialogue_line(&p->dialogue, "....TAP version 14", true, &ours),
                     DIALOGUE_GO_ON);
    assert_true(ours);
    assert_int_equal(p->dialogue.phase, DIALOGUE_BOOTING);
}

static void reset_gives_the_log_back_once(void **state)
{
    struct play *p = *state;

    play_to_second(p);
    play(p, "# log 2 0a\n# log 2 0bFF\n# log 3 77");
    play_boot(p, "go 2 reset 0bFF\n");
    play_boot(p, "go 2 reset\n");
    play(p, "not ok 2 - two\n# running 3 three\n# log 3 1");
    play_boot(p, "go 3 reset 1\n");
}

static void end_restarts_and_gives_the_log_back(void **state)
{
    struct play *p = *state;

    play_to_second(p);
    play(p, "# log 2 5");
    assert_int_equal(dialogue_ended(&p->dialogue, "with status 0"), DIALOGUE_RESTART);
    play_boot(p, "go 2 off 5\n");
    play(p, "ok 2 - two\n# running 3 three");
    assert_int_equal(dialogue_ended(&p->dialogue, "with status 0"), DIALOGUE_RESTART);
    play_boot(p, "go 3 off\n");
}

static void hang_restarts_without_the_log(void **state)
{
    struct play *p = *state;

    play_to_second(p);
    play(p, "# log 2 5");
    assert_int_equal(dialogue_silent(&p->dialogue, "1 s"), DIALOGUE_RESTART);
    play_boot(p, "go 2 hang\n");
    play(p, "not ok 2 - two\n# running 3 three\nok 3 - three\n# end");
    assert_int_equal(dialogue_ended(&p->dialogue, "with status 0"), DIALOGUE_DONE);
}

static void longest_log_fits_and_longer_is_none(void **state)
{
    struct play *p = *state;
    char log[DIALOGUE_LOG_MAX + 2];
    char *line;
    char *answer;

    play_to_second(p);
    memset(log, 'e', sizeof(log));
    log[DIALOGUE_LOG_MAX + 1] = '\0';
    line = must_format("# log 2 %s", log);
    play(p, line);
    assert_false(p->dialogue.has_log);
    free(line);
    log[DIALOGUE_LOG_MAX] = '\0';
    line = must_format("# log 2 %s", log);
    answer = must_format("go 2 reset %s\n", log);
    play(p, line);
    play_boot(p, answer);
    free(line);
    free(answer);
}

static void fresh_machine_is_given(void **state)
{
    struct play *p = *state;

    play_boot(p, "go 1 start\n");
    play(p, "1..3\n# running 1 one\nok 1 - one\n# fresh 2");
    play_boot(p, "go 2 again\n");
    play(p, "# running 2 two\nok 2 - two\n# fresh 3");
    assert_int_equal(dialogue_ended(&p->dialogue, "with status 0"), DIALOGUE_RESTART);
    play_boot(p, "go 3 again\n");
}

/* A late reset belongs to no scenario: the next one begins on the new machine. */
static void reset_between_scenarios_goes_on_with_the_next(void **state)
{
    struct play *p = *state;

    play_boot(p, "go 1 start\n");
    play(p, "1..2\n# running 1 one\nok 1 - one");
    play_boot(p, "go 2 again\n");
}

/* Without a plan the image has to print one. */
static void end_before_the_plan_starts_anew(void **state)
{
    struct play *p = *state;

    play_boot(p, "go 1 start\n");
    assert_int_equal(dialogue_ended(&p->dialogue, "with status 0"), DIALOGUE_RESTART);
    play_boot(p, "go 1 start\n");
}

static void fourth_boot_for_a_scenario_fails(void **state)
{
    struct play *p = *state;

    play_to_second(p);
    for (int i = 0; i < DIALOGUE_BOOTS; i++) {
        play(p, "# log 2 77");
        play_boot(p, "go 2 reset 77\n");
    }
    play_failure(p, "TAP version 14\n# ready", "scenario 2, two");
    assert_int_equal(point_of(p, 2)->verdict, VERDICT_FAILED);
    assert_non_null(point_of(p, 2)->message);
    assert_int_equal(results_status(&p->results), 3);
}

static void image_that_boots_alone_again_and_again_fails(void **state)
{
    struct play *p = *state;

    play(p, "1..2\n# running 1 one");
    for (int i = 1; i < DIALOGUE_BOOTS; i++) {
        assert_int_equal(dialogue_ended(&p->dialogue, "with status 0"), DIALOGUE_RESTART);
        play(p, "1..2\n# running 1 one");
    }
    play_failure(p, "TAP version 14\n# running 1 one", "started for the 4th time");
}

static void machine_that_never_was_ready_fails(void **state)
{
    struct play *p = *state;

    play(p, "TAP version 14\n# vpsci-check 2");
    assert_int_equal(dialogue_silent(&p->dialogue, "60 s"), DIALOGUE_FAILED);
    assert_non_null(strstr(p->run->incomplete, "within 60 s"));
    assert_int_equal(p->run->point_count, 0);
}

static void machine_that_does_not_come_back_fails_its_scenario(void **state)
{
    struct play *p = *state;

    play_to_second(p);
    assert_int_equal(dialogue_silent(&p->dialogue, "60 s"), DIALOGUE_RESTART);
    assert_int_equal(dialogue_ended(&p->dialogue, "with status 1"), DIALOGUE_FAILED);
    assert_non_null(strstr(p->run->incomplete, "with status 1"));
    assert_int_equal(point_of(p, 2)->verdict, VERDICT_FAILED);
    assert_string_equal(point_of(p, 2)->name, "two");
}

static void deaf_image_is_noticed(void **state)
{
    struct play *p = *state;

    play_to_second(p);
    play_boot(p, "go 2 reset\n");
    play_failure(p, "1..3\n# running 1 one", "does not receive");
    assert_int_equal(point_of(p, 1)->verdict, VERDICT_PASSED);
    assert_int_equal(point_of(p, 2)->verdict, VERDICT_FAILED);
}

static void second_result_is_not_taken(void **state)
{
    struct play *p = *state;

    play_to_second(p);
    play_failure(p, "not ok 1 - one", "started scenario 1 again");
    assert_int_equal(point_of(p, 1)->verdict, VERDICT_PASSED);
}

static void lost_result_makes_the_run_incomplete(void **state)
{
    struct play *p = *state;

    play_to_second(p);
    play(p, "# running 3 three\nok 3 - three\n# end");
    assert_int_equal(dialogue_ended(&p->dialogue, "with status 0"), DIALOGUE_DONE);
    run_finish(p->run);
    assert_string_equal(p->run->incomplete, "1 of 3 scenarios have no result");
}

static void end_is_not_needed_when_all_is_said(void **state)
{
    struct play *p = *state;

    play_to_second(p);
    play(p, "ok 2 - two\n# running 3 three\nok 3 - three");
    assert_int_equal(dialogue_ended(&p->dialogue, "with status 0"), DIALOGUE_DONE);
    run_finish(p->run);
    assert_null(p->run->incomplete);
}

static void machine_that_stays_or_resets_at_the_end_is_noted(void **state)
{
    struct play *p = *state;

    play_to_second(p);
    play(p, "ok 2 - two\nok 3 - three\n# end");
    assert_int_equal(dialogue_silent(&p->dialogue, "10 s"), DIALOGUE_DONE);
    play(p, "TAP version 14");
    assert_int_equal(p->step, DIALOGUE_DONE);
    assert_int_equal(p->run->notes.count, 2);
}

static void image_without_answers_goes_on_alone(void **state)
{
    struct play *p = *state;

    play(p, "1..1\n# running 1 one\nok 1 - one\n# end");
    assert_int_equal(dialogue_ended(&p->dialogue, "with status 0"), DIALOGUE_DONE);
    assert_int_equal(p->run->point_count, 1);
}

static void bad_plans_fail(void **state)
{
    struct play *p = *state;

    play_boot(p, "go 1 start\n");
    play_failure(p, "1..0", "1 to 4096");
}

static void too_large_plan_fails(void **state)
{
    play_failure(*state, "1..4097", "1 to 4096");
}

static void changed_plan_fails(void **state)
{
    play_failure(*state, "1..3\n1..3\n1..4", "changed from 3");
}

static void other_version_fails(void **state)
{
    play_failure(*state, "TAP version 14\n# vpsci-check 1", "version 1");
}

static void image_that_gives_up_fails(void **state)
{
    play_failure(*state, "Bail out! no CPUs", "no CPUs");
}

/* With no plan there is no last scenario; the numbers still end somewhere. */
static void numbers_are_bounded_without_a_plan(void **state)
{
    struct play *p = *state;

    play(p, "ok 4097 - far\n# running 4096 last\nok 4096 - last");
    assert_int_equal(p->run->point_count, 4096);
    play_boot(p, "go 4097 start\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, play_begin, play_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whole_run_is_recorded),
        TEST(families_are_taken_from_the_image),
        TEST(lost_answer_is_sent_again),
        TEST(noise_is_ignored),
        TEST(point_before_plan_must_be_in_it),
        TEST(scenario_that_runs_before_the_plan_must_be_in_it),
        TEST(still_running_is_a_line_of_ours),
        TEST(cut_line_is_header_or_noise),
        TEST(reset_gives_the_log_back_once),
        TEST(end_restarts_and_gives_the_log_back),
        TEST(hang_restarts_without_the_log),
        TEST(longest_log_fits_and_longer_is_none),
        TEST(fresh_machine_is_given),
        TEST(reset_between_scenarios_goes_on_with_the_next),
        TEST(end_before_the_plan_starts_anew),
        TEST(fourth_boot_for_a_scenario_fails),
        TEST(image_that_boots_alone_again_and_again_fails),
        TEST(machine_that_never_was_ready_fails),
        TEST(machine_that_does_not_come_back_fails_its_scenario),
        TEST(deaf_image_is_noticed),
        TEST(second_result_is_not_taken),
        TEST(lost_result_makes_the_run_incomplete),
        TEST(end_is_not_needed_when_all_is_said),
        TEST(machine_that_stays_or_resets_at_the_end_is_noted),
        TEST(image_without_answers_goes_on_alone),
        TEST(bad_plans_fail),
        TEST(too_large_plan_fails),
        TEST(changed_plan_fails),
        TEST(other_version_fails),
        TEST(image_that_gives_up_fails),
        TEST(numbers_are_bounded_without_a_plan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
