/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine/devices.h"

#include <string.h>

#include "base/report.h"
#include "boot/boot.h"
#include "core/map.h"
#include "machine/machine.h"

/* The devices of which a machine has one at most. 0 or -errno. */
static int devices_add_single(const struct config *config, const struct port_settings *ports,
                              struct instances *devices)
{
    const struct {
        const char *name;
        const void *settings;
        unsigned slot;
        bool wanted;
    } single[] = {
        {"virtio-console", ports, MAP_SLOT_PORTS, ports->count > 0},
        {"virtio-vsock", &config->vsock, MAP_SLOT_VSOCK, config->vsock.path[0] != '\0'},
        {"virtio-balloon", NULL, MAP_SLOT_BALLOON, config->balloon},
        {"virtio-rng", NULL, MAP_SLOT_RNG, config->rng},
    };
    int error = 0;

    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]) && error == 0; i++) {
        if (single[i].wanted) {
            error = instances_add_slot(devices, single[i].name, single[i].slot, single[i].settings);
        }
    }
    return error;
}

/* The devices that the operator asked for, each in its place. 0 or -errno. */
static int devices_add_chosen(const struct config *config, const struct port_settings *ports,
                              struct instances *devices)
{
    int error = 0;

    for (unsigned i = 0; i < config->disks.count && error == 0; i++) {
        const struct disk_settings *disk = &config->disks.at[i];

        error = instances_add_slot(devices, disk->vhost_user ? "vhost-user-blk" : "virtio-blk",
                                   MAP_SLOT_DISK + i, disk);
    }
    if (error == 0 && config->firmware != NULL) {
        error = instances_add(devices, device_class_find("cfi-flash"), ipa(MAP_FLASH_BASE),
                              DEVICE_NO_SPI);
    }
    for (unsigned i = 0; i < config->nets.count && error == 0; i++) {
        error = instances_add_slot(devices, "virtio-net", MAP_SLOT_NET + i, &config->nets.at[i]);
    }
    return error == 0 ? devices_add_single(config, ports, devices) : error;
}

int devices_list(const struct config *config, const struct port_client *agent,
                 struct port_settings *ports, struct instances *devices)
{
    *ports = config->ports;
    if (config->agent) {
        /* There is room, and the name is free: the command line is checked for both. */
        (void)port_settings_add_client(ports, CONFIG_AGENT_PORT, agent);
    }
    *devices = (struct instances){0};
    instances_add_fixed(devices);
    int error = devices_add_chosen(config, ports, devices);
    if (error != 0) {
        report("cannot list the machine's devices: %s", strerror(-error));
    }
    return error == 0 ? 0 : -1;
}

int machine_write_dtb(const struct config *config)
{
    struct port_settings ports;
    struct instances devices;

    if (devices_list(config, NULL, &ports, &devices) != 0 ||
        boot_write_dtb(config, &devices, config->dump_dtb) != 0) {
        return STATUS_ERROR;
    }
    return 0;
}
