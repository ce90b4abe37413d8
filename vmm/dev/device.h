/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a device is to the machine. A device is one file that defines a `struct device_class` and
 * registers it with DEVICE_REGISTER(). A machine may have any number of instances of a class, each
 * in a place of its own; nothing but the machine's map (core/map.h) names a class.
 *
 * Threads: read() and write() come from vCPU threads, callbacks of the loop from the main thread;
 * the device's own lock orders them. create(), reset(), describe() and destroy() come from the main
 * thread while no vCPU runs.
 */
#ifndef DORMOUSE_DEV_DEVICE_H
#define DORMOUSE_DEV_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ipa.h"

struct console;
struct flash;
struct irq_line;
struct loop;
struct memory;
struct tree;

/* Keys that the operator can press, as on a machine's case. */
enum device_key { DEVICE_KEY_POWER, DEVICE_KEY_SLEEP, DEVICE_KEY_COUNT };

/*
 * A part of a device that the guest reads as memory while it is shown; what the guest writes there
 * comes to the device.
 */
struct device_rom {
    uint64_t offset; /* from the device's base; a multiple of every page size, as the size is */
    uint64_t size;
    const void *host; /* where it is mapped in this process, for as long as the device exists */
};

/* The host's side of a device has failed to do what the guest asked for. */
struct device_failure {
    const char *device;    /* its name for operators: "disk0" */
    const char *operation; /* "read" or "write" */
    const char *reason;
    bool no_space; /* the host's file system is full */
    bool pauses;   /* the machine is to stop; go_on() of the class tries again */
};

/* A disk, as operators see it. */
struct device_disk {
    unsigned number;  /* as in its name for operators, "disk0" */
    const char *file; /* stays as long as the device */
    bool remote;      /* another process has the disk; `file` is its socket */
    bool read_only;
    uint64_t size;      /* in bytes */
    unsigned under_way; /* requests that the host has not ended; not known of a remote disk */
    int error;          /* the errno of a failure that lasts, 0 for none */
};

/* What the machine gives a device at its creation. */
struct device_env {
    struct loop *loop;
    struct console *console; /* the operator's end of the serial line */
    struct irq_line *irq;    /* the device's own interrupt line */
    const struct memory *memory;
    const void *settings; /* the instance's: what the operator asked for */
    /*
     * Reports that this device would wake a sleeping guest now (its class's wake_source). Main
     * thread only, with no device lock held. Ignored while the guest is awake.
     */
    void (*wake)(void *arg);
    void *wake_arg;
    /* Main thread only, with no device lock held. */
    void (*failed)(void *arg, const struct device_failure *failure);
    void *failed_arg;
    /*
     * The guest has changed something of this device that operators are told of. Any thread, also with the
     * device's lock held. NULL: there is nothing to tell.
     */
    void (*changed)(void *arg);
    void *changed_arg;
    struct flash *flash; /* the firmware's files; NULL without firmware */
    /*
     * Shows a ROM, or hides it: then reads come to the device too. Any thread; the device orders the
     * calls. After it returns no vCPU reads what was there before. The first call for each ROM comes
     * from create(). 0 or -errno. NULL: there are no ROMs here, and all reads come to the device.
     */
    int (*show_rom)(void *arg, const struct device_rom *rom, bool shown);
    void *rom_arg;
    /*
     * From where guests read this device's registers (dev/mirror.h), if its class is mirrored. NULL:
     * every read comes to the device.
     */
    uint8_t *mirror;
};

static inline void device_changed(const struct device_env *env)
{
    if (env->changed != NULL) {
        env->changed(env->changed_arg);
    }
}

struct device;
struct device_class;

#define DEVICE_NO_SPI UINT32_MAX

/* A register that a guest rings: a write of `value` there is all that the device needs to know. */
struct doorbell {
    uint64_t offset; /* of the register */
    unsigned size;   /* of the write, in bytes */
    uint64_t value;
    int fd; /* an eventfd, which the device keeps and reads */
};

/* A device of the machine, and its place there. */
struct device_instance {
    const struct device_class *cls;
    struct ipa base; /* of the registers */
    uint32_t spi;    /* its interrupt, as an SPI number (INTID - 32), or DEVICE_NO_SPI */
    /* What the operator asked for, in a form that the class knows; NULL: the class has no options. */
    const void *settings;
};

