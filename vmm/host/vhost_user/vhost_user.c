/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/vhost_user/vhost_user.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/report.h"
#include "core/memory.h"
#include "host/vhost_user/vhost_link.h"

#define BIT(number) (UINT64_C(1) << (number))

/* Virtio's features, of which bit 30 means here that there are protocol features. */
#define HAS_PROTOCOL_FEATURES BIT(30)
#define HAS_VERSION_1         BIT(32)

/* Protocol features. */
#define PROTOCOL_MQ        BIT(0)
#define PROTOCOL_REPLY_ACK BIT(3)
#define PROTOCOL_CONFIG    BIT(9)

struct vhost_user {
    const char *option;
    const char *path;
    struct vhost_link link;
    uint64_t features;
    uint64_t protocol;
    unsigned queue_count;
    int call_fd;
    int error_fd;
    bool blamed;      /* a line about its end has been reported */
    uint32_t started; /* a bit for each queue */
    struct vhost_user_ring rings[VHOST_USER_QUEUES_MAX];
};

/* Payloads. */
struct vring_number {
    uint32_t index;
    uint32_t number;
};

struct vring_addresses {
    uint32_t index;
    uint32_t flags;
    uint64_t descriptors;
    uint64_t used;
    uint64_t available;
    uint64_t log;
};

struct memory_table {
    uint32_t count;
    uint32_t padding;
    uint64_t guest_address;
    uint64_t size;
    uint64_t user_address;
    uint64_t file_offset;
};

struct config_space {
    uint32_t offset;
    uint32_t size;
    uint32_t flags;
    uint8_t bytes[VHOST_USER_CONFIG_MAX];
};

enum { CONFIG_HEADER = offsetof(struct config_space, bytes) };

uint64_t vhost_user_features(const struct vhost_user *backend)
{
    return backend->features & ~HAS_PROTOCOL_FEATURES;
}

unsigned vhost_user_queue_count(const struct vhost_user *backend)
{
    return backend->queue_count;
}

int vhost_user_call_fd(const struct vhost_user *backend)
{
    return backend->call_fd;
}

int vhost_user_error_fd(const struct vhost_user *backend)
{
    return backend->error_fd;
}

int vhost_user_socket(const struct vhost_user *backend)
{
    return backend->link.fd;
}

/*
 * The back-end has the same open file and could make reads of it wait: O_NONBLOCK is no protection
 * here, RWF_NOWAIT is.
 */
bool vhost_user_take_call(const struct vhost_user *backend)
{
    eventfd_t count;
    const struct iovec part = {&count, sizeof(count)};

    return preadv2(backend->call_fd, &part, 1, -1, RWF_NOWAIT) == sizeof(count);
}

/* --- The start of the connection. --- */

static bool negotiate_features(struct vhost_user *backend)
{
    struct vhost_link *link = &backend->link;

    if (!vhost_tell(link, VHOST_SET_OWNER, NULL, 0, VHOST_FD_NONE) ||
        !vhost_ask_number(link, VHOST_GET_FEATURES, &backend->features)) {
        return false;
    }
    if ((backend->features & HAS_VERSION_1) == 0) {
        return vhost_fault(link, VHOST_GET_FEATURES, "it lacks VIRTIO_F_VERSION_1");
    }
    if ((backend->features & HAS_PROTOCOL_FEATURES) == 0 ||
        !vhost_ask_number(link, VHOST_GET_PROTOCOL_FEATURES, &backend->protocol)) {
        return vhost_fault(link, VHOST_GET_FEATURES, "it has no protocol features");
    }
    if ((backend->protocol & PROTOCOL_CONFIG) == 0) {
        return vhost_fault(link, VHOST_GET_PROTOCOL_FEATURES,
                           "it has no configuration space (VHOST_USER_PROTOCOL_F_CONFIG)");
    }
    backend->protocol &= PROTOCOL_MQ | PROTOCOL_REPLY_ACK | PROTOCOL_CONFIG;
    return vhost_tell(link, VHOST_SET_PROTOCOL_FEATURES, &backend->protocol,
                      sizeof(backend->protocol), VHOST_FD_NONE);
}

static bool ask_queue_count(struct vhost_user *backend)
{
    uint64_t count = 1;

    if ((backend->protocol & PROTOCOL_MQ) != 0 &&
        !vhost_ask_number(&backend->link, VHOST_GET_QUEUE_NUM, &count)) {
        return false;
    }
    if (count == 0) {
        return vhost_fault(&backend->link, VHOST_GET_QUEUE_NUM, "it has no queues");
    }
    backend->queue_count = count < VHOST_USER_QUEUES_MAX ? (unsigned)count : VHOST_USER_QUEUES_MAX;
    return true;
}

