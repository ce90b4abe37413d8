/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "control/news.h"
#include "core/map.h"
#include "machine/parts.h"
#include "sandbox/sandbox.h"

static int board_create_vcpus(struct machine *machine)
{
    struct board *board = &machine->board;
    unsigned first = restore_is_due(machine) ? machine->restored.vcpu : 0;

    board->vcpu = calloc(machine->config->cpu_count, sizeof(board->vcpu[0]));
    if (board->vcpu == NULL) {
        return -ENOMEM;
    }
    machine->backend.vcpu = board->vcpu;
    for (unsigned i = 0; i < machine->config->cpu_count; i++) {
        board->vcpu[i] = vcpu_create(board->vm, i);
        if (board->vcpu[i] == NULL) {
            return -errno;
        }
        int error = vcpu_init(board->vcpu[i], i != first);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* The device tree is made without asking KVM. This checks that the two agree. */
static int board_check_mpidrs(const struct machine *machine)
{
    for (unsigned i = 0; i < machine->config->cpu_count; i++) {
        uint64_t mpidr;
        int error = vcpu_get_mpidr(machine->board.vcpu[i], &mpidr);

        if (error != 0) {
            return error;
        }
        if (mpidr != map_mpidr(i)) {
            report("this KVM gives vCPU %u the affinity 0x%" PRIx64 ", not 0x%" PRIx64, i, mpidr,
                   map_mpidr(i));
            return -REPORTED;
        }
    }
    return 0;
}

static int board_choose_psci_version(struct machine *machine)
{
    uint32_t wanted = machine->psci_version;
    uint32_t version = wanted;
    int error = machine->backend.ops->version(&machine->backend, machine->board.vcpu[0], &version);

    if (error == -EINVAL) {
        report("%s %u.%u: this machine's KVM knows versions up to %u.%u",
               restore_is_due(machine) ? "--restore: the saved VM has PSCI" : "--psci-version",
               wanted >> 16, wanted & 0xffff, version >> 16, version & 0xffff);
        return -REPORTED;
    }
    machine->psci_version = version;
    return error;
}

static int board_create_vm(struct machine *machine)
{
    struct board *board = &machine->board;

    board->vm = vm_create(machine->kvm, machine->ipa_bits);
    if (board->vm == NULL) {
        return -errno;
    }
    int error = vm_add_memory(board->vm, &machine->memory);
    if (error == 0) {
        error = roms_attach(machine);
    }
    if (error == 0) {
        error = machine->backend.ops->attach(&machine->backend, board->vm,
                                             machine->policy != SUSPEND_OFF);
    }
    if (error == 0) {
        error = board_create_vcpus(machine);
    }
    if (error == 0) {
        error = board_check_mpidrs(machine);
    }
    return error;
}

static int board_create_gic(struct machine *machine)
{
    int error = vm_create_gic(machine->board.vm, machine->config->cpu_count,
                              map_gicr2_base(machine->memory.size));

    if (error == -ENODEV) {
        report("this machine's KVM has no GICv3, which the guest needs");
        return -REPORTED;
    }
    return error;
}

static int board_add_doorbell(void *arg, struct ipa address, const struct doorbell *doorbell)
{
    struct vm *vm = arg;

    return vm_add_doorbell(vm, address, doorbell->size, doorbell->value, doorbell->fd);
}

/* Connects the devices to KVM: their doorbells, and the interrupts that are pulses. */
static int board_connect_devices(struct machine *machine)
{
    const struct bus *bus = &machine->bus;
    struct vm *vm = machine->board.vm;
    int error = bus_doorbells(bus, board_add_doorbell, vm);

    for (unsigned i = 0; i < bus->count && error == 0; i++) {
        const struct device_instance *instance = &bus->devices[i].instance;

        if (instance->cls->doorbell != NULL) {
            error = vm_add_pulse(vm, instance->spi);
        }
    }
    return error;
}

static int board_load_guest(struct machine *machine)
{
    struct boot_entry entry;
    int error = boot_load(machine->boot, &machine->memory, machine->config->cpu_count,
                          machine->psci_version, &entry);

    if (error != 0) {
        return -REPORTED;
    }
    return vcpu_set_entry(machine->board.vcpu[0], entry.pc, entry.x0, false);
}

static int board_start_threads(struct machine *machine)
{
    struct board *board = &machine->board;
    const struct vcpus_env env = {
        .count = machine->config->cpu_count,
        .bus = &machine->bus,
        .psci = &machine->backend,
        .notify_fd = machine->exit_fd,
        .name = machine->config->name,
        .enter = sandbox_enter_vcpu,
    };

    board->threads = vcpus_start(board->vcpu, &env);
    return board->threads != NULL ? 0 : -errno;
}

static int board_build(struct machine *machine)
{
    int error = board_create_vm(machine);

    if (error == 0) {
        error = board_choose_psci_version(machine);
    }
    if (error == 0) {
        error = board_create_gic(machine);
    }
    if (error == 0) {
        error = board_connect_devices(machine);
    }
    if (error == 0) {
        error = restore_is_due(machine) ? restore_load(machine) : board_load_guest(machine);
    }
    if (error == 0) {
        error = board_start_threads(machine);
    }
    return error;
}

static void board_tell_boot(const struct machine *machine)
{
    const struct config *config = machine->config;
    unsigned admitted = config->cpus_admitted;

    news_boot(machine->events, &(struct news_boot){
                                   .count = machine->boot_count,
                                   .cpus = config->cpu_count,
                                   .admitted = admitted != 0 ? admitted : config->cpu_count,
                                   .memory = config->memory_size,
                                   .psci_version = machine->psci_version,
                                   .psci_mode = psci_mode_words[machine->backend.ops->mode],
                                   .on_suspend = suspend_policy_words[machine->policy],
                                   .wake = config->wake,
                               });
}

/* The guest runs from its first instruction, or continues its sleep. */
static int board_start_guest(struct machine *machine)
{
    machine->backend.ops->observe(&machine->backend, true);
    if (restore_is_due(machine)) {
        return restore_start(machine);
    }
    power_start(&machine->power);
    return 0;
}

static int board_report(int error)
{
    if (error != -REPORTED) {
        report("cannot create the VM: %s", strerror(-error));
    }
    return -1;
}

int board_power_on(struct machine *machine)
{
    rest_forget(machine);
    bool boots = !restore_is_due(machine); /* A restored guest's sleeper is not off. */
    int error = board_build(machine);

    if (error != 0) {
        return board_report(error);
    }
    machine->boot_count++;
    board_tell_boot(machine);
    error = board_start_guest(machine);
    if (error != 0) {
        return board_report(error);
    }
    driver_watch_start(machine);
    reach_forget(machine);
    if (!boots) {
        reach_recall(machine);
    }
    for (unsigned i = 1; boots && i < machine->config->cpu_count; i++) {
        machine_tell_left(machine, i);
    }
    power_go_on(&machine->power);
    return 0;
}

void board_power_off(struct machine *machine)
{
    struct board *board = &machine->board;

    machine->backend.ops->observe(&machine->backend, false);
    vcpus_stop(board->threads);
    board->threads = NULL;
    for (unsigned i = 0; board->vcpu != NULL && i < machine->config->cpu_count; i++) {
        vcpu_destroy(board->vcpu[i]);
    }
    free(board->vcpu);
    board->vcpu = NULL;
    machine->backend.vcpu = NULL;
    vm_destroy(board->vm);
    board->vm = NULL;
}
