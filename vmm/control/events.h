/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event log: one JSON object a line for whatever happens to the VM. Main thread only.
 *
 * A line is written whole or not at all. Where the file takes no more (disk full, a pipe whose
 * reader is slow or gone) the VM goes on: one line is report()ed, the events are counted, and once
 * there is room again an `events-lost` event says how many are missing.
 */
#ifndef DORMOUSE_CONTROL_EVENTS_H
#define DORMOUSE_CONTROL_EVENTS_H

#include <stdint.h>

struct events;

/* The clock of the events: CLOCK_MONOTONIC in nanoseconds. Any thread. */
int64_t events_clock(void);

/* Opens `path` for the VM called `name`; an existing file is emptied. NULL after report()ing a
 * line. */
struct events *events_open(const char *path, const char *name);
/* NULL is ignored. */
void events_close(struct events *events);

/*
 * Writes one event. `fields` and what follows are as for jansson's json_pack() of the members of an
 * object, such as "s:i, s:s", "vcpu", 1, "source", "rtc". Nothing happens where `events` is NULL.
 */
void events_emit(struct events *events, const char *event, const char *fields, ...);

#endif
