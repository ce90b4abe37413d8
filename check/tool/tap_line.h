/* SPDX-License-Identifier: BSD-2-Clause */
/** The lines of a TAP 14 document, as the image prints them and as they are saved: parses them,
 * and adds them to a run. */
#ifndef TOOL_TAP_LINE_H
#define TOOL_TAP_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "results.h"

/** Returns the text behind the prefix, or NULL if the line does not begin with it. */
const char *tap_after(const char *line, const char *prefix);
/** Reads a decimal number of at most 9 digits, and moves `*text` behind it. Returns false if
 * there is none. */
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

/** The state of reading a run. */
struct collector {
    struct run *run;
    unsigned last; /**< the scenario to which details belong; 0: none */
    bool in_block;
    char family[FAMILY_MAX + 1]; /**< of the points that follow; empty: not said */
    size_t characteristics;      /**< of the run */
};

/** Records a point. Its number must be valid. */
void collect_point(struct collector *collector, unsigned number, const struct tap_point *point);
/** Takes a line with details of the last point: a line of its YAML block, a characteristic, how
 * often it failed. @return whether it was such a line. */
bool collect_detail(struct collector *collector, const char *line);
/** Gives a point the family that was last named. */
void collect_family(const struct collector *collector, struct point *point);
/** Takes facts about the machine or the server, or the family of the following points. @return
 * whether the line was one of these. */
bool collect_facts(struct collector *collector, const char *line);
/** Details no longer belong to a point. */
void collect_settle(struct collector *collector);

#endif
