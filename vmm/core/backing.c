/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/backing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/fault.h"
#include "core/lease.h"

static uint64_t backing_bytes(uint64_t size, uint64_t unit)
{
    return (size / unit + 8) / 8;
}

struct backing *backing_create(uint8_t *host, uint64_t size, int fd, const char *path)
{
    struct backing *backing = calloc(1, sizeof(*backing));

    if (backing == NULL) {
        return NULL;
    }
    backing->host = host;
    backing->size = size;
    backing->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    backing->path = strdup(path);
    backing->units = calloc(1, backing_bytes(size, BACKING_UNIT));
    backing->hot = calloc(1, backing_bytes(size, BACKING_PART));
    if (backing->fd < 0 || backing->path == NULL || backing->units == NULL ||
        backing->hot == NULL) {
        backing_destroy(backing);
        return NULL;
    }
    fault_expect(host, size, backing->path);
    return backing;
}

void backing_destroy(struct backing *backing)
{
    if (backing == NULL) {
        return;
    }
    fault_expect(NULL, 0, NULL);
    if (backing->fd >= 0) {
        (void)lease_end(backing->fd);
        close(backing->fd);
    }
    free(backing->hot);
    free(backing->units);
    free(backing->path);
    free(backing);
}

static bool backing_test(const struct backing *backing, uint64_t unit)
{
    return (backing->units[unit / 8] >> unit % 8 & 1) != 0;
}

uint64_t backing_next_run(const struct backing *backing, uint64_t *unit, uint64_t end)
{
    uint64_t count = 0;

    while (*unit < end && !backing_test(backing, *unit)) {
        *unit += *unit % 8 == 0 && backing->units[*unit / 8] == 0 ? 8 : 1;
    }
    while (*unit + count < end && backing_test(backing, *unit + count)) {
        count++;
    }
    return count;
}

static uint64_t backing_unit_of(const struct backing *backing, const uint8_t *host)
{
    return (uint64_t)(host - backing->host) / BACKING_UNIT;
}

static void backing_set(struct backing *backing, uint64_t from, uint64_t to, bool mapped)
{
    for (uint64_t unit = from; unit < to; unit++) {
        uint8_t bit = (uint8_t)(1 << unit % 8);

        if (mapped) {
            backing->units[unit / 8] |= bit;
        } else {
            backing->units[unit / 8] &= (uint8_t)~bit;
        }
    }
}

/* How many more mappings there are with another one in [from, to) of the units. */
static unsigned backing_count_cuts(const struct backing *backing, uint64_t from, uint64_t to)
{
    unsigned before = from > 0 && backing_test(backing, from - 1) && backing_test(backing, from);
    unsigned after = to < backing->size / BACKING_UNIT && backing_test(backing, to) &&
                     backing_test(backing, to - 1);

    return before + after;
}

int backing_map(struct backing *backing, uint64_t offset, uint64_t size, uint64_t at)
{
    uint64_t mask = (uint64_t)sysconf(_SC_PAGESIZE) - 1;
    int flags = MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED;
    uint8_t *host = backing->host + offset;

    if (((offset | size | at) & mask) != 0) {
        return -EINVAL;
    }
    if (backing->cuts >= BACKING_CUTS_MAX) {
        return -ENOSPC;
    }
    if (mmap(host, size, PROT_READ | PROT_WRITE, flags, backing->fd, (off_t)at) == MAP_FAILED) {
        return -errno;
    }
    (void)madvise(host, size, MADV_DONTDUMP);
    uint64_t first = offset / BACKING_UNIT;
    /* It continues the one before: no mapping more. */
    backing->cuts += first == 0 || !backing_test(backing, first - 1);
    backing_set(backing, first, first + size / BACKING_UNIT, true);
    return 0;
}

bool backing_has(const struct backing *backing, const uint8_t *host, uint64_t size)
{
    if (backing == NULL) {
        return false;
    }
    uint64_t unit = backing_unit_of(backing, host);

    return backing_next_run(backing, &unit, unit + size / BACKING_UNIT) != 0;
}

void backing_mark(const struct backing *backing, const uint8_t *host, uint64_t size, uint8_t *bits)
{
    if (backing == NULL) {
        return;
    }
    uint64_t from = backing_unit_of(backing, host);
    uint64_t unit = from;
    uint64_t end = from + size / BACKING_UNIT;

    for (uint64_t run; (run = backing_next_run(backing, &unit, end)) != 0; unit += run) {
        for (uint64_t n = unit - from; n < unit - from + run; n++) {
            bits[n / 8] |= (uint8_t)(1 << n % 8);
        }
    }
}

/* A guest chooses what it gives back, but must not take the mappings that this process needs. */
bool backing_may_cut(struct backing *backing, const uint8_t *host, uint64_t size)
{
    uint64_t from = backing_unit_of(backing, host);
    unsigned cuts = backing_count_cuts(backing, from, from + size / BACKING_UNIT);

    if (cuts != 0 && backing->cuts + cuts > 2 * BACKING_CUTS_MAX) {
        return false;
    }
    backing->cuts += cuts;
    return true;
}

void backing_forget(struct backing *backing, const uint8_t *host, uint64_t size)
{
    if (backing != NULL) {
        uint64_t from = backing_unit_of(backing, host);

        backing_set(backing, from, from + size / BACKING_UNIT, false);
    }
}

/* A write that changes nothing, whatever a vCPU writes at the same moment: the page becomes this process's own. */
static void backing_touch(uint8_t *host, uint64_t size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    for (uint64_t at = 0; at < size; at += page) {
        (void)__atomic_fetch_or((volatile uint8_t *)host + at, 0, __ATOMIC_SEQ_CST);
    }
}

static int backing_populate(uint8_t *host, uint64_t size)
{
    enum { POPULATE_WRITE = 23 }; /* MADV_POPULATE_WRITE, Linux 5.14 */

    while (madvise(host, size, POPULATE_WRITE) != 0) {
        if (errno == EINVAL) {
            backing_touch(host, size);
            return 0;
        }
        if (errno != EINTR && errno != EAGAIN) {
            return -errno;
        }
    }
    return 0;
}

int backing_take(struct backing *backing, uint64_t size)
{
    uint64_t left = backing->size - backing->taken;
    uint64_t unit = backing->taken / BACKING_UNIT;
    uint64_t end = (backing->taken + (size < left ? size : left)) / BACKING_UNIT;

    for (uint64_t run; (run = backing_next_run(backing, &unit, end)) != 0; unit += run) {
        int error = backing_populate(backing->host + unit * BACKING_UNIT, run * BACKING_UNIT);

        if (error != 0) {
            return error;
        }
    }
    backing->taken = end * BACKING_UNIT;
    return 0;
}

int backing_let_go(struct backing *backing)
{
    if (backing->fd < 0) {
        return backing->lost ? -EAGAIN : 0;
    }
    int error = lease_end(backing->fd);

    backing->lost = error != 0;
    fault_expect(NULL, 0, NULL);
    close(backing->fd);
    backing->fd = -1;
    return error;
}

bool backing_is_wanted(const struct backing *backing)
{
    return backing->fd < 0 ? backing->lost : !lease_is_quiet(backing->fd);
}
