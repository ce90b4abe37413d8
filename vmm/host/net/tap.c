/* SPDX-License-Identifier: BSD-2-Clause */
/* A tap interface of the host's kernel, with the header of virtio-net before each frame. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/report.h"
#include "host/net/frame.h"
#include "host/net/net_parts.h"
#include "host/net/vhost_net.h"

/* The interface is gone; anything else concerns one frame only, such as an interface that is down. */
static bool tap_is_gone(int error)
{
    return error == EBADFD || error == ENODEV || error == EBADF;
}

static int tap_end(struct net *net, int error)
{
    return net_end(net, error, "the interface was removed");
}

/* The kernel cuts a frame that has no room; the buffer has room for every frame. */
static ssize_t tap_receive(struct net *net, const struct iovec *parts, unsigned count, size_t room)
{
    struct iovec pieces[NET_PARTS_MAX + 1];
    unsigned used = frame_slice(pieces, parts, count, 0, room);

    pieces[used++] = (struct iovec){net->buffer + room, NET_FRAME_MAX - room};
    ssize_t size = readv(net->fd, pieces, (int)used);
    if (size < 0 && tap_is_gone(errno)) {
        return tap_end(net, -errno);
    }
    return size < NET_HEADER_SIZE + NET_ETHERNET_SIZE ? 0 : size;
}

static int tap_send(struct net *net, const struct iovec *parts, unsigned count, size_t size)
{
    struct iovec pieces[NET_PARTS_MAX];
    unsigned used = frame_slice(pieces, parts, count, 0, size);

    if (writev(net->fd, pieces, (int)used) >= 0) {
        return 0;
    }
    if (errno == EAGAIN) {
        return -EAGAIN;
    }
    return tap_is_gone(errno) ? tap_end(net, -errno) : 0;
}

static void tap_set_offloads(struct net *net, uint64_t features)
{
    static const struct {
        unsigned feature;
        unsigned flag;
    } flags[] = {
        {VIRTIO_NET_F_GUEST_CSUM, TUN_F_CSUM},
        {VIRTIO_NET_F_GUEST_TSO4, TUN_F_TSO4},
        {VIRTIO_NET_F_GUEST_TSO6, TUN_F_TSO6},
        {VIRTIO_NET_F_GUEST_ECN, TUN_F_TSO_ECN},
    };
    unsigned set = 0;

    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        set |= (features >> flags[i].feature & 1) != 0 ? flags[i].flag : 0;
    }
    /* Fails only for flags that this kernel does not know; all kernels since 2.6.33 know these. */
    (void)ioctl(net->fd, TUNSETOFFLOAD, (unsigned long)set);
}

static const struct net_kind tap_kind = {
    .receive = tap_receive,
    .send = tap_send,
    .set_offloads = tap_set_offloads,
};

static int tap_refuse(const char *name, int error)
{
    if (error == EPERM && if_nametoindex(name) == 0) {
        report("--net tap=%s: there is no such interface, and only root may create one; as root: "
               "ip tuntap add dev %s mode tap user USER",
               name, name);
    } else if (error == EPERM) {
        report("--net tap=%s: this user may not use the interface; make it for this user, as root: "
               "ip tuntap add dev %s mode tap user USER",
               name, name);
    } else if (error == EBUSY) {
        report("--net tap=%s: another program uses the interface", name);
    } else if (error == EINVAL) {
        report("--net tap=%s: that interface is not a tap with one queue", name);
    } else {
        report("--net tap=%s: cannot use the interface: %s", name, strerror(error));
    }
    return -REPORTED;
}

static void tap_find_mtu(struct net *net, const struct ifreq *request)
{
    struct ifreq asked = *request;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return;
    }
    if (ioctl(fd, SIOCGIFMTU, &asked) == 0 && asked.ifr_mtu != 1500) {
        net->mtu = (unsigned)asked.ifr_mtu;
    }
    close(fd);
}

/* Returns 0 or an errno. */
static int tap_set_up(struct net *net, const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    int header = NET_HEADER_SIZE;
    int little_endian = 1;

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ioctl(net->fd, TUNSETIFF, &request) != 0 || ioctl(net->fd, TUNSETVNETHDRSZ, &header) != 0 ||
        ioctl(net->fd, TUNSETVNETLE, &little_endian) != 0 ||
        ioctl(net->fd, TUNSETOFFLOAD, 0UL) != 0) {
        return errno;
    }
    tap_find_mtu(net, &request);
    return 0;
}

int tap_attach(struct net *net, const struct net_settings *settings)
{
    static const char device[] = "/dev/net/tun";

    net->kind = &tap_kind;
    snprintf(net->label_text, sizeof(net->label_text), "--net tap=%s", settings->tap);
    net->label = net->label_text;
    net->fd = open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (net->fd < 0) {
        report("%s: cannot open %s: %s", net->label, device, strerror(errno));
        return -REPORTED;
    }
    int error = tap_set_up(net, settings->tap);
    if (error != 0) {
        return tap_refuse(settings->tap, error);
    }
    return vhost_net_open(net->label, settings->vhost, &net->vhost);
}
