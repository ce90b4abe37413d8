/* SPDX-License-Identifier: BSD-2-Clause */
#include "emulated.h"

/* The machine's date at a count of the system counter. Set before the first guest runs. */
static struct {
    uint64_t seconds;
    uint64_t count;
} emulated_date;

void emulated_set_date(uint64_t seconds)
{
    emulated_date.seconds = seconds;
    emulated_date.count = arch_now();
}

static uint64_t emulated_second(void)
{
    return emulated_date.seconds + (arch_now() - emulated_date.count) / arch_frequency();
}

/* The count at which a second begins. Alarms are at most 2^32 s away, so that nothing overflows. */
static uint64_t emulated_count(uint64_t second)
{
    return emulated_date.count + (second - emulated_date.seconds) * arch_frequency();
}

static struct pl031 *emulated_find(struct vm *vm, uint64_t ipa, const struct vm_device **device)
{
    for (unsigned i = 0; i < vm->device_count; i++) {
        if (ipa - vm->devices[i].ipa < PL031_SIZE) {
            *device = &vm->devices[i];
            return &vm->clocks[i];
        }
    }
    return NULL;
}

/* With the clock's lock. Whichever core sees an alarm first signals it. */
static void emulated_tick(struct vm *vm, struct pl031 *clock, unsigned intid)
{
    bool was_up = pl031_line(clock);

    pl031_tick(clock, emulated_second());
    if (!was_up && pl031_line(clock)) {
        vgic_raise(vm, intid);
    }
}

bool emulated_read(struct vm *vm, uint64_t ipa, unsigned size, uint64_t *value)
{
    const struct vm_device *device;
    struct pl031 *clock = emulated_find(vm, ipa, &device);

    if (clock == NULL) {
        return false;
    }
    arch_lock(&clock->lock);
    emulated_tick(vm, clock, device->intid);
    *value = pl031_read(clock, ipa - device->ipa, size, emulated_second());
    arch_unlock(&clock->lock);
    return true;
}

/* With the clock's lock, so that two cores cannot leave the interrupt as it was before. */
static void emulated_signal(struct vm *vm, const struct pl031 *clock, unsigned intid)
{
    if (pl031_line(clock)) {
        vgic_raise(vm, intid);
    } else {
        vgic_lower(vm, intid);
    }
}

/* The core that keeps the alarms sets its deadline again. */
static void emulated_look_again(struct vm *vm)
{
    if (arch_core() == vm->vcpus[0].core) {
        emulated_poll(&vm->vcpus[0]);
    } else {
        arch_kick(vm->vcpus[0].core);
    }
}

bool emulated_write(struct vm *vm, uint64_t ipa, unsigned size, uint64_t value)
{
    const struct vm_device *device;
    struct pl031 *clock = emulated_find(vm, ipa, &device);

    if (clock == NULL) {
        return false;
    }
    arch_lock(&clock->lock);
    uint64_t deadline = pl031_deadline(clock);
    pl031_write(clock, ipa - device->ipa, size, value, emulated_second());
    emulated_signal(vm, clock, device->intid);
    bool has_moved = pl031_deadline(clock) != deadline;
    arch_unlock(&clock->lock);
    if (has_moved) {
        emulated_look_again(vm);
    }
    return true;
}

void emulated_reset(struct vm *vm)
{
    for (unsigned i = 0; i < vm->device_count; i++) {
        arch_lock(&vm->clocks[i].lock);
        pl031_reset(&vm->clocks[i]);
        arch_unlock(&vm->clocks[i].lock);
    }
}

/* Returns the second of the clock's next alarm. */
static uint64_t emulated_poll_clock(struct vm *vm, unsigned index)
{
    struct pl031 *clock = &vm->clocks[index];

    arch_lock(&clock->lock);
    emulated_tick(vm, clock, vm->devices[index].intid);
    uint64_t next = pl031_deadline(clock);
    arch_unlock(&clock->lock);
    return next;
}

void emulated_poll(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    uint64_t next = UINT64_MAX;

    if (vcpu->index != 0) {
        return;
    }
    for (unsigned i = 0; i < vm->device_count; i++) {
        uint64_t second = emulated_poll_clock(vm, i);
        next = second < next ? second : next;
    }
    arch_set_deadline(next == UINT64_MAX ? next : emulated_count(next));
}
