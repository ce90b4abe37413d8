/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Which devices a machine has. The list is made once; the device tree and the bus are both made from it. Needs no KVM.
 */
#ifndef DORMOUSE_MACHINE_DEVICES_H
#define DORMOUSE_MACHINE_DEVICES_H

#include "config/config.h"
#include "dev/instances.h"

/**
 * Fills in `devices` with what `config` asks for, and `ports` with the ports of virtio-console, of
 * which one is `agent`'s with --agent (NULL: no device will be created). Both must live as long as the devices. 0, or -1 after
 * report()ing a line.
 */
int devices_list(const struct config *config, const struct port_client *agent,
                 struct port_settings *ports, struct instances *devices);

#endif
