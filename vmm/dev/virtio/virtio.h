/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio device on the MMIO transport, version 2 (virtio 1.2, 4.2). This part has the registers,
 * features, queues and interrupts. A device is one file beside it, whose `struct device` begins
 * with a `struct virtio`, and which fills in a `struct virtio_type`.
 *
 * Threads: registers are accessed by the vCPUs' threads, queues are served by the main thread only.
 * `lock` orders them; it is held in every function of the device that this part calls, and the
 * device takes it in callbacks of its own (virtio_lock()). Functions of this header are for holders
 * of the lock unless they say otherwise.
 *
 * A sleep of the guest is, for the device, a reset by the guest before it and a new start after it
 * with queues at other addresses. The host's side keeps what must not be lost in between.
 */
#ifndef DORMOUSE_DEV_VIRTIO_VIRTIO_H
#define DORMOUSE_DEV_VIRTIO_VIRTIO_H

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dev/device.h"
#include "dev/virtio/queue.h"

enum {
    VIRTIO_QUEUES_MAX = 32,
    VIRTIO_REGISTERS_SIZE = 0x200, /* as on QEMU's `virt` */
};

/* The feature bit of that number. */
#define VIRTIO_FEATURE(number) (UINT64_C(1) << (number))

/* Feature bits that this part offers and handles for every device (6). */
#define VIRTIO_COMMON_FEATURES                                                                     \
    (VIRTIO_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) | VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX) |       \
     VIRTIO_FEATURE(VIRTIO_F_VERSION_1))

/* What a kind of device is. Each function is called with the lock held. */
struct virtio_type {
    const char *name; /* as in messages: "virtio-blk" */
    uint32_t id;      /* the device ID (5) */
    /*
     * The driver is ready (DRIVER_OK): `virtio->features` are negotiated, queues are ready or not.
     * Comes from a vCPU's thread. NULL: nothing to do.
     */
    void (*start)(struct device *device);
    /*
     * The driver resets the device, or the machine does. When it returns, nothing of the host will
     * write to guest memory, nor complete a chain, on behalf of what was taken before: what is
     * under way is finished or cancelled here. It must not wait for the main thread, which may wait
     * for the lock. Comes from a vCPU's thread or the main one, also without a start. NULL: nothing
     * is ever under way.
     */
    void (*stop)(struct device *device);
    /*
     * The driver may have added chains to a queue that is ready. Main thread. NULL: another process
     * serves the queues; it gets the doorbells, and nothing here reads them or takes chains.
     */
    void (*notified)(struct device *device, unsigned queue);
    /*
     * The driver handles an interrupt, and chains of a queue that is lent (virtio_lend()) were
     * completed since the last call. From a vCPU's thread. NULL: it makes no difference.
     */
    void (*moved)(struct device *device, unsigned queue);
    /* The driver writes to the configuration space. NULL: it is read-only. */
    void (*write_config)(struct device *device, uint64_t offset, unsigned size, uint64_t value);
    /* Takes over the device's own part of a saved state. NULL: it has none. */
    void (*restore)(struct device *device, const void *own);
    /* Adds what the device is known by, with its name. NULL: nothing but its features. */
    void (*identify)(const struct device *device, struct device_identity *identity);
};

/* What a save keeps. */
struct virtio_state {
    uint64_t driver_features;
    uint32_t device_features_half; /* DeviceFeaturesSel, and so on */
    uint32_t driver_features_half;
    uint32_t queue_selected;
    uint32_t status;
    uint32_t interrupts; /* InterruptStatus */
    uint32_t generation; /* ConfigGeneration; a reset keeps it */
    struct queue_state queues[VIRTIO_QUEUES_MAX];
};

_Static_assert(sizeof(struct virtio_state) ==
                   8 + 6 * 4 + VIRTIO_QUEUES_MAX * sizeof(struct queue_state),
               "no padding");

struct virtio_doorbell {
    int fd; /* eventfd: the driver has written this queue's number to QueueNotify */
    struct loop_source *source;
    struct virtio *virtio;
};

struct virtio {
    const struct virtio_type *type;
    struct device_env env;
    pthread_mutex_t lock;
    uint64_t offered;   /* feature bits */
    uint64_t features;  /* those that were negotiated, from FEATURES_OK on; 0 before */
    const void *config; /* the configuration space: bytes of the device, little endian */
    size_t config_size;
    unsigned queue_count;
    unsigned lent_count; /* queues that are lent */
    bool blamed;         /* a line about the driver's fault has been reported */
    bool held; /* start() or stop() is under way; set with the lock held, read without it */
    struct virtio_doorbell doorbells[VIRTIO_QUEUES_MAX];
    int acknowledged; /* eventfd, never read: the driver has seen used buffers; or -1 */
    struct queue queues[VIRTIO_QUEUES_MAX];
    struct chain chain; /* the chain at hand of virtio_serve() */
    struct virtio_state state;
};

struct virtio_setup {
    const struct virtio_type *type;
    uint64_t features; /* the device's own; VIRTIO_COMMON_FEATURES are added, */
    uint64_t lacks;    /* but for these of them */
    const void *config;
    size_t config_size;
    unsigned queue_count; /* 1 to VIRTIO_QUEUES_MAX */
    bool lends;           /* queues may be lent, so the device has to see acknowledgements */
};

/*
 * For the device's create(): prepares a `struct virtio`, which is zero before. Returns 0, or -errno
 * with nothing left behind. virtio_close() is for its destroy(), after it has stopped the host's
 * side. Main thread, without the lock.
 */
