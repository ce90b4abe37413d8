/* SPDX-License-Identifier: BSD-2-Clause */
/* image_maker FILE: writes an image of a VM that never was, and its memory to standard output. For tests/dev/state.sh. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "core/memory.h"
#include "state/writer.h"

#define BASE UINT64_C(0x40000000)
#define SIZE (UINT64_C(9) << 20)

enum { PAGE = 4096 };

/* Single pages, runs over the end of a chunk, a chunk that is full, the last page; and numbers that do not repeat. */
static void fill(struct memory *memory)
{
    uint32_t number = 1;

    for (uint64_t page = 0; page < SIZE / PAGE; page++) {
        bool full = page / 256 == 3;
        bool run = page >= 500 && page < 530;

        if (!full && !run && page % 97 != 0 && page != SIZE / PAGE - 1) {
            continue;
        }
        for (uint64_t i = 0; i < PAGE; i += sizeof(number)) {
            number = number * 1664525 + 1013904223;
            /* Some of it can be compressed. */
            memcpy(memory->host + page * PAGE + i, i < 16 ? &number : &(uint32_t){7},
                   sizeof(number));
        }
    }
}

static int add_sections(struct state_writer *writer)
{
    struct state_record record = {0};
    int error = 0;

    for (uint32_t i = 0; i < 3 && error == 0; i++) {
        state_put_u32(&record, i);
        state_put_bytes(&record, "state", 5);
        error = state_writer_add(writer, "TEST", i, i == 2 ? 0 : STATE_MANDATORY, &record);
    }
    state_record_free(&record);
    return error;
}

static int make(const char *path, struct memory *memory)
{
    struct state_writer *writer;
    int error = state_writer_open(path, "image_maker", &writer);

    if (error != 0) {
        return error;
    }
    error = state_writer_begin(writer);
    if (error == 0) {
        error = add_sections(writer);
    }
    if (error == 0) {
        error = state_writer_add_ram(writer, memory);
    }
    if (error == 0) {
        error = state_writer_commit(writer);
    }
    state_writer_close(writer);
    return error;
}

int main(int argc, char **argv)
{
    struct memory memory;

    if (argc != 2 || memory_create(&memory, (struct ipa){BASE}, SIZE) != 0) {
        return 2;
    }
    fill(&memory);
    int error = make(argv[1], &memory);
    if (error == 0 && fwrite(memory.host, 1, SIZE, stdout) != SIZE) {
        error = -REPORTED;
    }
    memory_destroy(&memory);
    return error == 0 && fflush(stdout) == 0 ? 0 : 1;
}
