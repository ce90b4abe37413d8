/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One virtqueue, as a split ring (virtio 1.2, 2.7). This is the only door to rings in guest memory:
 * what the guest writes there is read once, checked, and handed out as host memory. Whatever a
 * guest does to its rings, a call ends after at most QUEUE_SIZE_MAX steps and touches no memory but
 * the guest's RAM.
 *
 * Threads: the caller's lock protects a queue.
 */
#ifndef DORMOUSE_DEV_VIRTIO_QUEUE_H
#define DORMOUSE_DEV_VIRTIO_QUEUE_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/memory.h"

enum { QUEUE_SIZE_MAX = 256 }; /* also the most descriptors of one chain */

/* What a save keeps. Addresses are the guest's. All zero after a reset. */
struct queue_state {
    uint64_t descriptors;
    uint64_t available;
    uint64_t used;
    uint16_t size;      /* a power of 2, as the driver chose it */
    uint16_t next;      /* the index of the next chain to take */
    uint16_t next_used; /* the index of the next used element to write */
    uint16_t told;      /* next_used when the driver was last asked whether it wants an interrupt */
    uint8_t told_before; /* `told` is valid */
    uint8_t ready;       /* the driver has enabled the queue */
    uint8_t zero[6];
};

_Static_assert(sizeof(struct queue_state) == 3 * 8 + 4 * 2 + 8, "no padding");

struct queue {
    struct queue_state *state;
    const struct memory *memory;
    /* The rings in this process, while the queue is ready. */
    const struct vring_desc *table;
    struct vring_avail *available;
    struct vring_used *used;
    bool event_idx;    /* VIRTIO_F_EVENT_IDX was negotiated */
    bool indirect;     /* VIRTIO_F_INDIRECT_DESC was */
    const char *fault; /* what the driver did wrong, as a phrase; NULL: nothing */
    bool lent;         /* another serves the queue, as queue_lend() says */
    uint16_t moved;    /* the used index when queue_has_moved() looked last */
};

/* A chain of buffers. First the parts that the device reads, then those that it writes. */
struct chain {
    uint16_t head; /* for queue_complete() */
    unsigned out_count;
    unsigned in_count;
    uint64_t out_size; /* bytes in all of them */
    uint64_t in_size;
    struct iovec parts[QUEUE_SIZE_MAX];
};

/* `state` and `memory` outlive the queue, which is not ready then. */
void queue_init(struct queue *queue, struct queue_state *state, const struct memory *memory);

/*
 * The driver enables the queue: finds the rings that `state` names. False, with `fault` set, if
 * they are not in RAM, are not aligned (2.7), or the size is invalid. A restore calls it too, since
 * it keeps the indices.
 */
bool queue_start(struct queue *queue, bool event_idx, bool indirect);

/* The driver resets the device: clears the state. */
void queue_stop(struct queue *queue);

/*
 * Takes the next chain. Returns 1; 0 if there is none, or the queue is not ready; or -1 with
 * `fault` set: the driver broke a rule, and the queue gives nothing more until it is started again.
 */
int queue_take(struct queue *queue, struct chain *chain);

/* Puts back the chain that was taken last, so that the next queue_take() gives it again. */
void queue_put_back(struct queue *queue);

/*
 * The device has finished with a chain and has written `written` bytes of its writable parts, from
 * their beginning. Chains may be completed in any order. The driver sees it at once, without an
 * interrupt. Does nothing if the queue is not ready.
 */
void queue_complete(struct queue *queue, uint16_t head, uint32_t written);

/* Whether the driver wants an interrupt for what was completed since this was last asked. */
bool queue_wants_interrupt(struct queue *queue);

/*
 * Asks the driver for a notification when it adds a chain, or asks it not to. After asking for one
 * the caller must look once more: true means that there is a chain that may come without
 * notification.
 */
bool queue_ask_notification(struct queue *queue);
void queue_spare_notification(struct queue *queue);

/* Whether queue_take() would find a chain. */
bool queue_has_chain(const struct queue *queue);

/*
 * Another serves the queue, which is ready, from `state->next` on: nothing here takes or completes
 * chains any more, until that one has stopped before index `next` and the queue continues there.
 */
void queue_lend(struct queue *queue);
void queue_take_back(struct queue *queue, uint16_t next);
/* Whether chains of a queue that is lent were completed since this was last asked. */
bool queue_has_moved(struct queue *queue);
/*
 * Copies the first bytes of what was written to the chain that was completed last, as far as it is
 * still there: the driver may have used it again. Returns how many there were; 0 also for a chain
 * of another kind than one buffer.
 */
uint64_t queue_read_last(const struct queue *queue, void *bytes, uint64_t size);

/*
 * Copies between the parts and a buffer, `skip` bytes after the beginning of the parts. Returns how
 * many bytes there were.
 */
uint64_t parts_read(const struct iovec *parts, unsigned count, uint64_t skip, void *bytes,
                    uint64_t size);
uint64_t parts_write(const struct iovec *parts, unsigned count, uint64_t skip, const void *bytes,
                     uint64_t size);

static inline const struct iovec *chain_out(const struct chain *chain)
{
    return chain->parts;
}

static inline const struct iovec *chain_in(const struct chain *chain)
{
    return chain->parts + chain->out_count;
}

#endif
