/* SPDX-License-Identifier: BSD-2-Clause */
#include "system.h"

#include "emulated.h"
#include "events.h"
#include "kick.h"
#include "load.h"
#include "policy.h"
#include "vm.h"

static struct arch_lock system_lock; /* of the question whether all VMs have ended */

static void system_set_life(struct vm *vm, enum system_life life)
{
    arch_lock(&vm->lock);
    vm->system.life = life;
    vm->system.count = 0;
    arch_unlock(&vm->lock);
    kick_vm(vm);
}

void system_begin(void)
{
    for (unsigned i = 0; i < vm_count; i++) {
        vms[i].system.life = vms[i].is_held ? SYSTEM_HELD : SYSTEM_RUNNING;
        if (vms[i].is_control) {
            vms[i].system.life = SYSTEM_RUNNING;
            events_open(&vms[i]);
        }
    }
}

/* A VM that is held never starts if no control VM is left. */
static bool system_is_over(void)
{
    bool runs = false;
    bool waits = false;

    for (unsigned i = 0; i < vm_count; i++) {
        runs = runs || (vms[i].system.life != SYSTEM_ENDED && vms[i].system.life != SYSTEM_HELD);
        waits = waits || (vms[i].is_control && vms[i].system.life != SYSTEM_ENDED);
    }
    return !runs && !waits;
}

/* Its memory is cleared before anything else can run in it (DEN0022 5.22). */
static void system_end(struct vm *vm)
{
    struct arch_smc_result result;

    if (vpsci_mem_protect(vm->psci)) {
        load_vm(vm, true);
    }
    arch_lock(&system_lock);
    system_set_life(vm, SYSTEM_ENDED);
    bool is_over = system_is_over();
    arch_unlock(&system_lock);
    if (vm->is_control) {
        policy_take_over();
    }
    if (is_over) {
        arch_firmware(VPSCI_FID_32 | VPSCI_FN_SYSTEM_OFF, 0, 0, 0, &result);
        arch_stop("the firmware has not turned the machine off");
    }
}

/* No core of the VM runs, and none is in the library. */
static void system_load(struct vm *vm)
{
    load_vm(vm, vpsci_mem_protect(vm->psci));
    emulated_reset(vm);
    vgic_reset_vm(vm);
    arch_forget_stage2();
    vpsci_reset(vm->psci);
    vm->system.starts++;
    if (vm->is_control) {
        events_repeat();
    }
    system_set_life(vm, SYSTEM_RUNNING);
}

/* Counts this core, once in a round. Returns true if it is the last one: the VM's life then goes on to
 * `next`. */
static bool system_count(struct vm *vm, uint32_t *counted, uint32_t round, enum system_life next)
{
    bool is_last = false;

    arch_lock(&vm->lock);
    if (*counted != round) {
        *counted = round;
        is_last = ++vm->system.count == vm->vcpu_count;
    }
    if (is_last) {
        vm->system.life = next;
        vm->system.count = 0;
    }
    arch_unlock(&vm->lock);
    return is_last;
}

static void system_come(struct vcpu *vcpu, uint32_t round)
{
    if (system_count(vcpu->vm, &vcpu->system.came, round, SYSTEM_CLEARING)) {
        kick_vm(vcpu->vm);
    }
}

/* Not before all have come: until then another core's guest may still reach this core's state. */
static void system_clear(struct vcpu *vcpu, uint32_t round)
{
    if (vcpu->system.cleared == round) {
        return;
    }
    vgic_reset_vcpu(vcpu);
    arch_stop_timers();
    arch_stop_tracing();
    if (!system_count(vcpu->vm, &vcpu->system.cleared, round, SYSTEM_LOADING)) {
        return;
    }
    if (vcpu->vm->system.ends) {
        system_end(vcpu->vm);
    } else {
        system_load(vcpu->vm);
    }
}

void system_protect(struct vcpu *vcpu)
{
    struct arch_smc_result result;

    if ((vcpu->workarounds & VCPU_UNPROTECTED) != 0) {
        vcpu->workarounds &= ~VCPU_UNPROTECTED;
        arch_firmware(VCPU_WORKAROUND_2, 1, 0, 0, &result);
    }
}

/* The boot vCPU's registers are hyp's to set; those of the others come with their CPU_ON. */
static bool system_enter(struct vcpu *vcpu)
{
    const struct vm *vm = vcpu->vm;

    vcpu->system.is_up = true;
    if (vcpu->index == vm->psci_config.boot_vcpu) {
        system_protect(vcpu);
        arch_stop_timers();
        arch_reset_vcpu(&vcpu->frame, vm->entry, vm->argument, false);
    }
    return true;
}

/* Both of the same moment: the next round cannot begin before all have been counted in this one. */
static enum system_life system_life(struct vm *vm, uint32_t *round)
{
    arch_lock(&vm->lock);
    enum system_life life = vm->system.life;
    *round = vm->system.round;
    arch_unlock(&vm->lock);
    return life;
}

bool system_advance(struct vcpu *vcpu)
{
    uint32_t round;

    switch (system_life(vcpu->vm, &round)) {
    case SYSTEM_RUNNING:
        return system_enter(vcpu);
    case SYSTEM_COMING:
        system_come(vcpu, round);
        return false;
    case SYSTEM_CLEARING:
        system_clear(vcpu, round);
        return false;
    case SYSTEM_STARTING:
        if (vcpu->index == 0) {
            system_load(vcpu->vm);
        }
        return false;
    default:
        return false;
    }
}

bool system_is_down(struct vm *vm)
{
    uint32_t round;
    enum system_life life = system_life(vm, &round);

    return life == SYSTEM_HELD || life == SYSTEM_ENDED;
}

bool system_take_down(struct vcpu *vcpu)
{
    uint32_t round;

    vcpu->system.is_up = system_life(vcpu->vm, &round) == SYSTEM_RUNNING;
    return !vcpu->system.is_up;
}

bool system_start(struct vm *vm)
{
    arch_lock(&vm->lock);
    enum system_life life = vm->system.life;
    if (life == SYSTEM_HELD) {
        vm->system.life = SYSTEM_RUNNING;
    } else if (life == SYSTEM_ENDED) {
        vm->system.life = SYSTEM_STARTING;
    }
    arch_unlock(&vm->lock);
    kick_vm(vm);
    return life == SYSTEM_HELD || life == SYSTEM_ENDED;
}
