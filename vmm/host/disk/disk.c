/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/disk/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/report.h"
#include "host/disk/disk_parts.h"

static int disk_try_engine(struct disk *disk, const struct disk_engine *engine)
{
    int error = engine->open(disk);

    if (error == 0) {
        disk->engine = engine;
    }
    return error;
}

static int disk_choose_engine(struct disk *disk, enum disk_aio aio)
{
    int error = aio == DISK_AIO_THREADS ? -ENOSYS : disk_try_engine(disk, &disk_engine_uring);

    if (error != 0 && aio != DISK_AIO_URING) {
        error = disk_try_engine(disk, &disk_engine_threads);
    }
    if (error != 0) {
        report("--disk %s: this system does not let dormouse use %s: %s", disk->path,
               aio == DISK_AIO_URING ? "io_uring" : "threads", strerror(-error));
        return -REPORTED;
    }
    return 0;
}

int disk_open(const struct disk_settings *settings, struct disk **out)
{
    struct disk *disk = calloc(1, sizeof(*disk));

    if (disk == NULL) {
        report("--disk: out of memory");
        return -REPORTED;
    }
    disk->fd = disk->lock_fd = disk->event = -1;
    int error = disk_file_open(disk, settings);
    if (error == 0) {
        error = disk_lock(disk, settings->read_only);
    }
    if (error == 0) {
        error = disk_choose_engine(disk, settings->aio);
    }
    if (error != 0) {
        disk_close(disk);
        return error;
    }
    *out = disk;
    return 0;
}

void disk_close(struct disk *disk)
{
    if (disk == NULL) {
        return;
    }
    if (disk->engine != NULL) {
        disk->engine->close(disk);
    }
    if (disk->fd >= 0) {
        close(disk->fd);
    }
    if (disk->lock_fd >= 0) {
        close(disk->lock_fd);
    }
    free(disk->path);
    free(disk);
}

uint64_t disk_size(const struct disk *disk)
{
    return disk->size;
}

uint32_t disk_block_size(const struct disk *disk)
{
    return disk->block_size;
}

const char *disk_path(const struct disk *disk)
{
    return disk->path;
}

const char *disk_engine(const struct disk *disk)
{
    return disk->engine->name;
}

int disk_event(const struct disk *disk)
{
    return disk->event;
}

void disk_submit(struct disk *disk, struct disk_request *request)
{
    request->disk = disk;
    piece_begin(request);
    disk->under_way++;
    disk->engine->take(disk, request);
}

void disk_start(struct disk *disk)
{
    disk->engine->begin(disk);
}

void disk_reap(struct disk *disk)
{
    disk->engine->reap(disk);
    disk->engine->begin(disk);
}

void disk_finish(struct disk *disk)
{
    disk_start(disk);
    while (disk->under_way > 0) {
        disk->engine->wait(disk);
        disk_reap(disk);
    }
}

void disk_drain(struct disk *disk)
{
    disk->draining = true;
    disk->engine->cancel(disk);
    disk->engine->reap(disk);
    while (disk->under_way > 0) {
        disk->engine->wait(disk);
        disk->engine->reap(disk);
    }
    disk->draining = false;
}