static bool ask_config(struct vhost_user *backend, const struct vhost_user_setup *setup)
{
    struct config_space config = {.size = (uint32_t)setup->config_size};

    if (!vhost_ask(&backend->link, VHOST_GET_CONFIG, &config, CONFIG_HEADER + setup->config_size)) {
        return false;
    }
    if (config.offset != 0 || config.size != setup->config_size) {
        return vhost_fault(&backend->link, VHOST_GET_CONFIG, "it answers something else");
    }
    memcpy(setup->config, config.bytes, setup->config_size);
    return true;
}

/*
 * The back-end translates what the rings and their addresses say. Both are given as the guest's
 * addresses, so it learns nothing of where things are in this process.
 */
static bool give_memory(struct vhost_user *backend, const struct memory *memory)
{
    const struct memory_table table = {
        .count = 1,
        .guest_address = memory->base.value,
        .size = memory->size,
        .user_address = memory->base.value,
    };

    return vhost_confirm(&backend->link, VHOST_SET_MEM_TABLE, &table, sizeof(table), memory->fd);
}

static bool set_up(struct vhost_user *backend, const struct vhost_user_setup *setup)
{
    vhost_link_begin(&backend->link);
    if (!negotiate_features(backend)) {
        return false;
    }
    backend->link.acknowledges = (backend->protocol & PROTOCOL_REPLY_ACK) != 0;
    return ask_queue_count(backend) && ask_config(backend, setup) &&
           give_memory(backend, setup->memory);
}

/* False, with errno. */
static bool open_eventfds(struct vhost_user *backend)
{
    backend->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    backend->error_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return backend->call_fd >= 0 && backend->error_fd >= 0;
}

static int report_failure(const struct vhost_user *backend, const char *reason)
{
    const struct vhost_link *link = &backend->link;

    if (link->fault != NULL) {
        report("%s%s: the back-end cannot be used: %s (%s)", backend->option, backend->path,
               link->fault, vhost_name(link->at));
    } else {
        report("%s%s: cannot connect to a vhost-user back-end: %s", backend->option, backend->path,
               reason);
    }
    return -REPORTED;
}

int vhost_user_open(const struct vhost_user_setup *setup, struct vhost_user **out)
{
    struct vhost_user *backend = calloc(1, sizeof(*backend));

    if (backend == NULL) {
        return -ENOMEM;
    }
    backend->option = setup->option;
    backend->path = setup->path;
    backend->call_fd = -1;
    backend->error_fd = -1;
    if (!vhost_link_open(&backend->link, setup->path) || !open_eventfds(backend) ||
        !set_up(backend, setup)) {
        int error = report_failure(backend, strerror(errno));
        vhost_user_close(backend);
        return error;
    }
    *out = backend;
    return 0;
}

static void close_eventfd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void vhost_user_close(struct vhost_user *backend)
{
    if (backend == NULL) {
        return;
    }
    vhost_link_close(&backend->link);
    close_eventfd(backend->call_fd);
    close_eventfd(backend->error_fd);
    free(backend);
}

/* --- Its end. --- */

/* Reports the link's fault once. Returns false. */
static bool blame_back_end(struct vhost_user *backend)
{
    const struct vhost_link *link = &backend->link;

    if (!backend->blamed) {
        backend->blamed = true;
        report("%s%s: the back-end cannot be used any more: %s%s%s%s; the guest's requests there "
               "stay unanswered until dormouse is started again",
               backend->option, backend->path, link->fault, link->at != 0 ? " (" : "",
               link->at != 0 ? vhost_name(link->at) : "", link->at != 0 ? ")" : "");
    }
    return false;
}

void vhost_user_hang_up(const struct vhost_user *backend)
{
    (void)shutdown(backend->link.fd, SHUT_RDWR);
}

void vhost_user_end(struct vhost_user *backend, const char *fault)
{
    vhost_fault(&backend->link, VHOST_NO_REQUEST, fault);
    blame_back_end(backend);
}

/* --- Queues. --- */

static bool tell_number(struct vhost_user *backend, enum vhost_request request, unsigned index,
                        uint32_t number)
{
    const struct vring_number payload = {index, number};

    return vhost_tell(&backend->link, request, &payload, sizeof(payload), VHOST_FD_NONE);
}

