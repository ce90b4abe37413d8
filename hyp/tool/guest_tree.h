/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest of hyp finds in its device tree that one of dormouse does not, and the other way round. */
#ifndef HYP_TOOL_GUEST_TREE_H
#define HYP_TOOL_GUEST_TREE_H

#include <stdint.h>

#include "tool_vm.h"

/* Changes the tree, which has so much room. Returns 0 or -FDT_ERR_*. */
int guest_tree_edit(void *tree, uint64_t room, const struct tool_vm *vm);

#endif
