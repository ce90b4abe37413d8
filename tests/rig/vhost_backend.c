/* SPDX-License-Identifier: BSD-2-Clause */
#include "vhost_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/vhost_user/vhost_link.h"

enum {
    HEADER_SIZE = 12,
    CONFIG_HEADER = 12,
    REQUESTS = 64,
    PAYLOAD_MAX = 512,
    NEED_REPLY = 8,
    REPLY = 1 | 4,
    LATE_MS = 30
};

const struct vhost_backend_plan vhost_backend_obeys = {
    .features = UINT64_C(1) << 32 | UINT64_C(1) << 30 | UINT64_C(1) << 29 | UINT64_C(1) << 28 |
                UINT64_C(1) << VIRTIO_BLK_F_FLUSH | UINT64_C(1) << VIRTIO_BLK_F_CONFIG_WCE |
                UINT64_C(1) << VIRTIO_BLK_F_MQ | UINT64_C(1) << VIRTIO_BLK_F_SEG_MAX,
    .protocol = UINT64_C(0xffff),
    .queue_count = VHOST_BACKEND_QUEUES,
};

struct message {
    uint32_t request;
    uint32_t flags;
    uint32_t size;
    union {
        uint64_t number;
        uint32_t words[PAYLOAD_MAX / 4];
        uint8_t bytes[PAYLOAD_MAX];
    } payload;
    int fd;
};

struct backend_ring {
    unsigned size;
    uint16_t base;
    uint64_t descriptors;
    uint64_t available;
    uint64_t used;
    int kick;
    int call;
    int error;
    uint16_t owed[256]; /* heads that were taken and not ended */
    unsigned owed_count;
};

struct vhost_backend {
    struct vhost_backend_plan plan;
    pthread_t thread;
    pthread_mutex_t lock; /* protects all but what the thread alone uses */
    int listen_fd;
    int fd;
    uint8_t *memory;
    uint64_t memory_base;
    uint64_t memory_size;
    uint64_t features;
    unsigned counts[REQUESTS];
    struct backend_ring rings[VHOST_BACKEND_QUEUES];
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static void *backend_at(struct vhost_backend *backend, uint64_t address)
{
    if (address - backend->memory_base >= backend->memory_size) {
        abort();
    }
    return backend->memory + (address - backend->memory_base);
}

/* Fills what may be written; the last byte is the status. */
static uint32_t fill_chain(struct vhost_backend *backend, const struct vring_desc *table,
                           uint16_t head)
{
    const struct vring_desc *at = &table[head];
    uint32_t written = 0;

    for (;;) {
        if ((at->flags & VRING_DESC_F_WRITE) != 0) {
            uint8_t *bytes = backend_at(backend, at->addr);

            memset(bytes, VHOST_BACKEND_BYTE, at->len);
            written += at->len;
            if ((at->flags & VRING_DESC_F_NEXT) == 0) {
                bytes[at->len - 1] = VIRTIO_BLK_S_OK;
            }
        }
        if ((at->flags & VRING_DESC_F_NEXT) == 0) {
            return written;
        }
        at = &table[at->next];
    }
}

static void end_chain(struct vhost_backend *backend, struct backend_ring *ring, uint16_t head)
{
    struct vring_used *used = backend_at(backend, ring->used);
    uint16_t index = used->idx;

    used->ring[index % ring->size] = (struct vring_used_elem){
        .id = head,
        .len = fill_chain(backend, backend_at(backend, ring->descriptors), head),
    };
    __atomic_store_n(&used->idx, (uint16_t)(index + 1), __ATOMIC_RELEASE);
}

static void serve_ring(struct vhost_backend *backend, struct backend_ring *ring)
{
    const struct vring_avail *available = backend_at(backend, ring->available);
    bool ended = false;

    while (ring->base != __atomic_load_n(&available->idx, __ATOMIC_ACQUIRE)) {
        uint16_t head = available->ring[ring->base++ % ring->size];

        if (backend->plan.late) {
            ring->owed[ring->owed_count++] = head;
        } else {
            end_chain(backend, ring, head);
            ended = true;
        }
    }
    if (ended) {
        (void)eventfd_write(ring->call, 1);
    }
}

static void end_late(struct vhost_backend *backend, struct backend_ring *ring)
{
    if (ring->owed_count > 0) {
        (void)usleep(LATE_MS * 1000);
    }
    while (ring->owed_count > 0) {
        end_chain(backend, ring, ring->owed[--ring->owed_count]);
    }
}

/* --- Messages. --- */

static bool receive_all(int fd, void *bytes, size_t size, int *passed)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {bytes, size};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };

    if (size == 0) {
        return true;
    }
    if (recvmsg(fd, &message, MSG_WAITALL | MSG_CMSG_CLOEXEC) != (ssize_t)size) {
        return false;
    }
    if (CMSG_FIRSTHDR(&message) != NULL) {
        memcpy(passed, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*passed));
    }
    return true;
}

