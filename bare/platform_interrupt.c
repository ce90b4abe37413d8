/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of platform.h that reads interrupts: which controller a device is connected to, and
 * its INTIDs. */
#include <stddef.h>

#include "platform.h"
#include "tree.h"

/* A GIC's interrupt specifier: type, number, flags. */
enum { CELL_TYPE = 0, CELL_NUMBER = 1, CELL_COUNT_MIN = 3, CELL_COUNT_MAX = 4 };
enum { TYPE_SPI = 0, TYPE_PPI = 1, PPI_BASE = 16, SPI_BASE = 32, PPI_COUNT = 16, SPI_COUNT = 988 };

static const char *const gic_v2_names[] = {
    "arm,cortex-a15-gic",
    "arm,cortex-a9-gic",
    "arm,cortex-a7-gic",
    "arm,gic-400",
};

bool platform_is_gic_v2(const struct tree_node *node)
{
    for (size_t i = 0; i < sizeof(gic_v2_names) / sizeof(gic_v2_names[0]); i++) {
        if (tree_compatible(node, gic_v2_names[i])) {
            return true;
        }
    }
    return false;
}

static bool is_gic(const struct tree_node *node)
{
    return tree_compatible(node, "arm,gic-v3") || platform_is_gic_v2(node);
}

static unsigned specifier_intid(uint32_t type, uint32_t number)
{
    if (type == TYPE_PPI && number < PPI_COUNT) {
        return number + PPI_BASE;
    }
    return type == TYPE_SPI && number < SPI_COUNT ? number + SPI_BASE : 0;
}

/* Returns the number of cells of a specifier for the controller with this phandle; 0 if that is
 * not a GIC. */
static uint32_t gic_cells(const void *blob, uint32_t phandle)
{
    struct tree_node controller;

    if (phandle == 0) {
        return CELL_COUNT_MIN; /* no controller is named: it is the only one */
    }
    if (!tree_find(blob, phandle, &controller) || !is_gic(&controller)) {
        return 0;
    }
    uint32_t cells = tree_cell(&controller, "#interrupt-cells", 0);
    return cells >= CELL_COUNT_MIN && cells <= CELL_COUNT_MAX ? cells : 0;
}

/* `property` with specifiers that are `skip` cells into entries of `skip` + `cells`. */
static unsigned read_interrupt(const struct tree_node *node, const char *property, uint32_t cells,
                               uint32_t skip, unsigned index)
{
    uint32_t length;
    uint32_t first = index * (cells + skip) + skip;

    if (cells == 0 || tree_property(node, property, &length) == NULL ||
        length / sizeof(uint32_t) < (size_t)first + cells) {
        return 0;
    }
    return specifier_intid(tree_cell(node, property, first + CELL_TYPE),
                           tree_cell(node, property, first + CELL_NUMBER));
}

unsigned platform_interrupt(const void *blob, const struct tree_node *node, unsigned index)
{
    uint32_t length;
    uint32_t parent = node->levels[node->depth].interrupt_parent;

    if (tree_property(node, "interrupts", &length) != NULL) {
        return read_interrupt(node, "interrupts", gic_cells(blob, parent), 0, index);
    }
    /* All entries must name the same controller; anything else is not supported. */
    parent = tree_cell(node, "interrupts-extended", 0);
    return parent == 0
               ? 0
               : read_interrupt(node, "interrupts-extended", gic_cells(blob, parent), 1, index);
}
