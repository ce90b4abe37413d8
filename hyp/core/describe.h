/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the bundle: a device tree that describes the VMs, followed by the modules that are copied into
 * their RAM. docs/hyp.md has the format. hyp/tool makes bundles, but hyp believes nothing that it has
 * not checked: afterwards every number in `struct vm` is in range, no two VMs have a core, a device page
 * or an interrupt in common, and every module lies within the bundle and within its VM's RAM.
 */
#ifndef HYP_DESCRIBE_H
#define HYP_DESCRIBE_H

#include <stdbool.h>
#include <stdint.h>

#include "memory_map.h"
#include "vm.h"

#define DESCRIBE_RAM_BASE UINT64_C(0x40000000) /* of every VM, and where devices end */
#define DESCRIBE_RAM_MOST (UINT64_C(64) << 30)

struct describe_input {
    const void *bundle;
    uint64_t pa; /* of the bundle */
    uint64_t size;
    unsigned core_count; /* of the machine */
    /* What no VM may have as a device: the machine's RAM, its GIC. */
    const struct memory_range *kept;
    unsigned kept_count;
};

/* What is wrong with a bundle: "vm@1/device@9000000: reg is not a multiple of 4 KiB". */
struct describe_fault {
    const char *vm;   /* the node's name, or NULL: it concerns all of them */
    const char *node; /* a node below it, or NULL */
    const char *text;
};

/* The words of `enable` and `suspend`; the latter in the order of enum vm_policy. NULL is after the last. */
struct describe_word {
    const char *word;
    uint32_t value;
};

extern const struct describe_word describe_capability_words[]; /* of enum vpsci_capability */
extern const char *const describe_policy_words[];              /* by enum vm_policy, and NULL */

/*
 * Fills in vms, vm_count and vcpus, which are zero before. The RAM of each VM has its size in regions[0],
 * and no place yet (load.h). Returns true; or false with *fault set, and then they are of no use.
 */
bool describe_vms(const struct describe_input *input, struct describe_fault *fault);

#endif
