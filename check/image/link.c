/* SPDX-License-Identifier: BSD-2-Clause */
#include "link.h"

#include "../../bare/timer.h"
#include "../../bare/uart.h"
#include "../scenarios/engine/text.h"

/* The time limit for the first byte of an answer, which may never come, and for each other; the
 * longest time without a line. */
enum {
    PATIENCE_MILLISECONDS = 2000,
    PATIENCE_FOR_MORE_MILLISECONDS = 5000,
    PULSE_MILLISECONDS = 5000,
    LINE_SIZE = LINK_WORD_SIZE + 64
};

static char buffer[LINE_SIZE];

static uint64_t last_line; /* counter at the end of it */

void link_line(const char *line)
{
    for (; *line != '\0'; line++) {
        uart_put(*line);
    }
    uart_put('\r');
    uart_put('\n');
    last_line = timer_now(TIMER_VIRTUAL);
}

void link_tap_line(void *context, const char *line)
{
    (void)context;
    link_line(line);
}

void link_pulse(void)
{
    if (timer_now(TIMER_VIRTUAL) - last_line > timer_milliseconds(PULSE_MILLISECONDS)) {
        link_line(SAY_STILL);
    }
}

void link_note(const char *words, uint32_t number, const char *text)
{
    struct text line;

    text_start(&line, buffer, sizeof(buffer));
    text_add(&line, words);
    text_add_number(&line, number);
    text_add(&line, " ");
    text_add(&line, text);
    link_line(buffer);
}

/* ---- Answers ------------------------------------------------------------------------------ */

static bool get_byte(uint8_t *byte, unsigned patience)
{
    uint64_t end = timer_now(TIMER_VIRTUAL) + timer_milliseconds(patience);

    while (!uart_read(byte)) {
        if (timer_now(TIMER_VIRTUAL) > end) {
            return false;
        }
    }
    return true;
}

/* Returns false if nothing comes, or nothing more; `*heard` says whether anything came. A line that
 * is too long is cut, and is then no answer. */
static bool get_line(unsigned patience, bool *heard)
{
    uint32_t length = 0;
    uint32_t count = 0;
    uint8_t byte;

    while (get_byte(&byte, patience)) {
        *heard = true;
        patience = PATIENCE_FOR_MORE_MILLISECONDS;
        if (byte == '\n') {
            buffer[length] = '\0';
            return true;
        }
        if (byte != '\r' && length + 1 < sizeof(buffer)) {
            buffer[length++] = (char)byte;
        }
        if (++count % ANSWER_PIECE == 0) {
            link_line(SAY_MORE);
        }
    }
    return false;
}

/* If `*at` is at that word, moves behind it and the blank after it. */
static bool skip_word(const char **at, const char *word)
{
    const char *behind = *at;

    while (*word != '\0' && *word == *behind) {
        word++;
        behind++;
    }
    if (*word != '\0' || (*behind != ' ' && *behind != '\0')) {
        return false;
    }
    *at = behind + (*behind == ' ');
    return true;
}

static uint32_t skip_number(const char **at)
{
    uint32_t number = 0;

    for (; **at >= '0' && **at <= '9' && number < 100000; (*at)++) {
        number = number * 10 + (uint32_t)(**at - '0');
    }
    *at += **at == ' ';
    return number;
}

bool link_parse(const char *line, struct errand *errand)
{
    struct text kept;

    if (!skip_word(&line, ANSWER_GO)) {
        return false;
    }
    errand->number = skip_number(&line);
    for (enum protocol_how how = HOW_START; how < HOW_COUNT; how++) {
        if (skip_word(&line, protocol_how_word(how))) {
            errand->how = how;
            text_start(&kept, errand->kept, sizeof(errand->kept));
            text_add(&kept, line);
            return errand->number != 0;
        }
    }
    return false;
}

/* Returns false if no answer comes; `*heard` says whether anything came. */
static bool get_answer(unsigned patience, bool *heard, struct errand *errand)
{
    while (get_line(patience, heard)) {
        if (link_parse(buffer, errand)) {
            return true;
        }
    }
    return false;
}

bool link_ask(struct errand *errand)
{
    bool heard = false;

    link_line(SAY_READY);
    bool answered = get_answer(PATIENCE_MILLISECONDS, &heard, errand);
    for (int i = 0; i < ANSWER_REPEATS && !answered && heard; i++) {
        heard = false;
        link_line(SAY_AGAIN);
        answered = get_answer(PATIENCE_FOR_MORE_MILLISECONDS, &heard, errand);
    }
    return answered;
}
