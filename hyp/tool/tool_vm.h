/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMs that a bundle is made for, as the command line or files describe them. */
#ifndef HYP_TOOL_VM_H
#define HYP_TOOL_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "config/config_file.h"
#include "hyp/core/describe.h"

struct tool_vm {
    struct config config;           /* first: the setters of dormouse's options are given it */
    char name[CONFIG_NAME_MAX + 1]; /* by the file's name */
    uint32_t capabilities;          /* of enum vpsci_capability */
    enum vm_policy suspend;
    bool control;
    bool held;
    /* What tool_place() gives it. */
    unsigned first_core;
    uint64_t uart_pa; /* 0: it has none */
    uint32_t uart_intid;
    uint32_t rtc_intid;
    uint32_t control_intid;
};

struct tool_vms {
    struct tool_vm only; /* what the command line describes if no file does */
    unsigned count;      /* of files, and then of VMs */
    struct tool_vm vm[VM_MAX];
    struct config_file files[VM_MAX]; /* hold the values of `vm` */
};

void tool_vm_init(struct tool_vm *vm);

/*
 * Checks what concerns a VM as a whole, and all VMs together, and gives each its cores, UART and
 * interrupts: the map of QEMU's `virt`. Returns false after report()ing one line.
 */
bool tool_place(struct tool_vms *all);

#endif
