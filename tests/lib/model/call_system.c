/* SPDX-License-Identifier: BSD-2-Clause */
/* The model's functions that are about the system: requests, memory, the Trusted OS. */
#include "call.h"

void model_migrate(struct model_asked *a)
{
    int target = model_target(a, a->args[0]);

    if (a->m->config->trusted_os == VPSCI_TRUSTED_OS_FIXED) {
        model_give(a, VPSCI_DENIED);
    } else if (a->m->resident != a->caller) {
        model_give(a, VPSCI_NOT_PRESENT);
    } else if (target == MODEL_NONE) {
        model_give(a, VPSCI_INVALID_PARAMETERS);
    } else {
        a->m->vcpus[a->caller].request =
            (struct model_request){.pending = true, .function = VPSCI_FN_MIGRATE, .target = target};
        model_wait(a, VPSCI_STATE_ASKING, VPSCI_WAIT_ANSWER);
    }
}

void model_migrate_info_type(struct model_asked *a)
{
    switch (a->m->config->trusted_os) {
    case VPSCI_TRUSTED_OS_MIGRATABLE:
        model_give(a, 0);
        break;
    case VPSCI_TRUSTED_OS_FIXED:
        model_give(a, 1);
        break;
    default:
        model_give(a, 2);
        break;
    }
}

void model_migrate_info_up_cpu(struct model_asked *a)
{
    model_give_value(a, a->m->config->mpidrs[a->m->resident].value);
}

/* The system stops for the first that asks; a later request is not decided. If it
 * continues, both have an answer. */
static void stop_system(struct model_asked *a, enum vpsci_function function, uint32_t type,
                        uint64_t cookie)
{
    struct model_vcpu *v = &a->m->vcpus[a->caller];

    if (a->m->system == VPSCI_SYSTEM_RUNNING) {
        a->m->system = VPSCI_SYSTEM_STOPPING;
        v->request = (struct model_request){.pending = true,
                                            .function = function,
                                            .target = MODEL_NONE,
                                            .type = type,
                                            .cookie = cookie};
    }
    v->ready = MODEL_READY_RETURN;
    v->ended = VPSCI_WAIT_ANSWER;
    v->result = VPSCI_INTERNAL_FAILURE;
    model_wait(a, VPSCI_STATE_ON, VPSCI_WAIT_STOPPED);
}

void model_system_off(struct model_asked *a)
{
    stop_system(a, VPSCI_FN_SYSTEM_OFF, 0, 0);
}

void model_system_reset(struct model_asked *a)
{
    stop_system(a, VPSCI_FN_SYSTEM_RESET, 0, 0);
}

void model_system_reset2(struct model_asked *a)
{
    uint32_t type = (uint32_t)a->args[0];
    bool vendor = (type & UINT32_C(0x80000000)) != 0;
    bool vendor_allowed = (a->m->config->capabilities & VPSCI_CAP_VENDOR_RESET) != 0;

    if (type == 0 || (vendor && vendor_allowed)) {
        stop_system(a, VPSCI_FN_SYSTEM_RESET2, type, a->args[1]);
    } else {
        model_give(a, VPSCI_INVALID_PARAMETERS);
    }
}

void model_system_off2(struct model_asked *a)
{
    uint32_t type = (uint32_t)a->args[0];

    if (type <= 1 && a->args[1] == 0) {
        stop_system(a, VPSCI_FN_SYSTEM_OFF2, 1, 0);
    } else {
        model_give(a, VPSCI_INVALID_PARAMETERS);
    }
}

void model_system_suspend(struct model_asked *a)
{
    struct model_vcpu *v = &a->m->vcpus[a->caller];
    struct vpsci_entry entry;
    int result;

    if (model_on_count(a->m) != 1) {
        model_give(a, VPSCI_DENIED);
        return;
    }
    result = model_entry(a, a->args[0], a->args[1], &entry);
    if (result != VPSCI_SUCCESS) {
        model_give(a, result);
        return;
    }
    v->entry = entry;
    v->request = (struct model_request){
        .pending = true, .function = VPSCI_FN_SYSTEM_SUSPEND, .target = MODEL_NONE, .entry = entry};
    model_wait(a, VPSCI_STATE_SUSPEND_REQUESTED, VPSCI_WAIT_ANSWER);
}

void model_mem_protect(struct model_asked *a)
{
    bool before = a->m->mem_protect;

    a->m->mem_protect = (uint32_t)a->args[0] != 0;
    model_give(a, before ? 1 : 0);
}

void model_mem_protect_check_range(struct model_asked *a)
{
    const struct vpsci_config *config = a->m->config;
    uint64_t highest = a->wide ? UINT64_MAX : UINT32_MAX;
    struct vpsci_ipa base = {a->args[0]};
    uint64_t length = a->args[1];
    bool sound = length != 0 && length - 1 <= highest - base.value;

    if (sound && config->ops->range_is_protected(config->host, base, length)) {
        model_give(a, VPSCI_SUCCESS);
    } else {
        model_give(a, VPSCI_DENIED);
    }
}
