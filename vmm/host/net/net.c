/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/net/net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/net/frame.h"
#include "host/net/net_parts.h"
#include "host/net/vhost_net.h"

int net_open(const struct net_settings *settings, struct net **out)
{
    struct net *net = calloc(1, sizeof(*net));

    if (net == NULL) {
        return -ENOMEM;
    }
    net->fd = -1;
    int error = settings->tap[0] != '\0' ? tap_attach(net, settings) : passt_start(net, settings);
    if (error != 0) {
        net_close(net);
        return error;
    }
    *out = net;
    return 0;
}

void net_close(struct net *net)
{
    if (net == NULL) {
        return;
    }
    vhost_net_close(net->vhost);
    if (net->fd >= 0) {
        close(net->fd);
    }
    free(net);
}

bool net_is_dead(const struct net *net)
{
    return net->dead != 0;
}

int net_fd(const struct net *net)
{
    return net->fd;
}

bool net_has_offloads(const struct net *net)
{
    return net->kind->set_offloads != NULL;
}

void net_set_offloads(struct net *net, uint64_t features)
{
    if (net->kind->set_offloads != NULL) {
        net->kind->set_offloads(net, features);
    }
}

struct vhost_net *net_vhost(const struct net *net)
{
    return net->vhost;
}

unsigned net_mtu(const struct net *net)
{
    return net->mtu;
}

int net_send(struct net *net, const struct iovec *parts, unsigned count, size_t size)
{
    bool sound = size >= NET_HEADER_SIZE + NET_ETHERNET_SIZE && size <= NET_FRAME_MAX &&
                 count <= NET_PARTS_MAX;

    if (net->dead != 0) {
        return net->dead;
    }
    int error = net_flush(net);
    if (error != 0 || !sound) {
        return error;
    }
    return net->kind->send(net, parts, count, size);
}

int net_announce(struct net *net, const uint8_t mac[NET_MAC_SIZE])
{
    uint8_t frame[NET_ANNOUNCE_SIZE];
    const struct iovec part = {frame, sizeof(frame)};

    announce_make(frame, mac);
    return net_send(net, &part, 1, sizeof(frame));
}

int net_flush(struct net *net)
{
    if (net->dead != 0) {
        return net->dead;
    }
    return net->kind->flush != NULL ? net->kind->flush(net) : 0;
}

bool net_has_unsent(const struct net *net)
{
    return net->dead == 0 && net->unsent_at < net->unsent_end;
}

static size_t net_room(const struct iovec *parts, unsigned count)
{
    size_t room = 0;

    for (unsigned i = 0; i < count && room < NET_FRAME_MAX; i++) {
        room += parts[i].iov_len < NET_FRAME_MAX ? parts[i].iov_len : NET_FRAME_MAX;
    }
    return room < NET_FRAME_MAX ? room : NET_FRAME_MAX;
}

static ssize_t net_receive_kept(struct net *net, const struct iovec *parts, unsigned count)
{
    size_t size = net->kept;

    (void)frame_write(parts, count, net->buffer, size);
    net->kept = 0;
    return (ssize_t)size;
}

ssize_t net_receive(struct net *net, const struct iovec *parts, unsigned count)
{
    if (net->kept > 0) {
        return net_receive_kept(net, parts, count);
    }
    if (net->dead != 0) {
        return net->dead;
    }
    return net->kind->receive(net, parts, count, net_room(parts, count));
}

const uint8_t *net_rest(const struct net *net, size_t skip)
{
    return net->buffer + skip;
}

void net_put_back(struct net *net, const struct iovec *parts, unsigned count, size_t size)
{
    (void)frame_read(parts, count, net->buffer, size);
    net->kept = size;
}

ssize_t net_peek(struct net *net, const uint8_t **frame)
{
    ssize_t size = net_receive(net, NULL, 0);

    if (size > 0) {
        net->kept = (size_t)size;
        *frame = net->buffer;
    }
    return size;
}

void net_drop(struct net *net)
{
    net->kept = 0;
}

bool net_has_kept(const struct net *net)
{
    return net->kept > 0;
}
