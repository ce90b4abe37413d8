/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/vhost_user/vhost_link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    VHOST_VERSION = 1,
    VHOST_VERSION_MASK = 3,
    VHOST_IS_REPLY = 1 << 2,
    VHOST_NEED_REPLY = 1 << 3,
};

struct vhost_header {
    uint32_t request;
    uint32_t flags;
    uint32_t size; /* of the payload */
};

const char *vhost_name(enum vhost_request request)
{
    static const char *const names[] = {
        [VHOST_GET_FEATURES] = "GET_FEATURES",
        [VHOST_SET_FEATURES] = "SET_FEATURES",
        [VHOST_SET_OWNER] = "SET_OWNER",
        [VHOST_SET_MEM_TABLE] = "SET_MEM_TABLE",
        [VHOST_SET_VRING_NUM] = "SET_VRING_NUM",
        [VHOST_SET_VRING_ADDR] = "SET_VRING_ADDR",
        [VHOST_SET_VRING_BASE] = "SET_VRING_BASE",
        [VHOST_GET_VRING_BASE] = "GET_VRING_BASE",
        [VHOST_SET_VRING_KICK] = "SET_VRING_KICK",
        [VHOST_SET_VRING_CALL] = "SET_VRING_CALL",
        [VHOST_SET_VRING_ERR] = "SET_VRING_ERR",
        [VHOST_GET_PROTOCOL_FEATURES] = "GET_PROTOCOL_FEATURES",
        [VHOST_SET_PROTOCOL_FEATURES] = "SET_PROTOCOL_FEATURES",
        [VHOST_GET_QUEUE_NUM] = "GET_QUEUE_NUM",
        [VHOST_SET_VRING_ENABLE] = "SET_VRING_ENABLE",
        [VHOST_GET_CONFIG] = "GET_CONFIG",
    };

    return names[request];
}

/* The back-end sees the end of the connection, and leaves the guest's memory alone. */
bool vhost_fault(struct vhost_link *link, enum vhost_request request, const char *fault)
{
    if (link->fault == NULL) {
        link->fault = fault;
        link->at = request;
        (void)shutdown(link->fd, SHUT_RDWR);
    }
    return false;
}

bool vhost_link_open(struct vhost_link *link, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);

    *link = (struct vhost_link){.fd = -1};
    if (length >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, path, length);
    link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return link->fd >= 0 &&
           connect(link->fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

void vhost_link_close(struct vhost_link *link)
{
    if (link->fd >= 0) {
        close(link->fd);
    }
    link->fd = -1;
}

void vhost_link_begin(struct vhost_link *link)
{
    link->deadline_ms = clock_now_ms() + VHOST_LIMIT_MS;
}

/* Waits until the socket is ready. A signal for a vCPU's thread may come meanwhile. */
static bool link_wait(struct vhost_link *link, enum vhost_request request, short events)
{
    struct pollfd poller = {.fd = link->fd, .events = events};

    for (;;) {
        int64_t left = link->deadline_ms - clock_now_ms();

        if (left <= 0) {
            return vhost_fault(link, request, "it does not answer within 10 s");
        }
        int ready = poll(&poller, 1, (int)left);
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return vhost_fault(link, request, "its socket cannot be polled");
        }
    }
}

/* What a system call on the socket has returned: whether to go on. */
static bool link_goes_on(struct vhost_link *link, enum vhost_request request, ssize_t result,
                         short events)
{
    if (result > 0 || (result < 0 && errno == EINTR)) {
        return true;
    }
    if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return link_wait(link, request, events);
    }
    return vhost_fault(link, request, "it has closed the connection");
}

/* The descriptor goes with the first byte. */
static void attach_descriptor(struct msghdr *message, void *control, size_t size, int fd)
{
    if (fd == VHOST_FD_NONE) {
        return;
    }
    message->msg_control = control;
    message->msg_controllen = size;
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
}

static void skip_bytes(struct iovec *parts, size_t count)
{
    for (size_t i = 0; i < 2 && count > 0; i++) {
        size_t done = count < parts[i].iov_len ? count : parts[i].iov_len;

        parts[i].iov_base = (char *)parts[i].iov_base + done;
        parts[i].iov_len -= done;
        count -= done;
    }
}

static bool link_send(struct vhost_link *link, const struct vhost_header *header,
                      const void *payload, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct vhost_header copy = *header;
    struct iovec parts[2] = {{&copy, sizeof(copy)}, {(void *)(uintptr_t)payload, header->size}};

    while (parts[0].iov_len + parts[1].iov_len > 0) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

        attach_descriptor(&message, control.bytes, sizeof(control.bytes), fd);
        ssize_t sent = sendmsg(link->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (!link_goes_on(link, header->request, sent, POLLOUT)) {
            return false;
        }
        if (sent > 0) {
            skip_bytes(parts, (size_t)sent);
            fd = VHOST_FD_NONE;
        }
    }
    return true;
}

/* Without room for descriptors, the kernel closes those that a back-end sends along. */
static bool link_receive(struct vhost_link *link, enum vhost_request request, void *bytes,
                         size_t size)
{
    while (size > 0) {
        ssize_t received = recv(link->fd, bytes, size, MSG_DONTWAIT);

        if (!link_goes_on(link, request, received, POLLIN)) {
            return false;
        }
        if (received > 0) {
            bytes = (char *)bytes + received;
            size -= (size_t)received;
        }
    }
    return true;
}

static bool link_receive_reply(struct vhost_link *link, enum vhost_request request, void *payload,
                               size_t size)
{
    struct vhost_header header;

    if (!link_receive(link, request, &header, sizeof(header))) {
        return false;
    }
    if (header.request != (uint32_t)request) {
        return vhost_fault(link, request, "it answers something else");
    }
    if ((header.flags & (VHOST_VERSION_MASK | VHOST_IS_REPLY)) !=
        (VHOST_VERSION | VHOST_IS_REPLY)) {
        return vhost_fault(link, request, "its answer is not a reply of version 1");
    }
    if (header.size != size) {
        return vhost_fault(link, request, "its answer has a wrong size");
    }
    return link_receive(link, request, payload, size);
}

static bool link_put(struct vhost_link *link, enum vhost_request request, uint32_t flags,
                     const void *payload, size_t size, int fd)
{
    const struct vhost_header header = {
        .request = request,
        .flags = VHOST_VERSION | flags,
        .size = (uint32_t)size,
    };

    return link->fault == NULL && link_send(link, &header, payload, fd);
}

bool vhost_tell(struct vhost_link *link, enum vhost_request request, const void *payload,
                size_t size, int fd)
{
    return link_put(link, request, 0, payload, size, fd);
}

bool vhost_confirm(struct vhost_link *link, enum vhost_request request, const void *payload,
                   size_t size, int fd)
{
    uint64_t result = 0;

    if (!link->acknowledges) {
        return vhost_tell(link, request, payload, size, fd);
    }
    if (!link_put(link, request, VHOST_NEED_REPLY, payload, size, fd) ||
        !link_receive_reply(link, request, &result, sizeof(result))) {
        return false;
    }
    return result == 0 || vhost_fault(link, request, "it refuses");
}

bool vhost_ask(struct vhost_link *link, enum vhost_request request, void *payload, size_t size)
{
    return vhost_tell(link, request, payload, size, VHOST_FD_NONE) &&
           link_receive_reply(link, request, payload, size);
}

bool vhost_ask_number(struct vhost_link *link, enum vhost_request request, uint64_t *number)
{
    return vhost_tell(link, request, NULL, 0, VHOST_FD_NONE) &&
           link_receive_reply(link, request, number, sizeof(*number));
}
