/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/*
 * KVM can map a huge page of the host as one block of the guest only if host and guest address
 * agree in their low 21 bits.
 */
#define HUGE_SIZE (UINT64_C(2) << 20)

static uint64_t page_size(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Replaces what is mapped there, RAM or file, by RAM that was never touched. */
static int map_fresh(uint8_t *host, uint64_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;

    if (mmap(host, size, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED) {
        return -errno;
    }
    /*
     * Advice, which the kernel may lack. Huge pages: one stage-2 fault instead of 512. No dump: a
     * core file of the monitor is for its own bugs, and must not have the guest's secrets.
     */
    (void)madvise(host, size, MADV_HUGEPAGE);
    (void)madvise(host, size, MADV_DONTDUMP);
    return 0;
}

int memory_create(struct memory *memory, struct ipa base, uint64_t size)
{
    uint64_t page = page_size();

    *memory = (struct memory){0};
    if (size == 0 || size % page != 0 || base.value % page != 0 || size > UINT64_MAX - base.value) {
        return -EINVAL;
    }
    if (size > SIZE_MAX - 3 * HUGE_SIZE) {
        return -ENOMEM;
    }
    /* A guard before, one after, and one to align with. They are address space without memory. */
    uint64_t reserved_size = size + 3 * HUGE_SIZE;
    uint8_t *reserved =
        mmap(NULL, reserved_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) {
        return -errno;
    }
    uint64_t slack = (base.value - (uintptr_t)reserved) & (HUGE_SIZE - 1);
    *memory = (struct memory){
        .base = base,
        .size = size,
        .host = reserved + HUGE_SIZE + slack,
        .reserved = reserved,
        .reserved_size = reserved_size,
    };
    int error = map_fresh(memory->host, size);
    if (error != 0) {
        memory_destroy(memory);
    }
    return error;
}

void memory_destroy(struct memory *memory)
{
    if (memory->reserved != NULL) {
        munmap(memory->reserved, memory->reserved_size);
    }
    *memory = (struct memory){0};
}

uint64_t memory_room(const struct memory *memory, struct ipa start)
{
    /* An address below RAM wraps around to an offset that no size reaches. */
    uint64_t offset = start.value - memory->base.value;

    return offset < memory->size ? memory->size - offset : 0;
}

bool memory_contains(const struct memory *memory, struct ipa start, uint64_t size)
{
    return size != 0 && size <= memory_room(memory, start);
}

void *memory_at(const struct memory *memory, struct ipa start, uint64_t size)
{
    if (!memory_contains(memory, start, size)) {
        return NULL;
    }
    return memory->host + (start.value - memory->base.value);
}

int memory_clear(struct memory *memory)
{
    return map_fresh(memory->host, memory->size);
}

int memory_zero(struct memory *memory, struct ipa start, uint64_t size)
{
    uint64_t page = page_size();
    uint8_t *host = memory_at(memory, start, size);
    uint64_t head = -start.value & (page - 1);

    if (size == 0) {
        return 0;
    }
    if (host == NULL) {
        return -EFAULT;
    }
    if (size <= head) {
        memset(host, 0, size);
        return 0;
    }
    uint64_t whole = (size - head) & ~(page - 1);
    memset(host, 0, head);
    memset(host + head + whole, 0, size - head - whole);
    return whole == 0 ? 0 : map_fresh(host + head, whole);
}

static int map_private(uint8_t *host, int fd, uint64_t size)
{
    int flags = MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED;

    if (mmap(host, size, PROT_READ | PROT_WRITE, flags, fd, 0) == MAP_FAILED) {
        return -errno;
    }
    (void)madvise(host, size, MADV_DONTDUMP);
    return 0;
}

static int copy_file(uint8_t *host, int fd, uint64_t offset, uint64_t size)
{
    size_t count;
    int error = file_read(fd, offset, host, size, &count);

    if (error != 0) {
        return error;
    }
    return count == size ? 0 : -ENODATA;
}

int memory_map_file(struct memory *memory, struct ipa start, int fd, uint64_t length)
{
    uint64_t page = page_size();
    uint8_t *host = memory_at(memory, start, length);
    uint64_t mapped = 0;
    struct stat info;
    int error;

    if (host == NULL) {
        return -EFAULT;
    }
    if (fstat(fd, &info) < 0) {
        return -errno;
    }
    if ((uint64_t)info.st_size < length) {
        return -ENODATA;
    }
    /*
     * Whole pages are mapped and the rest is read. So this process itself never touches a page of
     * the file: if the file were truncated at that moment, that would be a SIGBUS.
     */
    if (start.value % page == 0 && length >= page) {
        mapped = length & ~(page - 1);
        error = map_private(host, fd, mapped);
        if (error == -ENODEV) {
            /* This file system has no mappings; the attempt may have removed the RAM. */
            error = map_fresh(host, mapped);
            mapped = 0;
        }
        if (error != 0) {
            return error;
        }
    }
    error = copy_file(host + mapped, fd, mapped, length - mapped);
    if (error != 0) {
        return error;
    }
    memset(host + length, 0, -(start.value + length) & (page - 1));
    return 0;
}
