/* SPDX-License-Identifier: BSD-2-Clause */
/** The conversation with the image over the serial line, as a state machine: lines and events go
 * in, and it returns what to do next. It knows no processes and no clock. */
#ifndef TOOL_DIALOGUE_H
#define TOOL_DIALOGUE_H

#include <stdbool.h>

#include "../protocol.h"
#include "results.h"
#include "tap_line.h"

enum {
    DIALOGUE_LOG_MAX = 1000, /**< hexadecimal digits of a scenario's log */
    DIALOGUE_BOOTS = 3       /**< at most, for one scenario, whether answered or not */
};

/** What is to be done. */
enum dialogue_step {
    DIALOGUE_GO_ON,
    DIALOGUE_ANSWER,  /**< send `answer` to the image, now */
    DIALOGUE_RESTART, /**< end the command if it runs, and start it again */
    DIALOGUE_DONE,    /**< the run is complete; end the command if it runs */
    DIALOGUE_FAILED   /**< the run cannot continue, `run->incomplete` says why; end the command */
};

/** What the dialogue waits for. Each has a time limit, which the caller enforces. */
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
    unsigned scenario;       /**< the one that runs, or runs next; the answer names it */
    bool begun;              /**< it runs */
    char *name;              /**< of the one that runs */
    char log[DIALOGUE_LOG_MAX + 1];
    bool has_log;
    unsigned char boots[POINT_MAX + 2]; /**< by scenario; also for the number after the last */
    char answer[ANSWER_PIECE + 1];      /**< to send now: all of a line, or a piece of it */
    char line[DIALOGUE_LOG_MAX + 64];   /**< that the pieces are of, with its newline */
    size_t sent;                        /**< bytes of it */
    int repeats;                        /**< of the line, in this boot */
    unsigned settled;                   /**< the results up to this scenario are complete */
};

void dialogue_start(struct dialogue *dialogue, struct run *run);
/** Takes a line that was printed; `cut`: its beginning is lost. Sets `*ours` if it is a line of
 * the protocol. */
enum dialogue_step dialogue_line(struct dialogue *dialogue, const char *line, bool cut, bool *ours);
/** Call this when the command has ended by itself; `how`: "with status 1". */
enum dialogue_step dialogue_ended(struct dialogue *dialogue, const char *how);
/** Call this when the time limit of the phase is over; `limit` is its text: "60 s". */
enum dialogue_step dialogue_silent(struct dialogue *dialogue, const char *limit);
/** Ends the run early. A running scenario then has no result. */
void dialogue_stop(struct dialogue *dialogue, const char *why);
void dialogue_free(struct dialogue *dialogue);

#endif
