/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The event log: one JSON object a line for each thing that happens to the VM. Main thread only.
 *
 * A line is written whole or not at all. If the file takes no more (disk full, a pipe whose reader
 * is slow or gone) the VM continues: one line is report()ed, the events are counted, and once there
 * is room again an `events-lost` event says how many are missing.
 */
#ifndef DORMOUSE_CONTROL_EVENTS_H
#define DORMOUSE_CONTROL_EVENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct events;

/**
 * Opens the log of the VM called `name`, which must outlive it. An existing file is appended to.
 * @param spec  FILE or FILE,max=SIZE: a file that would exceed the limit is renamed to FILE.1
 * @return NULL after report()ing a line
 */
struct events *events_open(const char *spec, const char *name);
/** NULL is ignored, here and below. */
void events_close(struct events *events);

/** The log's path; valid while the log is open. */
const char *events_path(const struct events *events);
/** The descriptor of a log that events_open() has created, or -1 if the file existed. */
int events_created(const struct events *events);
/** Whether the log will be renamed, because it has a limit. */
bool events_have_limit(const struct events *events);

/**
 * Opens the log's path again, after another program has renamed the file.
 * @return false after report()ing a line; the old file stays in use
 */
bool events_reopen(struct events *events);

/**
 * Writes one event. `fields` and what follows are as for jansson's json_pack() of the members of an
 * object, such as "s:i, s:s", "vcpu", 1, "source", "rtc".
 */
void events_emit(struct events *events, const char *event, const char *fields, ...);

/** As events_emit(), but not of NULL, with the members of an object, which it takes over. */
void events_emit_object(struct events *events, const char *event, json_t *members);

#endif
