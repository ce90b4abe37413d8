/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Which pages of guest memory exist, without touching any: what the host never gave, or was given
 * back, reads as zero and need not be looked at.
 */
#ifndef DORMOUSE_CORE_PAGES_H
#define DORMOUSE_CORE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

struct memory;

struct pages {
    int pagemap; /* /proc/self/pagemap; negative: this system has none, and every page counts */
};

/** Comes before the sandbox. */
struct pages pages_open(void);
void pages_close(struct pages *pages);

enum { PAGES_UNIT = 4096 };

/**
 * Sets bit n % 8 of byte n / 8 of `bits` for the nth 4 KiB of [offset, offset + size) that may be
 * other than zero; `offset` and `size` are multiples of 4 KiB, and within guest memory. Main thread.
 */
void pages_find(const struct pages *pages, const struct memory *memory, uint64_t offset,
                uint64_t size, uint8_t *bits);

/**
 * Whether a page was accessed that is mapped from the image, in the BACKING_PART at `offset`, a multiple of that.
 * Linux maps up to 64 KiB around an access. Main thread.
 */
bool pages_are_touched(const struct pages *pages, const struct memory *memory, uint64_t offset);

#endif
