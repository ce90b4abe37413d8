/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver for a virtio device, without a guest: it negotiates, lays out rings in a guest memory,
 * adds chains, and sees what the device has completed. It can also break every rule. The test must
 * be linked with --wrap=epoll_wait, as for drive.h.
 */
#ifndef DORMOUSE_TESTS_VIRTIO_RIG_H
#define DORMOUSE_TESTS_VIRTIO_RIG_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/loop.h"
#include "core/memory.h"
#include "dev/device.h"
#include "dev/irq.h"

enum {
    VIRTIO_RIG_QUEUE_SIZE = 16,
    VIRTIO_RIG_QUEUES = 8,
    VIRTIO_RIG_MEMORY = 4 << 20,
    /* Where the rig's rings end; all after it is the test's, for buffers. */
    VIRTIO_RIG_FREE = 1 << 20,
};

/* The driver's side of one queue. */
struct virtio_rig_queue {
    uint64_t base; /* the guest address of its rings */
    struct vring_desc *table;
    struct vring_avail *available;
    struct vring_used *used;
    uint16_t next_descriptor;
    uint16_t seen; /* used elements that the test has taken */
};

struct virtio_rig {
    struct loop *loop;
    struct memory memory;
    const struct device_class *cls;
    struct device *device;
    struct irq_line irq;
    uint8_t *mirror;
    unsigned pulses; /* interrupts so far */
    unsigned tells;  /* calls of changed() */
    unsigned wakes;
    unsigned failures; /* of the host's side, and whether the last one was to stop the machine */
    bool failure_pauses;
    bool failure_no_space;
    uint64_t features; /* what the driver asks for; all that is offered, unless set before start */
    struct virtio_rig_queue queues[VIRTIO_RIG_QUEUES];
};

/* One buffer of a chain. */
struct virtio_rig_buffer {
    uint64_t address;
    uint32_t length;
    bool written; /* by the device */
};

/*
 * Makes a loop, memory and the device. virtio_rig_create() fails the test on an error. Each read of a
 * register or of the configuration space also checks that the mirror shows the same.
 */
void virtio_rig_create(struct virtio_rig *rig, const char *name, const void *settings);
int virtio_rig_try_create(struct virtio_rig *rig, const char *name, const void *settings);
/* The same with memory that other processes can be given. */
int virtio_rig_try_create_shared(struct virtio_rig *rig, const char *name, const void *settings);
void virtio_rig_destroy(struct virtio_rig *rig);

/* Brings the device up, with so many queues (virtio 1.2, 3.1.1). Again after a reset. */
void virtio_rig_start(struct virtio_rig *rig, unsigned queues);
void virtio_rig_reset(struct virtio_rig *rig); /* as a driver does */

/* Adds a chain without telling the device. Returns its head. */
uint16_t virtio_rig_add(struct virtio_rig *rig, unsigned queue,
                        const struct virtio_rig_buffer *buffers, unsigned count);
/* Makes a descriptor the next chain, whatever it holds. */
void virtio_rig_publish(struct virtio_rig *rig, unsigned queue, uint16_t head);
/* Writes QueueNotify, and runs the loop until it has nothing more to do. */
void virtio_rig_notify(struct virtio_rig *rig, unsigned queue);
/* Runs the loop until it has nothing to do for a moment. */
void virtio_rig_run(struct virtio_rig *rig);
/* Takes the next used element. False if the device has completed no more. */
bool virtio_rig_used(struct virtio_rig *rig, unsigned queue, struct vring_used_elem *used);
/* Runs the loop until there is one, and takes it. Fails the test after some seconds. */
struct vring_used_elem virtio_rig_wait(struct virtio_rig *rig, unsigned queue);

/* The host's view of guest memory. */
void *virtio_rig_at(struct virtio_rig *rig, uint64_t address, size_t size);

uint32_t virtio_rig_read(struct virtio_rig *rig, uint64_t offset);
void virtio_rig_write(struct virtio_rig *rig, uint64_t offset, uint32_t value);
uint64_t virtio_rig_config(struct virtio_rig *rig, uint64_t offset, unsigned size);

#endif
