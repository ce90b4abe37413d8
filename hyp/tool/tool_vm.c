/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool_vm.h"

#include <string.h>

#include "base/report.h"
#include "core/map.h"

/*
 * QEMU's `virt` (hw/arm/virt.c): its PL011 and the second one, which a second -serial adds. SPIs without a
 * device there: 10 to 15; the alarm of the first VM has the SPI of the machine's own PL031, which hyp reads
 * without interrupts.
 */
enum { UART_COUNT = 2, SPI_INTID = 32, SPI_FREE_RTC = 10, SPI_FREE_CONTROL = 14 };

static const struct {
    uint64_t pa;
    uint32_t spi;
} uarts[UART_COUNT] = {{MAP_UART_BASE, MAP_UART_SPI}, {UINT64_C(0x09040000), 8}};

void tool_vm_init(struct tool_vm *vm)
{
    *vm = (struct tool_vm){.suspend = VM_POLICY_HONOUR};
    config_init(&vm->config);
    vm->config.name = "vm";
}

static bool tool_check_vm(const struct tool_vm *vm)
{
    const struct config *config = &vm->config;

    if (config->kernel == NULL) {
        report("%s: there is no kernel; give one with --kernel", config->name);
        return false;
    }
    if (strlen(config->name) >= sizeof(vms[0].name)) {
        report("%s: the name is too long; hyp's VMs have names of at most %zu characters",
               config->name, sizeof(vms[0].name) - 1);
        return false;
    }
    if (config->memory_size > DESCRIBE_RAM_MOST) {
        report("%s: a VM of hyp has at most 64 GiB of memory", config->name);
        return false;
    }
    if (config->clusters > config->cpu_count) {
        report("%s: --clusters %u: there are only %u CPUs", config->name, config->clusters,
               config->cpu_count);
        return false;
    }
    return true;
}

static void tool_place_vm(struct tool_vm *vm, unsigned index)
{
    if (index < UART_COUNT) {
        vm->uart_pa = uarts[index].pa;
        vm->uart_intid = SPI_INTID + uarts[index].spi;
    }
    vm->rtc_intid = SPI_INTID + (index == 0 ? MAP_RTC_SPI : SPI_FREE_RTC + index - 1);
    vm->control_intid = vm->control ? SPI_INTID + SPI_FREE_CONTROL : 0;
}

/* The control VM, or NULL. Sets *several if there is more than one. */
static const struct tool_vm *tool_find_control(const struct tool_vms *all, bool *several)
{
    const struct tool_vm *deciding = NULL;

    *several = false;
    for (unsigned i = 0; i < all->count; i++) {
        if (all->vm[i].control) {
            *several = *several || deciding != NULL;
            deciding = &all->vm[i];
        }
    }
    return deciding;
}

static bool tool_check_control(const struct tool_vms *all)
{
    bool several;
    const struct tool_vm *deciding = tool_find_control(all, &several);

    if (several) {
        report("%s: only one VM can be the control VM", deciding->config.name);
        return false;
    }
    for (unsigned i = 0; i < all->count; i++) {
        const struct tool_vm *vm = &all->vm[i];
        bool needs = vm->held || vm->suspend == VM_POLICY_CONTROL;

        if (needs && (deciding == NULL || deciding == vm)) {
            report("%s: %s needs another VM that has --control", vm->config.name,
                   vm->held ? "--held" : "--suspend control");
            return false;
        }
    }
    return true;
}

bool tool_place(struct tool_vms *all)
{
    unsigned cores = 0;

    for (unsigned i = 0; i < all->count; i++) {
        struct tool_vm *vm = &all->vm[i];

        if (!tool_check_vm(vm)) {
            return false;
        }
        vm->first_core = cores;
        cores += vm->config.cpu_count;
        tool_place_vm(vm, i);
    }
    if (cores > CORE_MAX) {
        report("the VMs have %u CPUs in all, and each needs a core of its own; hyp has at most %d",
               cores, CORE_MAX);
        return false;
    }
    return tool_check_control(all);
}
