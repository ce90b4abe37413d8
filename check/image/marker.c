/* SPDX-License-Identifier: BSD-2-Clause */
#include "marker.h"

#include <stddef.h>

#include "../scenarios/engine/text.h"
#include "link.h"

#define MAGIC UINT64_C(0x56505343494d4b31)

struct marker {
    uint64_t magic;
    uint64_t sum;
    char answer[LINK_WORD_SIZE];
};

/* start.S clears what is in .bss. */
static struct marker marker __attribute__((section(".kept"), aligned(16)));
static char taken[LINK_WORD_SIZE];

/* FNV-1a, by Glenn Fowler, Landon Curt Noll and Phong Vo. */
static uint64_t sum_of(const char *text, uint32_t size)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    for (uint32_t i = 0; i < size; i++) {
        sum = (sum ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

void marker_leave(uint32_t number, enum protocol_how how, const char *kept)
{
    struct text text;

    text_start(&text, marker.answer, sizeof(marker.answer));
    text_add(&text, ANSWER_GO);
    text_add(&text, " ");
    text_add_number(&text, number);
    text_add(&text, " ");
    text_add(&text, protocol_how_word(how));
    text_add(&text, " ");
    text_add(&text, kept);
    marker.sum = sum_of(marker.answer, sizeof(marker.answer));
    marker.magic = MAGIC;
    __asm__ volatile("dsb sy" ::: "memory");
}

const char *marker_take(void)
{
    struct text text;

    if (marker.magic != MAGIC || marker.sum != sum_of(marker.answer, sizeof(marker.answer))) {
        return NULL;
    }
    marker.magic = 0;
    text_start(&text, taken, sizeof(taken));
    text_add(&text, marker.answer);
    return taken;
}
