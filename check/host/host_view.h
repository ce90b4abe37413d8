/* SPDX-License-Identifier: BSD-2-Clause */
/** The view of a system behind an adapter. Needs no C library. */
#ifndef CHECK_VIEW_H
#define CHECK_VIEW_H

#include "adapter.h"

enum { VIEW_CPU_MAX = 64 };

/**
 * Runs body(context, i) for all i below `count` at the same time, and waits for all of them. NULL:
 * one after the other.
 */
typedef void (*view_parallel)(void (*body)(void *context, uint32_t i), void *context,
                              uint32_t count);

/** The state of a CPU in the view. */
struct view_cpu {
    bool runs;    /* by its last event, it runs */
    bool pending; /* an interrupt is pending: it wakes at once from its next sleep */
    bool soon;    /* an interrupt is to come once it sleeps */
    bool noticed; /* `event` has come, and is not yet reported */
    struct event event;
};

struct host_view {
    struct view view; /* for trial_run() */
    const struct adapter *adapter;
    void *system;
    view_parallel parallel;
    uint32_t turn; /* of races without threads */
    uint64_t now;  /* how long was let pass */
    bool trampled; /* a CPU has run over the script's own code: nothing happens any more */
    struct view_cpu cpus[VIEW_CPU_MAX];
};

/** Returns false if the adapter makes no system, or has too many CPUs. */
bool host_view_open(struct host_view *host, const struct adapter *adapter, view_parallel parallel);
void host_view_close(struct host_view *host);

#endif
