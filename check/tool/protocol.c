/* SPDX-License-Identifier: BSD-2-Clause */
#include "protocol.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"

void protocol_start(struct protocol *protocol, struct run *run)
{
    *protocol = (struct protocol){.run = run, .scenario = 1, .collector = {.run = run}};
}

void protocol_free(struct protocol *protocol)
{
    free(protocol->name);
}

/* The point that was last is complete. */
static void settle(struct protocol *protocol)
{
    if (protocol->collector.last > protocol->settled) {
        protocol->settled = protocol->collector.last;
    }
    collect_settle(&protocol->collector);
}

static bool all_have_run(const struct protocol *protocol)
{
    const struct run *run = protocol->run;

    return run->has_plan && !protocol->begun && protocol->scenario > run->planned;
}

static enum protocol_step done(struct protocol *protocol)
{
    settle(protocol);
    return PROTOCOL_DONE;
}

/* What the image would have said of the scenario, if it had come back. */
static void fail_scenario(struct protocol *protocol)
{
    static const char *const messages[] = {
        [CAUSE_START] = "the run ended while it was running",
        [CAUSE_RESET] = "the machine was reset while it was running, and did not come back",
        [CAUSE_OFF] = "the machine ended while it was running, and did not come back",
        [CAUSE_HANG] = "nothing was heard of the machine any more",
    };
    const char *message = messages[protocol->cause];
    struct point *point;

    if (!protocol->begun || run_verdict(protocol->run, protocol->scenario) != VERDICT_NONE) {
        return;
    }
    point = run_point(protocol->run, protocol->scenario, VERDICT_FAILED, protocol->name,
                      strlen(protocol->name));
    results_set(&point->message, message, strlen(message));
    protocol->settled = protocol->scenario;
    protocol->begun = false;
}

