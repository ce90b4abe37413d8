/* SPDX-License-Identifier: BSD-2-Clause */
/* The model's vCPUs as the embedder sees them. */
#include "model.h"

#include <string.h>

static const struct vpsci_power_state default_states[2][2] = {
    {{.value = 0, .local = VPSCI_HW_STANDBY, .below = VPSCI_NO_STATE},
     {.value = 0x10000, .local = VPSCI_HW_OFF, .below = VPSCI_NO_STATE}},
    {{.value = 0, .local = VPSCI_HW_STANDBY, .below = VPSCI_NO_STATE},
     {.value = 0x40000000, .local = VPSCI_HW_OFF, .below = VPSCI_NO_STATE}},
};

bool model_is_off(const struct model_vcpu *v)
{
    return v->state == VPSCI_STATE_OFF || v->state == VPSCI_STATE_FROZEN;
}

bool model_runs(const struct model *m, int i)
{
    return m->vcpus[i].state == VPSCI_STATE_ON && m->vcpus[i].ready == MODEL_READY_NOT;
}

bool model_is_system(enum vpsci_function function)
{
    return function == VPSCI_FN_SYSTEM_OFF || function == VPSCI_FN_SYSTEM_RESET ||
           function == VPSCI_FN_SYSTEM_RESET2 || function == VPSCI_FN_SYSTEM_OFF2;
}

static int result_of_0_1(int result)
{
    switch (result) {
    case VPSCI_ALREADY_ON:
    case VPSCI_ON_PENDING:
    case VPSCI_NOT_PRESENT:
    case VPSCI_INVALID_ADDRESS:
        return VPSCI_INVALID_PARAMETERS;
    case VPSCI_INTERNAL_FAILURE:
    case VPSCI_DISABLED:
        return VPSCI_DENIED;
    default:
        return result;
    }
}

uint64_t model_result(const struct model *m, int result)
{
    if (m->version == VPSCI_VERSION_0_1) {
        result = result_of_0_1(result);
    }
    if (m->version < VPSCI_VERSION_1_0 && result == VPSCI_INVALID_ADDRESS) {
        result = VPSCI_INVALID_PARAMETERS;
    }
    return (uint64_t)(int64_t)result;
}

/* The lowest vCPU that agrees with `i` in the affinity fields from `level` up. */
static int lead_by_affinity(const struct vpsci_config *config, int level, int i)
{
    int j = 0;

    while (!model_agrees(config->mpidrs[j].value, config->mpidrs[i].value, level)) {
        j++;
    }
    return j;
}

static void find_domains(struct model *m)
{
    for (int i = 0; i < m->count; i++) {
        m->lead[0][i] = i;
        for (int level = 1; level < MODEL_LEVELS; level++) {
            const uint16_t *domains = m->config->domains[level - 1];
            m->lead[level][i] =
                domains != NULL ? domains[i] : lead_by_affinity(m->config, level, i);
        }
    }
}

void model_init(struct model *m, const struct vpsci_config *config)
{
    bool extended = (config->options & VPSCI_OPTION_EXTENDED_STATE) != 0;

    m->config = config;
    m->count = (int)config->vcpu_count;
    m->states = config->states != NULL ? config->states : default_states[extended];
    m->state_count = config->states != NULL ? (int)config->state_count : 2;
    m->highest = 0;
    for (int e = 0; e < m->state_count; e++) {
        m->highest = m->states[e].level > m->highest ? m->states[e].level : m->highest;
    }
    find_domains(m);
    m->version = config->version != 0 ? config->version : VPSCI_VERSION_NEWEST;
    m->mem_protect = false;
    model_reset(m);
}

void model_reset(struct model *m)
{
    m->system = VPSCI_SYSTEM_RUNNING;
    m->os_initiated = false;
    m->cpu_suspend_called = false;
    m->resident = (int)m->config->trusted_os_vcpu;
    for (int i = 0; i < m->count; i++) {
        bool on = i == (int)m->config->boot_vcpu;
        m->vcpus[i] = (struct model_vcpu){.state = on ? VPSCI_STATE_ON : VPSCI_STATE_OFF,
                                          .ready = MODEL_READY_NOT,
                                          .request.target = MODEL_NONE};
    }
    model_power_init(m);
}

int model_version_set(struct model *m, uint32_t version)
{
    switch (version) {
    case VPSCI_VERSION_0_1:
    case VPSCI_VERSION_0_2:
    case VPSCI_VERSION_1_0:
    case VPSCI_VERSION_1_1:
    case VPSCI_VERSION_1_2:
    case VPSCI_VERSION_1_3:
        m->version = version;
        return 0;
    default:
        return VPSCI_E_VERSION;
    }
}

