/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front-end of vhost-user: another process, the back-end, serves virtqueues that lie in guest
 * memory. It gets that memory, and for each queue its addresses, an eventfd that the guest's
 * doorbell signals and one that it signals itself. The connection is made before the sandbox; there
 * is no second one.
 *
 * A back-end can read and write all of the guest's memory, so it can do to the guest what it likes,
 * but nothing to this process: what it says is checked, and each operation has a limit of time.
 *
 * Threads: the caller's lock protects it; vhost_user_start() and vhost_user_stop() come from any
 * thread, the rest from the main thread.
 */
#ifndef DORMOUSE_HOST_VHOST_USER_H
#define DORMOUSE_HOST_VHOST_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VHOST_USER_QUEUES_MAX = 32, VHOST_USER_CONFIG_MAX = 256 };

struct memory;
struct vhost_user;

struct vhost_user_setup {
    const char *option; /* what messages begin with, before the path */
    const char *path;
    const struct memory *memory; /* that is shared */
    void *config;                /* gets the device's configuration space */
    size_t config_size;          /* at most VHOST_USER_CONFIG_MAX */
};

/* One queue that is started. The addresses are the guest's, and were checked. */
struct vhost_user_ring {
    unsigned number; /* below VHOST_USER_QUEUES_MAX */
    uint16_t size;   /* more than 0 */
    uint16_t
        base; /* the index of the next chain; vhost_user_stop() says how far the back-end came */
    uint64_t descriptors;
    uint64_t available;
    uint64_t used;
    const uint16_t *used_index; /* in this process */
    int kick;                   /* an eventfd, which the back-end reads */
};

/*
 * Connects and negotiates; the setup's strings outlive it. Returns 0 or, after report()ing one line,
 * -REPORTED.
 */
int vhost_user_open(const struct vhost_user_setup *setup, struct vhost_user **out);
/* NULL is ignored. */
void vhost_user_close(struct vhost_user *backend);

uint64_t vhost_user_features(const struct vhost_user *backend); /* virtio's, that it offers */
unsigned vhost_user_queue_count(const struct vhost_user *backend);

/* Readable when the back-end wants the guest to get an interrupt; takes the wish, if there is one. */
int vhost_user_call_fd(const struct vhost_user *backend);
bool vhost_user_take_call(const struct vhost_user *backend);
/* Readable when the back-end has found an error in a ring. */
int vhost_user_error_fd(const struct vhost_user *backend);
/* To watch for its end only. */
int vhost_user_socket(const struct vhost_user *backend);

/*
 * Hands over queues, none of which is started. Returns false if the back-end is gone or breaks a
 * rule; that was report()ed once, and is so for ever.
 */
bool vhost_user_start(struct vhost_user *backend, uint64_t features,
                      const struct vhost_user_ring *rings, unsigned count);

/*
 * Takes back all that was started: when it returns, the back-end has finished with every chain that
 * it took. Returns false as vhost_user_start() does; then a back-end that ignores the end of its
 * connection might still use guest memory. Nothing started: true.
 */
bool vhost_user_stop(struct vhost_user *backend);

/* How far the back-end came with a queue at the last stop. */
uint16_t vhost_user_base(const struct vhost_user *backend, unsigned number);

/* Ends the connection, also while another thread waits in a start or a stop, which then fails. */
void vhost_user_hang_up(const struct vhost_user *backend);

/* The socket has ended, or the error eventfd is readable. Reports it, the first time. */
void vhost_user_end(struct vhost_user *backend, const char *fault);

#endif