static enum protocol_step failed(struct protocol *protocol, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum protocol_step failed(struct protocol *protocol, const char *format, ...)
{
    char why[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    settle(protocol);
    run_stop(protocol->run, why);
    if (protocol->cause != CAUSE_START) {
        fail_scenario(protocol);
    }
    return PROTOCOL_FAILED;
}

void protocol_stop(struct protocol *protocol, const char *why)
{
    settle(protocol);
    run_stop(protocol->run, why);
}

/* The machine starts anew, in whatever way. */
static void boot(struct protocol *protocol, enum protocol_cause cause)
{
    settle(protocol);
    protocol->phase = PROTOCOL_BOOTING;
    protocol->cause = cause;
}

/* A reset shows in what the image prints at every boot. */
static enum protocol_step notice_boot(struct protocol *protocol)
{
    if (protocol->phase == PROTOCOL_BOOTING) {
        return PROTOCOL_GO_ON;
    }
    if (protocol->phase == PROTOCOL_ENDING || all_have_run(protocol)) {
        run_note(protocol->run, "at the end the machine was reset; it was to turn off");
        return done(protocol);
    }
    boot(protocol, CAUSE_RESET);
    return PROTOCOL_GO_ON;
}

/* A machine that starts again and again at one scenario is given up; false: it is. */
static bool count_boot(struct protocol *protocol)
{
    if (protocol->boots[protocol->scenario]++ < PROTOCOL_BOOTS) {
        return true;
    }
    (void)failed(protocol, "the machine started for the %dth time at scenario %u%s%s",
                 PROTOCOL_BOOTS + 1, protocol->scenario, protocol->begun ? ", " : "",
                 protocol->begun ? protocol->name : "");
    return false;
}

/* An image that says nothing of being ready, or whose words got lost, goes on alone. @return as
 * count_boot(). */
static bool note_running(struct protocol *protocol)
{
    if (protocol->phase == PROTOCOL_BOOTING && !count_boot(protocol)) {
        return false;
    }
    protocol->phase = PROTOCOL_RUNNING;
    return true;
}

static enum protocol_step on_ready(struct protocol *protocol)
{
    static const char *const causes[] = {"start", "reset", "off", "hang"};
    unsigned scenario = protocol->scenario;
    enum protocol_step step = notice_boot(protocol);

    if (step != PROTOCOL_GO_ON) {
        return step;
    }
    const char *how = causes[protocol->cause];
    bool with_log = protocol->begun && protocol->has_log && protocol->cause != CAUSE_HANG;
    if (!count_boot(protocol)) {
        return PROTOCOL_FAILED;
    }
    if (!protocol->begun) {
        how = protocol->run->has_plan ? "again" : "start";
    }
    (void)snprintf(protocol->answer, sizeof(protocol->answer), "go %u %s%s%s\n", scenario, how,
                   with_log ? " " : "", with_log ? protocol->log : "");
    protocol->has_log = false; /* Once handed back it says nothing about a later end. */
    protocol->phase = PROTOCOL_RUNNING;
    return PROTOCOL_ANSWER;
}

/* The image tells of a scenario that was done: it began anew. */
static enum protocol_step began_again(struct protocol *protocol, unsigned number)
{
    return failed(protocol,
                  "the image went back to scenario %u: it does not hear the answers to '# ready'; "
                  "does the command's standard input reach the machine's serial line?",
                  number);
}

static bool is_in_plan(const struct protocol *protocol, unsigned number)
{
    return number >= 1 &&
           number <= (protocol->run->has_plan ? protocol->run->planned : (unsigned)POINT_MAX);
}

/* Before the plan, firmware may print "ok 1": only the scenario that runs can have a result then.
 */
static bool can_have_result(const struct protocol *protocol, unsigned number)
{
    return is_in_plan(protocol, number) &&
           (protocol->run->has_plan || (protocol->begun && number == protocol->scenario));
}

static enum protocol_step on_plan(struct protocol *protocol, unsigned count)
{
    struct run *run = protocol->run;

    if (count < 1 || count > POINT_MAX) {
        return failed(protocol,
                      count == 0 ? "the image has a plan of %u scenarios (1 to %d can be): its "
                                   "scenarios= names none that it has"
                                 : "the image has a plan of %u scenarios; 1 to %d can be",
                      count, POINT_MAX);
    }
    if (run->has_plan && run->planned != count) {
        return failed(protocol, "the image's plan changed from %u scenarios to %u", run->planned,
                      count);
    }
    unsigned last = protocol->begun && protocol->scenario > run->point_count ? protocol->scenario
                                                                             : run->point_count;
    if (count < last) {
        return failed(protocol, "the image's plan is of %u scenarios, and there was scenario %u",
                      count, last);
    }
    run->has_plan = true;
    run->planned = count;
    return note_running(protocol) ? PROTOCOL_GO_ON : PROTOCOL_FAILED;
}

static enum protocol_step on_running(struct protocol *protocol, unsigned number, const char *name)
{
    settle(protocol);
    if (run_verdict(protocol->run, number) != VERDICT_NONE) {
        return began_again(protocol, number);
    }
    if (!note_running(protocol)) {
        return PROTOCOL_FAILED;
    }
    if (number != protocol->scenario) {
        protocol->has_log = false;
    }
    protocol->scenario = number;
    protocol->begun = true;
    protocol->cause = CAUSE_START;
    results_set(&protocol->name, name, strlen(name));
    return PROTOCOL_GO_ON;
}

static enum protocol_step on_point(struct protocol *protocol, const struct tap_point *point)
{
    settle(protocol);
    if (run_verdict(protocol->run, point->number) != VERDICT_NONE) {
        return began_again(protocol, point->number);
    }
    if (!note_running(protocol)) {
        return PROTOCOL_FAILED;
    }
    collect_point(&protocol->collector, point->number, point);
    protocol->scenario = point->number + 1;
    protocol->begun = false;
    protocol->has_log = false;
    return PROTOCOL_GO_ON;
}

static void on_fresh(struct protocol *protocol, unsigned number)
{
    settle(protocol);
    if (run_verdict(protocol->run, number) == VERDICT_NONE) {
        protocol->scenario = number;
        protocol->begun = false;
        protocol->has_log = false;
    }
}

static void on_log(struct protocol *protocol, unsigned number, const char *digits)
{
    size_t length = strlen(digits);

    if (number == protocol->scenario && protocol->begun && length > 0 &&
        length <= PROTOCOL_LOG_MAX && strspn(digits, "0123456789abcdefABCDEF") == length) {
        memcpy(protocol->log, digits, length + 1);
        protocol->has_log = true;
    }
}

/* "WORD K" or "WORD K REST", with a K that can be. */
static bool take_numbered(const struct protocol *protocol, const char *line, const char *word,
                          unsigned *number, const char **rest)
{
    const char *text = tap_after(line, word);

    if (text == NULL || !tap_number(&text, number) || !is_in_plan(protocol, *number) ||
        (*text != ' ' && *text != '\0')) {
        return false;
    }
    *rest = text + strspn(text, " ");
    return true;
}

/* Lines about the scenarios: `*ours` says whether it was one. */
static enum protocol_step take_result(struct protocol *protocol, const char *line, bool *ours)
{
    struct tap_point point;
    unsigned number;
    const char *rest;

    *ours = true;
    if (take_numbered(protocol, line, "# running ", &number, &rest)) {
        return on_running(protocol, number, rest);
    }
    if (tap_point_parse(line, &point) && can_have_result(protocol, point.number)) {
        return on_point(protocol, &point);
    }
    if (tap_plan_parse(line, &number)) {
        return on_plan(protocol, number);
    }
    if (take_numbered(protocol, line, "# fresh ", &number, &rest)) {
        on_fresh(protocol, number);
        return PROTOCOL_GO_ON;
    }
    if (take_numbered(protocol, line, "# log ", &number, &rest)) {
        on_log(protocol, number, rest);
        return PROTOCOL_GO_ON;
    }
    *ours = collect_detail(&protocol->collector, line);
    return PROTOCOL_GO_ON;
}

/* What is behind the last place where the words are in the line; noise may be before them. */
static const char *find_last(const char *line, const char *words)
{
    const char *found = NULL;

    for (const char *at = strstr(line, words); at != NULL; at = strstr(at + 1, words)) {
        found = at + strlen(words);
    }
    return found;
}

/* The two lines that every boot begins with. */
static enum protocol_step take_header(struct protocol *protocol, const char *line, bool *ours)
{
    const char *tap = find_last(line, "TAP version 14");
    const char *image = find_last(line, "# vpsci-check ");
    unsigned version;

    *ours = true;
    if (tap != NULL && *tap == '\0') {
        return notice_boot(protocol);
    }
    if (image == NULL || !tap_number(&image, &version) || *image != '\0') {
        *ours = false;
        return PROTOCOL_GO_ON;
    }
    if (version != PROTOCOL_VERSION) {
        return failed(protocol,
                      "the image speaks version %u of the protocol, vpsci-check version %d; take "
                      "both from the same release",
                      version, PROTOCOL_VERSION);
    }
    return notice_boot(protocol);
}

static enum protocol_step take_frame(struct protocol *protocol, const char *line, bool *ours)
{
    const char *why;

    *ours = true;
    if (strcmp(line, "# ready") == 0) {
        return on_ready(protocol);
    }
    if (strcmp(line, "# end") == 0) {
        settle(protocol);
        protocol->phase = PROTOCOL_ENDING;
        return PROTOCOL_GO_ON;
    }
    if ((why = tap_after(line, "Bail out!")) != NULL) {
        return failed(protocol, "the image gave up:%s", why);
    }
    if (strcmp(line, "# still running") == 0) {
        return PROTOCOL_GO_ON;
    }
    if (tap_after(line, "# passed ") != NULL) {
        settle(protocol);
        return PROTOCOL_GO_ON;
    }
    *ours = collect_facts(&protocol->collector, line);
    return PROTOCOL_GO_ON;
}

enum protocol_step protocol_line(struct protocol *protocol, const char *line, bool cut, bool *ours)
{
    enum protocol_step step = take_header(protocol, line, ours);

    if (*ours || cut) {
        return step;
    }
    step = take_frame(protocol, line, ours);
    return *ours ? step : take_result(protocol, line, ours);
}

enum protocol_step protocol_ended(struct protocol *protocol, const char *how)
{
    if (protocol->phase == PROTOCOL_ENDING || all_have_run(protocol)) {
        return done(protocol);
    }
    if (protocol->phase == PROTOCOL_BOOTING) {
        return failed(
            protocol,
            "the command ended %s before the image said '# ready': it did not boot the image; "
            "its standard error may say why",
            how);
    }
    boot(protocol, CAUSE_OFF);
    return PROTOCOL_RESTART;
}

enum protocol_step protocol_silent(struct protocol *protocol, const char *limit)
{
    if (protocol->phase == PROTOCOL_ENDING || all_have_run(protocol)) {
        run_note(protocol->run, "at the end the machine did not turn off");
        return done(protocol);
    }
    if (protocol->phase == PROTOCOL_BOOTING) {
        return failed(protocol, "the image did not say '# ready' within %s (--boot-limit)", limit);
    }
    boot(protocol, CAUSE_HANG);
    return PROTOCOL_RESTART;
}
