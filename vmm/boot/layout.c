/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/layout.h"

#include "core/map.h"

#define MIB (UINT64_C(1) << 20)

/* The largest page size of a host, so that trees do not differ between hosts. */
#define INITRD_ALIGNMENT UINT64_C(0x10000)

/* QEMU's rule (hw/arm/boot.c): the initrd is not below this, so guests find it and the tree where they do there. */
#define LOW_PART_MAX (128 * MIB)

/* For the BSS, the heap and the stacks of a raw binary, which does not say how much memory it uses after its end. */
#define UNKNOWN_PART_MAX (64 * MIB)

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

static uint64_t part_of(uint64_t room, uint64_t most)
{
    return room / 2 < most ? room / 2 : most;
}

/* Where the initrd goes if memory is large enough. */
static struct ipa usual_place(const struct image_place *kernel, const struct memory *memory)
{
    struct ipa usual = ipa_add(memory->base, part_of(memory->size, LOW_PART_MAX));
    struct ipa end = kernel->end;

    if (kernel->end_unknown) {
        end = ipa_add(end, part_of(memory_room(memory, end), UNKNOWN_PART_MAX));
    }
    return align_up(end.value > usual.value ? end : usual, INITRD_ALIGNMENT);
}

bool layout_place_initrd(struct layout *layout, const struct memory *memory, uint64_t size)
{
    struct ipa lowest = align_up(layout->kernel.end, INITRD_ALIGNMENT);
    struct ipa usual = usual_place(&layout->kernel, memory);

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
    bool below = size <= layout->kernel.start.value - memory->base.value;

    layout->tree = tree_after(layout->initrd, initrd_size);
    bool above = memory_contains(memory, layout->tree, size);
    if (below && (layout->kernel.tree_below || !above)) {
        layout->tree = memory->base;
        return true;
    }
    return above;
}
