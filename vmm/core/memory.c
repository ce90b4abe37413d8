/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "core/backing.h"

/*
 * KVM can map a huge page of the host as one block of the guest only if host and guest address
 * agree in their low 21 bits.
 */
#define HUGE_SIZE (UINT64_C(2) << 20)

static uint64_t page_size(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

/*
 * Advice, which the kernel may lack. Huge pages: one stage-2 fault instead of 512. No dump: a core
 * file of the monitor is for its own bugs, and must not have the guest's secrets.
 */
static void advise_kernel(uint8_t *host, uint64_t size)
{
    (void)madvise(host, size, MADV_HUGEPAGE);
    (void)madvise(host, size, MADV_DONTDUMP);
}

/* Replaces what is mapped there, RAM or file, by RAM that was never touched. */
static int map_fresh(uint8_t *host, uint64_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;

    if (mmap(host, size, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED) {
        return -errno;
    }
    advise_kernel(host, size);
    return 0;
}

/*
 * The size is sealed: other processes have the file, and one that shortens it would kill this
 * process by SIGBUS.
 */
static int create_file(uint64_t size)
{
    enum { NOEXEC_SEAL = 8 }; /* MFD_NOEXEC_SEAL, which older C libraries lack */
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create("guest-ram", flags | NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create("guest-ram", flags); /* before Linux 6.3 */
    }
    if (fd < 0) {
        return -errno;
    }
    if (ftruncate(fd, (off_t)size) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

static int map_shared(struct memory *memory)
{
    int fd = create_file(memory->size);

    if (fd < 0) {
        return fd;
    }
    memory->shared = true;
    memory->fd = fd;
    int flags = MAP_SHARED | MAP_NORESERVE | MAP_FIXED;
    if (mmap(memory->host, memory->size, PROT_READ | PROT_WRITE, flags, fd, 0) == MAP_FAILED) {
        return -errno;
    }
    advise_kernel(memory->host, memory->size);
    return 0;
}

/* Gives whole pages back to the host; they read as zero again, in every process that maps them. */
static int discard_pages(struct memory *memory, uint8_t *host, uint64_t size)
{
    if (memory->shared) {
        return madvise(host, size, MADV_REMOVE) == 0 ? 0 : -errno;
    }
    int error = map_fresh(host, size);
    if (error == 0) {
        backing_forget(memory->backing, host, size);
    }
    return error;
}

/* Finds address space. 0 or -errno. */
static int reserve_space(struct memory *memory, struct ipa base, uint64_t size)
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
        return -ENOMEM;
    }
    uint64_t slack = (base.value - (uintptr_t)reserved) & (HUGE_SIZE - 1);
    *memory = (struct memory){
        .base = base,
        .size = size,
        .host = reserved + HUGE_SIZE + slack,
        .reserved = reserved,
        .reserved_size = reserved_size,
    };
    return 0;
}

int memory_create(struct memory *memory, struct ipa base, uint64_t size)
{
    int error = reserve_space(memory, base, size);

    if (error == 0) {
        error = map_fresh(memory->host, size);
    }
    if (error != 0) {
        memory_destroy(memory);
    }
    return error;
}

int memory_create_shared(struct memory *memory, struct ipa base, uint64_t size)
{
    int error = reserve_space(memory, base, size);

    if (error == 0) {
        error = map_shared(memory);
    }
    if (error != 0) {
        memory_destroy(memory);
    }
    return error;
}

void memory_destroy(struct memory *memory)
{
    backing_destroy(memory->backing);
    if (memory->reserved != NULL) {
        munmap(memory->reserved, memory->reserved_size);
    }
    if (memory->shared) {
        close(memory->fd);
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
    int error = discard_pages(memory, memory->host, memory->size);

    if (error == 0) {
        memory->files = memory->files_end = NULL;
        backing_destroy(memory->backing);
        memory->backing = NULL;
    }
    return error;
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
    return whole == 0 ? 0 : discard_pages(memory, host + head, whole);
}

/* As with other files; but the guest must not cut an image into more mappings than a process may have. */
static void discard_image(const struct memory *memory, uint8_t *host, uint64_t size)
{
    if (backing_may_cut(memory->backing, host, size) && map_fresh(host, size) == 0) {
        backing_forget(memory->backing, host, size);
    }
}

int memory_discard(const struct memory *memory, struct ipa start, uint64_t size)
{
    uint64_t page = page_size();
    uint8_t *host = memory_at(memory, start, size);
    uint64_t head = -start.value & (page - 1);

    if (host == NULL) {
        return -EFAULT;
    }
    if (size < head + page) {
        return 0;
    }
    host += head;
    uint64_t whole = (size - head) & ~(page - 1);
    if (memory->shared) {
        (void)madvise(host, whole, MADV_REMOVE);
    } else if (backing_has(memory->backing, host, whole)) {
        discard_image(memory, host, whole);
    } else if (host < memory->files_end && host + whole > memory->files) {
        /* Without its private pages a mapping would show the file again. */
        (void)map_fresh(host, whole);
    } else {
        (void)madvise(host, whole, MADV_DONTNEED);
    }
    return 0;
}

void memory_page_out(const struct memory *memory, uint64_t offset, uint64_t size)
{
    enum { PAGE_OUT = 21 }; /* MADV_PAGEOUT, Linux 5.4 */

    (void)madvise(memory->host + offset, size, PAGE_OUT);
}

static void memory_note_file(struct memory *memory, const uint8_t *host, uint64_t size)
{
    if (size == 0) {
        return;
    }
    if (memory->files == NULL || host < memory->files) {
        memory->files = host;
    }
    if (memory->files_end == NULL || host + size > memory->files_end) {
        memory->files_end = host + size;
    }
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
     * the file: if the file were truncated at that moment, that would be a SIGBUS. Shared RAM gets
     * copies only: other processes would not see a mapping.
     */
    if (!memory->shared && start.value % page == 0 && length >= page) {
        mapped = length & ~(page - 1);
        error = map_private(host, fd, mapped);
        backing_forget(memory->backing, host, mapped);
        if (error == -ENODEV) {
            /* This file system has no mappings; the attempt may have removed the RAM. */
            error = map_fresh(host, mapped);
            mapped = 0;
        }
        if (error != 0) {
            return error;
        }
    }
    memory_note_file(memory, host, mapped);
    error = copy_file(host + mapped, fd, mapped, length - mapped);
    if (error != 0) {
        return error;
    }
    memset(host + length, 0, -(start.value + length) & (page - 1));
    return 0;
}

void memory_drop_files(const struct memory *memory)
{
    if (memory->files != NULL) {
        (void)madvise((void *)(uintptr_t)memory->files, (size_t)(memory->files_end - memory->files),
                      MADV_DONTNEED);
    }
}

int memory_begin_image(struct memory *memory, int fd, const char *path)
{
    if (memory->shared || memory->backing != NULL) {
        return -EINVAL;
    }
    memory->backing = backing_create(memory->host, memory->size, fd, path);
    return memory->backing != NULL ? 0 : -ENOMEM;
}

int memory_map_image(struct memory *memory, uint64_t offset, uint64_t size, uint64_t at)
{
    int error = backing_map(memory->backing, offset, size, at);

    return error == -ENODEV && map_fresh(memory->host + offset, size) != 0 ? -ENOMEM : error;
}

/* Through a buffer, so that memory is as if it had been read at once: of huge pages, where there are some. */
static int own_piece(struct memory *memory, uint8_t *host, uint64_t size, uint8_t *buffer)
{
    memcpy(buffer, host, size);
    int error = map_fresh(host, size);
    if (error == 0) {
        backing_forget(memory->backing, host, size);
        memcpy(host, buffer, size);
    }
    return error;
}

int memory_own_image(struct memory *memory)
{
    enum { PIECE = 4 << 20 };
    const struct backing *backing = memory->backing;
    uint64_t end = memory->size / BACKING_UNIT;
    uint64_t unit = 0;
    uint8_t *buffer = malloc(PIECE);
    int error = buffer != NULL ? 0 : -ENOMEM;

    for (uint64_t run; error == 0 && (run = backing_next_run(backing, &unit, end)) != 0;) {
        uint64_t offset = unit * BACKING_UNIT;
        uint64_t left = PIECE - offset % PIECE;

        run *= BACKING_UNIT;
        error = own_piece(memory, memory->host + offset, run < left ? run : left, buffer);
    }
    free(buffer);
    return error;
}

int memory_settle_image(struct memory *memory)
{
    struct backing *backing = memory->backing;

    if (backing == NULL || !backing_is_wanted(backing)) {
        return 0;
    }
    int error = backing->fd < 0 ? 0 : backing_take(backing, backing->size);
    if (error == 0) {
        error = memory_own_image(memory);
    }
    return error == 0 ? backing_let_go(backing) : error;
}
