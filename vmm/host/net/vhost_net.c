/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/net/vhost_net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/report.h"
#include "core/memory.h"

/* What concerns the rings, of which a driver chooses some; the kernel must have them all. */
static const uint64_t vhost_net_features =
    UINT64_C(1) << VIRTIO_F_VERSION_1 | UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC |
    UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX | UINT64_C(1) << VIRTIO_NET_F_MRG_RXBUF;

struct vhost_net {
    const char *label; /* for messages: "--net tap=NAME" */
    int fd;
    int error; /* an eventfd */
    bool owned;
    bool failed;
};

/* struct vhost_memory with one region; that one is a flexible array there. */
struct vhost_net_table {
    uint32_t count;
    uint32_t padding;
    struct vhost_memory_region region;
};

_Static_assert(offsetof(struct vhost_net_table, region) == offsetof(struct vhost_memory, regions),
               "as the kernel has it");

static int vhost_net_find(struct vhost_net *vhost)
{
    uint64_t features = 0;

    vhost->fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
    if (vhost->fd < 0 || ioctl(vhost->fd, VHOST_GET_FEATURES, &features) != 0) {
        return -errno;
    }
    if ((features & vhost_net_features) != vhost_net_features) {
        return -EOPNOTSUPP;
    }
    vhost->error = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return vhost->error < 0 ? -errno : 0;
}

int vhost_net_open(const char *label, enum net_vhost wanted, struct vhost_net **out)
{
    *out = NULL;
    if (wanted == NET_VHOST_OFF) {
        return 0;
    }
    struct vhost_net *vhost = calloc(1, sizeof(*vhost));
    if (vhost == NULL) {
        return -ENOMEM;
    }
    *vhost = (struct vhost_net){.label = label, .fd = -1, .error = -1};
    int error = vhost_net_find(vhost);
    if (error == 0) {
        *out = vhost;
        return 0;
    }
    vhost_net_close(vhost);
    if (wanted == NET_VHOST_AUTO) {
        return 0;
    }
    report(
        "%s: vhost=on: cannot use /dev/vhost-net: %s; load the kernel's module vhost_net, or give "
        "vhost=auto",
        label, strerror(-error));
    return -REPORTED;
}

void vhost_net_close(struct vhost_net *vhost)
{
    if (vhost == NULL) {
        return;
    }
    if (vhost->fd >= 0) {
        close(vhost->fd);
    }
    if (vhost->error >= 0) {
        close(vhost->error);
    }
    free(vhost);
}

bool vhost_net_works(const struct vhost_net *vhost)
{
    return vhost != NULL && !vhost->failed;
}

int vhost_net_error_fd(const struct vhost_net *vhost)
{
    return vhost->error;
}

bool vhost_net_take_error(const struct vhost_net *vhost)
{
    eventfd_t count;

    return eventfd_read(vhost->error, &count) == 0;
}

/* Makes the kernel's thread, which works on this process's memory. */
static bool vhost_net_own(struct vhost_net *vhost, const struct memory *memory)
{
    const struct vhost_net_table table = {
        .count = 1,
        .region =
            {
                .guest_phys_addr = memory->base.value,
                .memory_size = memory->size,
                .userspace_addr = (uintptr_t)memory->host,
            },
    };

    vhost->owned = vhost->owned || ioctl(vhost->fd, VHOST_SET_OWNER, NULL) == 0;
    return vhost->owned && ioctl(vhost->fd, VHOST_SET_MEM_TABLE, &table) == 0;
}

static bool vhost_net_set_ring(const struct vhost_net *vhost, const struct vhost_net_ring *ring)
{
    const struct vhost_vring_state size = {ring->number, ring->size};
    const struct vhost_vring_state base = {ring->number, ring->base};
    const struct vhost_vring_addr address = {
        .index = ring->number,
        .desc_user_addr = (uintptr_t)ring->descriptors,
        .avail_user_addr = (uintptr_t)ring->available,
        .used_user_addr = (uintptr_t)ring->used,
    };

    return ioctl(vhost->fd, VHOST_SET_VRING_NUM, &size) == 0 &&
           ioctl(vhost->fd, VHOST_SET_VRING_BASE, &base) == 0 &&
           ioctl(vhost->fd, VHOST_SET_VRING_ADDR, &address) == 0;
}

static bool vhost_net_set_files(const struct vhost_net *vhost, const struct vhost_net_ring *ring)
{
    const struct vhost_vring_file kick = {ring->number, ring->kick};
    const struct vhost_vring_file call = {ring->number, ring->call};
    const struct vhost_vring_file error = {ring->number, vhost->error};

    return ioctl(vhost->fd, VHOST_SET_VRING_CALL, &call) == 0 &&
           ioctl(vhost->fd, VHOST_SET_VRING_ERR, &error) == 0 &&
           ioctl(vhost->fd, VHOST_SET_VRING_KICK, &kick) == 0;
}

bool vhost_net_start(struct vhost_net *vhost, const struct memory *memory, int tap,
                     uint64_t features, const struct vhost_net_ring *ring)
{
    const uint64_t wanted = features & vhost_net_features;
    const struct vhost_vring_file backend = {ring->number, tap};

    /* Everything but the last call only prepares. */
    vhost->failed = !vhost_net_own(vhost, memory) ||
                    ioctl(vhost->fd, VHOST_SET_FEATURES, &wanted) != 0 ||
                    !vhost_net_set_ring(vhost, ring) || !vhost_net_set_files(vhost, ring) ||
                    ioctl(vhost->fd, VHOST_NET_SET_BACKEND, &backend) != 0;
    if (vhost->failed) {
        report("%s: vhost-net does not work: %s; dormouse moves the frames itself from now on",
               vhost->label, strerror(errno));
    }
    return !vhost->failed;
}

/*
 * VHOST_NET_SET_BACKEND waits for the worker if it is at this queue. It cannot fail here: it checks
 * only what was good at the start. If it did, a thread of the kernel would go on writing memory that
 * the guest believes to be its own.
 */
uint16_t vhost_net_stop(struct vhost_net *vhost, unsigned number)
{
    const struct vhost_vring_file none = {number, VHOST_FILE_UNBIND};
    struct vhost_vring_state state = {number, 0};

    if (ioctl(vhost->fd, VHOST_NET_SET_BACKEND, &none) != 0 ||
        ioctl(vhost->fd, VHOST_GET_VRING_BASE, &state) != 0) {
        report("%s: vhost-net cannot be stopped: %s", vhost->label, strerror(errno));
        abort();
    }
    return (uint16_t)state.num;
}
