/* SPDX-License-Identifier: BSD-2-Clause */
/** The results of runs: the model between readers and writers. All text in it is clean
 * (words.h), and its amount is bounded, whatever a machine prints. */
#ifndef TOOL_RESULTS_H
#define TOOL_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
    POINT_MAX = 4096, /**< scenarios of a run */
    FACT_MAX = 64,    /**< of a kind, of a run */
    CHARACTERISTIC_MAX = 32,
    RUN_MAX = 256
};

enum verdict { VERDICT_NONE, VERDICT_PASSED, VERDICT_FAILED, VERDICT_SKIPPED, VERDICT_COUNT };

struct fact {
    char *key;
    char *value;
};

struct facts {
    struct fact *list;
    size_t count;
};

/** The result of a scenario. Missing texts are NULL. */
struct point {
    enum verdict verdict;
    char *name;
    char *family; /**< NULL: not said */
    char *reason; /**< of a skip */
    char *message;
    char *clause;
    char *severity;
    char *consequence;
    char *often; /**< "F of R" rounds failed */
    struct facts characteristics;
};

struct run {
    char *name;
    char *date;
    char *command;
    struct facts machine;
    struct facts server;
    struct facts notes; /**< remarks of vpsci-check; the keys are empty */
    bool has_plan;
    unsigned planned; /**< scenarios, 1 to POINT_MAX, with a plan */
    struct point
        *points; /**< scenario K is points[K - 1]; those without a result have no verdict */
    unsigned point_count; /**< up to the last one that has a result */
    char *incomplete;     /**< why the run is incomplete; NULL: it is complete */
};

struct results {
    struct run *runs;
    size_t count;
};

struct counts {
    unsigned of[VERDICT_COUNT]; /**< by verdict; none: those of the plan that were not run */
    unsigned all;
};

/** Sets a text of the model to a clean copy, and frees the old text. */
void results_set(char **text, const char *bytes, size_t length);
/** Adds a fact, unless it is there already, or there are too many. */
void facts_add(struct facts *facts, size_t most, const char *key, size_t key_length,
               const char *value);

/** Sets the result of scenario `number`, which must be in 1 to POINT_MAX. Overwrites an earlier
 * verdict. */
struct point *run_point(struct run *run, unsigned number, enum verdict verdict, const char *name,
                        size_t name_length);
/** Returns the verdict of a scenario, and VERDICT_NONE for one outside the run. */
enum verdict run_verdict(const struct run *run, unsigned number);
void run_note(struct run *run, const char *note);
/** Marks the run incomplete, for this reason. The first reason counts. */
void run_stop(struct run *run, const char *why);
/** Call this at the end: a run whose plan was not kept is incomplete. */
void run_finish(struct run *run);
struct counts run_count(const struct run *run);
/** Returns how often the point failed, or NULL if that is unknown or its message says it. */
const char *point_often(const struct point *point);
/** Returns "passed", "failed", "skipped" or "not run". */
const char *verdict_text(enum verdict verdict);
/** "N scenarios: N passed, N failed, N skipped" or "no scenario was run"; with the newline. */
void counts_print(FILE *file, const struct counts *counts);
void run_free(struct run *run);

/** Adds an empty run; returns NULL if there are RUN_MAX. Invalidates pointers to runs. */
struct run *results_add(struct results *results);
/** Gives each run a different name. */
void results_name(struct results *results);
struct counts results_count(const struct results *results);
/** Returns 0 if all passed, 1 if a scenario failed, 3 if a run is incomplete. */
int results_status(const struct results *results);
void results_free(struct results *results);

#endif
