/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine/devices.h"

#include <stddef.h>

#include "boot/boot.h"
#include "core/map.h"
#include "machine/machine.h"

int devices_list(const struct config *config, struct instances *devices)
{
    *devices = (struct instances){0};
    instances_add_fixed(devices);
    if (config->firmware != NULL) {
        (void)instances_add(devices, device_class_find("cfi-flash"), ipa(MAP_FLASH_BASE),
                            DEVICE_NO_SPI);
    }
    return 0;
}

int machine_write_dtb(const struct config *config)
{
    struct instances devices;

    if (devices_list(config, &devices) != 0 ||
        boot_write_dtb(config, &devices, config->dump_dtb) != 0) {
        return STATUS_ERROR;
    }
    return 0;
}
