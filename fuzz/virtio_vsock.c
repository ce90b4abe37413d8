/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: what a hostile driver does to virtio-vsock, while hostile clients connect to the
 * multiplexer, say what they like, read, and leave.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/vsock/vsock_settings.h"
#include "virtio_driver.h"

enum { CLIENT_COUNT = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct vsock_settings settings = {.cid = VSOCK_CID_DEFAULT};
static int clients[CLIENT_COUNT] = {-1, -1, -1, -1};

static void leave(int *client)
{
    if (*client >= 0) {
        close(*client);
        *client = -1;
    }
}

static void come(int *client)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    leave(client);
    memcpy(address.sun_path, settings.path, sizeof(settings.path));
    *client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*client < 0) {
        abort();
    }
    (void)connect(*client, (const struct sockaddr *)&address, sizeof(address));
}

static void act(const uint8_t *bytes, size_t size)
{
    static const char greeting[] = "CONNECT 1\n";
    static char heard[4096];
    int *client = &clients[bytes[0] % CLIENT_COUNT];

    switch (bytes[1] % 6) {
    case 0:
        come(client);
        return;
    case 1:
        come(client);
        (void)!send(*client, greeting, strlen(greeting), MSG_NOSIGNAL);
        return;
    case 2:
        (void)!send(*client, bytes, size, MSG_NOSIGNAL);
        return;
    case 3:
        (void)!recv(*client, heard, sizeof(heard), MSG_DONTWAIT);
        return;
    case 4:
        shutdown(*client, SHUT_WR);
        return;
    default:
        leave(client);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct virtio_target target = {
        .name = "virtio-vsock",
        .settings = &settings,
        .queues = 3,
        .host = act,
    };

    if (settings.path[0] == '\0') {
        signal(SIGPIPE, SIG_IGN); /* as dormouse does */
        snprintf(settings.path, sizeof(settings.path), "/dev/shm/fuzz_vsock.%d", (int)getpid());
    }
    virtio_play(&target, bytes, size);
    for (unsigned i = 0; i < CLIENT_COUNT; i++) {
        leave(&clients[i]);
    }
    return 0;
}
