/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mirror: memory from which guests read the registers of virtio devices, so that no vCPU leaves
 * KVM for a read. What a guest writes there comes to the device. A device puts into its part what a
 * read would give, whenever that changes.
 */
#ifndef DORMOUSE_DEV_MIRROR_H
#define DORMOUSE_DEV_MIRROR_H

#include <stddef.h>
#include <stdint.h>

/* A whole page of every host. All of it is the mirror's: what is no register reads as zero. */
enum { MIRROR_SIZE = 64 << 10 };

/* All zeros. NULL with errno set: there is no memory. */
uint8_t *mirror_create(void);
/* NULL is ignored. */
void mirror_destroy(uint8_t *mirror);

/* A guest reads the old or the new value of a word, never parts of both. `at` is aligned. */
void mirror_put(uint8_t *at, uint32_t word);
/* Puts bytes, the last word filled up with zeros. */
void mirror_put_bytes(uint8_t *at, const void *bytes, size_t size);

/*
 * Makes what was put at `at` visible to accesses that bypass the caches. A guest maps registers as
 * device memory; unless the host's processor makes that cacheable (FEAT_S2FWB), such reads come from
 * the point of coherency.
 */
void mirror_clean(const uint8_t *at);

#endif
