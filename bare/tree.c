/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree.h"

#include "string.h"

enum {
    HEADER_MAGIC = 0,
    HEADER_TOTAL_SIZE = 1,
    HEADER_STRUCTURE_OFFSET = 2,
    HEADER_STRINGS_OFFSET = 3,
    HEADER_RESERVATIONS_OFFSET = 4,
    HEADER_VERSION = 5,
    HEADER_COMPATIBLE_VERSION = 6,
    HEADER_STRINGS_SIZE = 8,
    HEADER_STRUCTURE_SIZE = 9,
    HEADER_SIZE = 40,
};

enum {
    TOKEN_BEGIN_NODE = 1,
    TOKEN_END_NODE = 2,
    TOKEN_PROPERTY = 3,
    TOKEN_NOP = 4,
};

enum { CELL = 4, CELLS_MAX = 2, DEFAULT_ADDRESS_CELLS = 2, DEFAULT_SIZE_CELLS = 1, VERSION = 17 };

#define MAGIC 0xd00dfeedu

static uint32_t big_endian(uint32_t value)
{
    return __builtin_bswap32(value);
}

static uint32_t tree_header_field(const void *blob, unsigned field)
{
    return big_endian(((const uint32_t *)blob)[field]);
}

/* Whether so many bytes at this offset are within the tree. */
static bool tree_contains(const void *blob, uint32_t offset, uint32_t size)
{
    uint32_t total = tree_header_field(blob, HEADER_TOTAL_SIZE);

    return offset <= total && size <= total - offset;
}

uint32_t tree_size(const void *blob)
{
    if (blob == NULL || (uintptr_t)blob % CELL != 0 ||
        tree_header_field(blob, HEADER_MAGIC) != MAGIC) {
        return 0;
    }
    uint32_t size = tree_header_field(blob, HEADER_TOTAL_SIZE);
    bool known = tree_header_field(blob, HEADER_VERSION) >= VERSION &&
                 tree_header_field(blob, HEADER_COMPATIBLE_VERSION) <= VERSION;

    return known && size >= HEADER_SIZE && size <= TREE_SIZE_MAX ? size : 0;
}

bool tree_open(const void *blob, struct tree_node *node)
{
    memset(node, 0, sizeof(*node));
    if (tree_size(blob) == 0) {
        return false;
    }
    uint32_t structure = tree_header_field(blob, HEADER_STRUCTURE_OFFSET);
    uint32_t structure_size = tree_header_field(blob, HEADER_STRUCTURE_SIZE);
    uint32_t strings = tree_header_field(blob, HEADER_STRINGS_OFFSET);

    node->strings_size = tree_header_field(blob, HEADER_STRINGS_SIZE);
    if (structure % CELL != 0 || !tree_contains(blob, structure, structure_size) ||
        !tree_contains(blob, strings, node->strings_size)) {
        return false;
    }
    node->strings = (const uint8_t *)blob + strings;
    node->next = (const uint32_t *)blob + structure / CELL;
    node->end = node->next + structure_size / CELL;
    return true;
}

static uint64_t cells_number(const uint32_t *cells, unsigned count)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < count; i++) {
        value = value << 32 | big_endian(cells[i]);
    }
    return value;
}

bool tree_reservation(const void *blob, unsigned index, uint64_t *address, uint64_t *size)
{
    enum { ENTRY = 16 };

    if (tree_size(blob) == 0 || index > TREE_SIZE_MAX / ENTRY) {
        return false;
    }
    uint32_t offset = tree_header_field(blob, HEADER_RESERVATIONS_OFFSET);
    if (offset % CELL != 0 || !tree_contains(blob, offset, (index + 1) * ENTRY)) {
        return false;
    }
    const uint32_t *entry = (const uint32_t *)blob + offset / CELL + (size_t)index * ENTRY / CELL;

    *address = cells_number(entry, 2);
    *size = cells_number(entry + 2, 2);
    return *address != 0 || *size != 0;
}

struct property {
    uint32_t name;
    uint32_t length;
    const uint32_t *value;
    const uint32_t *next;
};

/* The property that begins at `at` with a token, its length, and its name's offset. */
static bool read_property(const struct tree_node *node, const uint32_t *at,
                          struct property *property)
{
    enum { HEAD = 3 };

