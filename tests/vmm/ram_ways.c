/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ram_ways FILE [MIB]...
 *
 * What the two ways to restore memory cost: an image with so many MiB of data is made as FILE, and loaded into memory of
 * the same size, of which then a share of the pages is written to. Prints this process's processor time in
 * milliseconds: all of it read at once, and mapped with shares of 0, 2, 10 and 50 percent written. Put FILE where it
 * stays in the page cache.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/memory.h"
#include "core/signals.h"
#include "state/reader.h"
#include "state/writer.h"

#define BASE (UINT64_C(1) << 30)

enum { PAGE = 4096, NEVER = 0 };

static void expect(bool right, const char *what)
{
    if (!right) {
        fprintf(stderr, "ram_ways: %s failed\n", what);
        exit(1);
    }
}

static double used_ms(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void make(const char *path, uint64_t size)
{
    struct state_writer *writer;
    struct memory memory;

    expect(memory_create(&memory, ipa(BASE), size) == 0, "memory");
    uint64_t *words = memory_at(&memory, ipa(BASE), size);
    for (uint64_t i = 0; i < size / sizeof(uint64_t); i++) {
        words[i] = i * UINT64_C(0x9e3779b97f4a7c15) | 1;
    }
    expect(state_writer_open(path, "ram_ways", &writer) == 0 && state_writer_begin(writer) == 0 &&
               state_writer_add_ram(writer, &memory) == 0 && state_writer_commit(writer) == 0,
           "save");
    state_writer_close(writer);
    memory_destroy(&memory);
}

/* One page in `every` is written to. */
static double measure(const char *path, uint64_t size, enum state_ram way, uint64_t every)
{
    struct state_reader *reader;
    struct memory memory;

    expect(state_reader_open(path, &reader) == 0, "open");
    expect(memory_create(&memory, ipa(BASE), size) == 0, "memory");
    double begun = used_ms();
    state_reader_plan_ram(reader, way);
    expect(state_reader_load_ram(reader, &memory) == 0, "restore");
    for (uint64_t at = 0; every != NEVER && at < size; at += every * PAGE) {
        memory.host[at] = 1;
    }
    double took = used_ms() - begun;
    expect((memory.backing != NULL) == (way == STATE_RAM_LAZY), "the way");
    memory_destroy(&memory);
    state_reader_close(reader);
    return took;
}

int main(int argc, char *argv[])
{
    static const uint64_t every[] = {NEVER, 50, 10, 2};

    signals_block();
    expect(argc >= 3, "the command line");
    printf("    MiB  at once  mapped: 0 %%      2 %%     10 %%     50 %%\n");
    for (int i = 2; i < argc; i++) {
        uint64_t size = strtoull(argv[i], NULL, 10) << 20;

        make(argv[1], size);
        printf("%7s %9.1f", argv[i], measure(argv[1], size, STATE_RAM_EAGER, NEVER));
        for (size_t n = 0; n < sizeof(every) / sizeof(every[0]); n++) {
            printf("%s%9.1f", n == 0 ? "   " : "",
                   measure(argv[1], size, STATE_RAM_LAZY, every[n]));
        }
        printf("\n");
    }
    return remove(argv[1]) == 0 ? 0 : 1;
}
