/* SPDX-License-Identifier: BSD-2-Clause */
/** The view that scenarios have of a system behind an adapter. Needs no C library. */
#ifndef CHECK_VIEW_H
#define CHECK_VIEW_H

#include "adapter.h"

enum { VIEW_CPU_MAX = 64 };

/**
 * Runs body(context, i) for all i below `count` at the same time, and waits for all of them. NULL
 * stands for one after the other.
 */
typedef void (*view_parallel)(void (*body)(void *context, uint32_t i), void *context,
                              uint32_t count);

/** A CPU, as far as the view has to keep it in mind. */
struct view_cpu {
    bool runs;    /* the last that was seen of it is that it runs */
    bool pending; /* an interrupt came meanwhile: it is woken from the next sleep at once */
    bool soon;    /* an interrupt is to come once it sleeps */
    bool noticed; /* `event` was seen, and not yet reported */
    struct event event;
};

struct host_view {
    struct view view; /* for trial_run() */
    const struct adapter *adapter;
    void *system;
    view_parallel parallel;
    uint32_t turn; /* of races without threads */
    uint64_t now;  /* how long was let pass */
    struct view_cpu cpus[VIEW_CPU_MAX];
};

/** False if the adapter has no system to give, or has too many CPUs. */
bool host_view_open(struct host_view *host, const struct adapter *adapter, view_parallel parallel);
void host_view_close(struct host_view *host);

#endif