static bool receive_message(int fd, struct message *message)
{
    message->fd = -1;
    return receive_all(fd, message, HEADER_SIZE, &message->fd) && message->size <= PAYLOAD_MAX &&
           receive_all(fd, &message->payload, message->size, &message->fd);
}

static void set_memory(struct vhost_backend *backend, const struct message *message)
{
    uint64_t fields[5];

    memcpy(fields, message->payload.bytes, sizeof(fields));
    void *memory =
        mmap(NULL, fields[2], PROT_READ | PROT_WRITE, MAP_SHARED, message->fd, (off_t)fields[4]);
    if (memory == MAP_FAILED || (uint32_t)fields[0] != 1) {
        abort();
    }
    backend->memory = memory;
    backend->memory_size = fields[2];
    backend->memory_base = fields[3];
}

static void take_fd(int *place, struct message *message)
{
    close_fd(place);
    *place = message->fd;
    message->fd = -1;
}

static void set_addresses(struct backend_ring *ring, const struct message *message)
{
    uint64_t fields[5];

    memcpy(fields, message->payload.bytes, sizeof(fields));
    ring->descriptors = fields[1];
    ring->used = fields[2];
    ring->available = fields[3];
}

/* Changes the payload to the answer's, if the message has one of its own. */
static bool obey_ring(struct vhost_backend *backend, struct message *message)
{
    struct backend_ring *ring = &backend->rings[message->payload.words[0] % VHOST_BACKEND_QUEUES];

    switch (message->request) {
    case VHOST_SET_VRING_NUM:
        ring->size = message->payload.words[1];
        return false;
    case VHOST_SET_VRING_BASE:
        ring->base = (uint16_t)message->payload.words[1];
        return false;
    case VHOST_SET_VRING_ADDR:
        set_addresses(ring, message);
        return false;
    case VHOST_SET_VRING_KICK:
        take_fd(&ring->kick, message);
        return false;
    case VHOST_SET_VRING_CALL:
        take_fd(&ring->call, message);
        return false;
    case VHOST_SET_VRING_ERR:
        take_fd(&ring->error, message);
        return false;
    case VHOST_GET_VRING_BASE:
        message->payload.words[1] = ring->base;
        close_fd(&ring->kick);
        return true;
    default:
        return false;
    }
}

static bool obey(struct vhost_backend *backend, struct message *message)
{
    const struct vhost_backend_plan *plan = &backend->plan;

    switch (message->request) {
    case VHOST_GET_FEATURES:
        message->payload.number = plan->features;
        message->size = 8;
        return true;
    case VHOST_GET_PROTOCOL_FEATURES:
        message->payload.number = plan->protocol;
        message->size = 8;
        return true;
    case VHOST_GET_QUEUE_NUM:
        message->payload.number = plan->queue_count;
        message->size = 8;
        return true;
    case VHOST_GET_CONFIG:
        message->payload.bytes[CONFIG_HEADER] = 0x80; /* sectors */
        message->payload.bytes[CONFIG_HEADER + offsetof(struct virtio_blk_config, num_queues)] = 3;
        return true;
    case VHOST_SET_FEATURES:
        backend->features = message->payload.number;
        return false;
    case VHOST_SET_MEM_TABLE:
        set_memory(backend, message);
        return false;
    default:
        return obey_ring(backend, message);
    }
}

