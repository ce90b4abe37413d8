/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: any bytes, as the bundle that hyp starts VMs from. It must not read beyond their end, and must accept no
 * description that breaks what describe.h promises.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hyp/core/describe.h"

#define BUNDLE_PA UINT64_C(0x48000000)
#define RAM_BASE  UINT64_C(0x40000000)

enum { MACHINE_CORES = 8, PAGE_SIZE = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

static void check_module(const struct vm *vm, const struct vm_module *module, size_t size)
{
    uint64_t ram = vm->regions[0].size;

    check(module->size != 0 && module->size <= module->room && module->room <= ram);
    check(module->ipa - RAM_BASE <= ram - module->room);
    check(module->size <= size && module->pa - BUNDLE_PA <= size - module->size);
}

static void check_vm(const struct vm *vm, size_t size)
{
    check(vm->vcpu_count >= 1 && vm->vcpu_count <= MACHINE_CORES);
    check(strlen(vm->name) < sizeof(vm->name));
    check(vm->entry - RAM_BASE < vm->regions[0].size);
    check(vm->region_count >= 1 && vm->region_count <= VM_REGION_MAX);
    for (unsigned i = 1; i < vm->region_count; i++) {
        const struct vm_region *region = &vm->regions[i];

        check(region->is_device && region->size != 0 && region->size <= RAM_BASE);
        check((region->ipa | region->pa | region->size) % PAGE_SIZE == 0);
        check(region->ipa <= RAM_BASE - region->size);
        check(region->pa + region->size <= RAM_BASE || region->pa >= 2 * RAM_BASE);
    }
    check(vm->device_count <= VM_EMULATED_MAX);
    check(vm->module_count >= 1 && vm->module_count <= VM_MODULE_MAX);
    for (unsigned i = 0; i < vm->module_count; i++) {
        check_module(vm, &vm->modules[i], size);
    }
}

/* No two VMs have an interrupt in common, and none has one that is not an SPI. */
static void check_interrupts(void)
{
    for (unsigned word = 0; word < VGIC_WORDS; word++) {
        uint32_t taken = 0;

        for (unsigned i = 0; i < vm_count; i++) {
            check((vms[i].gic.owned[word] & taken) == 0);
            taken |= vms[i].gic.owned[word];
        }
        check(word != 0 || taken == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct memory_range kept = {RAM_BASE, RAM_BASE};
    void *copy = malloc(size != 0 ? size : 1); /* aligned, and no byte longer */
    struct describe_input input = {.bundle = copy,
                                   .pa = BUNDLE_PA,
                                   .size = size,
                                   .core_count = MACHINE_CORES,
                                   .kept = &kept,
                                   .kept_count = 1};
    struct describe_fault fault;

    check(copy != NULL);
    memcpy(copy, bytes, size);
    memset(vms, 0, sizeof(vms));
    memset(vcpus, 0, sizeof(vcpus));
    vm_count = 0;
    if (describe_vms(&input, &fault)) {
        check(vm_count >= 1 && vm_count <= VM_MAX);
        for (unsigned i = 0; i < vm_count; i++) {
            check_vm(&vms[i], size);
        }
        check_interrupts();
    } else {
        check(fault.text[0] != '\0');
    }
    free(copy);
    return 0;
}
