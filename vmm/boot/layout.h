/* SPDX-License-Identifier: BSD-2-Clause */
/* Where initrd and device tree go, after the kernel's place is known. docs/design-vmm.md has a drawing. */
#ifndef DORMOUSE_BOOT_LAYOUT_H
#define DORMOUSE_BOOT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/image.h"
#include "core/ipa.h"
#include "core/memory.h"

struct layout {
    struct image_place kernel;
    struct ipa initrd;
    struct ipa tree;
};

/*
 * Places an initrd of `size` bytes, which may be 0, so that the largest device tree fits above it; if memory is too
 * small for that, as low as possible above the kernel. False if it does not fit there either.
 */
bool layout_place_initrd(struct layout *layout, const struct memory *memory, uint64_t size);

/*
 * Places a device tree of `size` bytes, after the initrd's place is known: above kernel and initrd, or below the kernel
 * if there is no room above, or if the kernel expects that. False if there is no room at all.
 */
bool layout_place_tree(struct layout *layout, const struct memory *memory, uint64_t initrd_size,
                       uint64_t size);

#endif
