/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in a VM's RAM at its first instruction, as dormouse would put it there. */
#ifndef HYP_TOOL_GUEST_H
#define HYP_TOOL_GUEST_H

#include <stdint.h>

#include "boot/boot.h"
#include "core/memory.h"
#include "tool_vm.h"

enum { GUEST_MODULE_MAX = 3 }; /* kernel, initrd, device tree */

struct tool_module {
    const void *bytes;
    uint64_t size;
    struct ipa load;
    uint64_t room; /* zeros follow up to here */
};

struct tool_guest {
    struct memory memory;
    struct boot_entry entry;
    unsigned module_count;
    struct tool_module modules[GUEST_MODULE_MAX];
};

/* Returns 0, or -errno after report()ing one line; then there is nothing to close. */
int tool_guest_open(struct tool_guest *guest, const struct tool_vm *vm);
void tool_guest_close(struct tool_guest *guest);

#endif
