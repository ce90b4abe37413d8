/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine/sections.h"

#include <stddef.h>
#include <string.h>

const struct section_part section_parts[] = {
    {"IDRG", KVM_PART_IDENTITY, false, true, "the guest's processor"},
    {"FWRG", KVM_PART_FIRMWARE, false, false, "KVM's services for the guest"},
    {"GICD", KVM_PART_DISTRIBUTOR, false, false, "the interrupt controller"},
    {"GICR", KVM_PART_REDISTRIBUTOR, true, false, "the interrupt controller"},
    {"ICCR", KVM_PART_INTERFACE, true, false, "the interrupt controller"},
    {"LEVL", KVM_PART_LINES, false, false, "the interrupt controller"},
    {"ITS_", KVM_PART_ITS, false, false, "the interrupt controller"},
    {.tag = NULL},
};

void section_put_registers(struct state_record *record, const struct kvm_registers *list)
{
    unsigned count = 0;

    for (unsigned i = 0; i < list->count; i++) {
        count += list->at[i].value != 0;
    }
    state_put_u32(record, count);
    for (unsigned i = 0; i < list->count; i++) {
        if (list->at[i].value != 0) {
            state_put_u64(record, list->at[i].id);
            state_put_u64(record, list->at[i].value);
        }
    }
}

bool section_get_registers(struct state_record *record, struct kvm_registers *list)
{
    list->count = state_get_u32(record);
    if (list->count > KVM_REGISTERS_MAX) {
        return false;
    }
    for (unsigned i = 0; i < list->count; i++) {
        list->at[i].id = state_get_u64(record);
        list->at[i].value = state_get_u64(record);
    }
    return true;
}

void section_put_device(struct state_record *record, const struct bus_device *at)
{
    const struct device_class *cls = at->instance.cls;
    struct device_identity identity = {0};
    char name[SECTION_NAME_SIZE] = {0};

    if (cls->identify != NULL) {
        cls->identify(at->device, &identity);
    }
    strncpy(name, cls->name, sizeof(name) - 1);
    state_put_bytes(record, name, sizeof(name));
    state_put_u64(record, at->instance.base.value);
    state_put_u64(record, identity.features);
    state_put_u64(record, identity.number);
    state_put_u8(record, at->irq.state.level);
    state_put_u8(record, at->irq.state.held);
    state_put_u8(record, at->irq.state.pulsed);
}

enum { STATE_VERSION = 1 };

void section_put_state(struct state_record *record, const void *state, size_t size)
{
    const uint8_t *bytes = state;

    while (size > 0 && bytes[size - 1] == 0) {
        size--;
    }
    state_put_u32(record, STATE_VERSION);
    state_put_u32(record, (uint32_t)size);
    state_put_bytes(record, state, size);
}

bool section_get_state(struct state_record *record, void *state, size_t size)
{
    uint32_t version = state_get_u32(record);
    uint32_t stored = state_get_u32(record);

    if (version != STATE_VERSION || stored > size) {
        return false;
    }
    state_get_bytes(record, state, stored);
    return true;
}

void section_put_shape(struct state_record *record, const struct section_shape *shape)
{
    state_put_u64(record, shape->memory_base);
    state_put_u64(record, shape->memory_size);
    state_put_u32(record, shape->cpu_count);
    state_put_u32(record, shape->psci_version);
    state_put_u32(record, shape->idle);
    state_put_u32(record, shape->clusters);
    state_put_u32(record, shape->device_count);
}

void section_get_shape(struct state_record *record, struct section_shape *shape)
{
    shape->memory_base = state_get_u64(record);
    shape->memory_size = state_get_u64(record);
    shape->cpu_count = state_get_u32(record);
    shape->psci_version = state_get_u32(record);
    shape->idle = state_get_u32(record);
    shape->clusters = state_get_u32(record);
    shape->device_count = state_get_u32(record);
}

void section_put_sleep(struct state_record *record, const struct section_sleep *sleep)
{
    state_put_u32(record, sleep->vcpu);
    state_put_u64(record, sleep->call.entry.value);
    state_put_u64(record, sleep->call.context);
    state_put_u8(record, sleep->call.smc32);
    state_put_u8(record, sleep->call.big_endian);
}

void section_get_sleep(struct state_record *record, struct section_sleep *sleep)
{
    sleep->vcpu = state_get_u32(record);
    sleep->call.entry = ipa(state_get_u64(record));
    sleep->call.context = state_get_u64(record);
    sleep->call.smc32 = state_get_u8(record) != 0;
    sleep->call.big_endian = state_get_u8(record) != 0;
}

void section_put_time(struct state_record *record, const struct section_time *time)
{
    state_put_u64(record, (uint64_t)time->date_ns);
    state_put_u64(record, time->clock.frequency);
    state_put_u64(record, time->clock.counter);
    state_put_u64(record, time->clock.physical);
    for (unsigned i = 0; i < VPSCI_KVM_TIMER_COUNT; i++) {
        state_put_u64(record, time->clock.timers.value[i]);
    }
}

void section_get_time(struct state_record *record, struct section_time *time)
{
    time->date_ns = (int64_t)state_get_u64(record);
    time->clock.frequency = state_get_u64(record);
    time->clock.counter = state_get_u64(record);
    time->clock.physical = state_get_u64(record);
    for (unsigned i = 0; i < VPSCI_KVM_TIMER_COUNT; i++) {
        time->clock.timers.value[i] = state_get_u64(record);
    }
}
