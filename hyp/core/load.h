/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the VMs' RAM is, and what is in it at their start and after a reset. */
#ifndef HYP_LOAD_H
#define HYP_LOAD_H

#include <stdbool.h>

#include "memory_map.h"
#include "vm.h"

/*
 * Gives each VM the highest RAM of the machine that hyp can map and that is free, aligned to 2 MiB, from
 * the first VM on.
 * Returns the first VM for which there is no room, or NULL.
 */
const struct vm *load_place(const struct memory_map *map);

/*
 * Copies the VM's modules to their places, and clears the rest of its RAM if `clear`: at its start, and
 * at a reset while MEM_PROTECT is on. None of its cores runs.
 */
void load_vm(const struct vm *vm, bool clear);

#endif
