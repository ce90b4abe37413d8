/* SPDX-License-Identifier: BSD-2-Clause */
#include "describe.h"

#include "bare/string.h"
#include "bare/tree.h"
#include "describe_vm.h"

#define BUNDLE_ALIGNMENT UINT64_C(4096)

enum { TREE_HEADER_SIZE = 40 };

bool describe_wrong(struct describe *describe, const char *text)
{
    describe->fault->text = text;
    return false;
}

bool describe_number(const struct tree_node *node, const char *name, uint64_t *value)
{
    uint32_t length;

    if (tree_property(node, name, &length) == NULL || length != sizeof(*value)) {
        return false;
    }
    *value = (uint64_t)tree_cell(node, name, 0) << 32 | tree_cell(node, name, 1);
    return true;
}

bool describe_is_within(uint64_t base, uint64_t size, uint64_t outer, uint64_t outer_size)
{
    return base >= outer && base - outer <= outer_size && size <= outer_size - (base - outer);
}

/* Where a module is in the bundle. */
static bool describe_module_source(struct describe *describe, const struct tree_node *node,
                                   struct vm_module *module)
{
    const struct describe_input *input = describe->input;
    uint64_t tree = tree_size(input->bundle);
    uint64_t offset;

    if (!describe_number(node, "offset", &offset) ||
        !describe_number(node, "size", &module->size) || module->size == 0) {
        return describe_wrong(describe, "offset and size must be pairs of cells, and not 0");
    }
    if (offset % BUNDLE_ALIGNMENT != 0 || offset < tree) {
        return describe_wrong(describe, "offset is no multiple of 4 KiB after the description");
    }
    if (!describe_is_within(offset, module->size, 0, input->size)) {
        return describe_wrong(describe, "the bundle ends before this module does");
    }
    module->pa = input->pa + offset;
    return true;
}

static bool describe_module_target(struct describe *describe, const struct tree_node *node,
                                   struct vm_module *module)
{
    uint64_t ram = describe->vm->regions[0].size;

    if (!describe_number(node, "load", &module->ipa)) {
        return describe_wrong(describe, "load must be a pair of cells");
    }
    if (!describe_number(node, "room", &module->room)) {
        module->room = module->size;
    }
    if (module->room < module->size) {
        return describe_wrong(describe, "room is less than size");
    }
    if (!describe_is_within(module->ipa, module->room, DESCRIBE_RAM_BASE, ram)) {
        return describe_wrong(describe, "load: the module is not within the VM's RAM");
    }
    return true;
}

static bool describe_module(struct describe *describe, const struct tree_node *node)
{
    struct vm *vm = describe->vm;
    struct vm_module module;

    if (vm->module_count == VM_MODULE_MAX) {
        return describe_wrong(describe, "the VM has too many modules");
    }
    if (!describe_module_source(describe, node, &module) ||
        !describe_module_target(describe, node, &module)) {
        return false;
    }
    for (unsigned i = 0; i < vm->module_count; i++) {
        const struct vm_module *other = &vm->modules[i];

        if (module.ipa < other->ipa + other->room && other->ipa < module.ipa + module.room) {
            return describe_wrong(describe, "load: another module is there");
        }
    }
    vm->modules[vm->module_count++] = module;
    return true;
}

/* Whether a node is called `stem`, or `stem` with an address. */
static bool describe_is_called(const struct tree_node *node, const char *stem)
{
    size_t length = strlen(stem);

    return strlen(node->name) > length && memcmp(node->name, stem, length) == 0 &&
           node->name[length] == '@';
}

static bool describe_child(struct describe *describe, const struct tree_node *node)
{
    describe->fault->node = node->name;
    if (describe->vm == NULL || node->depth != 2) {
        return describe_wrong(describe, "there is no such node in a description");
    }
    if (describe_is_called(node, "module")) {
        return describe_module(describe, node);
    }
    if (describe_is_called(node, "device")) {
        return describe_device(describe, node);
    }
    return describe_wrong(describe, "there is no such node in a description");
}

/* After all nodes of a VM. */
static bool describe_end_vm(struct describe *describe)
{
    const struct vm *vm = describe->vm;

    describe->fault->node = NULL;
    if (vm != NULL && vm->module_count == 0) {
        return describe_wrong(describe, "the VM has no module, so there is nothing to run");
    }
    return true;
}

static bool describe_begin_vm(struct describe *describe, const struct tree_node *node)
{
    if (!describe_end_vm(describe)) {
        return false;
    }
    describe->fault->vm = node->name;
    if (!describe_is_called(node, "vm")) {
        return describe_wrong(describe, "there is no such node in a description");
    }
    if (vm_count == VM_MAX) {
        return describe_wrong(describe, "there are too many VMs");
    }
    describe->vm = &vms[vm_count];
    describe->vm->index = vm_count++;
    return describe_vm(describe, node);
}

static bool describe_node(struct describe *describe, const struct tree_node *node)
{
    if (node->depth == 0) {
        return tree_compatible(node, "dormouse,hyp-vms") ||
               describe_wrong(describe, "its device tree is not compatible with dormouse,hyp-vms");
    }
    return node->depth == 1 ? describe_begin_vm(describe, node) : describe_child(describe, node);
}

/* A VM that is asked about or started by another one needs that one. */
static bool describe_control(struct describe *describe)
{
    unsigned deciding = 0;
    bool needed = false;

    describe->fault->vm = NULL;
    for (unsigned i = 0; i < vm_count; i++) {
        const struct vm *vm = &vms[i];
        bool needs = vm->is_held || vm->suspend_policy == VM_POLICY_CONTROL;

        deciding += vm->is_control;
        needed = needed || needs;
        if (vm->is_control && needs) {
            return describe_wrong(describe,
                                  "the control VM cannot be held, or decide about itself");
        }
    }
    if (deciding > 1) {
        return describe_wrong(describe, "more than one VM is the control VM");
    }
    if (needed && deciding == 0) {
        return describe_wrong(describe, "a VM needs a control VM, and there is none");
    }
    return true;
}

static bool describe_tree(struct describe *describe)
{
    struct tree_node node;
    uint32_t size =
        describe->input->size < TREE_HEADER_SIZE ? 0 : tree_size(describe->input->bundle);

    if (size == 0 || size > describe->input->size || !tree_open(describe->input->bundle, &node)) {
        return describe_wrong(describe, "it does not begin with a device tree");
    }
    while (tree_next(&node)) {
        if (!describe_node(describe, &node)) {
            return false;
        }
    }
    if (node.open != 0) {
        return describe_wrong(describe, "its device tree is damaged");
    }
    if (!describe_end_vm(describe)) {
        return false;
    }
    return vm_count != 0 || describe_wrong(describe, "it describes no VM");
}

bool describe_vms(const struct describe_input *input, struct describe_fault *fault)
{
    struct describe describe = {.input = input, .fault = fault};

    *fault = (struct describe_fault){.text = ""};
    return describe_tree(&describe) && describe_control(&describe);
}
