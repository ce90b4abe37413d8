/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: what a hostile driver does to virtio-blk. The disk is a file in memory. No thread can be
 * created, so the engine of threads does all work at once, on this one.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/disk/disk_settings.h"
#include "virtio_driver.h"

enum { IMAGE_SIZE = 64 << 10, QUEUES = 2 };

typedef void *thread_fn(void *arg);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_fn *fn,
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_fn *fn,
                          void *arg);

static bool playing;

/* libFuzzer has threads of its own. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_fn *fn,
                          void *arg)
{
    return playing ? EAGAIN : __real_pthread_create(thread, attributes, fn, arg);
}

static const char *image_path(void)
{
    static char path[32];

    if (path[0] == '\0') {
        int fd = memfd_create("image", MFD_CLOEXEC);

        if (fd < 0 || ftruncate(fd, IMAGE_SIZE) != 0) {
            abort();
        }
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct disk_settings settings = {
        .value = image_path(),
        .raw = true,
        .aio = DISK_AIO_THREADS,
        .queues = QUEUES,
        .serial = "S",
    };
    const struct virtio_target target = {
        .name = "virtio-blk", .settings = &settings, .queues = QUEUES};

    playing = true;
    virtio_play(&target, bytes, size);
    playing = false;
    return 0;
}