static enum vpsci_wait wait_of(enum vpsci_state state)
{
    switch (state) {
    case VPSCI_STATE_OFF:
        return VPSCI_WAIT_OFF;
    case VPSCI_STATE_FROZEN:
        return VPSCI_WAIT_FROZEN;
    case VPSCI_STATE_STARTING:
        return VPSCI_WAIT_STARTING;
    case VPSCI_STATE_STANDBY:
        return VPSCI_WAIT_STANDBY;
    case VPSCI_STATE_POWERDOWN:
        return VPSCI_WAIT_POWERDOWN;
    case VPSCI_STATE_SUSPENDED:
        return VPSCI_WAIT_SUSPENDED;
    case VPSCI_STATE_HELD:
        return VPSCI_WAIT_HELD;
    case VPSCI_STATE_SUSPEND_REQUESTED:
    case VPSCI_STATE_ASKING:
        return VPSCI_WAIT_ANSWER;
    case VPSCI_STATE_ON_PENDING:
    case VPSCI_STATE_ON:
        break;
    }
    return VPSCI_WAIT_NOT;
}

/* What is ready is handed out, once; the vCPU runs from here on, and so do its domains. */
static void hand_out(struct model *m, int i, struct model_outcome *out)
{
    struct model_vcpu *v = &m->vcpus[i];

    switch (v->ready) {
    case MODEL_READY_NOT:
        out->action = VPSCI_RUN;
        return;
    case MODEL_READY_RETURN:
        out->action = VPSCI_RETURN;
        out->x0 = model_result(m, v->result);
        break;
    case MODEL_READY_ENTER:
        out->action = VPSCI_ENTER;
        out->entry = v->entry;
        break;
    }
    out->ended = v->ended;
    v->ready = MODEL_READY_NOT;
    model_power_up(m, i);
}

void model_next(struct model *m, int i, struct model_outcome *out)
{
    struct model_vcpu *v = &m->vcpus[i];

    *out = (struct model_outcome){.start = MODEL_NONE, .request.target = MODEL_NONE};
    if (m->system != VPSCI_SYSTEM_RUNNING) {
        out->action = VPSCI_WAIT;
        out->wait = VPSCI_WAIT_STOPPED;
        if (v->request.pending && model_is_system(v->request.function)) {
            out->request = v->request;
        }
        return;
    }
    if (v->state == VPSCI_STATE_ON_PENDING) {
        v->state = VPSCI_STATE_ON;
        v->ready = MODEL_READY_ENTER;
        v->ended = VPSCI_WAIT_OFF;
    }
    if (v->state == VPSCI_STATE_ON) {
        hand_out(m, i, out);
        return;
    }
    out->action = VPSCI_WAIT;
    out->wait = wait_of(v->state);
    out->request = v->request;
}

bool model_wake(struct model *m, int i)
{
    struct model_vcpu *v = &m->vcpus[i];

    switch (v->state) {
    case VPSCI_STATE_STANDBY:
        v->ready = MODEL_READY_RETURN;
        v->result = VPSCI_SUCCESS;
        break;
    case VPSCI_STATE_POWERDOWN:
    case VPSCI_STATE_SUSPENDED:
        v->ready = MODEL_READY_ENTER;
        break;
    case VPSCI_STATE_HELD:
        /* It runs on; there was nothing to hand out when it was held. */
        break;
    case VPSCI_STATE_SUSPEND_REQUESTED:
        v->woken = true;
        return false;
    default:
        return false;
    }
    v->ended = wait_of(v->state);
    v->state = VPSCI_STATE_ON;
    return true;
}

static void return_result(struct model *m, int i, int result)
{
    struct model_vcpu *v = &m->vcpus[i];

    v->state = VPSCI_STATE_ON;
    v->ready = MODEL_READY_RETURN;
    v->ended = VPSCI_WAIT_ANSWER;
    v->result = result;
}

static void answer_cpu_on(struct model *m, int i, int target, int result)
{
    struct model_vcpu *v = &m->vcpus[target];

    if (result == VPSCI_SUCCESS) {
        v->state = VPSCI_STATE_ON_PENDING;
    } else {
        v->state = v->frozen ? VPSCI_STATE_FROZEN : VPSCI_STATE_OFF;
    }
    return_result(m, i, result);
}

static void answer_migrate(struct model *m, int i, int target, int result)
{
    if (result == VPSCI_SUCCESS) {
        m->resident = target;
    }
    return_result(m, i, result);
}

static void answer_suspend(struct model *m, int i, int result)
{
    struct model_vcpu *v = &m->vcpus[i];
    bool woken = v->woken;

    v->woken = false;
    if (result != VPSCI_SUCCESS) {
        return_result(m, i, result);
        return;
    }
    v->state = VPSCI_STATE_SUSPENDED;
    model_power_off(m, i);
    if (woken) {
        (void)model_wake(m, i);
    }
}

