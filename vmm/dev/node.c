/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/node.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

void node_name(char name[NODE_NAME_SIZE], const char *stem, uint64_t address)
{
    (void)snprintf(name, NODE_NAME_SIZE, "%s@%llx", stem, (unsigned long long)address);
}

void node_begin(struct tree *tree, const char *name)
{
    if (tree->error == 0) {
        tree->error = fdt_begin_node(tree->fdt, name);
    }
}

void node_begin_at(struct tree *tree, const char *stem, uint64_t address)
{
    char name[NODE_NAME_SIZE];

    node_name(name, stem, address);
    node_begin(tree, name);
}

void node_begin_numbered(struct tree *tree, const char *stem, unsigned number)
{
    char name[NODE_NAME_SIZE];

    (void)snprintf(name, sizeof(name), "%s%u", stem, number);
    node_begin(tree, name);
}

void node_end(struct tree *tree)
{
    if (tree->error == 0) {
        tree->error = fdt_end_node(tree->fdt);
    }
}

void node_put_bytes(struct tree *tree, const char *name, const void *bytes, size_t size)
{
    if (tree->error == 0) {
        tree->error = fdt_property(tree->fdt, name, bytes, (int)size);
    }
}

void node_put_flag(struct tree *tree, const char *name)
{
    node_put_bytes(tree, name, NULL, 0);
}

void node_put_string(struct tree *tree, const char *name, const char *value)
{
    node_put_bytes(tree, name, value, strlen(value) + 1);
}

/* Room for a property of `count` cells, or NULL after an error. */
static fdt32_t *node_put_room(struct tree *tree, const char *name, size_t count)
{
    void *cells = NULL;

    if (tree->error == 0) {
        tree->error =
            fdt_property_placeholder(tree->fdt, name, (int)(count * sizeof(fdt32_t)), &cells);
    }
    return tree->error == 0 ? cells : NULL;
}

void node_put_cells(struct tree *tree, const char *name, const uint32_t *cells, size_t count)
{
    fdt32_t *room = node_put_room(tree, name, count);

    for (size_t i = 0; room != NULL && i < count; i++) {
        room[i] = cpu_to_fdt32(cells[i]);
    }
}

void node_put_u32(struct tree *tree, const char *name, uint32_t value)
{
    node_put_cells(tree, name, &value, 1);
}

/* Two cells, which the tree aligns no better than one. */
static void node_store_u64(fdt32_t *cells, uint64_t value)
{
    cells[0] = cpu_to_fdt32((uint32_t)(value >> 32));
    cells[1] = cpu_to_fdt32((uint32_t)value);
}

void node_put_u64(struct tree *tree, const char *name, uint64_t value)
{
    fdt32_t *room = node_put_room(tree, name, 2);

    if (room != NULL) {
        node_store_u64(room, value);
    }
}

void node_put_cell_counts(struct tree *tree, uint32_t address_cells, uint32_t size_cells)
{
    node_put_u32(tree, "#address-cells", address_cells);
    node_put_u32(tree, "#size-cells", size_cells);
}

void node_put_reg(struct tree *tree, const struct node_region *regions, size_t count)
{
    enum { REGION_CELLS = 4 };
    fdt32_t *room = node_put_room(tree, "reg", count * REGION_CELLS);

    for (size_t i = 0; room != NULL && i < count; i++) {
        node_store_u64(room + i * REGION_CELLS, regions[i].base);
        node_store_u64(room + i * REGION_CELLS + 2, regions[i].size);
    }
}

static void node_put_interrupt(struct tree *tree, uint32_t spi, uint32_t trigger)
{
    const uint32_t cells[] = {NODE_INTERRUPT_SPI, spi, trigger};

    node_put_cells(tree, "interrupts", cells, sizeof(cells) / sizeof(cells[0]));
}

void node_put_spi(struct tree *tree, uint32_t spi)
{
    node_put_interrupt(tree, spi, NODE_INTERRUPT_LEVEL_HIGH);
}

void node_put_spi_edge(struct tree *tree, uint32_t spi)
{
    node_put_interrupt(tree, spi, NODE_INTERRUPT_EDGE_RISING);
}
