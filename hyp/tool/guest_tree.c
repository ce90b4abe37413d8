/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest_tree.h"

#include <libfdt.h>

#include "dev/node.h"

enum { SPI_INTID = 32, INTERRUPT_CELLS = 3 };

/* hyp has no ITS. */
static int guest_tree_drop_its(void *tree)
{
    int node = fdt_node_offset_by_compatible(tree, -1, "arm,gic-v3-its");

    return node < 0 ? node : fdt_del_node(tree, node);
}

/* The tree names the first UART as the console. */
static int guest_tree_drop_console(void *tree)
{
    int node = fdt_path_offset(tree, "/chosen");

    return node < 0 ? node : fdt_delprop(tree, node, "stdout-path");
}

static int guest_tree_add_control(void *tree, uint32_t intid)
{
    int node = fdt_add_subnode(tree, 0, "hyp-control");
    const fdt32_t interrupt[INTERRUPT_CELLS] = {cpu_to_fdt32(NODE_INTERRUPT_SPI),
                                                cpu_to_fdt32(intid - SPI_INTID),
                                                cpu_to_fdt32(NODE_INTERRUPT_EDGE_RISING)};
    int error = node < 0 ? node : 0;

    if (error == 0) {
        error = fdt_setprop_string(tree, node, "compatible", "dormouse,hyp-control");
    }
    return error != 0 ? error : fdt_setprop(tree, node, "interrupts", interrupt, sizeof(interrupt));
}

int guest_tree_edit(void *tree, uint64_t room, const struct tool_vm *vm)
{
    int error = fdt_open_into(tree, tree, (int)room);

    if (error == 0) {
        error = guest_tree_drop_its(tree);
    }
    if (error == 0) {
        error = fdt_setprop_string(tree, 0, "model", "dormouse,hyp");
    }
    if (error == 0 && vm->uart_pa == 0) {
        error = guest_tree_drop_console(tree);
    }
    if (error == 0 && vm->control) {
        error = guest_tree_add_control(tree, vm->control_intid);
    }
    return error != 0 ? error : fdt_pack(tree);
}
