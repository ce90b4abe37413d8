/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "core/backing.h"
#include "core/memory.h"

/* Linux, Documentation/admin-guide/mm/pagemap.rst: present, and swapped out. */
#define PAGEMAP_EXISTS (UINT64_C(3) << 62)

struct pages pages_open(void)
{
    return (struct pages){.pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
}

void pages_close(struct pages *pages)
{
    if (pages->pagemap >= 0) {
        close(pages->pagemap);
    }
    pages->pagemap = -1;
}

/* [from, to) in bytes of what `bits` is about. */
static void pages_mark(uint8_t *bits, uint64_t from, uint64_t to)
{
    for (uint64_t n = from / PAGES_UNIT; n < (to + PAGES_UNIT - 1) / PAGES_UNIT; n++) {
        bits[n / 8] |= (uint8_t)(1 << n % 8);
    }
}

/* A hole of the memfd is memory that no process has touched. */
static void pages_find_shared(const struct memory *memory, uint64_t offset, uint64_t size,
                              uint8_t *bits)
{
    uint64_t end = offset + size;
    uint64_t at = offset;

    while (at < end) {
        off_t data = lseek(memory->fd, (off_t)at, SEEK_DATA);
        if (data < 0 && errno == ENXIO) {
            return; /* holes up to the end */
        }
        off_t hole = data < 0 ? -1 : lseek(memory->fd, data, SEEK_HOLE);
        if (hole < 0) {
            pages_mark(bits, at - offset, size);
            return;
        }
        uint64_t stop = (uint64_t)hole < end ? (uint64_t)hole : end;
        if ((uint64_t)data < stop) {
            pages_mark(bits, (uint64_t)data - offset, stop - offset);
        }
        at = (uint64_t)hole;
    }
}

/* One read of the page map. False: it cannot be read. */
static bool pages_read_map(const struct pages *pages, const uint8_t *host, uint64_t count,
                           uint64_t page, uint8_t *bits)
{
    enum { BATCH = 512 };
    uint64_t entries[BATCH];
    uint64_t first = (uintptr_t)host / page;

    for (uint64_t done = 0; done < count;) {
        size_t length = (count - done < BATCH ? count - done : BATCH) * sizeof(entries[0]);
        size_t got;

        if (file_read(pages->pagemap, (first + done) * sizeof(entries[0]), entries, length, &got) !=
                0 ||
            got != length) {
            return false;
        }
        for (size_t i = 0; i < length / sizeof(entries[0]); i++, done++) {
            if ((entries[i] & PAGEMAP_EXISTS) != 0) {
                pages_mark(bits, done * page, (done + 1) * page);
            }
        }
    }
    return true;
}

/* A page of a mapped file that nothing has touched is in no page map. */
static void pages_mark_files(const struct memory *memory, const uint8_t *host, uint64_t size,
                             uint8_t *bits)
{
    const uint8_t *from = memory->files > host ? memory->files : host;
    const uint8_t *to = memory->files_end < host + size ? memory->files_end : host + size;

    if (memory->files != NULL && from < to) {
        pages_mark(bits, (uint64_t)(from - host), (uint64_t)(to - host));
    }
}

void pages_find(const struct pages *pages, const struct memory *memory, uint64_t offset,
                uint64_t size, uint8_t *bits)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    /* The host's pages may be larger than the unit. */
    uint64_t before = offset % page;
    const uint8_t *host = memory->host + offset;
    bool whole = before == 0 && size % page == 0;

    memset(bits, 0, (size / PAGES_UNIT + 7) / 8);
    if (memory->shared) {
        pages_find_shared(memory, offset, size, bits);
        return;
    }
    if (pages->pagemap < 0 || !whole || !pages_read_map(pages, host, size / page, page, bits)) {
        pages_mark(bits, 0, size);
        return;
    }
    pages_mark_files(memory, host, size, bits);
    backing_mark(memory->backing, host, size, bits);
}

bool pages_are_touched(const struct pages *pages, const struct memory *memory, uint64_t offset)
{
    enum { UNITS = BACKING_PART / PAGES_UNIT };
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    const uint8_t *host = memory->host + offset;
    uint64_t left = memory->size - offset;
    uint64_t size = left < BACKING_PART ? left : BACKING_PART;
    uint8_t mapped[UNITS / 8] = {0};
    uint8_t present[UNITS / 8] = {0};
    bool touched = false;

    backing_mark(memory->backing, host, size, mapped);
    if (pages->pagemap < 0 || !pages_read_map(pages, host, size / page, page, present)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(mapped); i++) {
        touched = touched || (mapped[i] & present[i]) != 0;
    }
    return touched;
}
