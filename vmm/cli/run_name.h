/* SPDX-License-Identifier: BSD-2-Clause */
/** The name of the VM that `dormouse run` runs, by which the other commands find it. */
#ifndef DORMOUSE_CLI_RUN_NAME_H
#define DORMOUSE_CLI_RUN_NAME_H

#include <stdbool.h>

#include "client/vm_claim.h"
#include "config/config.h"

/**
 * Gives a VM that has a name a QMP socket in the folder of running VMs, if it has none and there is such a folder, and a
 * link there to the pseudo-terminal of --console pty.
 */
void run_name_set_places(struct config *config);

/**
 * Takes the VM's name, if it has one and there is a folder of running VMs. Returns false after report()ing one line.
 * vm_release() gives it back.
 */
bool run_name_claim(struct vm_claim *claim, const struct config *config);

#endif
