/* SPDX-License-Identifier: BSD-2-Clause */
/** What the image and whoever runs it say to each other over the serial line: a state machine that
 * is fed lines and events and says what to do. Knows of no processes and no clock. */
#ifndef TOOL_DIALOGUE_H
#define TOOL_DIALOGUE_H

#include <stdbool.h>

#include "../protocol.h"
#include "results.h"
#include "tap_line.h"

enum {
    DIALOGUE_LOG_MAX = 1000, /**< hexadecimal digits of a scenario's log */
    DIALOGUE_BOOTS = 3       /**< for one scenario, at most: answered, or gone on alone */
};

/** What is to be done. */
enum dialogue_step {
    DIALOGUE_GO_ON,
    DIALOGUE_ANSWER,  /**< send `answer` to the image, now */
    DIALOGUE_RESTART, /**< start the command again; end it before that if it runs */
    DIALOGUE_DONE,    /**< all is said; end the command if it runs */
    DIALOGUE_FAILED   /**< the run cannot go on, `run->incomplete` says why; end the command */
};

/** What is waited for: each has a time limit, which the caller keeps. */
enum dialogue_phase {
    DIALOGUE_BOOTING, /**< "# ready", since the command was started or the machine was reset */
    DIALOGUE_RUNNING, /**< that something is printed */
    DIALOGUE_ENDING   /**< that the command ends */
};

struct dialogue {
    struct run *run;
    struct collector collector;
    enum dialogue_phase phase;
    enum protocol_how cause; /**< why the image boots, or will */
    unsigned scenario;       /**< that runs, or is to run next: the answer is about it */
    bool begun;              /**< it runs */
    char *name;              /**< of the one that runs */
    char log[DIALOGUE_LOG_MAX + 1];
    bool has_log;
    unsigned char boots[POINT_MAX + 2]; /**< by scenario; also the one behind the last */
    char answer[DIALOGUE_LOG_MAX + 64]; /**< a line with its newline */
    unsigned settled;                   /**< results up to here are complete: of scenario numbers */
};

void dialogue_start(struct dialogue *dialogue, struct run *run);
/** A line was printed; `cut`: its beginning is lost. `*ours` is set if it is one of the protocol.
 */
enum dialogue_step dialogue_line(struct dialogue *dialogue, const char *line, bool cut, bool *ours);
/** The command ended by itself; `how`: "with status 1". */
enum dialogue_step dialogue_ended(struct dialogue *dialogue, const char *how);
/** The time limit of the phase is over; `limit` says which in words: "60 s". */
enum dialogue_step dialogue_silent(struct dialogue *dialogue, const char *limit);
/** Whoever runs it ends it here. A scenario that is running has no result then. */
void dialogue_stop(struct dialogue *dialogue, const char *why);
void dialogue_free(struct dialogue *dialogue);

#endif
