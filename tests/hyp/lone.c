/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "calls.h"
#include "load.h"
#include "lone.h"
#include "power.h"

enum { MEMORY_SIZE = 16384 };

struct lone_machine lone;

static jmp_buf lone_off;
static _Alignas(VPSCI_ALIGNMENT) char memory[LONE_VMS][MEMORY_SIZE];

/* ---- What the processor is asked ---- */

/* Every function of the machine begins with this. */
static void pass(void)
{
    if (lone.happen == NULL || (lone.locks != 0 && lone.happens_unlocked)) {
        return;
    }
    if (++lone.calls == lone.at) {
        void (*happen)(void) = lone.happen;
        lone.has_happened = true;
        lone.happen = NULL;
        happen();
    }
}

static struct lone_core_state *self(void)
{
    return &lone.cores[lone.core];
}

unsigned arch_core(void)
{
    return lone.core;
}

/* A test has one thread: a lock that is taken would never be free. */
void arch_lock(struct arch_lock *lock)
{
    pass();
    assert_int_equal(lock->owner, 0);
    lock->owner = lone.core + 1;
    lone.locks++;
}

void arch_unlock(struct arch_lock *lock)
{
    assert_int_equal(lock->owner, lone.core + 1);
    lock->owner = 0;
    lone.locks--;
    pass();
}

void arch_kick(unsigned core)
{
    pass();
    lone.cores[core].is_kicked = true;
    lone.cores[core].kicks_of++;
}

void arch_wait(void)
{
    pass();
    self()->is_asleep = !self()->is_kicked && !self()->is_pending && lone.now < self()->deadline;
}

/* What the core loses is asked for by its vCPU's next step. */
void arch_sleep(enum arch_sleep depth)
{
    self()->depth = depth;
    self()->sleeps++;
    arch_wait();
}

uint64_t arch_now(void)
{
    return lone.now;
}

uint64_t arch_frequency(void)
{
    return LONE_FREQUENCY;
}

void arch_set_deadline(uint64_t count)
{
    pass();
    self()->deadline = count;
}

bool arch_guest_is_big_endian(void)
{
    return lone.caller_is_big_endian;
}

void arch_stop_timers(void)
{
    pass();
    self()->timer_stops++;
}

void arch_stop_tracing(void)
{
    pass();
    self()->is_traced = false;
}

void arch_reset_vcpu(struct arch_frame *frame, uint64_t entry, uint64_t context, bool big_endian)
{
    pass();
    memset(frame, 0, sizeof(*frame));
    frame->pc = entry;
    frame->x[0] = context;
    self()->starts_big_endian = big_endian;
    self()->resets++;
    self()->is_traced = true;
}

void arch_firmware(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3,
                   struct arch_smc_result *result)
{
    (void)a2;
    (void)a3;
    lone.firmware_calls++;
    if (function == FN32(SYSTEM_OFF)) {
        lone.is_off = true;
        return;
    }
    assert_non_null(lone.firmware);
    *result = (struct arch_smc_result){{(uint64_t)lone.firmware(function, a1), 1, 2, 3}};
}

/* Called only after the firmware's SYSTEM_OFF, which returns here. */
void arch_stop(const char *reason)
{
    (void)reason;
    assert_true(lone.is_off);
    longjmp(lone_off, 1);
}

void arch_forget_stage2(void)
{
    lone.forgotten++;
}

/* ---- The GIC ---- */

void vgic_take(struct vcpu *vcpu)
{
    pass();
    assert_int_equal(vcpu->core, lone.core);
    self()->is_kicked = false;
    self()->is_taken = self()->is_taken || self()->is_pending;
    self()->is_pending = false;
    if (lone.now >= self()->deadline) {
        self()->deadline = UINT64_MAX;
    }
    pass();
}

bool vgic_is_pending(struct vcpu *vcpu)
{
    pass();
    assert_int_equal(vcpu->core, lone.core);
    return self()->is_taken;
}

void vgic_reset_vcpu(struct vcpu *vcpu)
{
    assert_int_equal(vcpu->core, lone.core);
    self()->clears++;
}

void vgic_reset_vm(struct vm *vm)
{
    lone.gic_resets[vm->index]++;
    memset(lone.lines[vm->index], 0, sizeof(lone.lines[0]));
}

void vgic_raise(struct vm *vm, unsigned intid)
{
    pass();
    lone.lines[vm->index][intid] = true;
    lone.cores[vm->index == LONE_CONTROL ? CONTROL_0 : lone.route].is_pending = true;
}

