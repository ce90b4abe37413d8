/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a flattened device tree (Devicetree Specification v0.4, chapter 5) where it lies: MMU
 * off, so that every load must be aligned. A hosted libfdt.a is compiled for a world where that
 * does not matter, with the FP registers and a stack protector; hence these few lines.
 *
 * Nothing outside of the bytes that the tree's header claims is looked at, whatever they hold. A
 * walk ends where the tree makes no sense.
 */
#ifndef GUEST_TREE_H
#define GUEST_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Deeper nodes are skipped. */
enum { TREE_DEPTH_MAX = 12 };

/* A larger one is refused: boot loaders must not pass it (Documentation/arch/arm64/booting.rst). */
#define TREE_SIZE_MAX (UINT32_C(2) << 20)

/* What a node defines for the nodes below it. */
struct tree_level {
    const char *name;
    const uint32_t *ranges; /* NULL: what is below has no addresses in here */
    uint32_t ranges_length;
    uint32_t address_cells;
    uint32_t size_cells;
    uint32_t interrupt_parent; /* a phandle; 0: not named so far */
    bool enabled;
};

/* A walk over all nodes, parents before children. */
struct tree_node {
    const char *name;
    unsigned depth; /* 0: the root */
    bool enabled;   /* nothing up to the root has another `status` than okay */
    /* The nodes from the root to this one, by depth. */
    struct tree_level levels[TREE_DEPTH_MAX];
    /* The walk's own. */
    const uint8_t *strings;
    uint32_t strings_size;
    const uint32_t *properties;
    const uint32_t *next;
    const uint32_t *end;
    unsigned open; /* nodes begun and not ended */
};

/* Starts a walk; tree_next() then returns the root. Returns false if there is no tree. */
bool tree_open(const void *blob, struct tree_node *node);
bool tree_next(struct tree_node *node);
/* Returns the size that the header claims, or 0 if there is no tree. */
uint32_t tree_size(const void *blob);
/* Entry `index` of the memory reservation block. */
bool tree_reservation(const void *blob, unsigned index, uint64_t *address, uint64_t *size);

/* Returns the value of a property, aligned to 4 bytes, and its length in bytes; or NULL. */
const void *tree_property(const struct tree_node *node, const char *name, uint32_t *length);
/* Returns a property that is text, or NULL if it is not text. */
const char *tree_text(const struct tree_node *node, const char *name);
bool tree_text_is(const struct tree_node *node, const char *name, const char *value);
/* Returns the index of this text in a property, from 0; -1 if it is not there. */
int tree_text_index(const struct tree_node *node, const char *name, const char *value);
bool tree_compatible(const struct tree_node *node, const char *compatible);
/* Returns cell `index` of a property of 32-bit cells; 0 if there are fewer. */
uint32_t tree_cell(const struct tree_node *node, const char *name, unsigned index);
/* Returns the address-size pair `index` of `reg`, in the parent's addresses. */
bool tree_reg(const struct tree_node *node, unsigned index, uint64_t *address, uint64_t *size);
/* The same in the CPUs' addresses; also returns false if they cannot reach it. */
bool tree_region(const struct tree_node *node, unsigned index, uint64_t *address, uint64_t *size);

/* Returns whether `/a/b@1/c` is the node's path; addresses may be left out. */
bool tree_path_is(const struct tree_node *node, const char *path);
/* The node with this phandle. */
bool tree_find(const void *blob, uint32_t phandle, struct tree_node *node);

#endif