static bool tell_eventfd(struct vhost_user *backend, enum vhost_request request, unsigned index,
                         int fd)
{
    const uint64_t payload = index;

    return vhost_tell(&backend->link, request, &payload, sizeof(payload), fd);
}

static bool start_ring(struct vhost_user *backend, const struct vhost_user_ring *ring)
{
    unsigned index = ring->number;
    const struct vring_addresses addresses = {
        .index = index,
        .descriptors = ring->descriptors,
        .used = ring->used,
        .available = ring->available,
    };
    const struct vring_number enable = {index, 1};

    return tell_number(backend, VHOST_SET_VRING_NUM, index, ring->size) &&
           tell_number(backend, VHOST_SET_VRING_BASE, index, ring->base) &&
           vhost_tell(&backend->link, VHOST_SET_VRING_ADDR, &addresses, sizeof(addresses),
                      VHOST_FD_NONE) &&
           tell_eventfd(backend, VHOST_SET_VRING_CALL, index, backend->call_fd) &&
           tell_eventfd(backend, VHOST_SET_VRING_ERR, index, backend->error_fd) &&
           tell_eventfd(backend, VHOST_SET_VRING_KICK, index, ring->kick) &&
           vhost_confirm(&backend->link, VHOST_SET_VRING_ENABLE, &enable, sizeof(enable),
                         VHOST_FD_NONE);
}

bool vhost_user_start(struct vhost_user *backend, uint64_t features,
                      const struct vhost_user_ring *rings, unsigned count)
{
    uint64_t wanted = features | HAS_PROTOCOL_FEATURES;

    vhost_link_begin(&backend->link);
    if (!vhost_confirm(&backend->link, VHOST_SET_FEATURES, &wanted, sizeof(wanted),
                       VHOST_FD_NONE)) {
        return blame_back_end(backend);
    }
    for (unsigned i = 0; i < count; i++) {
        backend->started |= UINT32_C(1) << rings[i].number;
        backend->rings[rings[i].number] = rings[i];
        if (!start_ring(backend, &rings[i])) {
            return blame_back_end(backend);
        }
    }
    return true;
}

/*
 * A back-end may say how far it came before what it took is finished: qemu-storage-daemon does. A
 * chain is finished when its used element is written, so the used index tells. Only a guest that
 * resets a device with requests under way comes to a wait, and none of it calls for haste.
 */
static bool ring_settle(struct vhost_user *backend, struct vhost_user_ring *ring)
{
    struct vhost_link *link = &backend->link;
    struct pollfd end = {.fd = link->fd, .events = POLLRDHUP};

    while (__atomic_load_n(ring->used_index, __ATOMIC_ACQUIRE) != ring->base) {
        if (clock_now_ms() >= link->deadline_ms) {
            return vhost_fault(link, VHOST_GET_VRING_BASE,
                               "requests under way do not end within 10 s of a reset");
        }
        if (poll(&end, 1, 1) > 0) {
            return vhost_fault(link, VHOST_GET_VRING_BASE, "it has closed the connection");
        }
    }
    return true;
}

static bool ring_stop(struct vhost_user *backend, struct vhost_user_ring *ring)
{
    struct vring_number state = {.index = ring->number};

    if (!tell_number(backend, VHOST_SET_VRING_ENABLE, ring->number, 0) ||
        !vhost_ask(&backend->link, VHOST_GET_VRING_BASE, &state, sizeof(state))) {
        return false;
    }
    if (state.index != ring->number || state.number > UINT16_MAX) {
        return vhost_fault(&backend->link, VHOST_GET_VRING_BASE, "its answer makes no sense");
    }
    ring->base = (uint16_t)state.number;
    return true;
}

static bool each_ring(struct vhost_user *backend, uint32_t started,
                      bool (*act)(struct vhost_user *backend, struct vhost_user_ring *ring))
{
    bool good = true;

    for (unsigned i = 0; i < VHOST_USER_QUEUES_MAX && good; i++) {
        good = (started >> i & 1) == 0 || act(backend, &backend->rings[i]);
    }
    return good;
}

bool vhost_user_stop(struct vhost_user *backend)
{
    uint32_t started = backend->started;

    backend->started = 0;
    if (started == 0) {
        return true;
    }
    vhost_link_begin(&backend->link);
    bool good = each_ring(backend, started, ring_stop) && each_ring(backend, started, ring_settle);
    return good || blame_back_end(backend);
}

uint16_t vhost_user_base(const struct vhost_user *backend, unsigned number)
{
    return backend->rings[number].base;
}
