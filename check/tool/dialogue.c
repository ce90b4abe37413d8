/* SPDX-License-Identifier: BSD-2-Clause */
#include "dialogue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"

void dialogue_start(struct dialogue *dialogue, struct run *run)
{
    *dialogue = (struct dialogue){.run = run, .scenario = 1, .collector = {.run = run}};
}

void dialogue_free(struct dialogue *dialogue)
{
    free(dialogue->name);
}

/* No more details of the last point will come. */
static void dialogue_settle(struct dialogue *dialogue)
{
    if (dialogue->collector.last > dialogue->settled) {
        dialogue->settled = dialogue->collector.last;
    }
    collect_settle(&dialogue->collector);
}

static bool all_have_run(const struct dialogue *dialogue)
{
    const struct run *run = dialogue->run;

    return run->has_plan && !dialogue->begun && dialogue->scenario > run->planned;
}

static enum dialogue_step dialogue_done(struct dialogue *dialogue)
{
    dialogue_settle(dialogue);
    return DIALOGUE_DONE;
}

/* The result that the image would have printed for the scenario, if it had returned. */
static void fail_scenario(struct dialogue *dialogue)
{
    static const char *const messages[] = {
        [HOW_START] = "the run ended while it was running",
        [HOW_RESET] = "the machine was reset while it was running, and did not come back",
        [HOW_OFF] = "the machine ended while it was running, and did not come back",
        [HOW_HANG] = "the machine printed nothing more",
    };
    const char *message = messages[dialogue->cause];
    struct point *point;

    if (!dialogue->begun || run_verdict(dialogue->run, dialogue->scenario) != VERDICT_NONE) {
        return;
    }
    point = run_point(dialogue->run, dialogue->scenario, VERDICT_FAILED, dialogue->name,
                      strlen(dialogue->name));
    results_set(&point->message, message, strlen(message));
    collect_family(&dialogue->collector, point);
    dialogue->settled = dialogue->scenario;
    dialogue->begun = false;
}

