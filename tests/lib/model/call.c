/* SPDX-License-Identifier: BSD-2-Clause */
/* The model's dispatcher: which function an ID names, and whether there is one. */
#include "call.h"

enum { PSCI_NUMBERS = 0x20, IDS_0_1 = 4 };

/* What a function needs to be there. */
enum need { NEED_NOTHING, NEED_CAPABILITY, NEED_RESIDENT, NEED_STATISTICS, NEED_RANGE_OPERATION };

struct function {
    uint32_t since; /* version, 0: there is no such function */
    bool wide;      /* has an SMC64 form too */
    enum need need;
    uint32_t capability;
    void (*carry_out)(struct model_asked *a);
};

static void psci_version(struct model_asked *a);
static void psci_features(struct model_asked *a);

/* DEN0022 5.1. Version 0.1 has four of them under IDs of its own: see call_0_1(). */
static const struct function functions[PSCI_NUMBERS] = {
    [0x00] = {VPSCI_VERSION_0_2, false, NEED_NOTHING, 0, psci_version},
    [0x01] = {VPSCI_VERSION_0_2, true, NEED_NOTHING, 0, model_cpu_suspend},
    [0x02] = {VPSCI_VERSION_0_2, false, NEED_NOTHING, 0, model_cpu_off},
    [0x03] = {VPSCI_VERSION_0_2, true, NEED_NOTHING, 0, model_cpu_on},
    [0x04] = {VPSCI_VERSION_0_2, true, NEED_NOTHING, 0, model_affinity_info},
    [0x05] = {VPSCI_VERSION_0_2, true, NEED_RESIDENT, 0, model_migrate},
    [0x06] = {VPSCI_VERSION_0_2, false, NEED_NOTHING, 0, model_migrate_info_type},
    [0x07] = {VPSCI_VERSION_0_2, true, NEED_RESIDENT, 0, model_migrate_info_up_cpu},
    [0x08] = {VPSCI_VERSION_0_2, false, NEED_NOTHING, 0, model_system_off},
    [0x09] = {VPSCI_VERSION_0_2, false, NEED_NOTHING, 0, model_system_reset},
    [0x0a] = {VPSCI_VERSION_1_0, false, NEED_NOTHING, 0, psci_features},
    [0x0b] = {VPSCI_VERSION_1_0, false, NEED_CAPABILITY, VPSCI_CAP_CPU_FREEZE, model_cpu_freeze},
    [0x0c] = {VPSCI_VERSION_1_0, true, NEED_CAPABILITY, VPSCI_CAP_CPU_DEFAULT_SUSPEND,
              model_cpu_default_suspend},
    [0x0d] = {VPSCI_VERSION_1_0, true, NEED_CAPABILITY, VPSCI_CAP_NODE_HW_STATE,
              model_node_hw_state},
    [0x0e] = {VPSCI_VERSION_1_0, true, NEED_CAPABILITY, VPSCI_CAP_SYSTEM_SUSPEND,
              model_system_suspend},
    [0x0f] = {VPSCI_VERSION_1_0, false, NEED_CAPABILITY, VPSCI_CAP_OS_INITIATED,
              model_set_suspend_mode},
    [0x10] = {VPSCI_VERSION_1_0, true, NEED_STATISTICS, VPSCI_CAP_STATISTICS, model_stat_residency},
    [0x11] = {VPSCI_VERSION_1_0, true, NEED_STATISTICS, VPSCI_CAP_STATISTICS, model_stat_count},
    [0x12] = {VPSCI_VERSION_1_1, true, NEED_CAPABILITY, VPSCI_CAP_SYSTEM_RESET2,
              model_system_reset2},
    [0x13] = {VPSCI_VERSION_1_1, false, NEED_CAPABILITY, VPSCI_CAP_MEM_PROTECT, model_mem_protect},
    [0x14] = {VPSCI_VERSION_1_1, true, NEED_RANGE_OPERATION, VPSCI_CAP_MEM_PROTECT,
              model_mem_protect_check_range},
    [0x15] = {VPSCI_VERSION_1_3, true, NEED_CAPABILITY, VPSCI_CAP_SYSTEM_OFF2, model_system_off2},
};

void model_give(struct model_asked *a, int result)
{
    a->out->action = VPSCI_RETURN;
    a->out->x0 = model_result(a->m, result);
}

