/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The view that scenarios have of the machine that the image runs on (scenario.h), with a memory
 * that goes beyond a reset: what was seen is kept in the journal, and seen once more by the next
 * boot.
 */
#ifndef IMAGE_VIEW_H
#define IMAGE_VIEW_H

#include "../scenarios/engine/scenario.h"
#include "journal.h"

struct image_view {
    struct view view; /* for trial_run() */
    struct journal journal;
    /* This is the boot after a call that ended the machine: what leads to it is in the journal. */
    bool resumes;
    bool was_reset; /* by that call; else the machine was off in between */
    /* Nobody starts the machine again by itself: where a reset was asked for, off is as good. */
    bool resets_end;
    bool ended; /* its own, as `end` is */
    struct end end;
    /*
     * Called before a call that is to end the machine: what the journal holds has to be kept for
     * the next boot. NULL, or why it cannot be, and then the call is not made.
     */
    const char *(*keep)(struct image_view *view);
    const char *why_not; /* what keep() said */
};

/* For a scenario of which the journal may know something already. */
void image_view_open(struct image_view *view, const struct machine *machine);
/* Nothing was seen, and nothing has ended. */
void image_view_forget(struct image_view *view);

#endif
