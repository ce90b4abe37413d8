/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/cfi_chip.h"

#include <stddef.h>
#include <string.h>

enum cfi_shown { SHOWS_CELLS, SHOWS_STATUS, SHOWS_ID, SHOWS_QUERY };

enum cfi_awaits {
    AWAITS_COMMAND,
    AWAITS_ERASE_CONFIRM,
    AWAITS_UNLOCK_CONFIRM,
    AWAITS_WORD,
    AWAITS_COUNT,
    AWAITS_DATA,
    AWAITS_PROGRAM_CONFIRM,
};

_Static_assert(sizeof(struct cfi_state) == (7 + CFI_BUFFER_WORDS) * sizeof(uint32_t), "no padding");

/* Commands (P30 datasheet, "Command Codes and Definitions"). */
enum {
    CMD_PROGRAM_ALTERNATE = 0x10,
    CMD_ERASE = 0x20,
    CMD_PROGRAM = 0x40,
    CMD_CLEAR_STATUS = 0x50,
    CMD_LOCK = 0x60,
    CMD_READ_STATUS = 0x70,
    CMD_READ_ID = 0x90,
    CMD_QUERY = 0x98,
    CMD_CONFIRM = 0xD0,
    CMD_BUFFERED_PROGRAM = 0xE8,
    CMD_READ_ARRAY = 0xFF,
};

/* The status register. Errors stay until they are cleared. */
enum {
    STATUS_LOCKED = 1 << 1,
    STATUS_PROGRAM_ERROR = 1 << 4,
    STATUS_ERASE_ERROR = 1 << 5,
    STATUS_READY = 1 << 7,
    STATUS_SEQUENCE_ERROR = STATUS_PROGRAM_ERROR | STATUS_ERASE_ERROR,
};

enum { ID_MANUFACTURER, ID_DEVICE, ID_LOCK, ID_COUNT };
enum { MANUFACTURER_INTEL = 0x89, DEVICE_J3 = 0x18 };

/*
 * What a query shows of one chip (JESD68.01, and its publication JEP137 for the command set): 32 MiB
 * in 256 blocks of 128 KiB, and a buffer of 64 bytes. Times are exponents of 2 and never matter.
 */
static const uint8_t cfi_query[] = {
    [0x10] = 'Q',  [0x11] = 'R',  [0x12] = 'Y', /* */
    [0x13] = 0x01,                              /* Intel's command set */
    [0x15] = 0x31,                              /* where its table is */
    [0x1B] = 0x45, [0x1C] = 0x55,               /* 4.5 V to 5.5 V */
    [0x1F] = 7,    [0x20] = 7,    [0x21] = 10,  /* typical times: word, buffer, block */
    [0x23] = 4,    [0x24] = 4,    [0x25] = 4,   /* the longest ones, as multiples of these */
    [0x27] = 25,                                /* the chip's size */
    [0x28] = 2,                                 /* 8 or 16 bits wide */
    [0x2A] = 6,                                 /* the buffer's size */
    [0x2C] = 1,                                 /* one region of blocks of the same size: */
    [0x2D] = 255,                               /* their number - 1 */
    [0x30] = 2,                                 /* 2 * 256 * 256 bytes each */
    [0x31] = 'P',  [0x32] = 'R',  [0x33] = 'I', /* Intel's table, version 1.0: no options */
    [0x34] = '1',  [0x35] = '0',  [0x3F] = 0,
};

static uint32_t cfi_twice(uint32_t half)
{
    return half << 16 | half;
}

void cfi_reset(struct cfi_state *state)
{
    *state = (struct cfi_state){.status = STATUS_READY};
}

/* A save waits for the end of a command, so only what reads get can differ. */
bool cfi_state_is_possible(const struct cfi_state *state)
{
    return state->shown <= SHOWS_QUERY && state->awaits == AWAITS_COMMAND;
}

bool cfi_shows_cells(const struct cfi_state *state)
{
    return state->shown == SHOWS_CELLS;
}

static uint32_t cfi_read_id(const struct cfi_cells *cells, uint32_t offset)
{
    switch (offset % CFI_BLOCK_SIZE / sizeof(uint32_t)) {
    case ID_MANUFACTURER:
        return MANUFACTURER_INTEL;
    case ID_DEVICE:
        return DEVICE_J3;
    case ID_LOCK:
        return cells->locked;
    default:
        return 0;
    }
}

uint32_t cfi_read(const struct cfi_state *state, const struct cfi_cells *cells, uint32_t offset)
{
    uint32_t index = offset / sizeof(uint32_t);

    switch (state->shown) {
    case SHOWS_ID:
        return cfi_twice(cfi_read_id(cells, offset));
    case SHOWS_QUERY:
        return index < sizeof(cfi_query) ? cfi_twice(cfi_query[index]) : 0;
    default:
        return cfi_twice(state->status);
    }
}

static void cfi_begin(struct cfi_state *state, uint32_t awaits, uint32_t offset)
{
    state->awaits = awaits;
    state->shown = SHOWS_STATUS;
    state->command_at = offset;
}

static void cfi_end(struct cfi_state *state, uint32_t errors)
{
    state->awaits = AWAITS_COMMAND;
    state->status |= errors;
}