static void answer_system(struct model *m, int i, enum vpsci_function function, int result)
{
    if (result != VPSCI_SUCCESS) {
        m->system = VPSCI_SYSTEM_RUNNING;
        return_result(m, i, result);
        return;
    }
    m->system = VPSCI_SYSTEM_STOPPED;
    if (function == VPSCI_FN_SYSTEM_RESET2) {
        m->mem_protect = false;
    }
}

int model_answer(struct model *m, int i, int result)
{
    struct model_request request = m->vcpus[i].request;

    if (result > VPSCI_SUCCESS || result < VPSCI_INVALID_ADDRESS) {
        return VPSCI_E_ARGUMENT;
    }
    if (!request.pending) {
        return VPSCI_E_STATE;
    }
    m->vcpus[i].request = (struct model_request){.target = MODEL_NONE};
    if (request.function == VPSCI_FN_CPU_ON) {
        answer_cpu_on(m, i, request.target, result);
    } else if (request.function == VPSCI_FN_MIGRATE) {
        answer_migrate(m, i, request.target, result);
    } else if (request.function == VPSCI_FN_SYSTEM_SUSPEND) {
        answer_suspend(m, i, result);
    } else {
        answer_system(m, i, request.function, result);
    }
    return 0;
}

static bool waits_for_wake(const struct model_vcpu *v)
{
    return v->state == VPSCI_STATE_STANDBY || v->state == VPSCI_STATE_POWERDOWN ||
           v->state == VPSCI_STATE_SUSPENDED || v->state == VPSCI_STATE_HELD;
}

static bool waits_for_answer(const struct model_vcpu *v)
{
    return v->state == VPSCI_STATE_STARTING || v->state == VPSCI_STATE_ASKING ||
           v->state == VPSCI_STATE_SUSPEND_REQUESTED;
}

static int set_stopped(struct model *m, int i)
{
    struct model_vcpu *v = &m->vcpus[i];
    if (model_is_off(v)) {
        return 0;
    }
    if (v->state != VPSCI_STATE_ON_PENDING) {
        model_power_up(m, i);
        model_power_off(m, i);
    }
    v->state = VPSCI_STATE_OFF;
    v->ready = MODEL_READY_NOT;
    return 0;
}

static int set_runnable(struct model *m, int i)
{
    struct model_vcpu *v = &m->vcpus[i];

    if (model_is_off(v)) {
        v->state = VPSCI_STATE_ON;
        model_power_up(m, i);
    } else if (waits_for_wake(v)) {
        (void)model_wake(m, i);
    }
    return 0;
}

static int set_suspended(struct model *m, int i)
{
    struct model_vcpu *v = &m->vcpus[i];

    if (v->state == VPSCI_STATE_ON_PENDING || v->ready != MODEL_READY_NOT) {
        return VPSCI_E_STATE;
    }
    if (model_is_off(v)) {
        model_power_up(m, i);
    }
    if (!waits_for_wake(v)) {
        v->state = VPSCI_STATE_HELD;
    }
    return 0;
}

int model_mp_state_set(struct model *m, int i, int state)
{
    if (state != VPSCI_MP_STOPPED && state != VPSCI_MP_RUNNABLE && state != VPSCI_MP_SUSPENDED) {
        return VPSCI_E_ARGUMENT;
    }
    if (waits_for_answer(&m->vcpus[i]) || m->system != VPSCI_SYSTEM_RUNNING) {
        return VPSCI_E_BUSY;
    }
    switch (state) {
    case VPSCI_MP_STOPPED:
        return set_stopped(m, i);
    case VPSCI_MP_RUNNABLE:
        return set_runnable(m, i);
    default:
        return set_suspended(m, i);
    }
}

enum vpsci_mp_state model_mp_state(const struct model *m, int i)
{
    bool off = model_is_off(&m->vcpus[i]) || m->vcpus[i].state == VPSCI_STATE_STARTING;

    if (m->system != VPSCI_SYSTEM_RUNNING || off) {
        return VPSCI_MP_STOPPED;
    }
    return waits_for_wake(&m->vcpus[i]) ? VPSCI_MP_SUSPENDED : VPSCI_MP_RUNNABLE;
}

uint32_t model_on_count(const struct model *m)
{
    uint32_t on = 0;

    for (int i = 0; i < m->count; i++) {
        on += model_is_off(&m->vcpus[i]) ? 0 : 1;
    }
    return on;
}

void model_copy(struct model *to, const struct model *from)
{
    size_t count = (size_t)from->count;

    memcpy(&to->now, &from->now, offsetof(struct model, vcpus) - offsetof(struct model, now));
    memcpy(to->vcpus, from->vcpus, count * sizeof(to->vcpus[0]));
    for (int level = 1; level <= from->highest; level++) {
        memcpy(to->domains[level], from->domains[level], count * sizeof(to->domains[0][0]));
    }
    for (size_t i = 0; i < count && from->config->statistics != NULL; i++) {
        memcpy(to->counters[i], from->counters[i],
               (size_t)from->state_count * sizeof(to->counters[0][0]));
    }
}
