/* SPDX-License-Identifier: BSD-2-Clause */
#include "bundle.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/report.h"
#include "core/map.h"
#include "dev/node.h"
#include "psci/idle.h"
#include "tool_guest.h"

#define PAGE_SIZE        UINT64_C(4096)
#define DESCRIPTION_SIZE UINT64_C(0x10000) /* of its tree, with the zeros up to the first module */

enum { ENABLE_SIZE = 256, STATE_CELLS = 4 };

static uint64_t bundle_round_up(uint64_t size)
{
    return (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static void bundle_add_enable(struct tree *tree, const struct tool_vm *vm)
{
    char list[ENABLE_SIZE];
    size_t length = 0;

    for (const struct describe_word *word = describe_capability_words; word->word != NULL; word++) {
        size_t size = strlen(word->word) + 1;

        if ((vm->capabilities & word->value) != 0 && length + size <= sizeof(list)) {
            memcpy(list + length, word->word, size);
            length += size;
        }
    }
    if (length != 0) {
        node_put_bytes(tree, "enable", list, length);
    }
}

static void bundle_add_states(struct tree *tree, const struct idle_plan *plan)
{
    uint32_t cells[STATE_CELLS * IDLE_STATES_MAX];
    uint32_t lowest[CORE_MAX];

    for (unsigned i = 0; i < plan->count; i++) {
        const struct vpsci_power_state *power = &plan->states[i].power;
        uint32_t *row = &cells[(size_t)STATE_CELLS * i];

        row[0] = power->value;
        row[1] = power->level;
        row[2] = power->local;
        row[3] = power->below;
    }
    if (plan->count != 0) {
        node_put_cells(tree, "power-states", cells, (size_t)STATE_CELLS * plan->count);
    }
    for (unsigned i = 0; i < plan->cpu_count; i++) {
        lowest[i] = idle_first_cpu(plan, idle_cluster(plan, i));
    }
    if (plan->clusters != 0) {
        node_put_cells(tree, "clusters", lowest, plan->cpu_count);
    }
}

static void bundle_add_psci(struct tree *tree, const struct tool_vm *vm)
{
    const struct config *config = &vm->config;
    struct idle_plan plan;

    idle_plan(&plan, config->idle, config->clusters, config->cpu_count);
    node_put_string(tree, "suspend", describe_policy_words[vm->suspend]);
    if (config->psci_version != CONFIG_PSCI_DEFAULT) {
        node_put_u32(tree, "psci-version", config->psci_version);
    }
    bundle_add_enable(tree, vm);
    bundle_add_states(tree, &plan);
    if (vm->held) {
        node_put_flag(tree, "held");
    }
    if (vm->control) {
        node_put_flag(tree, "control");
        node_put_u32(tree, "control-interrupt", vm->control_intid);
    }
}

static void bundle_add_device(struct tree *tree, uint64_t base, uint32_t intid)
{
    const struct node_region registers = {base, PAGE_SIZE};

    node_begin_at(tree, "device", base);
    node_put_reg(tree, &registers, 1);
    node_put_u32(tree, "interrupts", intid);
}

static void bundle_add_devices(struct tree *tree, const struct tool_vm *vm)
{
    if (vm->uart_pa != 0) {
        bundle_add_device(tree, MAP_UART_BASE, vm->uart_intid);
        node_put_u64(tree, "pa", vm->uart_pa);
        node_end(tree);
    }
    bundle_add_device(tree, MAP_RTC_BASE, vm->rtc_intid);
    node_put_string(tree, "emulate", "pl031");
    node_end(tree);
}

/* Also moves *offset past the modules. */
static void bundle_add_modules(struct tree *tree, const struct tool_guest *guest, uint64_t *offset)
{
    for (unsigned i = 0; i < guest->module_count; i++) {
        const struct tool_module *module = &guest->modules[i];

        node_begin_at(tree, "module", i);
        node_put_u64(tree, "offset", *offset);
        node_put_u64(tree, "size", module->size);
        node_put_u64(tree, "load", module->load.value);
        node_put_u64(tree, "room", module->room);
        node_end(tree);
        *offset += bundle_round_up(module->size);
    }
}

static void bundle_add_vm(struct tree *tree, const struct tool_vm *vm,
                          const struct tool_guest *guest, uint64_t *offset)
{
    uint32_t cores[CORE_MAX];

    for (unsigned i = 0; i < vm->config.cpu_count; i++) {
        cores[i] = vm->first_core + i;
    }
    node_put_cell_counts(tree, 2, 2);
    node_put_string(tree, "label", vm->config.name);
    node_put_cells(tree, "cores", cores, vm->config.cpu_count);
    node_put_u64(tree, "memory", vm->config.memory_size);
    node_put_u64(tree, "entry", guest->entry.pc.value);
    node_put_u64(tree, "argument", guest->entry.x0);
    bundle_add_psci(tree, vm);
    bundle_add_devices(tree, vm);
    bundle_add_modules(tree, guest, offset);
}

/* Writes the description. Returns the bundle's size, or 0 after report()ing. */
static uint64_t bundle_describe(uint8_t *buffer, const struct tool_vms *all,
                                const struct tool_guest *guests)
{
    struct tree tree = {.fdt = buffer};
    uint64_t offset = DESCRIPTION_SIZE;

    tree.error = fdt_create(buffer, (int)DESCRIPTION_SIZE);
    if (tree.error == 0) {
        tree.error = fdt_finish_reservemap(buffer);
    }
    node_begin(&tree, "");
    node_put_string(&tree, "compatible", "dormouse,hyp-vms");
    for (unsigned i = 0; i < all->count; i++) {
        node_begin_at(&tree, "vm", i);
        bundle_add_vm(&tree, &all->vm[i], &guests[i], &offset);
        node_end(&tree);
    }
    node_end(&tree);
    if (tree.error == 0) {
        tree.error = fdt_finish(buffer);
    }
    if (tree.error != 0) {
        report("cannot write the description: %s", fdt_strerror(tree.error));
        return 0;
    }
    return offset;
}

static uint64_t bundle_modules_size(const struct tool_vms *all, const struct tool_guest *guests)
{
    uint64_t size = 0;

    for (unsigned i = 0; i < all->count; i++) {
        for (unsigned k = 0; k < guests[i].module_count; k++) {
            size += bundle_round_up(guests[i].modules[k].size);
        }
    }
    return size;
}

static void bundle_copy_modules(uint8_t *to, const struct tool_vms *all,
                                const struct tool_guest *guests)
{
    for (unsigned i = 0; i < all->count; i++) {
        for (unsigned k = 0; k < guests[i].module_count; k++) {
            const struct tool_module *module = &guests[i].modules[k];

            memcpy(to, module->bytes, module->size);
            to += bundle_round_up(module->size);
        }
    }
}

static int bundle_write(const struct tool_vms *all, const struct tool_guest *guests,
                        const char *path)
{
    uint8_t *buffer = calloc(1, DESCRIPTION_SIZE + bundle_modules_size(all, guests));
    uint64_t size = buffer != NULL ? bundle_describe(buffer, all, guests) : 0;
    int error = -ENOMEM;

    if (buffer == NULL) {
        report("cannot make %s: %s", file_shown(path), strerror(ENOMEM));
    }
    if (size != 0) {
        bundle_copy_modules(buffer + DESCRIPTION_SIZE, all, guests);
        error = file_put(path, buffer, size);
        if (error != 0) {
            report("cannot write %s: %s", file_shown(path), strerror(-error));
        }
    }
    free(buffer);
    return error;
}

int bundle_make(const struct tool_vms *all, const char *path)
{
    struct tool_guest guests[VM_MAX];
    unsigned opened = 0;
    int error = 0;

    while (error == 0 && opened < all->count) {
        error = tool_guest_open(&guests[opened], &all->vm[opened]);
        opened += error == 0;
    }
    if (error == 0) {
        error = bundle_write(all, guests, path);
    }
    while (opened > 0) {
        tool_guest_close(&guests[--opened]);
    }
    return error;
}
