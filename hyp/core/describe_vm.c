/* SPDX-License-Identifier: BSD-2-Clause */
#include "describe_vm.h"

#include "bare/string.h"

#define RAM_GRANULE (UINT64_C(2) << 20)

enum { CELL_SIZE = 4, INSTRUCTION_SIZE = 4, STATE_CELLS = 4 };

const struct describe_word describe_capability_words[] = {
    {"system-suspend", VPSCI_CAP_SYSTEM_SUSPEND},
    {"system-reset2", VPSCI_CAP_SYSTEM_RESET2},
    {"vendor-reset", VPSCI_CAP_VENDOR_RESET},
    {"system-off2", VPSCI_CAP_SYSTEM_OFF2},
    {"os-initiated", VPSCI_CAP_OS_INITIATED},
    {"cpu-freeze", VPSCI_CAP_CPU_FREEZE},
    {"cpu-default-suspend", VPSCI_CAP_CPU_DEFAULT_SUSPEND},
    {"node-hw-state", VPSCI_CAP_NODE_HW_STATE},
    {"statistics", VPSCI_CAP_STATISTICS},
    {"mem-protect", VPSCI_CAP_MEM_PROTECT},
    {NULL, 0},
};

const char *const describe_policy_words[] = {
    [VM_POLICY_HONOUR] = "honour",
    [VM_POLICY_REFUSE] = "refuse",
    [VM_POLICY_CONTROL] = "control",
    NULL,
};

static bool describe_has(const struct tree_node *node, const char *name, uint32_t *length)
{
    return tree_property(node, name, length) != NULL;
}

/* The VM's name, for people: `label`, or what the node is called. */
static bool describe_label(struct describe *describe, const struct tree_node *node)
{
    struct vm *vm = describe->vm;
    const char *label = tree_text(node, "label");

    label = label != NULL ? label : node->name;
    if (strlen(label) >= sizeof(vm->name)) {
        return describe_wrong(describe, "label has more than 15 characters");
    }
    for (unsigned i = 0; label[i] != '\0'; i++) {
        if (label[i] < '!' || label[i] > '~') {
            return describe_wrong(describe, "label has a character that cannot be printed");
        }
        vm->name[i] = label[i];
    }
    return true;
}

static bool describe_take_core(struct describe *describe, uint32_t core)
{
    if (core >= describe->input->core_count || core >= CORE_MAX) {
        return describe_wrong(describe, "cores: the machine does not have that many cores");
    }
    if ((describe->cores & 1u << core) != 0) {
        return describe_wrong(describe, "cores: a core can have one vCPU only");
    }
    struct vcpu *vcpu = &vcpus[describe->vcpu_count++];
    struct vm *vm = describe->vm;

    describe->cores |= 1u << core;
    vcpu->vm = vm;
    vcpu->index = vm->vcpu_count++;
    vcpu->core = core;
    vcpu->mpidr = vcpu->index; /* Aff0: a VM has at most 16 */
    return true;
}

static bool describe_cores(struct describe *describe, const struct tree_node *node)
{
    uint32_t length;

    if (!describe_has(node, "cores", &length) || length < CELL_SIZE) {
        return describe_wrong(describe, "the VM has no cores");
    }
    describe->vm->vcpus = &vcpus[describe->vcpu_count];
    for (unsigned i = 0; i < length / CELL_SIZE; i++) {
        if (!describe_take_core(describe, tree_cell(node, "cores", i))) {
            return false;
        }
    }
    describe->vm->psci_config.vcpu_count = describe->vm->vcpu_count;
    return true;
}

static bool describe_memory(struct describe *describe, const struct tree_node *node)
{
    struct vm *vm = describe->vm;
    uint64_t size;

    if (!describe_number(node, "memory", &size) || size == 0 || size > DESCRIBE_RAM_MOST ||
        size % RAM_GRANULE != 0) {
        return describe_wrong(describe, "memory must be a multiple of 2 MiB, and at most 64 GiB");
    }
    vm->regions[0] = (struct vm_region){.ipa = DESCRIBE_RAM_BASE, .size = size};
    vm->region_count = 1;
    return true;
}

static bool describe_entry(struct describe *describe, const struct tree_node *node)
{
    struct vm *vm = describe->vm;

    if (!describe_number(node, "entry", &vm->entry) || vm->entry % INSTRUCTION_SIZE != 0 ||
        !describe_is_within(vm->entry, INSTRUCTION_SIZE, DESCRIBE_RAM_BASE, vm->regions[0].size)) {
        return describe_wrong(describe, "entry is not in the VM's RAM");
    }
    (void)describe_number(node, "argument", &vm->argument);
    return true;
}

