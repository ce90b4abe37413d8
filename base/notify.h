/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Tells the service manager that started this process how the service is: the protocol of sd_notify(3),
 * which is a stable interface of systemd. If no service manager has asked for that, all functions do
 * nothing. Main thread only. None of them waits, but for notify_ready() at most a second; after
 * notify_open() none opens anything.
 */
#ifndef DORMOUSE_BASE_NOTIFY_H
#define DORMOUSE_BASE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Connects to the socket that NOTIFY_SOCKET names, and learns from WATCHDOG_USEC how often the service
 * manager wants a sign of life. Both variables are removed, so that no child speaks for this process.
 * Before other threads run. Returns false after report()ing one line: the socket cannot be reached.
 */
bool notify_open(void);
void notify_close(void);

/** Whether a service manager listens. */
bool notify_is_open(void);

/**
 * Sends assignments, each but the last followed by a newline: "READY=1\nSTATUS=asleep". Returns false if
 * the service manager takes nothing now: send it again later. If it has gone, nothing more is sent.
 */
bool notify_send(const char *assignments);

/** The service is ready. Sent once; later calls do nothing. */
void notify_ready(void);

/** After how many nanoseconds without a sign of life this process is taken for dead; 0: never. */
int64_t notify_watchdog_ns(void);

/**
 * A sign of life. It is sent only if a quarter of the watchdog's time has passed since the last one, so
 * long work may call this for each piece.
 */
void notify_alive(void);

/**
 * The service ends, and may take so many microseconds until it has, or until notify_progress() is called
 * again; 0: as the service manager says.
 */
void notify_stop(uint64_t microseconds);

/**
 * For each piece of work that holds the event loop: a sign of life, and, if the service ends, the time of
 * notify_stop() again from now on. That is sent every few seconds.
 */
void notify_progress(void);

#endif
