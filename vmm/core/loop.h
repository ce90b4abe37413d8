/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The event loop. Every callback runs on the thread that called loop_run(), the main thread. The
 * vCPUs' threads reach it through file descriptors.
 */
#ifndef DORMOUSE_CORE_LOOP_H
#define DORMOUSE_CORE_LOOP_H

#include <stdint.h>

struct loop;
struct loop_source;

/** `events` are the EPOLL* bits that are ready. */
typedef void loop_fn(void *arg, uint32_t events);

/** Makes a loop, or returns NULL with errno set. */
struct loop *loop_create(void);
/** Every source must have been removed. */
void loop_destroy(struct loop *loop);

/**
 * Watches `fd` for `events` (EPOLLIN, EPOLLOUT, with EPOLLET only for edges; 0 watches for nothing
 * until loop_watch()). The caller keeps the descriptor and must call loop_remove() before closing
 * it. Main thread only. Returns NULL with errno set; EPERM: a regular file, which is always ready
 * and cannot be watched.
 */
struct loop_source *loop_add(struct loop *loop, int fd, uint32_t events, loop_fn *fn, void *arg);

/**
 * Changes what is watched; hang-ups and errors are reported for all but 0. Any thread, while no
 * thread removes the source.
 */
void loop_watch(struct loop_source *source, uint32_t events);

/** Ends the watch, also within the source's own callback. Main thread only. NULL is ignored. */
void loop_remove(struct loop_source *source);

/**
 * Calls loop_remove() and closes the descriptor. A negative one, which was never opened, is
 * ignored.
 */
void loop_close(struct loop_source *source, int fd);

/** Dispatches until loop_stop(). Returns 0, or -errno if epoll itself fails. */
int loop_run(struct loop *loop);

/**
 * Ends loop_run() after the current callback; outside of one, ends the next loop_run() at once.
 * Main thread only.
 */
void loop_stop(struct loop *loop);

#endif
