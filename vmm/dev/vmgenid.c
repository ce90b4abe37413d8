/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM's generation ID ("Virtual Machine Generation ID", Microsoft 2012; Linux's binding
 * microsoft,vmgenid.yaml): random bytes that the guest reads as memory. They change when the VM becomes
 * one of several that have the same past, and an interrupt says so. They stay over a reset, a sleep and
 * a restore that is the only one. Linux then takes new random numbers, which else all of these VMs share.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "dev/device.h"
#include "dev/irq.h"
#include "dev/mirror.h"
#include "dev/node.h"

enum { VMGENID_SIZE = 16 };

struct vmgenid_state {
    uint8_t id[VMGENID_SIZE];
};

struct device {
    struct device_env env;
    struct vmgenid_state state; /* changes only while no vCPU runs */
    uint8_t *page;              /* what the guest reads: the ID, then zeros */
};

/* 0 or -errno. The bytes come whole, and never fail once the host has booted (getrandom(2)). */
static int vmgenid_choose(struct vmgenid_state *state)
{
    struct vmgenid_state chosen;

    if (getrandom(chosen.id, sizeof(chosen.id), GRND_NONBLOCK) != (ssize_t)sizeof(chosen.id)) {
        return errno != 0 ? -errno : -EIO;
    }
    *state = chosen;
    return 0;
}

static void vmgenid_put(const struct device *device)
{
    mirror_put_bytes(device->page, device->state.id, sizeof(device->state.id));
}

/* The guest reads the page itself; only a bus without ROMs sends its reads here. */
static uint64_t vmgenid_read(struct device *device, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    memcpy(&value, device->page + offset, size);
    return value;
}

static void vmgenid_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
    (void)device, (void)offset, (void)size, (void)value;
}

static void vmgenid_reset(struct device *device)
{
    irq_set(device->env.irq, false);
}

static bool vmgenid_restore(struct device *device, const void *state)
{
    memcpy(&device->state, state, sizeof(device->state));
    vmgenid_put(device);
    return true;
}

/* The interrupt is held while the guest sleeps: it comes when the guest has woken. */
static int vmgenid_fork(struct device *device)
{
    int error = vmgenid_choose(&device->state);

    if (error == 0) {
        vmgenid_put(device);
        irq_set(device->env.irq, true);
    }
    return error;
}

/* The edge has been seen: the interrupt controller keeps it until the guest enables the interrupt. */
static void vmgenid_sleep_ends(struct device *device)
{
    irq_set(device->env.irq, false);
}

static void vmgenid_destroy(struct device *device)
{
    mirror_destroy(device->page);
    free(device);
}

static int vmgenid_show(const struct device *device)
{
    const struct device_rom rom = {.size = MIRROR_SIZE, .host = device->page};

    return device->env.show_rom != NULL ? device->env.show_rom(device->env.rom_arg, &rom, true) : 0;
}

static int vmgenid_create(const struct device_env *env, struct device **out)
{
    struct device *device = calloc(1, sizeof(*device));

    if (device == NULL) {
        return -ENOMEM;
    }
    device->env = *env;
    device->page = mirror_create();
    int error = device->page != NULL ? vmgenid_choose(&device->state) : -ENOMEM;
    if (error == 0) {
        vmgenid_put(device);
        error = vmgenid_show(device);
    }
    if (error != 0) {
        vmgenid_destroy(device);
        return error;
    }
    *out = device;
    return 0;
}

static void vmgenid_describe(const struct device_instance *instance, struct tree *tree)
{
    const struct node_region id = {instance->base.value, VMGENID_SIZE};

    node_begin_at(tree, "rng", instance->base.value);
    node_put_string(tree, "compatible", "microsoft,vmgenid");
    node_put_reg(tree, &id, 1);
    node_put_spi_edge(tree, instance->spi);
    node_end(tree);
}

static const struct device_class vmgenid = {
    .name = "vmgenid",
    .size = MIRROR_SIZE,
    .quiet_asleep = true,
    .came_later = true,
    .state_offset = offsetof(struct device, state),
    .state_size = sizeof(struct vmgenid_state),
    .create = vmgenid_create,
    .destroy = vmgenid_destroy,
    .reset = vmgenid_reset,
    .restore = vmgenid_restore,
    .fork = vmgenid_fork,
    .read = vmgenid_read,
    .write = vmgenid_write,
    .sleep_ends = vmgenid_sleep_ends,
    .describe = vmgenid_describe,
};
DEVICE_REGISTER(vmgenid);
