/* SPDX-License-Identifier: BSD-2-Clause */
/** The lines of a TAP 14 document, as the image prints them and as they are saved: what each means,
 * and how it becomes part of a run. */
#ifndef TOOL_TAP_LINE_H
#define TOOL_TAP_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "results.h"

/** What is behind a prefix of the line; NULL: it does not begin so. */
const char *tap_after(const char *line, const char *prefix);
/** A decimal number of at most 9 digits, behind which `*text` is then; false: there is none. */
bool tap_number(const char **text, unsigned *number);

struct tap_point {
    enum verdict verdict;
    unsigned number; /**< 0: not said */
    const char *name;
    size_t name_length; /**< with escapes still in it */
    const char *reason; /**< of a skip; else NULL */
};

/** "ok 3 - name # SKIP reason". The pointers are into the line. */
bool tap_point_parse(const char *line, struct tap_point *point);
/** "1..N". */
bool tap_plan_parse(const char *line, unsigned *count);

enum { FAMILY_MAX = 40 };

/** What a run has been told so far. */
struct collector {
    struct run *run;
    unsigned last; /**< the scenario that details belong to; 0: none */
    bool in_block;
    char family[FAMILY_MAX + 1]; /**< of the points that follow; empty: not said */
    size_t characteristics;      /**< of the run */
};

/** Records a point, whose number the caller has found to be good. */
void collect_point(struct collector *collector, unsigned number, const struct tap_point *point);
/** Takes a line that says more about the last point: a line of its YAML block, a characteristic,
 * how often it failed. @return whether it was one. */
bool collect_detail(struct collector *collector, const char *line);
/** Gives a point the family that the run was told last. */
void collect_family(const struct collector *collector, struct point *point);
/** Takes facts about the machine or the server, and the family of what follows. @return whether the line had any. */
bool collect_facts(struct collector *collector, const char *line);
/** Details no longer belong to a point. */
void collect_settle(struct collector *collector);

#endif
