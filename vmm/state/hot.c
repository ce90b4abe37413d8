/* SPDX-License-Identifier: BSD-2-Clause */
#include "state/hot.h"

#include <stdlib.h>
#include <string.h>

#include "core/backing.h"
#include "core/memory.h"
#include "core/pages.h"
#include "state/format.h"
#include "state/reader.h"

_Static_assert((unsigned)BACKING_PART == FORMAT_CHUNK, "a part of memory is a chunk of the image");

static uint64_t hot_parts(const struct memory *memory)
{
    return (memory->size + FORMAT_CHUNK - 1) / FORMAT_CHUNK;
}

static bool hot_is_mapped(const struct memory *memory, uint64_t part)
{
    uint64_t offset = part * FORMAT_CHUNK;
    uint64_t left = memory->size - offset;

    return backing_has(memory->backing, memory->host + offset,
                       left < FORMAT_CHUNK ? left : FORMAT_CHUNK);
}

/*
 * What was read ahead is present in any case, which hides whether the guest touched it again: it stays, until old
 * and new together are more than half of all chunks. Then the next wake shows anew what it touches.
 */
static void hot_merge(struct backing *backing, const uint8_t *touched, uint64_t parts,
                      uint64_t mapped)
{
    uint64_t old = 0;
    uint64_t both = 0;

    for (uint64_t part = 0; part < parts; part++) {
        bool was = backing_is_hot(backing, part);

        old += was;
        both += was || touched[part] != 0;
    }
    if (2 * both > mapped + old) {
        memset(backing->hot, 0, (parts + 7) / 8);
    }
    for (uint64_t part = 0; part < parts; part++) {
        if (touched[part] != 0) {
            backing_set_hot(backing, part);
        }
    }
}

void hot_learn(const struct pages *pages, const struct memory *memory)
{
    struct backing *backing = memory->backing;
    uint64_t parts = hot_parts(memory);
    uint64_t mapped = 0;

    if (backing == NULL || backing->learned) {
        return;
    }
    uint8_t *touched = calloc(parts, 1);
    if (touched == NULL) {
        return;
    }
    for (uint64_t part = 0; part < parts; part++) {
        if (hot_is_mapped(memory, part)) {
            mapped++;
            touched[part] = pages_are_touched(pages, memory, part * FORMAT_CHUNK);
        }
    }
    hot_merge(backing, touched, parts, mapped);
    backing->learned = true;
    free(touched);
}

void hot_put(struct state_record *record, const struct memory *memory)
{
    for (uint64_t part = 0; memory->backing != NULL && part < hot_parts(memory); part++) {
        if (backing_is_hot(memory->backing, part)) {
            state_put_u32(record, (uint32_t)part);
        }
    }
}

void hot_get(struct state_reader *reader, const struct memory *memory)
{
    struct state_record record;

    if (!state_reader_section(reader, FORMAT_HOT_TAG, 0, &record)) {
        return;
    }
    while (state_record_left(&record) >= sizeof(uint32_t)) {
        uint64_t part = state_get_u32(&record);

        if (part < hot_parts(memory)) {
            backing_set_hot(memory->backing, part);
        }
    }
}