    if (node->end - at < HEAD) {
        return false;
    }
    property->length = big_endian(at[1]);
    property->name = big_endian(at[2]);
    property->value = at + HEAD;
    size_t words = ((size_t)property->length + CELL - 1) / CELL;
    if (words > (size_t)(node->end - property->value)) {
        return false;
    }
    property->next = property->value + words;
    return true;
}

static bool property_is_named(const struct tree_node *node, const struct property *property,
                              const char *name)
{
    size_t size = strlen(name) + 1;

    return property->name <= node->strings_size && size <= node->strings_size - property->name &&
           memcmp(node->strings + property->name, name, size) == 0;
}

const void *tree_property(const struct tree_node *node, const char *name, uint32_t *length)
{
    const uint32_t *at = node->properties;
    struct property property;

    *length = 0;
    while (at < node->end) {
        uint32_t token = big_endian(*at);

        if (token == TOKEN_NOP) {
            at++;
            continue;
        }
        if (token != TOKEN_PROPERTY || !read_property(node, at, &property)) {
            return NULL;
        }
        if (property_is_named(node, &property, name)) {
            *length = property.length;
            return property.value;
        }
        at = property.next;
    }
    return NULL;
}

/* The length of the text that begins here, if it ends before `size` bytes do; else `size`. */
static size_t text_length(const char *text, size_t size)
{
    size_t length = 0;

    while (length < size && text[length] != '\0') {
        length++;
    }
    return length;
}

const char *tree_text(const struct tree_node *node, const char *name)
{
    uint32_t length;
    const char *text = tree_property(node, name, &length);

    return text != NULL && text_length(text, length) < length ? text : NULL;
}

bool tree_text_is(const struct tree_node *node, const char *name, const char *value)
{
    const char *text = tree_text(node, name);

    return text != NULL && string_equal(text, value);
}

int tree_text_index(const struct tree_node *node, const char *name, const char *value)
{
    uint32_t length;
    const char *list = tree_property(node, name, &length);
    size_t at = 0;

    for (int i = 0; list != NULL && at < length; i++) {
        size_t size = text_length(list + at, length - at);

        if (at + size == length) {
            return -1; /* it has no end */
        }
        if (string_equal(list + at, value)) {
            return i;
        }
        at += size + 1;
    }
    return -1;
}

bool tree_compatible(const struct tree_node *node, const char *compatible)
{
    return tree_text_index(node, "compatible", compatible) >= 0;
}

static uint32_t property_cell_or(const struct tree_node *node, const char *name, unsigned index,
                                 uint32_t otherwise)
{
    uint32_t length;
    const uint32_t *cells = tree_property(node, name, &length);

    return cells != NULL && index < length / CELL ? big_endian(cells[index]) : otherwise;
}

uint32_t tree_cell(const struct tree_node *node, const char *name, unsigned index)
{
    return property_cell_or(node, name, index, 0);
}

static bool status_is_okay(const struct tree_node *node)
{
    uint32_t length;

    return tree_property(node, "status", &length) == NULL || tree_text_is(node, "status", "okay") ||
           tree_text_is(node, "status", "ok");
}

static void fill_level(struct tree_node *node, unsigned depth)
{
    struct tree_level *level = &node->levels[depth];
    const struct tree_level *above = depth > 0 ? &node->levels[depth - 1] : NULL;

    level->name = node->name;
    level->enabled = status_is_okay(node) && (above == NULL || above->enabled);
    level->address_cells = property_cell_or(node, "#address-cells", 0, DEFAULT_ADDRESS_CELLS);
    level->size_cells = property_cell_or(node, "#size-cells", 0, DEFAULT_SIZE_CELLS);
    level->interrupt_parent =
        property_cell_or(node, "interrupt-parent", 0, above != NULL ? above->interrupt_parent : 0);
    level->ranges = tree_property(node, "ranges", &level->ranges_length);
}

/* Begins a node: its name, which fills whole cells. */
static bool node_enter(struct tree_node *node)
{
    size_t size = (size_t)(node->end - node->next) * CELL;
    const char *name = (const char *)node->next;
    size_t length = text_length(name, size);

    if (length == size) {
        return false;
    }
    node->name = name;
    node->next += length / CELL + 1;
    node->properties = node->next;
    node->depth = node->open++;
    if (node->depth < TREE_DEPTH_MAX) {
        fill_level(node, node->depth);
        node->enabled = node->levels[node->depth].enabled;
    }
    return true;
}

