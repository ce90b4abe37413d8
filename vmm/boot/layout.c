/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/layout.h"

#include "core/map.h"

#define MIB (UINT64_C(1) << 20)

/* The largest page size of a host, so that trees do not differ between hosts. */
#define INITRD_ALIGNMENT UINT64_C(0x10000)

/*
 * QEMU's rule (hw/arm/boot.c), so that guests find the tree where they do there: not below this, because a raw binary
 * does not say how much memory it uses after its last byte.
 */
#define LOW_PART_MAX (128 * MIB)

static struct ipa align_up(struct ipa address, uint64_t alignment)
{
    return ipa((address.value + alignment - 1) & ~(alignment - 1));
}

/*
 * An aligned place of the largest size: then the tree crosses no boundary of 2 MiB, which Linux before 4.2 required
 * (Documentation/arch/arm64/booting.rst).
 */
static struct ipa tree_after(struct ipa initrd, uint64_t initrd_size)
{
    return align_up(ipa_add(initrd, initrd_size), MAP_DTB_SIZE);
}

bool layout_place_initrd(struct layout *layout, const struct memory *memory, uint64_t size)
{
    struct ipa lowest = align_up(layout->kernel.end, INITRD_ALIGNMENT);
    uint64_t part = memory->size / 2 < LOW_PART_MAX ? memory->size / 2 : LOW_PART_MAX;
    struct ipa usual = align_up(ipa_add(memory->base, part), INITRD_ALIGNMENT);

    if (usual.value < lowest.value) {
        usual = lowest;
    }
    if (size <= memory_room(memory, usual) &&
        memory_room(memory, tree_after(usual, size)) >= MAP_DTB_SIZE) {
        layout->initrd = usual;
        return true;
    }
    layout->initrd = lowest;
    return size <= memory_room(memory, lowest);
}

bool layout_place_tree(struct layout *layout, const struct memory *memory, uint64_t initrd_size,
                       uint64_t size)
{
    layout->tree = tree_after(layout->initrd, initrd_size);
    if (memory_contains(memory, layout->tree, size)) {
        return true;
    }
    layout->tree = memory->base;
    return size <= layout->kernel.start.value - memory->base.value;
}
