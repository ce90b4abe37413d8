/* SPDX-License-Identifier: BSD-2-Clause */
/** The table of VMs. */
#ifndef DORMOUSE_CLIENT_PS_H
#define DORMOUSE_CLIENT_PS_H

#include <stdint.h>

#include "client/vm_list.h"

/** Both print a line without its end. */
void ps_print_heading(void);
void ps_print_vm(const struct vm *vm, int64_t deadline);

#endif
