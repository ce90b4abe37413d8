/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Writes the results of scenarios in the Test Anything Protocol, version 14. Needs no C library:
 * lines go to the caller's function.
 */
#ifndef SCENARIOS_TAP_H
#define SCENARIOS_TAP_H

#include "scenario.h"

struct tap {
    /** Takes a line, without its end. */
    void (*line)(void *context, const char *line);
    void *context;
    const char *indent; /**< of a subtest's lines */
    const char *family; /**< of the last scenario, NULL at the beginning of a document */
    /** Output: the counts of everything that was reported. */
    uint32_t passed;
    uint32_t failed;
    uint32_t skipped;
};

void tap_version(const struct tap *tap);
void tap_plan(const struct tap *tap, uint32_t count);
/** A line of up to three pieces. */
void tap_say(const struct tap *tap, const char *a, const char *b, const char *c);
/** Writes "ok 7 - name", and what follows it. */
void tap_point(const struct tap *tap, bool ok, uint32_t number, const char *name,
               const char *directive, const char *reason);
/** Writes the family of a scenario that is about to run, unless the last one was in the same
 * family. */
void tap_family(struct tap *tap, const struct scenario *scenario);
/** Writes the point of a scenario, with a block if it failed, and then the characteristics. */
void tap_report(struct tap *tap, const struct scenario *scenario, const struct trial *t,
                uint32_t number);
/** A remark: "# passed ..." */
void tap_total(const struct tap *tap);

#endif
