/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The words of the serial line between vpsci-check.img and `vpsci-check run`. Saved results use
 * them too. Both programs include this; image/README.md explains the words.
 *
 * A line is one of these words, and what the comment says. A TAP document (version 14) also has its
 * plan, points and blocks.
 */
#ifndef CHECK_PROTOCOL_H
#define CHECK_PROTOCOL_H

/** The version of the words below; it increases if one of them changes its meaning. */
#define PROTOCOL_VERSION 2

/** The words with which every boot begins: SAY_IMAGE is followed by the version. */
#define SAY_TAP   "TAP version 14"
#define SAY_IMAGE "# vpsci-check "
#define SAY_READY "# ready"

/** Facts: "cpus 4, conduit HVC". */
#define SAY_MACHINE "# machine: "
#define SAY_SERVER  "# server: "

/** The family of the scenarios that follow, until the next such line. */
#define SAY_FAMILY "# family: "

/** About the run of scenario N. */
#define SAY_RUNNING "# running " /**< N NAME */
#define SAY_FRESH   "# fresh "   /**< N: it runs after the reset that follows */
#define SAY_LOG     "# log "     /**< N DIGITS: what to hand back if the machine ends now */
#define SAY_HASTY   "# hasty "   /**< N: it runs once more, with more patience */
#define SAY_HANG    "# hang "    /**< N: the watchdog resets the machine */
#define SAY_STILL   "# still running"

/** About the last point. */
#define SAY_OFTEN          "# often: "          /**< "3 of 200": rounds that failed */
#define SAY_CHARACTERISTIC "# characteristic: " /**< KEY: VALUE */
#define SAY_TOOK           "# took "            /**< N ms */

/** An unexpected exception: "vector 0x4, ...". */
#define SAY_EXCEPTION "# exception: "

/** The end, in order or early; SAY_BAIL_OUT is followed by the reason. */
#define SAY_PASSED   "# passed " /**< "200, failed 4, skipped 40" */
#define SAY_END      "# end"
#define SAY_BAIL_OUT "Bail out!"

/** The one line that the image reads: ANSWER_GO, N, why the image boots, and the log if any. It is
 *  sent in pieces, because a monitor's UART may keep no more bytes than a 16550 does: after each
 *  ANSWER_PIECE bytes without the end of the line the image asks for more. If nothing follows, a
 *  piece was lost: then it asks for the whole line again, at most ANSWER_REPEATS times. */
#define ANSWER_GO "go"
#define SAY_MORE  "# more"
#define SAY_AGAIN "# again"
enum { ANSWER_PIECE = 16, ANSWER_REPEATS = 3 };

enum protocol_how {
    HOW_START, /**< nothing was before */
    HOW_AGAIN, /**< the machine was reset on purpose, between two scenarios */
    HOW_RESET, /**< it was reset while scenario N ran */
    HOW_OFF,   /**< it ended while scenario N ran, and was started again */
    HOW_HANG,  /**< scenario N printed nothing for too long */
    HOW_COUNT
};

static inline const char *protocol_how_word(enum protocol_how how)
{
    static const char *const words[HOW_COUNT] = {
        [HOW_START] = "start", [HOW_AGAIN] = "again", [HOW_RESET] = "reset",
        [HOW_OFF] = "off",     [HOW_HANG] = "hang",
    };

    return words[how];
}

/** A number as text, for a word with its version. */
#define PROTOCOL_TEXT_(number) #number
#define PROTOCOL_TEXT(number)  PROTOCOL_TEXT_(number)

#endif
