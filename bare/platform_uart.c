/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses the UART to use. */
#include <stddef.h>

#include "platform.h"
#include "string.h"
#include "tree.h"

enum { PATH_SIZE = 128 };

static const struct {
    const char *compatible;
    enum platform_uart kind;
    uint8_t shift; /* where the node does not say */
    uint8_t width;
} known[] = {
    {"arm,pl011", PLATFORM_UART_PL011, 0, 4},
    {"arm,sbsa-uart", PLATFORM_UART_SBSA, 0, 4},
    {"ns16550a", PLATFORM_UART_16550, 0, 1},
    {"ns16550", PLATFORM_UART_16550, 0, 1},
    {"snps,dw-apb-uart", PLATFORM_UART_16550, 0, 1},
    {"brcm,bcm2835-aux-uart", PLATFORM_UART_16550, 2, 4},
};

enum { KNOWN_COUNT = sizeof(known) / sizeof(known[0]) };

static size_t find_kind(const struct tree_node *node)
{
    size_t i = 0;

    while (i < KNOWN_COUNT && !tree_compatible(node, known[i].compatible)) {
        i++;
    }
    return i;
}

static uint32_t uart_cell_or(const struct tree_node *node, const char *name, uint32_t otherwise)
{
    uint32_t length;

    return tree_property(node, name, &length) != NULL ? tree_cell(node, name, 0) : otherwise;
}

/* Takes the node if it is a UART that can be used. */
static bool uart_take_node(const void *blob, const struct tree_node *node)
{
    size_t kind = find_kind(node);
    struct region region;

    if (kind == KNOWN_COUNT || !node->enabled ||
        !tree_region(node, 0, &region.base, &region.size)) {
        return false;
    }
    uint32_t shift = uart_cell_or(node, "reg-shift", known[kind].shift);
    uint32_t width = uart_cell_or(node, "reg-io-width", known[kind].width);
    if (shift > 4 || (width != 1 && width != 2 && width != 4)) {
        return false;
    }
    region.base += uart_cell_or(node, "reg-offset", 0);
    platform.uart = region;
    platform.uart_kind = known[kind].kind;
    platform.uart_shift = (uint8_t)shift;
    platform.uart_width = (uint8_t)width;
    platform.uart_intid = platform_interrupt(blob, node, 0);
    return true;
}

static bool find_path(const void *blob, const char *path, struct tree_node *node)
{
    bool there = tree_open(blob, node);

    while (there && tree_next(node)) {
        if (tree_path_is(node, path)) {
            return true;
        }
    }
    return false;
}

/* Copies the text without what follows a colon: the settings of the line. */
static bool copy_path(char path[PATH_SIZE], const char *text)
{
    size_t length = 0;

    while (text[length] != '\0' && text[length] != ':') {
        if (length + 1 == PATH_SIZE) {
            return false;
        }
        path[length] = text[length];
        length++;
    }
    path[length] = '\0';
    return length > 0;
}

/* The path of /chosen's stdout-path, which may be the name of an alias. */
static bool read_path(const void *blob, char path[PATH_SIZE])
{
    struct tree_node node;
    const char *text;

    if (!find_path(blob, "/chosen", &node)) {
        return false;
    }
    text = tree_text(&node, "stdout-path");
    text = text != NULL ? text : tree_text(&node, "linux,stdout-path");
    if (text == NULL || !copy_path(path, text)) {
        return false;
    }
    if (path[0] == '/') {
        return true;
    }
    text = find_path(blob, "/aliases", &node) ? tree_text(&node, path) : NULL;
    return text != NULL && copy_path(path, text);
}

void platform_read_uart(const void *blob)
{
    struct tree_node node;
    char path[PATH_SIZE];

    if (read_path(blob, path) && find_path(blob, path, &node) && uart_take_node(blob, &node)) {
        return;
    }
    bool there = tree_open(blob, &node);
    while (there && tree_next(&node) && !uart_take_node(blob, &node)) {
    }
}
