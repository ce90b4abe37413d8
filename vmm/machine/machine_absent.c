/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for machine.c in a build for anything but arm64, whose KVM makes no arm64 guests. */
#include <stddef.h>

#include "base/report.h"
#include "boot/boot.h"
#include "core/signals.h"
#include "machine/devices.h"
#include "machine/machine.h"

int machine_run(const struct config *config)
{
    struct port_settings ports;
    struct instances devices;

    signals_let_end(true); /* while it reads pipes */
    struct boot *boot =
        devices_list(config, NULL, &ports, &devices) == 0 ? boot_open(config, &devices) : NULL;

    if (boot != NULL) {
        report("cannot run an arm64 guest: this dormouse was built for another machine; "
               "--dump-dtb, help and timeline work here");
        boot_close(boot);
    }
    return STATUS_ERROR;
}
