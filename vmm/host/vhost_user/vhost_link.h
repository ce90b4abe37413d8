/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages of vhost-user on their socket (QEMU's docs/interop/vhost-user.rst). What the back-end
 * answers is not trusted: a reply has exactly the form that was asked for, or the link has a fault.
 */
#ifndef DORMOUSE_HOST_VHOST_LINK_H
#define DORMOUSE_HOST_VHOST_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vhost_request {
    VHOST_NO_REQUEST = 0,
    VHOST_GET_FEATURES = 1,
    VHOST_SET_FEATURES = 2,
    VHOST_SET_OWNER = 3,
    VHOST_SET_MEM_TABLE = 5,
    VHOST_SET_VRING_NUM = 8,
    VHOST_SET_VRING_ADDR = 9,
    VHOST_SET_VRING_BASE = 10,
    VHOST_GET_VRING_BASE = 11,
    VHOST_SET_VRING_KICK = 12,
    VHOST_SET_VRING_CALL = 13,
    VHOST_SET_VRING_ERR = 14,
    VHOST_GET_PROTOCOL_FEATURES = 15,
    VHOST_SET_PROTOCOL_FEATURES = 16,
    VHOST_GET_QUEUE_NUM = 17,
    VHOST_SET_VRING_ENABLE = 18,
    VHOST_GET_CONFIG = 24,
};

enum { VHOST_LIMIT_MS = 10000, VHOST_FD_NONE = -1 };

struct vhost_link {
    int fd;
    bool acknowledges;   /* VHOST_USER_PROTOCOL_F_REPLY_ACK was negotiated */
    int64_t deadline_ms; /* of what is asked now, on the clock of base/clock.h */
    /* What is wrong, as a phrase, and in which message; NULL: nothing. Then nothing works any more. */
    const char *fault;
    enum vhost_request at;
};

/* Connects to the socket at `path`. Returns false with `fault` or, without one, errno. */
bool vhost_link_open(struct vhost_link *link, const char *path);
void vhost_link_close(struct vhost_link *link);

/* From now on the back-end has VHOST_LIMIT_MS to answer all that it is asked. */
void vhost_link_begin(struct vhost_link *link);

/* Sends a message without a reply, with a descriptor or VHOST_FD_NONE. */
bool vhost_tell(struct vhost_link *link, enum vhost_request request, const void *payload,
                size_t size, int fd);

/* The same, and waits until the back-end has done it, if it can say so. */
bool vhost_confirm(struct vhost_link *link, enum vhost_request request, const void *payload,
                   size_t size, int fd);

/* Sends a message, and receives a reply that has the same size. */
bool vhost_ask(struct vhost_link *link, enum vhost_request request, void *payload, size_t size);
/* The same for a message without a payload, and a reply of one number. */
bool vhost_ask_number(struct vhost_link *link, enum vhost_request request, uint64_t *number);

/* Notes a fault, the first one only, and ends the connection. Returns false. */
bool vhost_fault(struct vhost_link *link, enum vhost_request request, const char *fault);

/* The name of a request in the specification. */
const char *vhost_name(enum vhost_request request);

#endif
