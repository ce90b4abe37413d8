/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: what a hostile driver does to the ports of virtio-console, whose clients are parts of this
 * program: they send, forget, take some of what comes and resume.
 */
#include <stdlib.h>

#include "host/port/port_internal.h"
#include "host/port/port_settings.h"
#include "virtio_driver.h"

enum { PORT_COUNT = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct client {
    struct port_link *link;
    size_t takes; /* of the next piece */
};

static struct client clients[PORT_COUNT];

static void on_attached(void *arg, struct port_link *link)
{
    ((struct client *)arg)->link = link;
}

static void on_opened(void *arg, bool open)
{
    (void)arg, (void)open;
}

static size_t on_receive(void *arg, const void *bytes, size_t count)
{
    const struct client *client = arg;
    size_t taken = count < client->takes ? count : client->takes;

    for (size_t i = 0; i < taken; i++) {
        (void)((const volatile uint8_t *)bytes)[i];
    }
    return taken;
}

static void act(const uint8_t *bytes, size_t size)
{
    struct client *client = &clients[bytes[0] % PORT_COUNT];

    client->takes = bytes[1];
    if ((bytes[2] & 1) != 0) {
        port_link_forget(client->link);
    }
    if ((bytes[2] & 2) != 0) {
        port_link_resume(client->link);
    }
    if (port_link_send(client->link, bytes, size) > size ||
        port_link_waiting(client->link) > PORT_LINK_SIZE) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct port_client ends[PORT_COUNT] = {
        {&clients[0], on_attached, on_opened, on_receive, NULL},
        {&clients[1], on_attached, on_opened, on_receive, NULL},
    };
    static const struct port_settings settings = {
        .count = PORT_COUNT,
        .at = {{.name = "one", .client = &ends[0]}, {.name = "two", .client = &ends[1]}},
    };
    const struct virtio_target target = {
        .name = "virtio-console",
        .settings = &settings,
        .queues = 8,
        .host = act,
    };

    virtio_play(&target, bytes, size);
    return 0;
}
