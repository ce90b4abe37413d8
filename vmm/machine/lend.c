/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that the guest gives back by its balloon. */
#include "control/news.h"
#include "dev/virtio/balloon.h"
#include "machine/parts.h"

static struct device *lend_find(const struct machine *machine)
{
    return bus_device(&machine->bus, "virtio-balloon");
}

const char *lend_kept(const struct machine *machine, uint64_t *bytes)
{
    struct device *device = lend_find(machine);

    if (device == NULL) {
        return "the guest has no balloon (--balloon)";
    }
    uint64_t given = balloon_given(device);
    /* A driver can claim to have given more than there is. */
    *bytes = given < machine->memory.size ? machine->memory.size - given : 0;
    return NULL;
}

const char *lend_keep(const struct machine *machine, uint64_t bytes)
{
    struct device *device = lend_find(machine);

    if (device == NULL) {
        return "the guest has no balloon (--balloon)";
    }
    balloon_ask(device, bytes < machine->memory.size ? machine->memory.size - bytes : 0);
    return NULL;
}

static void on_balloon(void *arg)
{
    struct machine *machine = arg;
    uint64_t bytes;

    if (lend_kept(machine, &bytes) == NULL) {
        news_balloon(machine->events, bytes);
        qmp_tell_balloon(machine->qmp, bytes);
    }
}

void lend_open(struct machine *machine)
{
    struct device *device = lend_find(machine);

    if (device != NULL) {
        balloon_watch(device, on_balloon, machine);
    }
}
