/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree.h"

#include "string.h"

enum {
    HEADER_MAGIC = 0,
    HEADER_TOTAL_SIZE = 1,
    HEADER_STRUCTURE_OFFSET = 2,
    HEADER_STRINGS_OFFSET = 3,
    HEADER_STRUCTURE_SIZE = 9,
};

enum {
    TOKEN_BEGIN_NODE = 1,
    TOKEN_END_NODE = 2,
    TOKEN_PROPERTY = 3,
    TOKEN_NOP = 4,
};

#define MAGIC 0xd00dfeedu

static uint32_t big_endian(uint32_t value)
{
    return __builtin_bswap32(value);
}

static uint32_t header(const void *blob, unsigned field)
{
    return big_endian(((const uint32_t *)blob)[field]);
}

static size_t words(size_t bytes)
{
    return (bytes + 3) / 4;
}

bool tree_open(const void *blob, struct tree_node *node)
{
    memset(node, 0, sizeof(*node));
    if (blob == NULL || header(blob, HEADER_MAGIC) != MAGIC) {
        return false;
    }
    node->strings = (const char *)blob + header(blob, HEADER_STRINGS_OFFSET);
    node->next = (const uint32_t *)blob + header(blob, HEADER_STRUCTURE_OFFSET) / 4;
    node->end = node->next + header(blob, HEADER_STRUCTURE_SIZE) / 4;
    return true;
}

uint32_t tree_size(const void *blob)
{
    return header(blob, HEADER_TOTAL_SIZE);
}

/* Where the property ends that begins at `at`: token, length, name, value. */
static const uint32_t *after_property(const uint32_t *at)
{
    return at + 3 + words(big_endian(at[1]));
}

static void enter(struct tree_node *node, unsigned depth)
{
    node->name = (const char *)node->next;
    node->depth = depth;
    node->properties = node->next + words(strlen(node->name) + 1);
    node->next = node->properties;
    node->address_cells = depth > 0 ? node->child_address_cells[depth - 1] : 2;
    node->size_cells = depth > 0 ? node->child_size_cells[depth - 1] : 1;
    if (depth < TREE_DEPTH_MAX) {
        uint32_t length;
        bool has_address = tree_property(node, "#address-cells", &length) != NULL;
        bool has_size = tree_property(node, "#size-cells", &length) != NULL;

        node->child_address_cells[depth] = has_address ? tree_cell(node, "#address-cells", 0) : 2;
        node->child_size_cells[depth] = has_size ? tree_cell(node, "#size-cells", 0) : 1;
    }
}

bool tree_next(struct tree_node *node)
{
    /* The node walked last is still open unless its end is seen below; the root has no parent. */
    unsigned depth = node->name == NULL ? 0 : node->depth + 1;

    while (node->next < node->end) {
        switch (big_endian(*node->next)) {
        case TOKEN_BEGIN_NODE:
            node->next++;
            enter(node, depth);
            return depth < TREE_DEPTH_MAX;
        case TOKEN_END_NODE:
            node->next++;
            depth--;
            break;
        case TOKEN_PROPERTY:
            node->next = after_property(node->next);
            break;
        case TOKEN_NOP:
            node->next++;
            break;
        default:
            return false;
        }
    }
    return false;
}

const void *tree_property(const struct tree_node *node, const char *name, uint32_t *length)
{
    const uint32_t *at = node->properties;

    while (at < node->end) {
        uint32_t token = big_endian(*at);

        if (token == TOKEN_NOP) {
            at++;
            continue;
        }
        if (token != TOKEN_PROPERTY) {
            return NULL;
        }
        if (string_equal(node->strings + big_endian(at[2]), name)) {
            *length = big_endian(at[1]);
            return at + 3;
        }
        at = after_property(at);
    }
    return NULL;
}

bool tree_compatible(const struct tree_node *node, const char *compatible)
{
    uint32_t length = 0;
    const char *list = tree_property(node, "compatible", &length);

    for (uint32_t at = 0; list != NULL && at < length; at += (uint32_t)strlen(list + at) + 1) {
        if (string_equal(list + at, compatible)) {
            return true;
        }
    }
    return false;
}

uint32_t tree_cell(const struct tree_node *node, const char *name, unsigned index)
{
    uint32_t length = 0;
    const uint32_t *cells = tree_property(node, name, &length);

    return cells != NULL && index < length / 4 ? big_endian(cells[index]) : 0;
}

static uint64_t number(const uint32_t *cells, unsigned count)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < count; i++) {
        value = value << 32 | big_endian(cells[i]);
    }
    return value;
}

bool tree_reg(const struct tree_node *node, unsigned index, uint64_t *address, uint64_t *size)
{
    uint32_t length = 0;
    const uint32_t *cells = tree_property(node, "reg", &length);
    size_t pair = (size_t)node->address_cells + node->size_cells;

    if (cells == NULL || length / 4 < (index + 1) * pair) {
        return false;
    }
    *address = number(cells + index * pair, node->address_cells);
    *size = number(cells + index * pair + node->address_cells, node->size_cells);
    return true;
}
