/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The view (scenario.h) of the machine that the image runs on. Its memory survives a reset: events
 * are kept in the journal, and the next boot sees them once more.
 */
#ifndef IMAGE_VIEW_H
#define IMAGE_VIEW_H

#include "../scenarios/engine/scenario.h"
#include "journal.h"

struct image_view {
    struct view view; /* for trial_run() */
    struct journal journal;
    /* This is the boot after a call that ended the machine; the journal has what led to it. */
    bool resumes;
    bool was_reset; /* by that call; otherwise the machine was off in between */
    /* The machine does not start again by itself after a reset: if it is off, that counts as
     * the reset. */
    bool resets_end;
    bool ended; /* its own, as `end` is */
    struct end end;
    /*
     * Called before a call that is to end the machine, to keep the journal for the next boot.
     * Returns NULL, or why that is impossible; then the call is not made.
     */
    const char *(*keep)(struct image_view *view);
    const char *why_not; /* what keep() said */
};

/* Opens the view for a scenario that the journal may already have events of. */
void image_view_open(struct image_view *view, const struct machine *machine);
/* Forgets all events, and that anything has ended. */
void image_view_forget(struct image_view *view);

#endif