void vgic_lower(struct vm *vm, unsigned intid)
{
    lone.lines[vm->index][intid] = false;
}

/* ---- Loading ---- */

void load_vm(const struct vm *vm, bool clear)
{
    pass();
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        assert_false(lone.cores[vm->vcpus[i].core].runs);
        assert_int_equal(vm->vcpus[i].system.cleared, vm->system.round);
        assert_false(lone.cores[vm->vcpus[i].core].is_traced);
    }
    lone.loads[vm->index]++;
    lone.cleared[vm->index] = clear;
}

/* ---- The VMs ---- */

static void add_vm(unsigned index, unsigned first, unsigned count)
{
    static const struct vpsci_mpidr mpidrs[] = {{0}, {1}, {2}};
    struct vm *vm = &vms[index];

    *vm = (struct vm){
        .index = index,
        .vcpu_count = count,
        .vcpus = &vcpus[first],
        .entry = 0x40080000,
        .argument = 0x44000000,
        .psci_config =
            {
                .size = sizeof(struct vpsci_config),
                .vcpu_count = count,
                .mpidrs = mpidrs,
                .smccc_version = 0x10002,
                .capabilities = VPSCI_CAP_SYSTEM_SUSPEND | VPSCI_CAP_SYSTEM_RESET2 |
                                VPSCI_CAP_SYSTEM_OFF2 | VPSCI_CAP_MEM_PROTECT,
            },
        .device_count = 1,
        .devices = {{VM_DEVICE_PL031, 34, 0x09010000}},
    };
    assert_int_equal(vpsci_init(memory[index], MEMORY_SIZE, &vm->psci_config, &vm->psci), 0);
    for (unsigned i = 0; i < count; i++) {
        vcpus[first + i] = (struct vcpu){
            .vm = vm,
            .psci = vpsci_vcpu_at(vm->psci, i),
            .index = i,
            .core = first + i,
        };
    }
}

void lone_create(void)
{
    lone = (struct lone_machine){.route = GUEST_0};
    for (unsigned i = 0; i < LONE_CORES; i++) {
        lone.cores[i].deadline = UINT64_MAX;
    }
    vm_count = LONE_VMS;
    add_vm(LONE_CONTROL, CONTROL_0, 1);
    add_vm(LONE_GUEST, GUEST_0, 3);
    add_vm(LONE_HELD, HELD_0, 1);
    vms[LONE_CONTROL].is_control = true;
    vms[LONE_CONTROL].control_intid = 40;
    vms[LONE_HELD].is_held = true;
}

void lone_begin(void)
{
    system_begin();
    lone_settle();
}

struct vcpu *lone_vcpu(unsigned core)
{
    return &vcpus[core];
}

static bool is_due(const struct lone_core_state *core)
{
    return core->is_kicked || core->is_pending || lone.now >= core->deadline;
}

/* A step of this core, if it has something to do. */
static bool go_on(unsigned core)
{
    struct lone_core_state *state = &lone.cores[core];

    if ((state->runs || state->is_asleep) && !is_due(state)) {
        return false;
    }
    if (state->is_late && !vcpus[core].system.is_up &&
        vcpus[core].vm->system.life == SYSTEM_RUNNING) {
        return false;
    }
    lone.core = core;
    state->is_asleep = false;
    state->runs = power_step(&vcpus[core]);
    vcpus[core].system.is_parked = state->is_asleep; /* arch_wait() would not have returned */
    return true;
}

void lone_settle(void)
{
    enum { ROUNDS = 200 };

    if (setjmp(lone_off) != 0) {
        return;
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool is_busy = false;
        for (unsigned core = 0; core < LONE_CORES; core++) {
            is_busy |= go_on(core);
        }
        if (!is_busy) {
            return;
        }
    }
    fail_msg("the cores do not come to rest");
}

uint64_t lone_call(unsigned core, uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct arch_exit exit = {.kind = ARCH_EXIT_HVC};
    uint64_t *x = vcpus[core].frame.x;

    assert_true(lone.cores[core].runs);
    lone.core = core;
    x[0] = function;
    x[1] = a1;
    x[2] = a2;
    x[3] = a3;
    lone.cores[core].runs = calls_take(&vcpus[core], &exit);
    lone_settle();
    return x[0];
}

void lone_interrupt(unsigned core)
{
    lone.cores[core].is_pending = true;
}
