/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp's own map: every physical address at itself. */
#ifndef HYP_MMU_H
#define HYP_MMU_H

#include <stdint.h>

/* Maps this image, the machine's device tree and the board's devices; arch_map_memory() adds RAM. Runs
 * with the MMU off; start.S then turns it on. */
void mmu_prepare(uint64_t tree);

#endif
