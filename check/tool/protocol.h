/* SPDX-License-Identifier: BSD-2-Clause */
/** What the image and whoever runs it say to each other over the serial line: a state machine that
 * is fed lines and events and says what to do. Knows of no processes and no clock. */
#ifndef TOOL_PROTOCOL_H
#define TOOL_PROTOCOL_H

#include <stdbool.h>

#include "results.h"
#include "tap_line.h"

enum {
    PROTOCOL_VERSION = 1,
    PROTOCOL_LOG_MAX = 1000, /**< hexadecimal digits of a scenario's log */
    PROTOCOL_BOOTS = 3       /**< for one scenario, at most: answered, or gone on alone */
};

/** What is to be done. */
enum protocol_step {
    PROTOCOL_GO_ON,
    PROTOCOL_ANSWER,  /**< send `answer` to the image, now */
    PROTOCOL_RESTART, /**< start the command again; end it before that if it runs */
    PROTOCOL_DONE,    /**< all is said; end the command if it runs */
    PROTOCOL_FAILED   /**< the run cannot go on, `run->incomplete` says why; end the command */
};

/** What is waited for: each has a time limit, which the caller keeps. */
enum protocol_phase {
    PROTOCOL_BOOTING, /**< "# ready", since the command was started or the machine was reset */
    PROTOCOL_RUNNING, /**< that something is printed */
    PROTOCOL_ENDING   /**< that the command ends */
};

enum protocol_cause { CAUSE_START, CAUSE_RESET, CAUSE_OFF, CAUSE_HANG };

struct protocol {
    struct run *run;
    struct collector collector;
    enum protocol_phase phase;
    enum protocol_cause cause; /**< why the image boots, or will */
    unsigned scenario;         /**< that runs, or is to run next: the answer is about it */
    bool begun;                /**< it runs */
    char *name;                /**< of the one that runs */
    char log[PROTOCOL_LOG_MAX + 1];
    bool has_log;
    unsigned char boots[POINT_MAX + 2]; /**< by scenario; also the one behind the last */
    char answer[PROTOCOL_LOG_MAX + 64]; /**< a line with its newline */
    unsigned settled;                   /**< results up to here are complete: of scenario numbers */
};

void protocol_start(struct protocol *protocol, struct run *run);
/** A line was printed; `cut`: its beginning is lost. `*ours` is set if it is one of the protocol.
 */
enum protocol_step protocol_line(struct protocol *protocol, const char *line, bool cut, bool *ours);
/** The command ended by itself; `how`: "with status 1". */
enum protocol_step protocol_ended(struct protocol *protocol, const char *how);
/** The time limit of the phase is over; `limit` says which in words: "60 s". */
enum protocol_step protocol_silent(struct protocol *protocol, const char *limit);
/** Whoever runs it ends it here. A scenario that is running has no result then. */
void protocol_stop(struct protocol *protocol, const char *why);
void protocol_free(struct protocol *protocol);

#endif
