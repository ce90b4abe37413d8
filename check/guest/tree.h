/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a flattened device tree (Devicetree Specification v0.4, chapter 5) where it lies: MMU
 * off, so that every load must be aligned. A hosted libfdt.a is compiled for a world where that
 * does not matter, with the FP registers and a stack protector; hence these few lines.
 */
#ifndef GUEST_TREE_H
#define GUEST_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TREE_DEPTH_MAX = 8 };

/* A walk over all nodes, parents before children. */
struct tree_node {
    const char *name;
    unsigned depth;         /* 0: the root */
    unsigned address_cells; /* the parent's #address-cells and #size-cells: how to read `reg` */
    unsigned size_cells;
    /* The walk's own. */
    const char *strings;
    const uint32_t *properties;
    const uint32_t *next;
    const uint32_t *end;
    unsigned child_address_cells[TREE_DEPTH_MAX];
    unsigned child_size_cells[TREE_DEPTH_MAX];
};

/* Starts a walk; tree_next() then gives the root. False where there is no tree. */
bool tree_open(const void *blob, struct tree_node *node);
bool tree_next(struct tree_node *node);
uint32_t tree_size(const void *blob);

/* The value of a property and its length in bytes, or NULL. */
const void *tree_property(const struct tree_node *node, const char *name, uint32_t *length);
bool tree_compatible(const struct tree_node *node, const char *compatible);
/* Cell `index` of a property of 32-bit cells; 0 where it has fewer. */
uint32_t tree_cell(const struct tree_node *node, const char *name, unsigned index);
/* The address-size pair `index` of `reg`. */
bool tree_reg(const struct tree_node *node, unsigned index, uint64_t *address, uint64_t *size);

#endif
