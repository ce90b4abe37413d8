/* SPDX-License-Identifier: BSD-2-Clause */
/* What an Image is, if that tells beforehand that it cannot run in a guest. */
#ifndef DORMOUSE_BOOT_PAYLOAD_H
#define DORMOUSE_BOOT_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

/* A longer Image is not searched: hypervisors are small, and Linux is not. */
#define PAYLOAD_SEARCHED_MAX (UINT64_C(8) << 20)

/*
 * The name of the hypervisor that the Image `bytes` is, or NULL. The header of an Image does not say which exception
 * level it wants, so a hypervisor is known by words of its own that no other program has.
 */
const char *payload_hypervisor(const uint8_t *bytes, size_t size);

#endif
