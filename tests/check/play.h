/* SPDX-License-Identifier: BSD-2-Clause */
/* Plays a machine to the protocol, line by line, without one. */
#ifndef TOOL_TESTS_PLAY_H
#define TOOL_TESTS_PLAY_H

#include "dialogue.h"

struct play {
    struct dialogue dialogue;
    struct results results;
    struct run *run;
    enum dialogue_step step; /* the last one */
};

/* Setup and teardown for cmocka; *state is the play. */
int play_begin(void **state);
int play_end(void **state);

/* Lines, separated by '\n'; fails the test if a step but GO_ON comes before the last line. */
void play(struct play *play, const char *lines);
/* The last line of `lines` must be answered so. */
void play_answer(struct play *play, const char *lines, const char *answer);
/* The last line of `lines` must fail the run, for a reason with these words in it. */
void play_failure(struct play *play, const char *lines, const char *words);
/* A boot up to "# ready", which must be answered so. */
void play_boot(struct play *play, const char *answer);

#endif