static enum dialogue_step dialogue_fail(struct dialogue *dialogue, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum dialogue_step dialogue_fail(struct dialogue *dialogue, const char *format, ...)
{
    char why[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    dialogue_settle(dialogue);
    run_stop(dialogue->run, why);
    if (dialogue->cause != HOW_START) {
        fail_scenario(dialogue);
    }
    return DIALOGUE_FAILED;
}

void dialogue_stop(struct dialogue *dialogue, const char *why)
{
    dialogue_settle(dialogue);
    run_stop(dialogue->run, why);
}

/* The machine starts again, for whatever reason. */
static void dialogue_boot(struct dialogue *dialogue, enum protocol_how cause)
{
    dialogue_settle(dialogue);
    dialogue->phase = DIALOGUE_BOOTING;
    dialogue->cause = cause;
}

/* The first lines of a boot show a reset. */
static enum dialogue_step notice_boot(struct dialogue *dialogue)
{
    if (dialogue->phase == DIALOGUE_BOOTING) {
        return DIALOGUE_GO_ON;
    }
    if (dialogue->phase == DIALOGUE_ENDING || all_have_run(dialogue)) {
        run_note(dialogue->run, "the machine was reset at the end, instead of turning off");
        return dialogue_done(dialogue);
    }
    dialogue_boot(dialogue, HOW_RESET);
    return DIALOGUE_GO_ON;
}

/* Gives up a machine that starts again and again at one scenario; returns false then. */
static bool count_boot(struct dialogue *dialogue)
{
    if (dialogue->boots[dialogue->scenario]++ < DIALOGUE_BOOTS) {
        return true;
    }
    (void)dialogue_fail(dialogue, "the machine started for the %dth time at scenario %u%s%s",
                        DIALOGUE_BOOTS + 1, dialogue->scenario, dialogue->begun ? ", " : "",
                        dialogue->begun ? dialogue->name : "");
    return false;
}

/* An image that did not print "# ready", or whose line got lost, continues alone. @return as
 * count_boot(). */
static bool note_running(struct dialogue *dialogue)
{
    if (dialogue->phase == DIALOGUE_BOOTING && !count_boot(dialogue)) {
        return false;
    }
    dialogue->phase = DIALOGUE_RUNNING;
    return true;
}

/* Sends the next piece of the line, if there is one. */
static enum dialogue_step send_piece(struct dialogue *dialogue)
{
    const char *rest = dialogue->line + dialogue->sent;

    if (*rest == '\0') {
        return DIALOGUE_GO_ON;
    }
    (void)snprintf(dialogue->answer, sizeof(dialogue->answer), "%s", rest);
    dialogue->sent += strlen(dialogue->answer);
    return DIALOGUE_ANSWER;
}

/* A piece was lost: another serial port of the monitor had taken it, for example. */
static enum dialogue_step send_again(struct dialogue *dialogue)
{
    if (dialogue->repeats++ >= ANSWER_REPEATS) {
        return DIALOGUE_GO_ON;
    }
    dialogue->sent = 0;
    return send_piece(dialogue);
}

static enum dialogue_step on_ready(struct dialogue *dialogue)
{
    unsigned scenario = dialogue->scenario;
    enum dialogue_step step = notice_boot(dialogue);

    if (step != DIALOGUE_GO_ON) {
        return step;
    }
    enum protocol_how how = dialogue->cause;
    bool with_log = dialogue->begun && dialogue->has_log && dialogue->cause != HOW_HANG;
    if (!count_boot(dialogue)) {
        return DIALOGUE_FAILED;
    }
    if (!dialogue->begun) {
        how = dialogue->run->has_plan ? HOW_AGAIN : HOW_START;
    }
    (void)snprintf(dialogue->line, sizeof(dialogue->line), ANSWER_GO " %u %s%s%s\n", scenario,
                   protocol_how_word(how), with_log ? " " : "", with_log ? dialogue->log : "");
    dialogue->has_log = false; /* Once handed back it does not belong to a later end. */
    dialogue->phase = DIALOGUE_RUNNING;
    dialogue->sent = 0;
    dialogue->repeats = 0;
    return send_piece(dialogue);
}

/* The image runs a scenario that was done: it started from the beginning. */
static enum dialogue_step began_again(struct dialogue *dialogue, unsigned number)
{
    return dialogue_fail(
        dialogue,
        "the image started scenario %u again: it does not receive the answers to '# ready'; "
        "is the command's standard input connected to the machine's serial line?",
        number);
}

static bool is_in_plan(const struct dialogue *dialogue, unsigned number)
{
    return number >= 1 &&
           number <= (dialogue->run->has_plan ? dialogue->run->planned : (unsigned)POINT_MAX);
}

/* Before the plan, firmware may print "ok 1": only the scenario that runs can have a result then.
 */
static bool can_have_result(const struct dialogue *dialogue, unsigned number)
{
    return is_in_plan(dialogue, number) &&
           (dialogue->run->has_plan || (dialogue->begun && number == dialogue->scenario));
}

static enum dialogue_step on_plan(struct dialogue *dialogue, unsigned count)
{
    struct run *run = dialogue->run;

    if (count < 1 || count > POINT_MAX) {
        return dialogue_fail(dialogue,
                             count == 0
                                 ? "the image plans %u scenarios (1 to %d are possible): its "
                                   "scenarios= selects none"
                                 : "the image plans %u scenarios; 1 to %d are possible",
                             count, POINT_MAX);
    }
    if (run->has_plan && run->planned != count) {
        return dialogue_fail(dialogue, "the image's plan changed from %u scenarios to %u",
                             run->planned, count);
    }
    unsigned last = dialogue->begun && dialogue->scenario > run->point_count ? dialogue->scenario
                                                                             : run->point_count;
    if (count < last) {
        return dialogue_fail(dialogue, "the image plans %u scenarios, after scenario %u", count,
                             last);
    }
    run->has_plan = true;
    run->planned = count;
    return note_running(dialogue) ? DIALOGUE_GO_ON : DIALOGUE_FAILED;
}

static enum dialogue_step on_running(struct dialogue *dialogue, unsigned number, const char *name)
{
    dialogue_settle(dialogue);
    if (run_verdict(dialogue->run, number) != VERDICT_NONE) {
        return began_again(dialogue, number);
    }
    if (!note_running(dialogue)) {
        return DIALOGUE_FAILED;
    }
    if (number != dialogue->scenario) {
        dialogue->has_log = false;
    }
    dialogue->scenario = number;
    dialogue->begun = true;
    dialogue->cause = HOW_START;
    results_set(&dialogue->name, name, strlen(name));
    return DIALOGUE_GO_ON;
}

static enum dialogue_step on_point(struct dialogue *dialogue, const struct tap_point *point)
{
    dialogue_settle(dialogue);
    if (run_verdict(dialogue->run, point->number) != VERDICT_NONE) {
        return began_again(dialogue, point->number);
    }
    if (!note_running(dialogue)) {
        return DIALOGUE_FAILED;
    }
    collect_point(&dialogue->collector, point->number, point);
    dialogue->scenario = point->number + 1;
    dialogue->begun = false;
    dialogue->has_log = false;
    return DIALOGUE_GO_ON;
}

static void on_fresh(struct dialogue *dialogue, unsigned number)
{
    dialogue_settle(dialogue);
    if (run_verdict(dialogue->run, number) == VERDICT_NONE) {
        dialogue->scenario = number;
        dialogue->begun = false;
        dialogue->has_log = false;
    }
}

static void on_log(struct dialogue *dialogue, unsigned number, const char *digits)
{
    size_t length = strlen(digits);

    if (number == dialogue->scenario && dialogue->begun && length > 0 &&
        length <= DIALOGUE_LOG_MAX && strspn(digits, "0123456789abcdefABCDEF") == length) {
        memcpy(dialogue->log, digits, length + 1);
        dialogue->has_log = true;
    }
}

/* "WORD K" or "WORD K REST", with a possible K. */
static bool take_numbered(const struct dialogue *dialogue, const char *line, const char *word,
                          unsigned *number, const char **rest)
{
    const char *text = tap_after(line, word);

    if (text == NULL || !tap_number(&text, number) || !is_in_plan(dialogue, *number) ||
        (*text != ' ' && *text != '\0')) {
        return false;
    }
    *rest = text + strspn(text, " ");
    return true;
}

/* Lines about scenarios; sets `*ours` to whether this is one. */
static enum dialogue_step take_result(struct dialogue *dialogue, const char *line, bool *ours)
{
    struct tap_point point;
    unsigned number;
    const char *rest;

    *ours = true;
    if (take_numbered(dialogue, line, SAY_RUNNING, &number, &rest)) {
        return on_running(dialogue, number, rest);
    }
    if (tap_point_parse(line, &point) && can_have_result(dialogue, point.number)) {
        return on_point(dialogue, &point);
    }
    if (tap_plan_parse(line, &number)) {
        return on_plan(dialogue, number);
    }
    if (take_numbered(dialogue, line, SAY_FRESH, &number, &rest)) {
        on_fresh(dialogue, number);
        return DIALOGUE_GO_ON;
    }
    if (take_numbered(dialogue, line, SAY_LOG, &number, &rest)) {
        on_log(dialogue, number, rest);
        return DIALOGUE_GO_ON;
    }
    *ours = collect_detail(&dialogue->collector, line);
    return DIALOGUE_GO_ON;
}

/* Returns the text behind the last occurrence of the words in the line; noise may be before
 * them. */
static const char *find_last(const char *line, const char *words)
{
    const char *found = NULL;

    for (const char *at = strstr(line, words); at != NULL; at = strstr(at + 1, words)) {
        found = at + strlen(words);
    }
    return found;
}

/* The two lines with which every boot begins. */
static enum dialogue_step take_header(struct dialogue *dialogue, const char *line, bool *ours)
{
    const char *tap = find_last(line, SAY_TAP);
    const char *image = find_last(line, SAY_IMAGE);
    unsigned version;

    *ours = true;
    if (tap != NULL && *tap == '\0') {
        return notice_boot(dialogue);
    }
    if (image == NULL || !tap_number(&image, &version) || *image != '\0') {
        *ours = false;
        return DIALOGUE_GO_ON;
    }
    if (version != PROTOCOL_VERSION) {
        return dialogue_fail(
            dialogue,
            "the image speaks version %u of the protocol, vpsci-check version %d; take "
            "both from the same release",
            version, PROTOCOL_VERSION);
    }
    return notice_boot(dialogue);
}

static enum dialogue_step take_frame(struct dialogue *dialogue, const char *line, bool *ours)
{
    const char *why;

    *ours = true;
    if (strcmp(line, SAY_READY) == 0) {
        return on_ready(dialogue);
    }
    if (strcmp(line, SAY_MORE) == 0) {
        return send_piece(dialogue);
    }
    if (strcmp(line, SAY_AGAIN) == 0) {
        return send_again(dialogue);
    }
    if (strcmp(line, SAY_END) == 0) {
        dialogue_settle(dialogue);
        dialogue->phase = DIALOGUE_ENDING;
        return DIALOGUE_GO_ON;
    }
    if ((why = tap_after(line, SAY_BAIL_OUT)) != NULL) {
        return dialogue_fail(dialogue, "the image stopped:%s", why);
    }
    if (strcmp(line, SAY_STILL) == 0) {
        return DIALOGUE_GO_ON;
    }
    if (tap_after(line, SAY_PASSED) != NULL) {
        dialogue_settle(dialogue);
        return DIALOGUE_GO_ON;
    }
    *ours = collect_facts(&dialogue->collector, line);
    return DIALOGUE_GO_ON;
}

enum dialogue_step dialogue_line(struct dialogue *dialogue, const char *line, bool cut, bool *ours)
{
    enum dialogue_step step = take_header(dialogue, line, ours);

    if (*ours || cut) {
        return step;
    }
    step = take_frame(dialogue, line, ours);
    return *ours ? step : take_result(dialogue, line, ours);
}

enum dialogue_step dialogue_ended(struct dialogue *dialogue, const char *how)
{
    if (dialogue->phase == DIALOGUE_ENDING || all_have_run(dialogue)) {
        return dialogue_done(dialogue);
    }
    if (dialogue->phase == DIALOGUE_BOOTING) {
        return dialogue_fail(
            dialogue,
            "the command ended %s before the image said '# ready': it did not boot the image; "
            "its standard error may say why",
            how);
    }
    dialogue_boot(dialogue, HOW_OFF);
    return DIALOGUE_RESTART;
}

enum dialogue_step dialogue_silent(struct dialogue *dialogue, const char *limit)
{
    if (dialogue->phase == DIALOGUE_ENDING || all_have_run(dialogue)) {
        run_note(dialogue->run, "the machine did not turn off at the end");
        return dialogue_done(dialogue);
    }
    if (dialogue->phase == DIALOGUE_BOOTING) {
        return dialogue_fail(dialogue, "the image did not say '# ready' within %s (--boot-limit)",
                             limit);
    }
    dialogue_boot(dialogue, HOW_HANG);
    return DIALOGUE_RESTART;
}
