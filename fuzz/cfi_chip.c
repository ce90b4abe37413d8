/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: writes and reads of a flash's bank, by word and by parts of words. Programs and erases go
 * to cells of this file: no request may leave its block, and a locked bank gets none. A program only
 * clears bits.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dev/cfi_chip.h"

enum { STEP_SIZE = 8, BLOCKS = CFI_BANK_SIZE / CFI_BLOCK_SIZE };

struct bank {
    uint32_t block; /* of the command under way: only this one may change */
    bool changes;   /* the step that is made may change it */
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

static bool program(void *arg, uint32_t offset, const uint32_t *words, unsigned count)
{
    const struct bank *bank = arg;

    (void)words;
    check(bank->changes && count >= 1 && count <= CFI_BUFFER_WORDS && offset % 4 == 0);
    check(offset < CFI_BANK_SIZE);
    check((offset + count * 4 - 1) / CFI_BLOCK_SIZE == offset / CFI_BLOCK_SIZE);
    return offset % 3 != 0;
}

static bool erase(void *arg, uint32_t offset)
{
    const struct bank *bank = arg;

    check(bank->changes && offset % CFI_BLOCK_SIZE == 0 && offset / CFI_BLOCK_SIZE < BLOCKS);
    return offset % 5 != 0;
}

/* Commands are few of 256 values, so every second step is one. */
static uint32_t step_value(const uint8_t *step)
{
    static const uint8_t commands[] = {0xff, 0x70, 0x90, 0x98, 0x50, 0x20, 0x60, 0x40,
                                       0x10, 0xe8, 0xd0, 0xd0, 0xd0, 0x00, 0x01, 0x1f};
    uint32_t value;

    if ((step[0] & 1) != 0) {
        value = commands[step[4] % sizeof(commands)];
        return value << 16 | value;
    }
    memcpy(&value, step + 4, sizeof(value));
    return value;
}

/* Near a block's ends or anywhere. */
static uint32_t step_offset(const uint8_t *step)
{
    uint32_t offset;

    memcpy(&offset, step, sizeof(offset));
    if ((step[0] & 2) != 0) {
        offset = (offset >> 8) % 0x100 - 0x80;
    } else {
        offset >>= 4;
    }
    return offset % CFI_BANK_SIZE & ~UINT32_C(3);
}

static void check_read(const struct cfi_state *state, const struct cfi_cells *cells,
                       uint32_t offset)
{
    if (!cfi_shows_cells(state)) {
        uint32_t word = cfi_read(state, cells, offset);

        check(word >> 16 == (word & 0xffff));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint32_t lanes[] = {UINT32_MAX, UINT32_MAX, 0xffff, 0xff00ff00};
    struct bank bank = {.changes = size % 2 == 0};
    const struct cfi_cells cells = {
        .program = program, .erase = erase, .arg = &bank, .locked = size % 2 != 0};
    struct cfi_state state;
    struct cfi_state fresh;

    cfi_reset(&state);
    fresh = state;
    for (size_t at = 0; at + STEP_SIZE <= size; at += STEP_SIZE) {
        uint32_t offset = step_offset(bytes + at);

        cfi_write(&state, &cells, offset, step_value(bytes + at), lanes[bytes[at] >> 2 & 3]);
        check_read(&state, &cells, offset);
        check(cfi_shows_cells(&state) || memcmp(&state, &fresh, sizeof(state)) != 0);
    }
    cfi_reset(&state);
    check(memcmp(&state, &fresh, sizeof(state)) == 0);
    return 0;
}
