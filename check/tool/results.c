/* SPDX-License-Identifier: BSD-2-Clause */
#include "results.h"

#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "words.h"

void results_set(char **text, const char *bytes, size_t length)
{
    free(*text);
    *text = words_clean(bytes, length);
}

static bool has_fact(const struct facts *facts, const char *key, const char *value)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->list[i].key, key) == 0 && strcmp(facts->list[i].value, value) == 0) {
            return true;
        }
    }
    return false;
}

void facts_add(struct facts *facts, size_t most, const char *key, size_t key_length,
               const char *value)
{
    struct fact fact = {.key = words_clean(key, key_length),
                        .value = words_clean(value, strlen(value))};

    if (facts->count >= most || has_fact(facts, fact.key, fact.value)) {
        free(fact.key);
        free(fact.value);
        return;
    }
    facts->list = must_resize(facts->list, facts->count + 1, sizeof(fact));
    facts->list[facts->count++] = fact;
}

static void facts_free(struct facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        free(facts->list[i].key);
        free(facts->list[i].value);
    }
    free(facts->list);
}

struct point *run_point(struct run *run, unsigned number, enum verdict verdict, const char *name,
                        size_t name_length)
{
    if (number > run->point_count) {
        run->points = must_resize(run->points, number, sizeof(*run->points));
        memset(run->points + run->point_count, 0,
               (number - run->point_count) * sizeof(*run->points));
        run->point_count = number;
    }
    struct point *point = &run->points[number - 1];
    point->verdict = verdict;
    results_set(&point->name, name, name_length);
    return point;
}

enum verdict run_verdict(const struct run *run, unsigned number)
{
    return number >= 1 && number <= run->point_count ? run->points[number - 1].verdict
                                                     : VERDICT_NONE;
}

void run_note(struct run *run, const char *note)
{
    facts_add(&run->notes, FACT_MAX, "", 0, note);
}

void run_stop(struct run *run, const char *why)
{
    if (run->incomplete == NULL) {
        results_set(&run->incomplete, why, strlen(why));
    }
}

void run_finish(struct run *run)
{
    unsigned missing = run_count(run).of[VERDICT_NONE];

    if (!run->has_plan) {
        run_stop(run, "there is no plan: how many scenarios there are was not said");
    } else if (missing > 0) {
        char *why = must_format("%u of %u scenarios have no result", missing, run->planned);

        run_stop(run, why);
        free(why);
    }
}

struct counts run_count(const struct run *run)
{
    unsigned last =
        run->has_plan && run->planned > run->point_count ? run->planned : run->point_count;
    struct counts counts = {.all = last};

    for (unsigned number = 1; number <= last; number++) {
        counts.of[run_verdict(run, number)]++;
    }
    return counts;
}

const char *point_often(const struct point *point)
{
    bool is_said = point->often != NULL && point->message != NULL &&
                   strstr(point->message, point->often) != NULL;

    return is_said ? NULL : point->often;
}

const char *verdict_text(enum verdict verdict)
{
    static const char *const texts[VERDICT_COUNT] = {"not run", "passed", "failed", "skipped"};

    return texts[verdict];
}

void counts_print(FILE *file, const struct counts *counts)
{
    if (counts->all == 0) {
        (void)fputs("no scenario was run\n", file);
        return;
    }
    (void)fprintf(file, "%u %s: %u passed, %u failed, %u skipped", counts->all,
                  counts->all == 1 ? "scenario" : "scenarios", counts->of[VERDICT_PASSED],
                  counts->of[VERDICT_FAILED], counts->of[VERDICT_SKIPPED]);
    if (counts->of[VERDICT_NONE] > 0) {
        (void)fprintf(file, ", %u not run", counts->of[VERDICT_NONE]);
    }
    (void)fputc('\n', file);
}

static void point_free(struct point *point)
{
    free(point->name);
    free(point->family);
    free(point->reason);
    free(point->message);
    free(point->clause);
    free(point->severity);
    free(point->consequence);
    free(point->often);
    facts_free(&point->characteristics);
}

void run_free(struct run *run)
{
    free(run->name);
    free(run->date);
    free(run->command);
    free(run->incomplete);
    facts_free(&run->machine);
    facts_free(&run->server);
    facts_free(&run->notes);
    for (unsigned i = 0; i < run->point_count; i++) {
        point_free(&run->points[i]);
    }
    free(run->points);
}

struct run *results_add(struct results *results)
{
    if (results->count == RUN_MAX) {
        return NULL;
    }
    results->runs = must_resize(results->runs, results->count + 1, sizeof(struct run));
    results->runs[results->count] = (struct run){0};
    return &results->runs[results->count++];
}

static bool name_is_taken(const struct results *results, size_t before, const char *name)
{
    for (size_t i = 0; i < before; i++) {
        if (strcmp(results->runs[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

void results_name(struct results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        struct run *run = &results->runs[i];
        char *name = must_copy(run->name);

        for (unsigned n = 2; name_is_taken(results, i, name); n++) {
            free(name);
            name = must_format("%s (%u)", run->name, n);
        }
        free(run->name);
        run->name = name;
    }
}

struct counts results_count(const struct results *results)
{
    struct counts sum = {0};

    for (size_t i = 0; i < results->count; i++) {
        struct counts counts = run_count(&results->runs[i]);

        for (int verdict = 0; verdict < VERDICT_COUNT; verdict++) {
            sum.of[verdict] += counts.of[verdict];
        }
        sum.all += counts.all;
    }
    return sum;
}

int results_status(const struct results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        if (results->runs[i].incomplete != NULL) {
            return 3;
        }
    }
    return results_count(results).of[VERDICT_FAILED] > 0 ? 1 : 0;
}

void results_free(struct results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        run_free(&results->runs[i]);
    }
    free(results->runs);
    *results = (struct results){0};
}
