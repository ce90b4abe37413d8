/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory_map.h"

#include "bare/string.h"
#include "bare/tree.h"

static bool memory_map_add(struct memory_range *ranges, unsigned *count, uint64_t base,
                           uint64_t size)
{
    if (size == 0) {
        return true;
    }
    if (*count == MEMORY_RANGE_MAX || size > UINT64_MAX - base) {
        return false;
    }
    ranges[(*count)++] = (struct memory_range){base, size};
    return true;
}

bool memory_map_use(struct memory_map *map, uint64_t base, uint64_t size)
{
    return memory_map_add(map->used, &map->used_count, base, size);
}

/* All pairs of a node's `reg`. */
static bool memory_map_add_reg(const struct tree_node *node, struct memory_range *ranges,
                               unsigned *count)
{
    uint64_t base;
    uint64_t size;

    for (unsigned i = 0; tree_region(node, i, &base, &size); i++) {
        if (!memory_map_add(ranges, count, base, size)) {
            return false;
        }
    }
    return true;
}

/* Boot loaders write one cell or two. */
static uint64_t memory_map_cells(const struct tree_node *node, const char *name)
{
    uint32_t length;
    uint64_t first = tree_cell(node, name, 0);

    if (tree_property(node, name, &length) == NULL) {
        return 0;
    }
    return length < sizeof(uint64_t) ? first : first << 32 | tree_cell(node, name, 1);
}

static bool memory_map_read_chosen(const struct tree_node *node, struct memory_map *map)
{
    uint64_t start = memory_map_cells(node, "linux,initrd-start");
    uint64_t end = memory_map_cells(node, "linux,initrd-end");

    if (end <= start) {
        return true;
    }
    map->bundle = (struct memory_range){start, end - start};
    return memory_map_use(map, start, end - start);
}

static bool memory_map_read_node(const struct tree_node *node, struct memory_map *map)
{
    if (node->depth == 1 && tree_text_is(node, "device_type", "memory") && node->enabled) {
        return memory_map_add_reg(node, map->ram, &map->ram_count);
    }
    if (tree_path_is(node, "/chosen")) {
        return memory_map_read_chosen(node, map);
    }
    if (node->depth == 2 && string_equal(node->levels[1].name, "reserved-memory")) {
        return memory_map_add_reg(node, map->used, &map->used_count);
    }
    return true;
}

bool memory_map_read(const void *tree, uint64_t pa, struct memory_map *map)
{
    struct tree_node node;
    uint64_t base;
    uint64_t size;
    bool good = tree_open(tree, &node);

    *map = (struct memory_map){.ram_count = 0};
    good = good && memory_map_use(map, pa, tree_size(tree));
    for (unsigned i = 0; good && tree_reservation(tree, i, &base, &size); i++) {
        good = memory_map_use(map, base, size);
    }
    while (good && tree_next(&node)) {
        good = memory_map_read_node(&node, map);
    }
    return good && map->ram_count != 0;
}
