/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands of a NOR flash: two 16-bit chips beside each other on a 32-bit bus, with Intel's
 * command set (primary command set 0x0001 of CFI, JESD68.01; the bits and sequences are those of
 * the Intel P30 and J3 families). It is the flash of QEMU's `virt`. Both chips get each command at
 * once, so a command is written twice in a word and a status is read twice.
 *
 * Programs and erases are over when the write that starts them is; programming only clears bits.
 *
 * The caller orders all accesses to one state.
 */
#ifndef DORMOUSE_DEV_CFI_CHIP_H
#define DORMOUSE_DEV_CFI_CHIP_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CFI_BANK_SIZE = 64 << 20,   /* both chips together, as all sizes here */
    CFI_BLOCK_SIZE = 256 << 10, /* what an erase erases */
    CFI_BUFFER_WORDS = 128 / 4, /* what one buffered program writes at most */
};

/* What a save keeps; a reset assigns zeros, and the status. */
struct cfi_state {
    uint32_t shown;  /* enum cfi_shown: what a read gets */
    uint32_t awaits; /* enum cfi_awaits: what the next write is */
    uint32_t status;
    uint32_t command_at; /* the offset at which the command was given */
    uint32_t start;      /* buffered program: offset of the first word, once there is one */
    uint32_t count;      /* the number of words */
    uint32_t taken;      /* how many of them have been written */
    uint32_t words[CFI_BUFFER_WORDS];
};

/* The cells of one bank. */
struct cfi_cells {
    /*
     * Clears those bits in `count` words from `offset` on that are 0 in `words`; erase sets all bits of
     * the block at `offset`. False: the cells cannot be written, and the status says so.
     */
    bool (*program)(void *arg, uint32_t offset, const uint32_t *words, unsigned count);
    bool (*erase)(void *arg, uint32_t offset);
    void *arg;
    bool locked; /* all blocks are, and cannot be unlocked */
};

void cfi_reset(struct cfi_state *state);

/* Whether a chip that has no command under way can be in this state. */
bool cfi_state_is_possible(const struct cfi_state *state);

/* Whether reads get the cells; if not, cfi_read() says what they get. */
bool cfi_shows_cells(const struct cfi_state *state);

/* The word at `offset`, a multiple of 4, while reads do not get the cells. */
uint32_t cfi_read(const struct cfi_state *state, const struct cfi_cells *cells, uint32_t offset);

/* Writes those bytes of the word at `offset` that are 0xFF in `lanes`. */
void cfi_write(struct cfi_state *state, const struct cfi_cells *cells, uint32_t offset,
               uint32_t value, uint32_t lanes);

#endif