/* What a guest knows of a device and keeps over a sleep, beyond the device's state. */
struct device_identity {
    uint64_t features; /* what the device offers */
    uint64_t number;   /* the device's size, or address: */
    const char *what;  /* the number's name in messages */
};

struct device_class {
    const char *name;     /* as in the device tree: "pl011" */
    uint64_t size;        /* of the registers, in bytes */
    unsigned wake_source; /* WAKE_* bit of power/wake.h, 0 for none */
    bool mirrored;        /* the device puts into a mirror what its registers read */
    bool came_later;      /* images from before it exist: their VMs do without it */
    bool quiet_asleep;    /* its interrupt waits until the guest is awake, and wakes no guest */
    /*
     * The device's state, one struct in `struct device`: what a reset clears and a save keeps. It
     * has no pointers and no padding, and only types of fixed width. What else is in the device
     * belongs to the host's side, or follows from the state.
     */
    size_t state_offset;
    size_t state_size;
    int (*create)(const struct device_env *env, struct device **out); /* 0 or -errno */
    void (*destroy)(struct device *device);
    /*
     * Assigns the reset values to the state, as power-on does (a clock with a battery keeps its
     * time), and drives the interrupt line low.
     */
    void (*reset)(struct device *device);
    /*
     * Takes over a state that device_state() of another instance of the class was, perhaps in another
     * process on another host, and lets the host's side and the interrupt line follow it. Main thread,
     * while no vCPU runs. Returns false, with the state unchanged, if the device can never be in it.
     */
    bool (*restore)(struct device *device, const void *state);
    /*
     * After that: the VM is one of several that continue from the same state, and the guest is to know.
     * 0 or -errno. NULL: it makes no difference.
     */
    int (*fork)(struct device *device);
    /* What must not differ in a restore; NULL: nothing. */
    void (*identify)(struct device *device, struct device_identity *identity);
    /* Whether what the guest has asked for is under way, so that a save would lose it. NULL: never. */
    bool (*busy)(struct device *device);
    /* `offset` < size; `size` is 1, 2, 4 or 8. A guest may access any offset, aligned or not. */
    uint64_t (*read)(struct device *device, uint64_t offset, unsigned size);
    void (*write)(struct device *device, uint64_t offset, unsigned size, uint64_t value);
    /* Whether the device would wake the guest now (unread input, an alarm that went off). NULL: never. */
    bool (*wake_pending)(struct device *device);
    /*
     * The guest falls asleep; `counted`: the device is a wake source of this sleep. And the sleep
     * ends. Main thread, with all vCPUs paused. NULL: it makes no difference.
     */
    void (*sleep_begins)(struct device *device, bool counted);
    void (*sleep_ends)(struct device *device);
    /*
     * Whether the guest has a driver for this key, which waits for an interrupt; and presses the key,
     * which is released later. Main thread. Both NULL: the device has no keys.
     */
    bool (*hears)(struct device *device, enum device_key key);
    void (*press)(struct device *device, enum device_key key);
    /*
     * The doorbell of that number, from 0 on; false if there is none. NULL: the device has none.
     * The machine lets KVM ring it, so that no vCPU leaves the guest for long.
     */
    bool (*doorbell)(struct device *device, unsigned number, struct doorbell *doorbell);
    /*
     * The operator continues the machine: what has failed and made it stop is tried again. Main
     * thread. NULL: nothing of this device stops the machine.
     */
    void (*go_on)(struct device *device);
    /*
     * While it is still, nothing accesses guest memory for this device but calls of this class. Main
     * thread, with all vCPUs paused. NULL: nothing ever does.
     */
    void (*be_still)(struct device *device, bool still);
    /* Describes the disk that the device is. Main thread. NULL: it is no disk. */
    void (*disk)(struct device *device, struct device_disk *disk);
    /* Adds the device's node, or nodes, to a tree in the making (dev/node.h). */
    void (*describe)(const struct device_instance *instance, struct tree *tree);
};

/* The device's state. Main thread, while no vCPU runs. */
static inline const void *device_state(const struct device_class *cls, const struct device *device)
{
    return (const char *)device + cls->state_offset;
}

/* Puts a class into the table that device_class_find() searches. One use a file, at file scope. */
#define DEVICE_REGISTER(cls)                                                                       \
    static const struct device_class *const device_register_##cls                                  \
        __attribute__((used, section("device_table"))) = &(cls)

/* The class of that name that is linked into this program, or NULL. */
const struct device_class *device_class_find(const char *name);

#endif