/* What is wrong with the answer. Returns how much of it is sent. */
static size_t spoil(enum vhost_backend_sin sin, struct message *message, size_t size)
{
    switch (sin) {
    case VHOST_CUTS_HEADER:
        return 6;
    case VHOST_CUTS_PAYLOAD:
        return HEADER_SIZE + message->size / 2;
    case VHOST_ANSWERS_OTHER:
        message->request++;
        return size;
    case VHOST_NO_REPLY_FLAG:
        message->flags = 1;
        return size;
    case VHOST_WRONG_VERSION:
        message->flags = 4 | 2;
        return size;
    case VHOST_HUGE_SIZE:
        message->size = UINT32_MAX;
        return size;
    case VHOST_SHORT_SIZE:
        message->size = 0;
        return HEADER_SIZE;
    case VHOST_ALL_ONES:
        memset(message->payload.bytes, 0xff, message->size);
        return size;
    case VHOST_ALL_ZEROS:
        memset(message->payload.bytes, 0, message->size);
        return size;
    default:
        return size;
    }
}

static void send_with_file(int fd, const void *bytes, size_t size)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec part = {(void *)(uintptr_t)bytes, size};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    (void)sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* False: the connection ends. */
static bool answer(struct vhost_backend *backend, struct message *message,
                   enum vhost_backend_sin sin)
{
    uint8_t bytes[HEADER_SIZE + PAYLOAD_MAX];
    uint32_t size = message->size;

    if (sin == VHOST_CLOSES) {
        return false;
    }
    if (sin == VHOST_SAYS_NOTHING) {
        return true;
    }
    message->flags = REPLY;
    size_t sent = spoil(sin, message, HEADER_SIZE + size);
    memcpy(bytes, message, HEADER_SIZE);
    memcpy(bytes + HEADER_SIZE, message->payload.bytes, size);
    if (sin == VHOST_SENDS_FILES) {
        send_with_file(backend->fd, bytes, sent);
    } else {
        (void)send(backend->fd, bytes, sent, MSG_NOSIGNAL);
    }
    return sin != VHOST_CUTS_HEADER && sin != VHOST_CUTS_PAYLOAD;
}

static enum vhost_backend_sin choose_sin(struct vhost_backend *backend, uint32_t request)
{
    const struct vhost_backend_plan *plan = &backend->plan;
    unsigned nth = plan->nth == 0 ? 1 : plan->nth;

    return plan->at == request && backend->counts[request] == nth ? plan->sin : VHOST_OBEYS;
}

static bool serve_message(struct vhost_backend *backend)
{
    struct message message;

    if (!receive_message(backend->fd, &message) || message.request >= REQUESTS) {
        return false;
    }
    pthread_mutex_lock(&backend->lock);
    backend->counts[message.request]++;
    enum vhost_backend_sin sin = choose_sin(backend, message.request);
    bool needs_reply = (message.flags & NEED_REPLY) != 0;
    bool goes_on = true;
    bool has_answer = obey(backend, &message);
    close_fd(&message.fd);
    if (has_answer) {
        goes_on = answer(backend, &message, sin);
    } else if (needs_reply) {
        message.payload.number = 0;
        message.size = 8;
        goes_on = answer(backend, &message, sin);
    } else if (sin == VHOST_CLOSES) {
        goes_on = false;
    }
    pthread_mutex_unlock(&backend->lock);
    if (message.request == VHOST_GET_VRING_BASE) {
        end_late(backend, &backend->rings[message.payload.words[0] % VHOST_BACKEND_QUEUES]);
    }
    return goes_on;
}

static void serve_kick(struct vhost_backend *backend, struct backend_ring *ring)
{
    eventfd_t count;

    pthread_mutex_lock(&backend->lock);
    if (eventfd_read(ring->kick, &count) == 0) {
        serve_ring(backend, ring);
    }
    pthread_mutex_unlock(&backend->lock);
}

