/* SPDX-License-Identifier: BSD-2-Clause */
/* From the first instruction in C to running guests. Nothing is allocated after this. */
#include <stddef.h>

#include "arch.h"
#include "bare/string.h"
#include "board.h"
#include "bus.h"
#include "calls.h"
#include "describe.h"
#include "emulated.h"
#include "load.h"
#include "memory_map.h"
#include "print.h"
#include "run.h"
#include "stage2.h"
#include "vm_psci.h"

static struct memory_map main_map;

static void main_read_machine(const void *tree)
{
    uint64_t size;
    uint64_t image = arch_image(&size);

    if (!memory_map_read(tree, (uint64_t)(uintptr_t)tree, &main_map)) {
        arch_stop("the machine's device tree does not describe its memory");
    }
    if (!memory_map_use(&main_map, image, size)) {
        arch_stop("the machine's device tree has too many reserved ranges");
    }
    for (unsigned i = 0; i < main_map.ram_count; i++) {
        arch_map_memory(main_map.ram[i].base, main_map.ram[i].size);
    }
}

static void main_stop_at(const struct describe_fault *fault)
{
    print_begin();
    print_text("bundle: ");
    if (fault->vm != NULL) {
        print_text(fault->vm);
        print_text(fault->node != NULL ? "/" : ": ");
    }
    if (fault->node != NULL) {
        print_text(fault->node);
        print_text(": ");
    }
    print_text(fault->text);
    print_end();
    arch_stop("its description of the VMs is not valid");
}

enum { MAIN_KEPT_MAX = MEMORY_RANGE_MAX + 2 + BOARD_KEPT_MAX };

/* What no VM may have as a device: RAM, the GIC, and what the board names. Returns how many ranges that
 * are. */
static unsigned main_list_kept(struct memory_range kept[MAIN_KEPT_MAX])
{
    unsigned count = 0;

    for (; count < main_map.ram_count; count++) {
        kept[count] = main_map.ram[count];
    }
    kept[count++] = (struct memory_range){board.distributor, BUS_DISTRIBUTOR_SIZE};
    kept[count++] = (struct memory_range){board.redistributors,
                                          (uint64_t)board.core_count * BUS_REDISTRIBUTOR_SIZE};
    for (unsigned i = 0; i < BOARD_KEPT_MAX; i++) {
        kept[count++] = (struct memory_range){board.kept[i].base, board.kept[i].size};
    }
    return count;
}

static void main_describe(void)
{
    struct memory_range kept[MAIN_KEPT_MAX];
    struct describe_fault fault;
    struct describe_input input = {.pa = main_map.bundle.base,
                                   .size = main_map.bundle.size,
                                   .core_count = arch_core_count(),
                                   .kept = kept,
                                   .kept_count = main_list_kept(kept)};

    if (input.size == 0) {
        arch_stop("there is no bundle: give it as the initrd");
    }
    input.bundle = arch_memory(input.pa);
    if (!describe_vms(&input, &fault)) {
        main_stop_at(&fault);
    }
}

static void main_stop_for(const struct vm *vm, const char *reason)
{
    print_begin();
    print_text("VM ");
    print_text(vm->name);
    print_text(": ");
    print_text(reason);
    print_end();
    arch_stop("a VM cannot start");
}

static void main_prepare_vms(void)
{
    const struct vm *without = load_place(&main_map);

    if (without != NULL) {
        main_stop_for(without, "there is no room for its memory");
    }
    for (unsigned i = 0; i < vm_count; i++) {
        if (!stage2_build(&vms[i])) {
            main_stop_for(&vms[i], "its memory cannot be mapped");
        }
        if (!vm_psci_init(&vms[i])) {
            main_stop_for(&vms[i], "its description for PSCI is not valid");
        }
        load_vm(&vms[i], true);
    }
}

/* A bundle may name cores of the board that this machine does not have. */
static void main_check_cores(void)
{
    for (unsigned i = 0; i < CORE_MAX; i++) {
        const struct vcpu *vcpu = vcpu_of_core(i);

        if (vcpu != NULL && arch_gic_redistributor(i) == 0) {
            main_stop_for(vcpu->vm, "the machine does not have one of its cores");
        }
    }
}

static void main_start_cores(void)
{
    for (unsigned i = 0; i < CORE_MAX; i++) {
        const struct vcpu *vcpu = vcpu_of_core(i);

        if (vcpu != NULL && i != arch_core() && arch_start_core(i) != 0) {
            main_stop_for(vcpu->vm, "the firmware did not start one of its cores");
        }
    }
}

void hyp_main(const void *tree)
{
    main_read_machine(tree);
    main_describe();
    main_prepare_vms();
    emulated_set_date(arch_date());
    calls_ask_firmware();
    arch_gic_start_machine();
    main_check_cores();
    arch_gic_start_core(); /* vgic_reset_vm() looks at this core's list registers */
    for (unsigned i = 0; i < vm_count; i++) {
        emulated_reset(&vms[i]);
        vgic_reset_vm(&vms[i]);
    }
    system_begin();
    main_start_cores();
    hyp_core_main();
}

void hyp_core_main(void)
{
    struct vcpu *vcpu = vcpu_of_core(arch_core());

    arch_gic_start_core();
    if (vcpu != NULL) {
        arch_use_vm(vcpu->vm->stage2_root, vcpu->vm->index + 1, vcpu->mpidr);
        run_vcpu(vcpu);
    }
    for (;;) {
        arch_sleep(ARCH_SLEEP_OFF);
    }
}
