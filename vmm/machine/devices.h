/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Which devices a machine has. The list is made once; the device tree and the bus are both made from it. Needs no KVM.
 */
#ifndef DORMOUSE_MACHINE_DEVICES_H
#define DORMOUSE_MACHINE_DEVICES_H

#include "config/config.h"
#include "dev/instances.h"

/** Fills in `devices` with what `config` asks for. 0, or -1 after report()ing a line. */
int devices_list(const struct config *config, struct instances *devices);

#endif
