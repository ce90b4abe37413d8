/* SPDX-License-Identifier: BSD-2-Clause */
/** What came of runs: the model between those that read and those that write. All text in it is
 * clean (words.h), and its amount is bounded whatever a machine prints. */
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

/** A scenario's result. Texts that were not said are NULL. */
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
    struct facts notes; /**< what whoever ran it has to say; the keys are empty */
    bool has_plan;
    unsigned planned; /**< scenarios, 1 to POINT_MAX, with a plan */
    struct point
        *points; /**< scenario K is points[K - 1]; those without a result have no verdict */
    unsigned point_count; /**< up to the last one that has a result */
    char *incomplete;     /**< why the run was not completed; NULL: it was */
};

struct results {
    struct run *runs;
    size_t count;
};

struct counts {
    unsigned of[VERDICT_COUNT]; /**< by verdict; none: those of the plan that were not run */
    unsigned all;
};

/** Sets a text of the model to a clean copy; one that was there goes. */
void results_set(char **text, const char *bytes, size_t length);
/** Adds a fact, unless the same is there, or too many are. */
void facts_add(struct facts *facts, size_t most, const char *key, size_t key_length,
               const char *value);

/** The result of scenario `number`, which the caller has seen to be in 1 to POINT_MAX. A verdict
 * that was there is overwritten. */
struct point *run_point(struct run *run, unsigned number, enum verdict verdict, const char *name,
                        size_t name_length);
/** The verdict of a scenario; none also for one outside of the run. */
enum verdict run_verdict(const struct run *run, unsigned number);
void run_note(struct run *run, const char *note);
/** The run was not completed, for this reason; the first one counts. */
void run_stop(struct run *run, const char *why);
/** To be called when nothing more comes: a plan that was not kept makes the run incomplete. */
void run_finish(struct run *run);
struct counts run_count(const struct run *run);
/** How often the point failed, where that is known and its message does not say it; else NULL. */
const char *point_often(const struct point *point);
/** Of this verdict: "passed", "failed", "skipped", "not run". */
const char *verdict_text(enum verdict verdict);
/** "N scenarios: N passed, N failed, N skipped" or "no scenario was run"; with the newline. */
void counts_print(FILE *file, const struct counts *counts);
void run_free(struct run *run);

/** A new, empty run; NULL: there are RUN_MAX. Pointers to runs are no longer valid. */
struct run *results_add(struct results *results);
/** Makes the names of the runs differ. */
void results_name(struct results *results);
struct counts results_count(const struct results *results);
/** 0: all passed, 1: some scenario failed, 3: some run was not completed. */
int results_status(const struct results *results);
void results_free(struct results *results);

#endif