static void cfi_take_command(struct cfi_state *state, uint32_t offset, uint8_t command)
{
    switch (command) {
    case CMD_READ_ARRAY:
        state->shown = SHOWS_CELLS;
        return;
    case CMD_READ_STATUS:
        state->shown = SHOWS_STATUS;
        return;
    case CMD_READ_ID:
        state->shown = SHOWS_ID;
        return;
    case CMD_QUERY:
        state->shown = SHOWS_QUERY;
        return;
    case CMD_CLEAR_STATUS:
        state->status = STATUS_READY;
        return;
    case CMD_ERASE:
        cfi_begin(state, AWAITS_ERASE_CONFIRM, offset);
        return;
    case CMD_LOCK:
        cfi_begin(state, AWAITS_UNLOCK_CONFIRM, offset);
        return;
    case CMD_PROGRAM:
    case CMD_PROGRAM_ALTERNATE:
        cfi_begin(state, AWAITS_WORD, offset);
        return;
    case CMD_BUFFERED_PROGRAM:
        cfi_begin(state, AWAITS_COUNT, offset);
        return;
    default:
        return; /* As the chips do: they ignore what is no command. */
    }
}

static void cfi_take_erase_confirm(struct cfi_state *state, const struct cfi_cells *cells,
                                   uint8_t command)
{
    uint32_t block = state->command_at & ~(uint32_t)(CFI_BLOCK_SIZE - 1);

    if (command != CMD_CONFIRM) {
        cfi_end(state, STATUS_SEQUENCE_ERROR);
    } else if (cells->locked) {
        cfi_end(state, STATUS_ERASE_ERROR | STATUS_LOCKED);
    } else {
        cfi_end(state, cells->erase(cells->arg, block) ? 0 : STATUS_ERASE_ERROR);
    }
}

/* Blocks start unlocked and cannot be locked, or the other way round: only "unlock" is a command. */
static void cfi_take_unlock_confirm(struct cfi_state *state, uint8_t command)
{
    cfi_end(state, command == CMD_CONFIRM ? 0 : STATUS_SEQUENCE_ERROR);
}

static void cfi_program(struct cfi_state *state, const struct cfi_cells *cells, uint32_t offset,
                        const uint32_t *words, unsigned count)
{
    if (cells->locked) {
        cfi_end(state, STATUS_PROGRAM_ERROR | STATUS_LOCKED);
    } else {
        cfi_end(state, cells->program(cells->arg, offset, words, count) ? 0 : STATUS_PROGRAM_ERROR);
    }
}

/* The number of words minus one; each chip is told its own, and both the same. */
static void cfi_take_count(struct cfi_state *state, uint32_t value)
{
    uint32_t count = (value & 0xffff) + 1;

    if (count > CFI_BUFFER_WORDS) {
        cfi_end(state, STATUS_SEQUENCE_ERROR);
        return;
    }
    state->count = count;
    state->taken = 0;
    memset(state->words, 0xff, sizeof(state->words));
    state->awaits = AWAITS_DATA;
}

/* All words must be in the command's block, and in a row from the first one on. */
static void cfi_take_data(struct cfi_state *state, uint32_t offset, uint32_t value)
{
    if (state->taken == 0) {
        state->start = offset;
    }
    uint32_t index = (offset - state->start) / sizeof(uint32_t);

    if (offset / CFI_BLOCK_SIZE != state->command_at / CFI_BLOCK_SIZE || index >= state->count) {
        cfi_end(state, STATUS_SEQUENCE_ERROR);
        return;
    }
    state->words[index] &= value;
    if (++state->taken == state->count) {
        state->awaits = AWAITS_PROGRAM_CONFIRM;
    }
}

/* Words that were not written are all ones, which changes nothing; they may be outside of the block. */
static void cfi_take_program_confirm(struct cfi_state *state, const struct cfi_cells *cells,
                                     uint8_t command)
{
    uint32_t room = (CFI_BLOCK_SIZE - state->start % CFI_BLOCK_SIZE) / sizeof(uint32_t);

    if (command != CMD_CONFIRM) {
        cfi_end(state, STATUS_SEQUENCE_ERROR);
        return;
    }
    cfi_program(state, cells, state->start, state->words,
                state->count < room ? state->count : room);
}

void cfi_write(struct cfi_state *state, const struct cfi_cells *cells, uint32_t offset,
               uint32_t value, uint32_t lanes)
{
    uint32_t data = value | ~lanes;
    uint8_t command = (uint8_t)value;

    if (state->awaits == AWAITS_WORD) {
        cfi_program(state, cells, offset, &data, 1);
        return;
    }
    if (state->awaits == AWAITS_DATA) {
        cfi_take_data(state, offset, data);
        return;
    }
    if ((lanes & 0xff) == 0) {
        return; /* The chip whose answers count gets no command by this. */
    }
    switch (state->awaits) {
    case AWAITS_ERASE_CONFIRM:
        cfi_take_erase_confirm(state, cells, command);
        return;
    case AWAITS_UNLOCK_CONFIRM:
        cfi_take_unlock_confirm(state, command);
        return;
    case AWAITS_COUNT:
        cfi_take_count(state, value);
        return;
    case AWAITS_PROGRAM_CONFIRM:
        cfi_take_program_confirm(state, cells, command);
        return;
    default:
        cfi_take_command(state, offset, command);
        return;
    }
}