static bool serve_turn(struct vhost_backend *backend)
{
    struct pollfd pollers[1 + VHOST_BACKEND_QUEUES] = {{.fd = backend->fd, .events = POLLIN}};

    for (unsigned i = 0; i < VHOST_BACKEND_QUEUES; i++) {
        pollers[1 + i] = (struct pollfd){.fd = backend->rings[i].kick, .events = POLLIN};
    }
    if (ppoll(pollers, 1 + VHOST_BACKEND_QUEUES, NULL, NULL) < 0) {
        return errno == EINTR;
    }
    for (unsigned i = 0; i < VHOST_BACKEND_QUEUES; i++) {
        if ((pollers[1 + i].revents & POLLIN) != 0) {
            serve_kick(backend, &backend->rings[i]);
        }
    }
    return pollers[0].revents == 0 || serve_message(backend);
}

static void *run_backend(void *arg)
{
    struct vhost_backend *backend = arg;
    int fd = accept4(backend->listen_fd, NULL, NULL, SOCK_CLOEXEC);

    pthread_mutex_lock(&backend->lock);
    backend->fd = fd;
    pthread_mutex_unlock(&backend->lock);
    while (serve_turn(backend)) {
    }
    (void)shutdown(fd, SHUT_RDWR);
    return NULL;
}

struct vhost_backend *vhost_backend_start(const char *path, const struct vhost_backend_plan *plan)
{
    struct vhost_backend *backend = calloc(1, sizeof(*backend));
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_non_null(backend);
    backend->plan = *plan;
    backend->fd = -1;
    for (unsigned i = 0; i < VHOST_BACKEND_QUEUES; i++) {
        backend->rings[i].kick = backend->rings[i].call = backend->rings[i].error = -1;
    }
    pthread_mutex_init(&backend->lock, NULL);
    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    (void)unlink(path);
    backend->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(backend->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(backend->listen_fd, 1), 0);
    assert_int_equal(pthread_create(&backend->thread, NULL, run_backend, backend), 0);
    return backend;
}

void vhost_backend_join(struct vhost_backend *backend)
{
    pthread_join(backend->thread, NULL);
    close_fd(&backend->fd);
    close_fd(&backend->listen_fd);
    for (unsigned i = 0; i < VHOST_BACKEND_QUEUES; i++) {
        close_fd(&backend->rings[i].kick);
        close_fd(&backend->rings[i].call);
        close_fd(&backend->rings[i].error);
    }
    if (backend->memory != NULL) {
        munmap(backend->memory, backend->memory_size);
    }
    pthread_mutex_destroy(&backend->lock);
    free(backend);
}

void vhost_backend_kill(struct vhost_backend *backend)
{
    pthread_mutex_lock(&backend->lock);
    (void)shutdown(backend->fd, SHUT_RDWR);
    pthread_mutex_unlock(&backend->lock);
}

void vhost_backend_complain(struct vhost_backend *backend)
{
    pthread_mutex_lock(&backend->lock);
    (void)eventfd_write(backend->rings[0].error, 1);
    pthread_mutex_unlock(&backend->lock);
}

void vhost_backend_block_calls(struct vhost_backend *backend)
{
    pthread_mutex_lock(&backend->lock);
    (void)fcntl(backend->rings[0].call, F_SETFL, 0);
    pthread_mutex_unlock(&backend->lock);
}

unsigned vhost_backend_count(struct vhost_backend *backend, uint32_t request)
{
    pthread_mutex_lock(&backend->lock);
    unsigned count = backend->counts[request];
    pthread_mutex_unlock(&backend->lock);
    return count;
}

uint64_t vhost_backend_features(struct vhost_backend *backend)
{
    pthread_mutex_lock(&backend->lock);
    uint64_t features = backend->features;
    pthread_mutex_unlock(&backend->lock);
    return features;
}

unsigned vhost_backend_base(struct vhost_backend *backend, unsigned queue)
{
    pthread_mutex_lock(&backend->lock);
    unsigned base = backend->rings[queue].base;
    pthread_mutex_unlock(&backend->lock);
    return base;
}

uint64_t vhost_backend_ring(struct vhost_backend *backend, unsigned queue)
{
    pthread_mutex_lock(&backend->lock);
    uint64_t address = backend->rings[queue].descriptors;
    pthread_mutex_unlock(&backend->lock);
    return address;
}
