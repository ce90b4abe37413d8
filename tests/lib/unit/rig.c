/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include <string.h>

const struct vpsci_power_state rig_states[RIG_STATE_COUNT] = {
    {RIG_STANDBY, 0, VPSCI_HW_STANDBY, VPSCI_NO_STATE},
    {RIG_CORE_DOWN, 0, VPSCI_HW_OFF, VPSCI_NO_STATE},
    {RIG_CLUSTER_STANDBY, 1, VPSCI_HW_STANDBY, 0},
    {RIG_CLUSTER_RETENTION, 1, VPSCI_HW_STANDBY, 1},
    {RIG_CLUSTER_DOWN, 1, VPSCI_HW_OFF, 1},
    {RIG_SYSTEM_DOWN, 2, VPSCI_HW_OFF, 4},
};

static uint64_t read_clock(void *host)
{
    return ((const struct rig *)host)->time;
}

static bool is_protected(void *host, struct vpsci_ipa base, uint64_t length)
{
    (void)host;
    return base.value + length <= 0x40000000;
}

void rig_describe(struct rig *rig, uint32_t cpus)
{
    uint32_t i;

    memset(rig, 0, sizeof(*rig));
    for (i = 0; i < RIG_CPUS_MAX; i++) {
        rig->mpidrs[i].value = (i / 2) << 8 | i % 2;
    }
    rig->ops = (struct vpsci_ops){.range_is_protected = is_protected, .now = read_clock};
    rig->config = (struct vpsci_config){
        .size = sizeof(struct vpsci_config),
        .vcpu_count = cpus,
        .mpidrs = rig->mpidrs,
        .capabilities = (VPSCI_CAP_MEM_PROTECT << 1) - 1,
        .options = VPSCI_OPTION_EXTENDED_STATE,
        .states = rig_states,
        .state_count = RIG_STATE_COUNT,
        .statistics = rig->statistics,
        .statistics_size = sizeof(rig->statistics),
        .ops = &rig->ops,
        .host = rig,
    };
}

int rig_init(struct rig *rig)
{
    return vpsci_init(rig->memory, sizeof(rig->memory), &rig->config, &rig->vm);
}

bool rig_make(struct rig *rig, uint32_t cpus)
{
    rig_describe(rig, cpus);
    return rig_init(rig) == 0;
}

struct vpsci_vcpu *rig_vcpu(struct rig *rig, uint32_t cpu)
{
    return vpsci_vcpu_at(rig->vm, cpu);
}

void rig_poison(struct vpsci_outcome *out)
{
    memset(out, 0xa5, sizeof(*out));
}

struct vpsci_outcome rig_call(struct rig *rig, uint32_t cpu, uint32_t function, uint64_t first,
                              uint64_t second, uint64_t third)
{
    const struct vpsci_guest_call call = {.function = function, .args = {first, second, third}};
    struct vpsci_outcome out;

    rig_poison(&out);
    vpsci_call(rig_vcpu(rig, cpu), &call, &out);
    return out;
}

struct vpsci_outcome rig_next(struct rig *rig, uint32_t cpu)
{
    struct vpsci_outcome out;

    rig_poison(&out);
    vpsci_next(rig_vcpu(rig, cpu), &out);
    return out;
}

static bool is_same_entry(const struct vpsci_entry *a, const struct vpsci_entry *b)
{
    return a->address.value == b->address.value && a->context == b->context &&
           a->aarch32 == b->aarch32 && a->thumb == b->thumb && a->big_endian == b->big_endian;
}

bool rig_is_same_outcome(const struct vpsci_outcome *a, const struct vpsci_outcome *b)
{
    if (a->action != b->action || a->wait != b->wait || a->ended != b->ended ||
        a->request.pending != b->request.pending || !a->start != !b->start) {
        return false;
    }
    switch (a->action) {
    case VPSCI_RETURN:
    case VPSCI_FOREIGN:
        return a->x0 == b->x0;
    case VPSCI_ENTER:
        return is_same_entry(&a->entry, &b->entry);
    default:
        return true;
    }
}

int64_t rig_result(struct rig *rig, uint32_t cpu, uint32_t function, uint64_t first,
                   uint64_t second, uint64_t third)
{
    struct vpsci_outcome out = rig_call(rig, cpu, function, first, second, third);

    return out.action == VPSCI_RETURN ? (int64_t)out.x0 : INT64_MIN;
}

bool rig_turn_on(struct rig *rig, uint32_t cpu)
{
    return rig_result(rig, 0, FN64(CPU_ON), rig->mpidrs[cpu].value,
                      RIG_ENTRY + UINT64_C(0x100) * cpu, RIG_CONTEXT + cpu) == VPSCI_SUCCESS;
}

bool rig_run(struct rig *rig, uint32_t cpu)
{
    return rig_turn_on(rig, cpu) && rig_next(rig, cpu).action == VPSCI_ENTER;
}

bool rig_sleep(struct rig *rig, uint32_t cpu, uint32_t power_state)
{
    return rig_call(rig, cpu, FN64(CPU_SUSPEND), power_state, RIG_ENTRY, RIG_CONTEXT).action ==
           VPSCI_WAIT;
}

bool rig_wake(struct rig *rig, uint32_t cpu)
{
    enum vpsci_action action;

    if (!vpsci_wake(rig_vcpu(rig, cpu))) {
        return false;
    }
    action = rig_next(rig, cpu).action;
    return action == VPSCI_ENTER || action == VPSCI_RETURN;
}

enum vpsci_state rig_state(struct rig *rig, uint32_t cpu)
{
    return vpsci_vcpu_state(rig_vcpu(rig, cpu));
}

int64_t rig_node(struct rig *rig, uint32_t by, uint32_t cpu, uint32_t level)
{
    return rig_result(rig, by, FN64(NODE_HW_STATE), rig->mpidrs[cpu].value, level, 0);
}
