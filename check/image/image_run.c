/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_run.h"

#include <stddef.h>

#include "../scenarios/engine/tap.h"
#include "../scenarios/engine/text.h"
#include "args.h"
#include "facts.h"
#include "image_view.h"
#include "link.h"
#include "marker.h"
#include "psci.h"
#include "selection.h"
#include "tidy.h"
#include "watch.h"
#include "watchdog.h"

/* The time limit of a reset, and the factor of patience in a second run. */
enum { RESET_MICROSECONDS = 10000000, PATIENT = 20 };

static struct image_view view;
static struct trial trial;
static struct errand errand;
static char kept[LINK_WORD_SIZE];

/* Whether something ensures that the image continues after the machine ends or is reset. */
static bool goes_on;
/* Whether that is a program on the serial line. */
static bool is_answered;
/* Whether this boot has already run a scenario. */
static bool is_used;
/* When the scenario began, or this boot in the middle of it. */
static uint64_t begun;
/* Whether the whole run was in this boot. */
static bool is_whole;
/* Whether this boot has lost CPUs for good. */
static bool is_broken;

static struct tap tap = {.line = link_tap_line, .indent = ""};

/* ---- Over a reset ------------------------------------------------------------------------- */

__attribute__((noreturn)) static void reset_machine(uint32_t number)
{
    psci_call2(FID32(FN_SYSTEM_RESET), 0, 0);
    watch_pass(RESET_MICROSECONDS);
    link_note("# SYSTEM_RESET does nothing; stopped before ", number, "");
    for (;;) {
        __asm__ volatile("wfi");
    }
}

/* Called before a scenario that cannot run on the state that earlier ones left. */
__attribute__((noreturn)) static void start_again(uint32_t number)
{
    link_note(SAY_FRESH, number, "");
    marker_leave(number, HOW_AGAIN, "");
    reset_machine(number);
}

static const char *keep_journal(struct image_view *of)
{
    if (of->journal.full) {
        return "too much has happened to go on behind a reset";
    }
    journal_write(&of->journal, kept);
    link_note(SAY_LOG, errand.number, kept);
    marker_leave(errand.number, HOW_RESET, kept);
    return NULL;
}

/* ---- One scenario ------------------------------------------------------------------------- */

/* If the states were guessed, a CPU has already slept. */
static bool can_be_fresh(void)
{
    return !facts.states_guessed;
}

/* Scenarios that end the machine need something that remembers. */
static uint32_t view_abilities(void)
{
    const uint32_t with_resets = VIEW_END | VIEW_RESTART | VIEW_EXPENDABLE;

    return (facts.abilities & ~(with_resets | VIEW_FRESH)) | (goes_on ? with_resets : 0) |
           (!is_used && can_be_fresh() ? (unsigned)VIEW_FRESH : 0);
}

static void trial_fail_as(const char *reason)
{
    struct text text;

    trial = (struct trial){.verdict = VERDICT_FAILED};
    text_start(&text, trial.reason, sizeof(trial.reason));
    text_add(&text, reason);
}

static void trial_skip_as(const char *reason)
{
    trial_fail_as(reason);
    trial.verdict = VERDICT_SKIPPED;
}

/* Adds what the run of a scenario shows besides its own verdict. */
static void trial_judge(bool surprise)
{
    if (view.why_not != NULL) {
        trial_skip_as(view.why_not);
    } else if (surprise && trial.verdict == VERDICT_PASSED) {
        trial_fail_as("a CPU that was off has run on, or was started");
    }
}

/* Starts with what the journal holds. Returns whether some of what was seen may be due to lack
 * of patience. */
static bool run_once(const struct scenario *scenario)
{
    bool hasty;
    bool surprise;

    facts.abilities = view_abilities();
    image_view_open(&view, &facts);
    view.keep = keep_journal;
    trial_run(&trial, scenario, &view.view);
    is_used = true;
    hasty = watch_was_hasty();
    surprise = tidy_finds_surprise(&facts);
    image_view_forget(&view);
    is_broken = !tidy_up(&facts, &trial);
    image_view_forget(&view);
    trial_judge(surprise);
    return hasty || watch_was_hasty();
}

/* A failure due to lack of patience, on a slow machine, does not count. */
static void run_scenario(const struct scenario *scenario)
{
    if (run_once(scenario) && trial.verdict == VERDICT_FAILED && !is_broken) {
        link_note(SAY_HASTY, errand.number, "");
        watch_patiently(PATIENT);
        run_once(scenario);
        watch_patiently(1);
    }
}

/* Returns whether the machine must be reset before this scenario can run. */
static bool needs_reset(const struct scenario *scenario)
{
    bool wants_fresh = (scenario->abilities & VIEW_FRESH) != 0;

    return (is_used && wants_fresh && can_be_fresh()) || is_broken;
}

static void run_or_skip(const struct scenario *scenario)
{
    if (needs_reset(scenario) && goes_on) {
        start_again(errand.number);
    }
    if (is_broken && scenario->cpus > 1) {
        trial_skip_as("an earlier scenario has lost a CPU");
        return;
    }
    tap_family(&tap, scenario);
    link_note(SAY_RUNNING, errand.number, scenario->name);
    begun = watch_microseconds();
    if (!is_answered) {
        watchdog_arm(errand.number, goes_on);
    }
    run_scenario(scenario);
}

static void report_trial(const struct scenario *scenario)
{
    tap_family(&tap, scenario);
    tap_report(&tap, scenario, &trial, errand.number);
    link_note(SAY_TOOK, (uint32_t)((watch_microseconds() - begun) / 1000), "ms");
    errand.number++;
}

/* ---- The list ----------------------------------------------------------------------------- */

/* Continues the scenario in the middle of which the machine ended, or fails it. */
static void go_on(void)
{
    static const char *const reasons[] = {
        [HOW_RESET] = "the machine started anew by itself, or a CPU took an exception",
        [HOW_OFF] = "the machine ended by itself",
        [HOW_HANG] = "nothing more came: the machine, or the CPU that runs this, hung",
    };
    const struct scenario *scenario = list_at(errand.number);

    if (errand.how == HOW_START || errand.how == HOW_AGAIN || scenario == NULL) {
        return;
    }
    if (errand.how != HOW_HANG && errand.kept[0] != '\0' &&
        journal_read(&view.journal, errand.kept)) {
        view.resumes = true;
        view.was_reset = errand.how == HOW_RESET;
        view.resets_end = args_is("resets", "end");
        run_scenario(scenario);
    } else {
        journal_clear(&view.journal);
        trial_fail_as(reasons[errand.how]);
    }
    report_trial(scenario);
}

static void find_errand(void)
{
    bool resets = args_is("resets", "yes");
    const char *left = marker_take();

    is_answered = link_ask(&errand);
    if (!is_answered && (!resets || left == NULL || !link_parse(left, &errand))) {
        errand = (struct errand){.number = 1, .how = HOW_START};
    }
    goes_on = is_answered || resets;
}

__attribute__((noreturn)) static void run_power_off(void)
{
    if (is_whole) {
        tap_total(&tap);
    }
    link_line(SAY_END);
    psci_call2(FID32(FN_SYSTEM_OFF), 0, 0);
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void run_main(void)
{
    const struct scenario *scenario;

    begun = watch_microseconds();
    find_errand();
    facts_ask();
    facts_say();
    is_whole = errand.how == HOW_START;
    if (is_whole) {
        tap_plan(&tap, list_count());
    }
    go_on();
    for (scenario = list_at(errand.number); scenario != NULL; scenario = list_at(errand.number)) {
        run_or_skip(scenario);
        report_trial(scenario);
    }
    run_power_off();
}