int virtio_open(struct virtio *virtio, const struct device_env *env,
                const struct virtio_setup *setup);
void virtio_close(struct virtio *virtio);

/*
 * For the class's create(): a device of `size` bytes, of which open() fills in what is not zero. If
 * that fails, close() undoes what it did without the transport, frees the device, and *out stays as
 * it is. Returns 0 or -errno. Main thread.
 */
int virtio_create(const struct device_env *env, struct device **out, size_t size,
                  int (*open)(struct device *device, const struct device_env *env),
                  void (*close)(struct device *device));

static inline struct virtio *virtio_of(struct device *device)
{
    return (struct virtio *)device; /* the first member */
}

static inline struct device *virtio_device(struct virtio *virtio)
{
    return (struct device *)virtio;
}

static inline void virtio_lock(struct virtio *virtio)
{
    pthread_mutex_lock(&virtio->lock);
}

static inline void virtio_unlock(struct virtio *virtio)
{
    pthread_mutex_unlock(&virtio->lock);
}

/*
 * Takes the lock for a callback of the loop. Returns false, without the lock, while a vCPU's thread
 * starts or stops the device: that can last as long as the host's storage or a back-end does, and
 * the main thread has operators and other devices to serve. The caller then has nothing to do:
 * afterwards notified() comes for each queue that is ready.
 */
bool virtio_enter(struct virtio *virtio);

/* Whether the feature of that number was negotiated. */
static inline bool virtio_has(const struct virtio *virtio, unsigned number)
{
    return (virtio->features & VIRTIO_FEATURE(number)) != 0;
}

/* Whether the driver is ready and has broken no rule. Otherwise the queues give nothing. */
bool virtio_is_live(const struct virtio *virtio);

/*
 * Takes the next chain of a live device: 1, or 0. A driver that broke a rule gets NEEDS_RESET
 * (2.1.2), and the first time a line is reported.
 */
int virtio_take(struct virtio *virtio, unsigned queue, struct chain *chain);

/*
 * Hands each chain that is there to `serve`, at most as many as the queue is long; the rest follows
 * in a later turn of the loop, so that no guest holds the main thread. If `serve` returns false, the
 * chain stays in the queue, and the device calls virtio_ring() when it can continue. Tells the
 * driver at the end, once.
 */
typedef bool virtio_serve_fn(struct device *device, unsigned queue, const struct chain *chain);
void virtio_serve(struct virtio *virtio, unsigned queue, virtio_serve_fn *serve);

/* Completes a chain. The driver is told by virtio_tell(), once for several. */
void virtio_complete(struct virtio *virtio, unsigned queue, uint16_t head, uint32_t written);
void virtio_tell(struct virtio *virtio, unsigned queue);

/* The device cannot go on: NEEDS_RESET. `fault` is a phrase for the line, which is reported once. */
void virtio_break(struct virtio *virtio, const char *fault);

/*
 * For a device whose queues another process serves. That one has used buffers, and has looked
 * whether the driver wants an interrupt: gives it one.
 */
void virtio_pass_interrupt(struct virtio *virtio);

/*
 * Lends a queue that is ready to a thread of the kernel: that gets its doorbell, which nothing here
 * reads meanwhile, and interrupts the guest by irq_pulse_fd(). InterruptStatus always names used
 * buffers then. After virtio_take_back() the queue continues at index `next`, and notified() comes.
 * Any thread.
 */
void virtio_lend(struct virtio *virtio, unsigned queue);
void virtio_take_back(struct virtio *virtio, unsigned queue, uint16_t next);

/* The host's side cannot go on: NEEDS_RESET. The device has reported why. */
void virtio_fail(struct virtio *virtio);

/* The device has changed its configuration space. */
void virtio_config_changed(struct virtio *virtio);

/*
 * The same, and the driver need not be told: it has asked for the change. In a function that a write
 * or a reset of the driver has called, this is not needed.
 */
void virtio_show_config(struct virtio *virtio);

/* Makes notified() come again for this queue. Any thread, with or without the lock. */
void virtio_ring(struct virtio *virtio, unsigned queue);

/* For `struct device_class`: what all virtio devices have in common. */
void virtio_reset(struct device *device);
bool virtio_restore(struct device *device, const void *state);
void virtio_identify(struct device *device, struct device_identity *identity);
bool virtio_busy(struct device *device);
uint64_t virtio_read(struct device *device, uint64_t offset, unsigned size);
void virtio_write(struct device *device, uint64_t offset, unsigned size, uint64_t value);
void virtio_describe(const struct device_instance *instance, struct tree *tree);
bool virtio_doorbell(struct device *device, unsigned number, struct doorbell *doorbell);

/* All but reset(). */
#define VIRTIO_CLASS_REGISTERS                                                                     \
    .size = VIRTIO_REGISTERS_SIZE, .restore = virtio_restore, .identify = virtio_identify,         \
    .busy = virtio_busy, .read = virtio_read, .write = virtio_write, .describe = virtio_describe,  \
    .doorbell = virtio_doorbell, .mirrored = true

#define VIRTIO_CLASS_FUNCTIONS VIRTIO_CLASS_REGISTERS, .reset = virtio_reset

/* A device without state of its own; one with a state puts it right after the `struct virtio`. */
#define VIRTIO_CLASS_MEMBERS                                                                       \
    VIRTIO_CLASS_FUNCTIONS, .state_offset = offsetof(struct virtio, state),                        \
        .state_size = sizeof(struct virtio_state)

#endif
