/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"

#define MIB (UINT64_C(1) << 20)

#ifndef MFD_NOEXEC_SEAL /* glibc before 2.38 */
#define MFD_NOEXEC_SEAL 8U
#endif

enum { PIECE_SIZE = 1 << 16 };

/* A file in memory. Linux before 6.3 does not know MFD_NOEXEC_SEAL, and later ones may insist on it. */
static int source_create(void)
{
    int fd = memfd_create("pipe", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create("pipe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    }
    return fd;
}

/* Waits for a writer too: reading a FIFO that no process has opened for writing would give an end of file at once. */
static ssize_t source_read_pipe(int pipe, uint8_t piece[PIECE_SIZE])
{
    struct pollfd ready = {.fd = pipe, .events = POLLIN};
    ssize_t got;

    do {
        got = poll(&ready, 1, -1) < 0 ? -1 : read(pipe, piece, PIECE_SIZE);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    return got;
}

/* Returns 0, -E2BIG if there is more than `limit`, or another -errno. */
static int source_copy(int pipe, int copy, uint64_t limit, uint64_t *size)
{
    uint8_t piece[PIECE_SIZE];
    ssize_t got;

    *size = 0;
    while ((got = source_read_pipe(pipe, piece)) > 0) {
        if ((uint64_t)got > limit - *size) {
            return -E2BIG;
        }
        ssize_t put = write(copy, piece, (size_t)got);
        if (put != got) {
            return put < 0 ? -errno : -ENOSPC;
        }
        *size += (uint64_t)got;
    }
    if (got < 0) {
        return -errno;
    }
    return fcntl(copy, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0 ? 0 : -errno;
}

static void source_report(const char *path, const char *what, uint64_t limit, int error)
{
    if (error == -E2BIG) {
        report("%s %s: the pipe has more than %" PRIu64
               " MiB, the guest's memory; give more with --memory",
               what, path, limit / MIB);
    } else {
        report("cannot read %s %s: %s", what, path, strerror(-error));
    }
}

static int source_open_pipe(const char *path, const char *what, uint64_t limit, uint64_t *size)
{
    int pipe = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int copy = pipe < 0 ? -1 : source_create();
    int error = copy < 0 ? -errno : source_copy(pipe, copy, limit, size);

    if (error != 0) {
        source_report(path, what, limit, error);
    }
    if (pipe >= 0) {
        close(pipe);
    }
    if (error != 0 && copy >= 0) {
        close(copy);
    }
    return error != 0 ? error : copy;
}

int source_open(const char *path, const char *what, uint64_t limit, uint64_t *size)
{
    struct stat info;
    bool pipe = stat(path, &info) == 0 && S_ISFIFO(info.st_mode);

    return pipe ? source_open_pipe(path, what, limit, size) : file_open(path, what, size);
}

int source_load(struct memory *memory, struct ipa start, int fd, uint64_t offset, uint64_t size)
{
    void *host = memory_at(memory, start, size);
    size_t count;

    if (host == NULL) {
        return -EFAULT;
    }
    if (offset == 0) {
        return memory_map_file(memory, start, fd, size);
    }
    int error = file_read(fd, offset, host, size, &count);
    return error == 0 && count < size ? -ENODATA : error;
}
