/* SPDX-License-Identifier: BSD-2-Clause */
/* Stage 2 tables: which physical addresses a guest's addresses are (Arm ARM D8.3, 4 KiB granule). */
#ifndef HYP_STAGE2_H
#define HYP_STAGE2_H

#include <stdbool.h>

#include "vm.h"

/* How many tables there are for all VMs. RAM that has another place in its GiB than the guest's has
 * needs one for each GiB, of at most 64; the rest is for the root and for devices. */
enum { STAGE2_TABLE_MAX = VM_MAX * (64 + 16) };

/* Makes the VM's tables from its regions, and sets stage2_root. Returns false if there are not enough
 * tables, or a region is misaligned or beyond the 39 bits of address. Before the VM runs. */
bool stage2_build(struct vm *vm);
/* How many tables are in use. */
unsigned stage2_table_count(void);

#endif
