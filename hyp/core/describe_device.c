/* SPDX-License-Identifier: BSD-2-Clause */
#include "describe_vm.h"

#include "bare/string.h"

#define PAGE_SIZE   UINT64_C(4096)
#define DEVICE_MOST (UINT64_C(1) << 30) /* of one device */
#define PA_MOST     (UINT64_C(1) << 48)

/* The guest's interrupt controller: what is here traps, and vgic.c answers. */
#define GIC_BASE UINT64_C(0x08000000)
#define GIC_END  (UINT64_C(0x080a0000) + CORE_MAX * UINT64_C(0x20000))

enum { INTID_SPI_FIRST = 32, CELL_SIZE = 4 };

bool describe_take_intid(struct describe *describe, uint32_t intid)
{
    if (intid < INTID_SPI_FIRST || intid >= VGIC_INTID_COUNT) {
        return describe_wrong(describe, "an interrupt must be the INTID of an SPI, 32 to 1019");
    }
    uint32_t bit = 1u << intid % 32;

    if ((describe->intids[intid / 32] & bit) != 0) {
        return describe_wrong(describe, "an interrupt can belong to one device only");
    }
    describe->intids[intid / 32] |= bit;
    describe->vm->gic.owned[intid / 32] |= bit;
    return true;
}

static bool describe_interrupts(struct describe *describe, const struct tree_node *node)
{
    uint32_t length;

    if (tree_property(node, "interrupts", &length) == NULL) {
        return true;
    }
    for (unsigned i = 0; i < length / CELL_SIZE; i++) {
        if (!describe_take_intid(describe, tree_cell(node, "interrupts", i))) {
            return false;
        }
    }
    return true;
}

static bool describe_overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static bool describe_page_range(uint64_t base, uint64_t size, uint64_t end)
{
    return base % PAGE_SIZE == 0 && size % PAGE_SIZE == 0 && size != 0 && size <= DEVICE_MOST &&
           base < end && size <= end - base;
}

static bool describe_is_free(const struct vm *vm, uint64_t ipa, uint64_t size)
{
    bool free = !describe_overlaps(ipa, size, GIC_BASE, GIC_END - GIC_BASE);

    for (unsigned i = 0; i < vm->region_count; i++) {
        free = free && !describe_overlaps(ipa, size, vm->regions[i].ipa, vm->regions[i].size);
    }
    for (unsigned i = 0; i < vm->device_count; i++) {
        free = free && !describe_overlaps(ipa, size, vm->devices[i].ipa, PAGE_SIZE);
    }
    return free;
}

/* Whether the page belongs to the machine itself, or to a device that a VM has. */
static bool describe_is_taken(const struct describe *describe, uint64_t pa, uint64_t size)
{
    const struct describe_input *input = describe->input;
    bool taken = false;

    for (unsigned i = 0; i < input->kept_count; i++) {
        taken = taken || describe_overlaps(pa, size, input->kept[i].base, input->kept[i].size);
    }
    for (unsigned i = 0; i < vm_count; i++) {
        const struct vm *vm = &vms[i];

        for (unsigned k = 1; k < vm->region_count; k++) {
            taken = taken || describe_overlaps(pa, size, vm->regions[k].pa, vm->regions[k].size);
        }
    }
    return taken;
}

static bool describe_passed(struct describe *describe, const struct tree_node *node, uint64_t ipa,
                            uint64_t size)
{
    struct vm *vm = describe->vm;
    uint64_t pa;

    if (!describe_number(node, "pa", &pa) || !describe_page_range(pa, size, PA_MOST)) {
        return describe_wrong(describe, "pa is not the address of a page, as a pair of cells");
    }
    if (describe_is_taken(describe, pa, size)) {
        return describe_wrong(
            describe, "pa: this is RAM, a device that no VM may have, or one of another VM");
    }
    if (vm->region_count == VM_REGION_MAX) {
        return describe_wrong(describe, "the VM has too many devices");
    }
    vm->regions[vm->region_count++] = (struct vm_region){ipa, pa, size, true};
    return true;
}

static bool describe_emulated(struct describe *describe, const struct tree_node *node, uint64_t ipa,
                              const char *kind)
{
    struct vm *vm = describe->vm;
    uint32_t length;

    if (!string_equal(kind, "pl031")) {
        return describe_wrong(describe, "emulate: hyp emulates pl031 only");
    }
    if (tree_property(node, "interrupts", &length) == NULL || length != CELL_SIZE) {
        return describe_wrong(describe, "an emulated device has one interrupt");
    }
    if (vm->device_count == VM_EMULATED_MAX) {
        return describe_wrong(describe, "the VM has too many emulated devices");
    }
    vm->devices[vm->device_count++] = (struct vm_device){
        .kind = VM_DEVICE_PL031, .intid = tree_cell(node, "interrupts", 0), .ipa = ipa};
    return true;
}

bool describe_device(struct describe *describe, const struct tree_node *node)
{
    const char *kind = tree_text(node, "emulate");
    uint64_t ipa;
    uint64_t size;

    if (!tree_reg(node, 0, &ipa, &size) || !describe_page_range(ipa, size, DESCRIBE_RAM_BASE)) {
        return describe_wrong(describe, "reg is not whole pages of 4 KiB below the VM's RAM");
    }
    if (!describe_is_free(describe->vm, ipa, size)) {
        return describe_wrong(describe, "reg: another device or the GIC is there");
    }
    if (kind != NULL && size != PAGE_SIZE) {
        return describe_wrong(describe, "reg of an emulated device has 4 KiB");
    }
    if (!describe_interrupts(describe, node)) {
        return false;
    }
    return kind != NULL ? describe_emulated(describe, node, ipa, kind)
                        : describe_passed(describe, node, ipa, size);
}
