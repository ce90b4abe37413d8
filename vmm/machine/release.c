/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that opens the image to write to it, or to cut it off, waits for the lease that memory mapped from it needs.
 * Memory is read in pieces, while the guest runs; then, while it stands still, it becomes this process's own; and the lease
 * ends. (A page of a private mapping goes with the end of its file, also after it was written to.)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "core/backing.h"
#include "machine/exits.h"
#include "machine/parts.h"

enum { RELEASE_PIECE = 16 << 20 };

static void release_fail(struct machine *machine, int error)
{
    char text[512];
    const char *path = machine->memory.backing->path;

    if (error == -EAGAIN) {
        (void)snprintf(text, sizeof(text),
                       "image %s: it was changed before all of the guest's memory was read from it",
                       path);
    } else {
        (void)snprintf(text, sizeof(text), "image %s: cannot read the guest's memory from it: %s",
                       path, strerror(-error));
    }
    report("%s; the VM ends", text);
    machine_end_by_error(machine, text, STATUS_ERROR);
}

/* No device accesses memory for the guest meanwhile. What the guest does before may be a reset. */
static void release_finish(struct machine *machine)
{
    if (!exits_catch_up(machine)) {
        return;
    }
    bus_be_still(&machine->bus, true);
    int error = memory_settle_image(&machine->memory);
    bus_be_still(&machine->bus, false);
    if (error != 0) {
        release_fail(machine, error);
    } else {
        power_go_on(&machine->power);
    }
}

static void on_release(void *arg)
{
    struct machine *machine = arg;
    struct backing *backing = machine->memory.backing;

    if (backing == NULL || machine->ended || !backing_is_wanted(backing)) {
        return;
    }
    int error = backing->fd < 0 ? 0 : backing_take(backing, RELEASE_PIECE);
    if (error != 0) {
        release_fail(machine, error);
    } else if (backing->fd >= 0 && backing->taken < backing->size) {
        delay_set(&machine->release, 1);
    } else {
        release_finish(machine);
    }
}

void release_begin(struct machine *machine)
{
    delay_set(&machine->release, 1);
}

int release_open(struct machine *machine)
{
    if (!mapped_may_be(machine)) {
        return 0;
    }
    int error = mapped_open(machine);
    return error != 0 ? error : delay_open(&machine->release, machine->loop, on_release, machine);
}

void release_close(struct machine *machine)
{
    delay_close(&machine->release);
}
