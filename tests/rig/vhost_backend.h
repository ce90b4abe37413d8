/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A back-end of vhost-user in a thread, behind a real socket. It serves the rings of virtio-blk:
 * whatever is asked for succeeds, and what is read is VHOST_BACKEND_BYTE. It can break the protocol
 * at one message.
 */
#ifndef DORMOUSE_TESTS_VHOST_BACKEND_H
#define DORMOUSE_TESTS_VHOST_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

enum { VHOST_BACKEND_BYTE = 0x42, VHOST_BACKEND_QUEUES = 4 };

enum vhost_backend_sin {
    VHOST_OBEYS,
    VHOST_CLOSES,       /* in place of an answer */
    VHOST_CUTS_HEADER,  /* closes after half of the answer's header, */
    VHOST_CUTS_PAYLOAD, /* or after half of its payload */
    VHOST_SAYS_NOTHING,
    VHOST_ANSWERS_OTHER, /* the answer is for another request, */
    VHOST_NO_REPLY_FLAG, /* is not marked as one, */
    VHOST_WRONG_VERSION,
    VHOST_HUGE_SIZE,  /* says that it is 4 GiB long, */
    VHOST_SHORT_SIZE, /* or is empty, */
    VHOST_ALL_ONES,   /* or has all bits set: also a refusal */
    VHOST_ALL_ZEROS,
    VHOST_SENDS_FILES, /* has open files with it */
};

struct vhost_backend_plan {
    uint64_t features;
    uint64_t protocol;
    uint64_t queue_count;
    enum vhost_backend_sin sin;
    uint32_t at;  /* the request that it is for, */
    unsigned nth; /* the how manieth of them; 0: the first */
    bool late;    /* ends each request only after its queue was taken back */
};

struct vhost_backend;

/* Listens at `path`, and serves one connection as `plan` says. The plan is the obedient one at first. */
extern const struct vhost_backend_plan vhost_backend_obeys;
struct vhost_backend *vhost_backend_start(const char *path, const struct vhost_backend_plan *plan);
/* Waits for the end of the connection. */
void vhost_backend_join(struct vhost_backend *backend);

/* As if it was killed. */
void vhost_backend_kill(struct vhost_backend *backend);
/* Signals the eventfd for errors of queue 0. */
void vhost_backend_complain(struct vhost_backend *backend);
/* Makes the front-end's reads of the eventfd for interrupts wait, as far as it can. */
void vhost_backend_block_calls(struct vhost_backend *backend);

/* How many of this request came; the features that were set last; the base of that queue. */
unsigned vhost_backend_count(struct vhost_backend *backend, uint32_t request);
uint64_t vhost_backend_features(struct vhost_backend *backend);
unsigned vhost_backend_base(struct vhost_backend *backend, unsigned queue);
uint64_t vhost_backend_ring(struct vhost_backend *backend, unsigned queue); /* its descriptors */

#endif
