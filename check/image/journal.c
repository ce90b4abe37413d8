/* SPDX-License-Identifier: BSD-2-Clause */
#include "journal.h"

/* The first byte of an event: its kind, and how the core entered. */
enum { KIND_MASK = 3, ENTRY_BIG_ENDIAN = 1 << 2 };

void journal_clear(struct journal *journal)
{
    journal->used = 0;
    journal->full = false;
    journal_rewind(journal);
}

void journal_rewind(struct journal *journal)
{
    journal->read = 0;
}

bool journal_replays(const struct journal *journal)
{
    return journal->read < journal->used;
}

static void journal_put_byte(struct journal *journal, uint8_t byte)
{
    if (journal->used == JOURNAL_SIZE) {
        journal->full = true;
        return;
    }
    journal->bytes[journal->used++] = byte;
    journal->read = journal->used;
}

static uint8_t journal_take_byte(struct journal *journal)
{
    return journal_replays(journal) ? journal->bytes[journal->read++] : 0;
}

/* Seven bits in each byte, the lowest first. Small negative numbers are short too. */
static void put_number(struct journal *journal, uint64_t number)
{
    uint64_t rest = number << 1 ^ (uint64_t)-(int64_t)(number >> 63);

    for (; rest > 0x7f; rest >>= 7) {
        journal_put_byte(journal, (uint8_t)(rest | 0x80));
    }
    journal_put_byte(journal, (uint8_t)rest);
}

static uint64_t take_number(struct journal *journal)
{
    uint64_t rest = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = journal_take_byte(journal);
        rest |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) != 0 && shift < 64);
    return rest >> 1 ^ (uint64_t)-(int64_t)(rest & 1);
}

static void put_event(struct journal *journal, const struct event *event)
{
    journal_put_byte(
        journal,
        (uint8_t)(event->kind | (event->entry.big_endian ? (unsigned)ENTRY_BIG_ENDIAN : 0)));
    if (event->kind == EVENT_RETURNED) {
        put_number(journal, event->x0);
    } else if (event->kind == EVENT_ENTERED) {
        put_number(journal, event->entry.address);
        put_number(journal, event->entry.context);
    }
}

static void take_event(struct journal *journal, struct event *event)
{
    uint8_t first = journal_take_byte(journal);

    *event = (struct event){.kind = first & KIND_MASK};
    if (event->kind == EVENT_RETURNED) {
        event->x0 = take_number(journal);
    } else if (event->kind == EVENT_ENTERED) {
        event->entry.big_endian = (first & ENTRY_BIG_ENDIAN) != 0;
        event->entry.address = take_number(journal);
        event->entry.context = take_number(journal);
    }
}

void journal_event(struct journal *journal, struct event *event)
{
    if (journal_replays(journal)) {
        take_event(journal, event);
    } else {
        put_event(journal, event);
    }
}

void journal_number(struct journal *journal, uint64_t *number)
{
    if (journal_replays(journal)) {
        *number = take_number(journal);
    } else {
        put_number(journal, *number);
    }
}

/* ---- As text ------------------------------------------------------------------------------ */

void journal_write(const struct journal *journal, char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (uint32_t i = 0; i < journal->used; i++) {
        *text++ = digits[journal->bytes[i] >> 4];
        *text++ = digits[journal->bytes[i] & 0xf];
    }
    *text = '\0';
}

static int journal_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool journal_read(struct journal *journal, const char *text)
{
    journal_clear(journal);
    for (; journal_digit(text[0]) >= 0 && journal_digit(text[1]) >= 0; text += 2) {
        if (journal->used == JOURNAL_SIZE) {
            return false;
        }
        journal->bytes[journal->used++] =
            (uint8_t)(journal_digit(text[0]) << 4 | journal_digit(text[1]));
    }
    journal_rewind(journal);
    return *text == '\0';
}