void model_give_value(struct model_asked *a, uint64_t value)
{
    a->out->action = VPSCI_RETURN;
    a->out->x0 = a->wide ? value : (uint32_t)value;
}

void model_wait(struct model_asked *a, enum vpsci_state state, enum vpsci_wait wait)
{
    struct model_vcpu *v = &a->m->vcpus[a->caller];

    v->state = state;
    a->out->action = VPSCI_WAIT;
    a->out->wait = wait;
    a->out->request = v->request;
}

int model_target(const struct model_asked *a, uint64_t mpidr)
{
    for (int i = 0; i < a->m->count; i++) {
        if (a->m->config->mpidrs[i].value == mpidr) {
            return i;
        }
    }
    return MODEL_NONE;
}

int model_entry(const struct model_asked *a, uint64_t address, uint64_t context,
                struct vpsci_entry *entry)
{
    const struct vpsci_ops *ops = a->m->config->ops;
    bool thumb = a->aarch32 && (address & 1) != 0;
    bool aligned = thumb || (address & 3) == 0;

    *entry = (struct vpsci_entry){
        .address.value = thumb ? address - 1 : address,
        .context = context,
        .aarch32 = a->aarch32,
        .thumb = thumb,
        .big_endian = a->big_endian,
    };
    if (!aligned) {
        return VPSCI_INVALID_ADDRESS;
    }
    if (ops != NULL && ops->entry_is_valid != NULL &&
        !ops->entry_is_valid(a->m->config->host, entry->address)) {
        return VPSCI_INVALID_ADDRESS;
    }
    return VPSCI_SUCCESS;
}

bool model_has_resident(const struct model *m)
{
    return m->config->trusted_os == VPSCI_TRUSTED_OS_MIGRATABLE ||
           m->config->trusted_os == VPSCI_TRUSTED_OS_FIXED;
}

static bool is_available(const struct model *m, const struct function *f)
{
    const struct vpsci_config *config = m->config;
    bool capable = (config->capabilities & f->capability) != 0;

    switch (f->need) {
    case NEED_NOTHING:
        return true;
    case NEED_CAPABILITY:
        return capable;
    case NEED_RESIDENT:
        return model_has_resident(m);
    case NEED_STATISTICS:
        return capable && config->statistics != NULL && config->ops != NULL &&
               config->ops->now != NULL;
    case NEED_RANGE_OPERATION:
        return capable && config->ops != NULL && config->ops->range_is_protected != NULL;
    }
    return false;
}

static bool is_wide(uint32_t id)
{
    return (id & UINT32_C(0x40000000)) != 0;
}

static bool is_psci(uint32_t id)
{
    return (id & ~UINT32_C(0x4000001f)) == VPSCI_FID_32;
}

/* The function of a PSCI ID, or NULL if this caller has none. */
static const struct function *find_function(const struct model *m, uint32_t id, bool aarch32)
{
    const struct function *f = &functions[id % PSCI_NUMBERS];

    if (m->version == VPSCI_VERSION_0_1 || f->since == 0 || m->version < f->since) {
        return NULL;
    }
    if (is_wide(id) && (!f->wide || aarch32)) {
        return NULL;
    }
    return is_available(m, f) ? f : NULL;
}

static void psci_version(struct model_asked *a)
{
    model_give_value(a, a->m->version);
}

static bool has_smccc_calls(const struct model *m)
{
    return m->config->smccc_version != 0x10000;
}

static int cpu_suspend_flags(const struct vpsci_config *config)
{
    int flags = (config->capabilities & VPSCI_CAP_OS_INITIATED) != 0 ? 1 : 0;

    return flags + ((config->options & VPSCI_OPTION_EXTENDED_STATE) != 0 ? 2 : 0);
}

static void psci_features(struct model_asked *a)
{
    uint32_t id = (uint32_t)a->args[0];

    if (id == VPSCI_FID_SMCCC_VERSION && has_smccc_calls(a->m)) {
        model_give(a, VPSCI_SUCCESS);
    } else if (!is_psci(id) || find_function(a->m, id, a->aarch32) == NULL) {
        model_give(a, VPSCI_NOT_SUPPORTED);
    } else if (id % PSCI_NUMBERS == VPSCI_FN_CPU_SUSPEND) {
        model_give(a, cpu_suspend_flags(a->m->config));
    } else {
        model_give(a, id % PSCI_NUMBERS == VPSCI_FN_SYSTEM_OFF2 ? 1 : 0);
    }
}

