/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes the nodes of a device tree by libfdt's sequential-write calls: for devices, each of which
 * adds its own node, and for the rest of the tree in boot/.
 */
#ifndef DORMOUSE_DEV_NODE_H
#define DORMOUSE_DEV_NODE_H

#include <stddef.h>
#include <stdint.h>

/* The phandles that devices refer to; boot/ gives them to nodes. */
enum {
    NODE_PHANDLE_GIC = 1,
    NODE_PHANDLE_APB_CLOCK = 2,
    NODE_PHANDLE_ITS = 3,
    NODE_PHANDLE_GPIO = 4,
};

/* Cells of an interrupt specifier: Linux's bindings arm,gic-v3 and interrupts.txt. */
enum { NODE_INTERRUPT_SPI = 0, NODE_INTERRUPT_PPI = 1 };
enum { NODE_INTERRUPT_EDGE_RISING = 1, NODE_INTERRUPT_LEVEL_HIGH = 4 };

/* A cell of a GPIO specifier: Linux's binding gpio.txt. */
enum { NODE_GPIO_ACTIVE_HIGH = 0 };

/* Enough for the name of any node. */
enum { NODE_NAME_SIZE = 64 };

/* A tree that is being written. After the first error, which is kept, all calls do nothing. */
struct tree {
    void *fdt; /* between fdt_finish_reservemap() and fdt_finish() */
    int error; /* 0 or -FDT_ERR_* */
};

/* An address range, with 2 cells each for address and size. */
struct node_region {
    uint64_t base;
    uint64_t size;
};

/* "NAME@address", as nodes with a unit address are called. */
void node_name(char name[NODE_NAME_SIZE], const char *stem, uint64_t address);

void node_begin(struct tree *tree, const char *name);
void node_begin_at(struct tree *tree, const char *stem, uint64_t address);
void node_begin_numbered(struct tree *tree, const char *stem, unsigned number);
void node_end(struct tree *tree);

/* Properties of the node that was begun last. */
void node_put_bytes(struct tree *tree, const char *name, const void *bytes, size_t size);
void node_put_flag(struct tree *tree, const char *name);
void node_put_string(struct tree *tree, const char *name, const char *value);
void node_put_u32(struct tree *tree, const char *name, uint32_t value);
void node_put_u64(struct tree *tree, const char *name, uint64_t value);
void node_put_cells(struct tree *tree, const char *name, const uint32_t *cells, size_t count);
void node_put_cell_counts(struct tree *tree, uint32_t address_cells, uint32_t size_cells);
void node_put_reg(struct tree *tree, const struct node_region *regions, size_t count);
/* "interrupts": one SPI, level-triggered or edge-triggered. */
void node_put_spi(struct tree *tree, uint32_t spi);
void node_put_spi_edge(struct tree *tree, uint32_t spi);

#endif
