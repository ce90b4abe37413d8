/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices of a machine, found by address. Any thread may call bus_read() and bus_write(); the
 * rest is for the main thread while no vCPU runs.
 */
#ifndef DORMOUSE_DEV_BUS_H
#define DORMOUSE_DEV_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ipa.h"
#include "dev/device.h"
#include "dev/instances.h"
#include "dev/irq.h"

struct bus;

struct bus_device {
    struct device_instance instance;
    struct device *device;
    struct irq_line irq;
    struct bus *bus;
};

struct bus {
    unsigned count;
    struct bus_device devices[INSTANCES_MAX];
    void (*wake)(void *arg, unsigned source);
    int (*show_rom)(void *arg, struct ipa base, const struct device_rom *rom, bool shown);
    void *arg;
    uint8_t *mirror; /* of the slots of virtio devices; NULL: there is none */
};

struct bus_env {
    const struct instances *instances; /* the devices; only bus_create() uses it */
    struct loop *loop;
    struct console *console;
    const struct memory *memory;
    void (*drive_irq)(void *arg, uint32_t spi, bool level);          /* any thread */
    void (*pulse_irq)(void *arg, uint32_t spi);                      /* any thread */
    int (*pulse_fd)(void *arg, uint32_t spi);                        /* main thread; or NULL */
    void (*wake)(void *arg, unsigned source);                        /* main thread */
    void (*failed)(void *arg, const struct device_failure *failure); /* main thread */
    void (*changed)(void *arg);                                      /* any thread; or NULL */
    struct flash *flash;
    /* As in struct device_env, with the ROM's address. NULL: no device has a ROM, or a mirror. */
    int (*show_rom)(void *arg, struct ipa base, const struct device_rom *rom, bool shown);
    void *arg;
};

/* Creates the devices. Returns 0, or -errno with nothing left behind. */
int bus_create(struct bus *bus, const struct bus_env *env);
void bus_destroy(struct bus *bus);
void bus_reset(struct bus *bus);

/* The operator continues the machine. */
void bus_go_on(struct bus *bus);

/* All vCPUs are paused, and nothing accesses guest memory for a device, until that ends. */
void bus_be_still(const struct bus *bus, bool still);

/* An address without a device reads as zero; what is written there is lost. */
uint64_t bus_read(const struct bus *bus, struct ipa address, unsigned size);
void bus_write(const struct bus *bus, struct ipa address, unsigned size, uint64_t value);

/*
 * Calls `add` for each doorbell of each device, with the address of its register, until one call
 * returns an error. Returns that, or 0.
 */
int bus_doorbells(const struct bus *bus,
                  int (*add)(void *arg, struct ipa address, const struct doorbell *doorbell),
                  void *arg);

/*
 * Holds the interrupt lines of the wake sources that are not in `counted`, and of devices that are
 * quiet while the guest sleeps, and no others; bus_release() ends that.
 */
void bus_hold(struct bus *bus, unsigned counted);
void bus_release(struct bus *bus);

/* Whether the guest waits for a key, and presses it on each device where the guest does. */
bool bus_hears(const struct bus *bus, enum device_key key);
void bus_press(const struct bus *bus, enum device_key key);

/* The device of the class of that name, of which a machine has one at most; NULL: there is none. */
struct device *bus_device(const struct bus *bus, const char *name);

/* The wake sources that would wake the guest now. */
unsigned bus_wakes_pending(const struct bus *bus);

#endif
