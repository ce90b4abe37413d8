/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: what a hostile driver does to virtio-net, while a hostile passt sends what it likes, in
 * frames and in none, and ends when it likes.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/net/net_parts.h"
#include "host/net/net_wake.h"
#include "virtio_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int __wrap_net_open(const struct net_settings *settings, struct net **out);

static int far = -1;

/* The link is a socket of this program. */
int __wrap_net_open(const struct net_settings *settings, struct net **out)
{
    int pair[2];
    struct net *net = calloc(1, sizeof(*net));

    (void)settings;
    signal(SIGPIPE, SIG_IGN); /* as dormouse does */
    if (net == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0) {
        abort();
    }
    passt_attach(net, pair[0]);
    far = pair[1];
    *out = net;
    return 0;
}

/* A frame of up to 64 KiB, of which the first bytes are the input's. */
static void send_frame(const uint8_t *bytes, size_t size)
{
    static uint8_t stream[4 + 0x10000];
    size_t length = (size_t)bytes[0] << 8 | bytes[1];

    memset(stream, 0, sizeof(stream));
    stream[2] = bytes[0];
    stream[3] = bytes[1];
    memcpy(stream + 4, bytes, size);
    (void)!write(far, stream, 4 + length);
}

static void drain(void)
{
    uint8_t bytes[4096];

    while (read(far, bytes, sizeof(bytes)) > 0) {
    }
}

static void act(const uint8_t *bytes, size_t size)
{
    switch (bytes[0] % 8) {
    case 0:
        drain();
        return;
    case 1:
        shutdown(far, bytes[1] % 2 == 0 ? SHUT_WR : SHUT_RDWR);
        return;
    case 2:
        (void)!write(far, bytes + 1, size - 1);
        return;
    default:
        send_frame(bytes + 1, size - 1);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct net_settings settings = {.mac = {2, 0, 0, 0, 0, 7}};
    const struct virtio_target target = {
        .name = "virtio-net",
        .settings = &settings,
        .queues = 3,
        .host = act,
    };

    virtio_play(&target, bytes, size);
    close(far);
    return 0;
}