static bool describe_policy(struct describe *describe, const struct tree_node *node)
{
    struct vm *vm = describe->vm;
    const char *text = tree_text(node, "suspend");
    const char *const *word = describe_policy_words;
    uint32_t length;

    while (text != NULL && *word != NULL && !string_equal(*word, text)) {
        word++;
    }
    if (*word == NULL) {
        return describe_wrong(describe, "suspend must be honour, refuse or control");
    }
    vm->suspend_policy = (enum vm_policy)(word - describe_policy_words);
    vm->is_control = describe_has(node, "control", &length);
    vm->is_held = describe_has(node, "held", &length);
    if (!describe_has(node, "control-interrupt", &length)) {
        return true;
    }
    vm->control_intid = tree_cell(node, "control-interrupt", 0);
    return describe_take_intid(describe, vm->control_intid);
}

static bool describe_capabilities(struct describe *describe, const struct tree_node *node)
{
    struct vpsci_config *config = &describe->vm->psci_config;
    uint32_t length;
    const char *list = tree_property(node, "enable", &length);

    if (list == NULL || length == 0) {
        return true;
    }
    if (list[length - 1] != '\0') {
        return describe_wrong(describe, "enable is not text");
    }
    for (uint32_t at = 0; at < length; at += (uint32_t)strlen(list + at) + 1) {
        const struct describe_word *word = describe_capability_words;

        while (word->word != NULL && !string_equal(word->word, list + at)) {
            word++;
        }
        if (word->word == NULL) {
            return describe_wrong(describe, "enable names a function that hyp does not know");
        }
        config->capabilities |= word->value;
    }
    return true;
}

static bool describe_psci(struct describe *describe, const struct tree_node *node)
{
    struct vpsci_config *config = &describe->vm->psci_config;
    uint32_t length;

    config->size = sizeof(*config);
    config->version = tree_cell(node, "psci-version", 0);
    if (config->version > VPSCI_VERSION_NEWEST) {
        return describe_wrong(describe, "psci-version is newer than hyp knows");
    }
    if (describe_has(node, "extended-state", &length)) {
        config->options |= VPSCI_OPTION_EXTENDED_STATE;
    }
    return describe_capabilities(describe, node);
}

/* vpsci_init() checks what the states mean. */
static bool describe_state(struct vpsci_power_state *state, const struct tree_node *node,
                           unsigned row)
{
    uint32_t cells[STATE_CELLS];

    for (unsigned i = 0; i < STATE_CELLS; i++) {
        cells[i] = tree_cell(node, "power-states", row * STATE_CELLS + i);
    }
    *state = (struct vpsci_power_state){
        .value = cells[0],
        .level = (uint8_t)cells[1],
        .local = (uint8_t)cells[2],
        .below = (uint8_t)cells[3],
    };
    return cells[1] <= UINT8_MAX && cells[2] <= UINT8_MAX && cells[3] <= UINT8_MAX;
}

static bool describe_states(struct describe *describe, const struct tree_node *node)
{
    struct vm *vm = describe->vm;
    uint32_t length;

    if (!describe_has(node, "power-states", &length)) {
        return true;
    }
    unsigned rows = length / (STATE_CELLS * CELL_SIZE);

    if (rows == 0 || rows > VM_STATE_MAX || length % (STATE_CELLS * CELL_SIZE) != 0) {
        return describe_wrong(describe, "power-states must have 1 to 8 rows of 4 cells");
    }
    for (unsigned i = 0; i < rows; i++) {
        if (!describe_state(&vm->states[i], node, i)) {
            return describe_wrong(describe,
                                  "power-states: a level, local or below is out of range");
        }
    }
    vm->psci_config.states = vm->states;
    vm->psci_config.state_count = rows;
    return true;
}

/* For each vCPU the lowest one of its cluster. */
static bool describe_clusters(struct describe *describe, const struct tree_node *node)
{
    struct vm *vm = describe->vm;
    uint32_t length;

    if (!describe_has(node, "clusters", &length)) {
        return true;
    }
    if (length != vm->vcpu_count * CELL_SIZE) {
        return describe_wrong(describe, "clusters must have a cell for each vCPU");
    }
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        uint32_t lowest = tree_cell(node, "clusters", i);

        if (lowest > i || (lowest < i && vm->clusters[lowest] != lowest)) {
            return describe_wrong(describe, "clusters must name the lowest vCPU of each cluster");
        }
        vm->clusters[i] = (uint16_t)lowest;
    }
    vm->psci_config.domains[0] = vm->clusters;
    return true;
}

bool describe_vm(struct describe *describe, const struct tree_node *node)
{
    static bool (*const steps[])(struct describe *, const struct tree_node *) = {
        describe_label,  describe_cores, describe_memory, describe_entry,
        describe_policy, describe_psci,  describe_states, describe_clusters,
    };

    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (!steps[i](describe, node)) {
            return false;
        }
    }
    return true;
}
