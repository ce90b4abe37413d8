/* SPDX-License-Identifier: BSD-2-Clause */
/* What describe.c shares with describe_vm.c and describe_device.c. */
#ifndef HYP_DESCRIBE_VM_H
#define HYP_DESCRIBE_VM_H

#include "bare/tree.h"
#include "describe.h"

/* A description that is being read. */
struct describe {
    const struct describe_input *input;
    struct vm *vm; /* the one whose nodes these are; NULL: none so far */
    unsigned vcpu_count;
    uint32_t cores;              /* a bit for each core that has a vCPU */
    uint32_t intids[VGIC_WORDS]; /* a bit for each interrupt that a VM has */
    struct describe_fault *fault;
};

/* describe.c: returns false with that text as the fault. */
bool describe_wrong(struct describe *describe, const char *text);
/* A property of two cells. */
bool describe_number(const struct tree_node *node, const char *name, uint64_t *value);
bool describe_is_within(uint64_t base, uint64_t size, uint64_t outer, uint64_t outer_size);

/* describe_vm.c: the properties of a VM. */
bool describe_vm(struct describe *describe, const struct tree_node *node);

/* describe_device.c: a device that is passed through, or emulated. */
bool describe_device(struct describe *describe, const struct tree_node *node);
/* Takes an SPI for the VM. */
bool describe_take_intid(struct describe *describe, uint32_t intid);

#endif