/* Steps over one token. Returns false if the tree ends or is invalid. */
static bool token_step(struct tree_node *node, bool *entered)
{
    struct property property;

    switch (big_endian(*node->next)) {
    case TOKEN_BEGIN_NODE:
        node->next++;
        *entered = node_enter(node);
        return *entered;
    case TOKEN_END_NODE:
        node->next++;
        return node->open-- > 1; /* nothing comes after the root's end */
    case TOKEN_PROPERTY:
        if (node->open == 0 || !read_property(node, node->next, &property)) {
            return false;
        }
        node->next = property.next;
        return true;
    case TOKEN_NOP:
        node->next++;
        return true;
    default:
        return false;
    }
}

bool tree_next(struct tree_node *node)
{
    bool entered = false;

    while (node->next < node->end && token_step(node, &entered)) {
        if (entered && node->depth < TREE_DEPTH_MAX) {
            return true;
        }
        entered = false;
    }
    node->next = node->end;
    return false;
}

bool tree_reg(const struct tree_node *node, unsigned index, uint64_t *address, uint64_t *size)
{
    uint32_t length;
    const uint32_t *cells = tree_property(node, "reg", &length);

    if (cells == NULL || node->depth == 0) {
        return false;
    }
    const struct tree_level *parent = &node->levels[node->depth - 1];
    if (parent->address_cells == 0 || parent->address_cells > CELLS_MAX ||
        parent->size_cells > CELLS_MAX) {
        return false;
    }
    size_t pair = (size_t)parent->address_cells + parent->size_cells;
    if (length / CELL / pair <= index) {
        return false;
    }
    *address = cells_number(cells + index * pair, parent->address_cells);
    *size = cells_number(cells + index * pair + parent->address_cells, parent->size_cells);
    return true;
}

static bool is_within(uint64_t address, uint64_t size, uint64_t base, uint64_t room)
{
    return address >= base && address - base < room && size <= room - (address - base);
}

/* Translates an address from the children of `level` to those of `above`. */
static bool level_translate(const struct tree_level *level, const struct tree_level *above,
                            uint64_t *address, uint64_t size)
{
    uint32_t from = level->address_cells;
    uint32_t to = above->address_cells;
    const uint32_t *entry = level->ranges;

    if (entry == NULL || level->ranges_length == 0) {
        return entry != NULL;
    }
    if (from > CELLS_MAX || to > CELLS_MAX || level->size_cells > CELLS_MAX) {
        return false;
    }
    size_t cells = (size_t)from + to + level->size_cells;
    for (size_t left = cells == 0 ? 0 : level->ranges_length / CELL / cells; left > 0; left--) {
        uint64_t base = cells_number(entry, from);
        uint64_t room = cells_number(entry + from + to, level->size_cells);

        if (is_within(*address, size, base, room)) {
            *address = cells_number(entry + from, to) + (*address - base);
            return true;
        }
        entry += cells;
    }
    return false;
}

bool tree_region(const struct tree_node *node, unsigned index, uint64_t *address, uint64_t *size)
{
    if (!tree_reg(node, index, address, size)) {
        return false;
    }
    for (unsigned depth = node->depth - 1; depth > 0; depth--) {
        if (!level_translate(&node->levels[depth], &node->levels[depth - 1], address, *size)) {
            return false;
        }
    }
    return true;
}

/* Whether the first `length` characters of `part` are the name, or it without its address. */
static bool part_is(const char *name, const char *part, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (name[i] != part[i]) { /* also where the name is over */
            return false;
        }
    }
    return name[length] == '\0' || name[length] == '@';
}

bool tree_path_is(const struct tree_node *node, const char *path)
{
    for (unsigned depth = 1; depth <= node->depth; depth++) {
        size_t length = 0;

        if (*path != '/') {
            return false;
        }
        path++;
        while (path[length] != '\0' && path[length] != '/') {
            length++;
        }
        if (length == 0 || !part_is(node->levels[depth].name, path, length)) {
            return false;
        }
        path += length;
    }
    return *path == '\0';
}

bool tree_find(const void *blob, uint32_t phandle, struct tree_node *node)
{
    bool there = phandle != 0 && tree_open(blob, node);

    while (there && tree_next(node)) {
        if (tree_cell(node, "phandle", 0) == phandle) {
            return true;
        }
    }
    return false;
}
