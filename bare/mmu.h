/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An identity map, so that a core can make a call with its MMU and caches on and be seen to come
 * back with them off. RAM is mapped Normal Non-cacheable: what is written with the MMU on is there
 * with the MMU off, with no cache maintenance in between.
 */
#ifndef GUEST_MMU_H
#define GUEST_MMU_H

#include <stdbool.h>
#include <stdint.h>

/* Makes the tables and sets them for the calling core; SCTLR.M turns them on. */
void mmu_prepare(void);
void mmu_on(void);
void mmu_off(void);

/* Maps the first GiB, where the devices are, as memory: unaligned accesses then reach the bus. */
void mmu_map_devices_as_memory(bool as_memory);

#endif
