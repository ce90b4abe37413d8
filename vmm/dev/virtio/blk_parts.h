/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of virtio-blk share. blk.c, the device's life, calls blk_chain.c, and both call
 * blk_request.c, which calls blk_failure.c. With the device's lock held unless they say otherwise.
 */
#ifndef DORMOUSE_DEV_VIRTIO_BLK_PARTS_H
#define DORMOUSE_DEV_VIRTIO_BLK_PARTS_H

#include <linux/virtio_blk.h>

#include "dev/virtio/virtio.h"
#include "host/disk/disk.h"

enum {
    BLK_SECTOR = 512,
    BLK_SPACE_SECTORS = 1 << 22,             /* of one discard, or one request for zeroes */
    BLK_SPACE_ALIGNMENT = 4096 / BLK_SECTOR, /* a block of usual file systems */
};

struct blk_request;

/* What the operator is told. */
struct blk_failure {
    const char *word; /* NULL: nothing */
    bool reads;
    bool pauses;
    uint64_t offset;
    int error; /* an errno */
};

struct blk_state {
    uint8_t writes_back; /* the driver's choice, CONFIG_WCE */
    uint8_t zero[7];
};

struct device {
    struct virtio virtio;
    struct blk_state state;
    const struct disk_settings *settings;
    struct disk *disk;
    struct loop_source *source;
    unsigned under_way;
    uint32_t served;            /* a bit for each queue that has had a completion */
    uint32_t waiting;           /* and for each that has chains which found no room */
    struct blk_request *parked; /* failed, and tried again when the operator continues the VM */
    bool failing;     /* a failure of the host was told, and no write has succeeded since */
    int error;        /* the errno of the last failure, until a write succeeds; 0: none */
    int64_t noted_ms; /* when one was told; 0: never */
    struct blk_failure failure;
    int failure_event; /* eventfd: `failure` is to be told */
    struct loop_source *failure_source;
    struct virtio_blk_config config;
};

_Static_assert(offsetof(struct device, state) ==
                   offsetof(struct virtio, state) + sizeof(struct virtio_state),
               "one state, of the transport and of the disk");

/* A request under way. */
struct blk_request {
    struct disk_request disk;
    struct device *device;
    struct blk_request *next; /* in the device's list of parked ones */
    unsigned queue;
    uint16_t head;
    uint32_t written; /* what the device will have written, with the status */
    uint8_t *status;  /* in the guest's memory */
    struct iovec parts[];
};

/* A chain that is looked at. */
struct blk_chain {
    const struct chain *chain;
    unsigned queue;
    struct virtio_blk_outhdr header;
    uint8_t *status;
    uint64_t size; /* of the data */
};

/* --- blk_failure.c --- */

/* The host has failed to do a request; `pauses`: it waits for the operator. */
void blk_note_failure(struct device *device, const struct disk_request *request, int error,
                      bool pauses);

/* For the loop, when `failure_event` is readable. Without the lock. */
void blk_on_failure(void *arg, uint32_t events);

/* --- blk_request.c --- */

/* Prepares a request with room for `count` parts. NULL: no memory. */
struct blk_request *blk_create_request(struct device *device, const struct blk_chain *from,
                                       enum disk_operation operation, unsigned count);

/* Its end completes the chain, and frees it. */
void blk_submit(struct device *device, struct blk_request *request);

/*
 * For the class: tries again what waits for the operator. A driver that resets the device meanwhile
 * has given that up. Without the lock.
 */
void blk_go_on(struct device *device);

/* The driver, or the machine, has given up what waits for the operator. */
void blk_drop_parked(struct device *device);

/* --- blk_chain.c --- */

/* Serves a chain. False: there is no room for a request; the queue waits. */
bool blk_serve(struct device *device, unsigned queue, const struct chain *chain);

#endif
