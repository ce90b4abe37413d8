/* SPDX-License-Identifier: BSD-2-Clause */
/* What libvpsci is given for a VM. */
#ifndef HYP_VM_PSCI_H
#define HYP_VM_PSCI_H

#include <stdbool.h>

#include "vm.h"

/* Makes the VM's `psci`, and that of its vCPUs, as psci_config says. Returns false if that is not valid, or
 * there is no room. Before the VM runs. */
bool vm_psci_init(struct vm *vm);

#endif
