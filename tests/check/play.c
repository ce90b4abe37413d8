/* SPDX-License-Identifier: BSD-2-Clause */
#include "play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "must.h"

int play_begin(void **state)
{
    struct play *play = must_alloc(1, sizeof(*play));

    play->run = results_add(&play->results);
    dialogue_start(&play->dialogue, play->run);
    *state = play;
    return 0;
}

int play_end(void **state)
{
    struct play *play = *state;

    dialogue_free(&play->dialogue);
    results_free(&play->results);
    free(play);
    return 0;
}

void play(struct play *play, const char *lines)
{
    char *copy = must_copy(lines);
    char *next = copy;
    char *line;
    bool ours;

    play->step = DIALOGUE_GO_ON;
    while ((line = strsep(&next, "\n")) != NULL) {
        assert_int_equal(play->step, DIALOGUE_GO_ON);
        play->step = dialogue_line(&play->dialogue, line, false, &ours);
    }
    free(copy);
}

void play_answer(struct play *playing, const char *lines, const char *answer)
{
    size_t length = 0;

    play(playing, lines);
    assert_int_equal(playing->step, DIALOGUE_ANSWER);
    do {
        size_t piece = strlen(playing->dialogue.answer);

        assert_true(piece > 0 && piece <= ANSWER_PIECE);
        assert_memory_equal(playing->dialogue.answer, answer + length, piece);
        length += piece;
        play(playing, SAY_MORE);
    } while (playing->step == DIALOGUE_ANSWER);
    assert_int_equal(playing->step, DIALOGUE_GO_ON);
    assert_int_equal(length, strlen(answer));
}

void play_failure(struct play *playing, const char *lines, const char *words)
{
    play(playing, lines);
    assert_int_equal(playing->step, DIALOGUE_FAILED);
    assert_non_null(playing->run->incomplete);
    assert_non_null(strstr(playing->run->incomplete, words));
}

void play_boot(struct play *playing, const char *answer)
{
    play_answer(playing, "TAP version 14\n# vpsci-check 2\n# machine: cpus 4\n# ready", answer);
}
