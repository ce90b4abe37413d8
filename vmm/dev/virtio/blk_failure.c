/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A failure of the host's file is told to the operator from the loop, where no lock is held. A guest
 * cannot flood anybody: one line until the disk works again, and one in a minute; or one until the
 * operator continues the machine. That one is always told: without the operator the guest would wait
 * for ever.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/report.h"
#include "dev/virtio/blk_parts.h"

enum { BLK_REPORT_MS = 60000 };

void blk_note_failure(struct device *device, const struct disk_request *request, int error,
                      bool pauses)
{
    static const char *const words[] = {
        [DISK_READ] = "read",       [DISK_WRITE] = "write",       [DISK_FLUSH] = "flush",
        [DISK_DISCARD] = "discard", [DISK_ZERO] = "write zeroes",
    };
    int64_t now = clock_now_ms();
    bool recent = device->noted_ms != 0 && now - device->noted_ms < BLK_REPORT_MS;

    if (pauses ? device->parked != NULL : device->failing || recent) {
        return;
    }
    device->failing = true;
    device->noted_ms = now;
    device->failure = (struct blk_failure){
        .word = words[request->operation],
        .reads = request->operation == DISK_READ,
        .offset = request->offset,
        .error = -error,
        .pauses = pauses,
    };
    (void)eventfd_write(device->failure_event, 1);
}

static void blk_tell_failure(struct device *device, const struct blk_failure *failure)
{
    const struct device_env *env = &device->virtio.env;
    char name[16];

    report("--disk %s: cannot %s at byte %llu: %s; %s", disk_path(device->disk), failure->word,
           (unsigned long long)failure->offset, strerror(failure->error),
           failure->pauses ? "the VM stops until the operator continues it"
                           : "the guest gets an I/O error (reported once, until a write succeeds)");
    snprintf(name, sizeof(name), "disk%u", device->settings->number);
    env->failed(env->failed_arg,
                &(struct device_failure){.device = name,
                                         .operation = failure->reads ? "read" : "write",
                                         .reason = strerror(failure->error),
                                         .no_space = failure->error == ENOSPC,
                                         .pauses = failure->pauses});
}

void blk_on_failure(void *arg, uint32_t events)
{
    struct device *device = arg;
    eventfd_t count;

    (void)events;
    (void)eventfd_read(device->failure_event, &count);
    if (!virtio_enter(&device->virtio)) {
        return;
    }
    struct blk_failure failure = device->failure;
    device->failure.word = NULL;
    virtio_unlock(&device->virtio);
    if (failure.word != NULL) {
        blk_tell_failure(device, &failure);
    }
}