static void answer_foreign(struct model_outcome *out)
{
    out->action = VPSCI_FOREIGN;
    out->x0 = UINT64_MAX; /* NOT_SUPPORTED, in 64 bits */
}

/* Of the four configured IDs of version 0.1, which this is; or IDS_0_1. */
static int find_0_1(const struct model *m, uint32_t id)
{
    static const uint32_t of_kvm[IDS_0_1] = {MODEL_ID_KVM, MODEL_ID_KVM + 1, MODEL_ID_KVM + 2,
                                             MODEL_ID_KVM + 3};
    const uint32_t *ids = m->config->ids_0_1;
    int n = 0;

    if (ids[0] == 0 && ids[1] == 0 && ids[2] == 0 && ids[3] == 0) {
        ids = of_kvm;
    }
    while (n < IDS_0_1 && ids[n] != id) {
        n++;
    }
    return n;
}

static void narrow_arguments(struct model_asked *a, const struct vpsci_guest_call *call)
{
    for (int n = 0; n < 3; n++) {
        a->args[n] = a->wide ? call->args[n] : (uint32_t)call->args[n];
    }
}

static void call_0_1(struct model_asked *a, const struct vpsci_guest_call *call, int n)
{
    static const int numbers[IDS_0_1] = {VPSCI_FN_CPU_SUSPEND, VPSCI_FN_CPU_OFF, VPSCI_FN_CPU_ON,
                                         VPSCI_FN_MIGRATE};
    const struct function *f = &functions[numbers[n]];

    a->wide = !call->aarch32;
    narrow_arguments(a, call);
    if (is_available(a->m, f)) {
        f->carry_out(a);
    } else {
        model_give(a, VPSCI_NOT_SUPPORTED);
    }
}

static void call_psci(struct model_asked *a, const struct vpsci_guest_call *call, uint32_t id)
{
    const struct function *f = find_function(a->m, id, call->aarch32);

    a->wide = is_wide(id);
    narrow_arguments(a, call);
    if (f != NULL) {
        f->carry_out(a);
    } else {
        model_give(a, VPSCI_NOT_SUPPORTED);
    }
}

/* SMCCC_VERSION and SMCCC_ARCH_FEATURES, from version 1.1 of the convention on (DEN0028 7). */
static bool call_smccc(struct model_asked *a, const struct vpsci_guest_call *call, uint32_t id)
{
    uint32_t version = a->m->config->smccc_version;
    uint32_t asked = (uint32_t)call->args[0];

    if (!has_smccc_calls(a->m)) {
        return false;
    }
    if (id == VPSCI_FID_SMCCC_VERSION) {
        model_give_value(a, version != 0 ? version : 0x10001);
        return true;
    }
    if (id == VPSCI_FID_SMCCC_ARCH_FEATURES &&
        (asked == VPSCI_FID_SMCCC_VERSION || asked == VPSCI_FID_SMCCC_ARCH_FEATURES)) {
        model_give(a, VPSCI_SUCCESS);
        return true;
    }
    return false;
}

static uint32_t without_hint(const struct model *m, uint32_t id)
{
    bool fast = (id & UINT32_C(0x80000000)) != 0;

    return fast && m->config->smccc_version >= 0x10003 ? id & ~UINT32_C(0x10000) : id;
}

static void dispatch_call(struct model_asked *a, const struct vpsci_guest_call *call)
{
    uint32_t id = (uint32_t)call->function;
    int n = find_0_1(a->m, id);

    if (a->m->version == VPSCI_VERSION_0_1 && n < IDS_0_1) {
        call_0_1(a, call, n);
        return;
    }
    id = without_hint(a->m, id);
    if (is_psci(id)) {
        call_psci(a, call, id);
    } else if (!call_smccc(a, call, id)) {
        answer_foreign(a->out);
    }
}

void model_call(struct model *m, int i, const struct vpsci_guest_call *call,
                struct model_outcome *out)
{
    struct model_asked a = {
        .m = m, .caller = i, .aarch32 = call->aarch32, .big_endian = call->big_endian, .out = out};

    if (!model_runs(m, i)) {
        model_next(m, i, out);
        return;
    }
    *out = (struct model_outcome){.start = MODEL_NONE, .request.target = MODEL_NONE};
    dispatch_call(&a, call);
}
