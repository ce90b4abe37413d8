/* SPDX-License-Identifier: BSD-2-Clause */
/* The model's functions that are about cores, and about domains of cores. */
#include "call.h"

/* An entry of the table, by the whole of its value, or MODEL_NONE. */
static int find_state(const struct model *m, uint32_t power_state)
{
    for (int e = 0; e < m->state_count; e++) {
        if (m->states[e].value == power_state) {
            return e;
        }
    }
    return MODEL_NONE;
}

static bool is_powerdown(const struct model *m, int entry)
{
    while (m->states[entry].level > 0) {
        entry = m->states[entry].below;
    }
    return m->states[entry].local == VPSCI_HW_OFF;
}

/* OS-initiated mode: no other core of the domain may be running; one that was woken or turned on, and
 * has not been told so yet, is not ... */
static bool is_last_core(const struct model_asked *a, int level)
{
    const struct model *m = a->m;

    for (int i = 0; i < m->count; i++) {
        if (i != a->caller && m->lead[level][i] == m->lead[level][a->caller] && !m->vcpus[i].down) {
            return false;
        }
    }
    return true;
}

/* ... nor may a domain inside it be up that the caller is not in (DEN0022 4.2). */
static bool others_inside_are_down(const struct model_asked *a, int level)
{
    const struct model *m = a->m;

    for (int inner = 1; inner < level; inner++) {
        for (int i = 0; i < m->count; i++) {
            int lead = m->lead[inner][i];
            if (m->lead[level][i] == m->lead[level][a->caller] &&
                lead != m->lead[inner][a->caller] && m->domains[inner][lead].entry == MODEL_NONE) {
                return false;
            }
        }
    }
    return true;
}

/* Whether a core, or a domain inside, that the caller is not in keeps something that a domain which
 * goes off would lose. */
static bool has_other_in_standby(const struct model_asked *a, int level)
{
    const struct model *m = a->m;

    for (int i = 0; i < m->count; i++) {
        for (int inner = 0; inner < level; inner++) {
            if (m->lead[level][i] == m->lead[level][a->caller] &&
                m->lead[inner][i] != m->lead[inner][a->caller] &&
                model_power_is_in_standby(m, inner, i)) {
                return true;
            }
        }
    }
    return false;
}

static bool spoils_a_standby(const struct model_asked *a, int entry)
{
    const struct vpsci_power_state *states = a->m->states;

    for (; states[entry].level > 0; entry = states[entry].below) {
        if (states[entry].local == VPSCI_HW_OFF && has_other_in_standby(a, states[entry].level)) {
            return true;
        }
    }
    return false;
}

static int check_os_initiated(const struct model_asked *a, int entry)
{
    int level = a->m->states[entry].level;

    if (!a->m->os_initiated || level == 0) {
        return VPSCI_SUCCESS;
    }
    if (!is_last_core(a, level) || !others_inside_are_down(a, level)) {
        return VPSCI_DENIED;
    }
    return spoils_a_standby(a, entry) ? VPSCI_INVALID_PARAMETERS : VPSCI_SUCCESS;
}

static void suspend_vcpu(struct model_asked *a, int entry)
{
    bool powerdown = is_powerdown(a->m, entry);

    a->m->cpu_suspend_called = true;
    model_power_suspend(a->m, a->caller, entry, powerdown);
    if (powerdown) {
        model_wait(a, VPSCI_STATE_POWERDOWN, VPSCI_WAIT_POWERDOWN);
    } else {
        model_wait(a, VPSCI_STATE_STANDBY, VPSCI_WAIT_STANDBY);
    }
}

void model_cpu_suspend(struct model_asked *a)
{
    int entry = find_state(a->m, (uint32_t)a->args[0]);
    struct vpsci_entry start = {0};
    int result = VPSCI_SUCCESS;

    if (entry == MODEL_NONE) {
        model_give(a, VPSCI_INVALID_PARAMETERS);
        return;
    }
    if (is_powerdown(a->m, entry)) {
        result = model_entry(a, a->args[1], a->args[2], &start);
    }
    if (result == VPSCI_SUCCESS) {
        result = check_os_initiated(a, entry);
    }
    if (result != VPSCI_SUCCESS) {
        model_give(a, result);
        return;
    }
    a->m->vcpus[a->caller].entry = start;
    suspend_vcpu(a, entry);
}

void model_cpu_default_suspend(struct model_asked *a)
{
    struct vpsci_entry start;
    int result = model_entry(a, a->args[0], a->args[1], &start);

    if (result != VPSCI_SUCCESS) {
        model_give(a, result);
        return;
    }
    a->m->vcpus[a->caller].entry = start;
    model_power_default_suspend(a->m, a->caller);
    model_wait(a, VPSCI_STATE_POWERDOWN, VPSCI_WAIT_POWERDOWN);
}

static void turn_off_vcpu(struct model_asked *a, enum vpsci_state state, enum vpsci_wait wait)
{
    if (model_has_resident(a->m) && a->m->resident == a->caller) {
        model_give(a, VPSCI_DENIED);
        return;
    }
    model_power_off(a->m, a->caller);
    model_wait(a, state, wait);
}

void model_cpu_off(struct model_asked *a)
{
    turn_off_vcpu(a, VPSCI_STATE_OFF, VPSCI_WAIT_OFF);
}

void model_cpu_freeze(struct model_asked *a)
{
    turn_off_vcpu(a, VPSCI_STATE_FROZEN, VPSCI_WAIT_FROZEN);
}

static bool is_pending(const struct model_vcpu *v)
{
    return v->state == VPSCI_STATE_STARTING || v->state == VPSCI_STATE_ON_PENDING;
}

static void start_vcpu(struct model_asked *a, int target, const struct vpsci_entry *entry)
{
    struct model_vcpu *v = &a->m->vcpus[target];

    v->entry = *entry;
    v->frozen = v->state == VPSCI_STATE_FROZEN;
    if ((a->m->config->options & VPSCI_OPTION_ASK_CPU_ON) != 0) {
        v->state = VPSCI_STATE_STARTING;
        a->m->vcpus[a->caller].request = (struct model_request){
            .pending = true, .function = VPSCI_FN_CPU_ON, .target = target, .entry = *entry};
        model_wait(a, VPSCI_STATE_ASKING, VPSCI_WAIT_ANSWER);
    } else {
        v->state = VPSCI_STATE_ON_PENDING;
        a->out->start = target;
        model_give(a, VPSCI_SUCCESS);
    }
}

void model_cpu_on(struct model_asked *a)
{
    bool never_pending = (a->m->config->options & VPSCI_OPTION_NO_ON_PENDING) != 0;
    int target = model_target(a, a->args[0]);
    struct vpsci_entry entry;
    int result;

    if (target == MODEL_NONE) {
        model_give(a, VPSCI_INVALID_PARAMETERS);
        return;
    }
    result = model_entry(a, a->args[1], a->args[2], &entry);
    if (result != VPSCI_SUCCESS) {
        model_give(a, result);
    } else if (model_is_off(&a->m->vcpus[target])) {
        start_vcpu(a, target, &entry);
    } else if (is_pending(&a->m->vcpus[target]) && !never_pending) {
        model_give(a, VPSCI_ON_PENDING);
    } else {
        model_give(a, VPSCI_ALREADY_ON);
    }
}

/* How many vCPUs that agree with an affinity from `level` up are off, pending and on. */
struct tally {
    int off;
    int pending;
    int on;
};

static struct tally count_matches(const struct model *m, uint64_t affinity, int level)
{
    struct tally tally = {0};

    for (int i = 0; i < m->count; i++) {
        if (!model_agrees(m->config->mpidrs[i].value, affinity, level)) {
            continue;
        }
        if (is_pending(&m->vcpus[i])) {
            tally.pending++;
        } else if (model_is_off(&m->vcpus[i])) {
            tally.off++;
        } else {
            tally.on++;
        }
    }
    return tally;
}

void model_affinity_info(struct model_asked *a)
{
    const struct model *m = a->m;
    bool never_pending = (m->config->options & VPSCI_OPTION_NO_ON_PENDING) != 0;
    uint32_t level = (uint32_t)a->args[1];
    struct tally tally;

    if (level > VPSCI_LEVEL_MAX || (a->args[0] & ~MODEL_AFFINITY) != 0) {
        model_give(a, VPSCI_INVALID_PARAMETERS);
        return;
    }
    tally = count_matches(m, a->args[0], (int)level);
    if (tally.on > 0 || (tally.pending > 0 && never_pending)) {
        model_give(a, 0);
    } else if (tally.pending > 0) {
        model_give(a, 2);
    } else {
        model_give(a, tally.off > 0 ? 1 : VPSCI_INVALID_PARAMETERS);
    }
}

void model_set_suspend_mode(struct model_asked *a)
{
    struct model *m = a->m;
    uint32_t mode = (uint32_t)a->args[0];

    if (mode > 1) {
        model_give(a, VPSCI_INVALID_PARAMETERS);
    } else if ((mode == 1) == m->os_initiated) {
        model_give(a, VPSCI_SUCCESS);
    } else if (mode == 1 ? m->cpu_suspend_called : model_on_count(m) != 1) {
        model_give(a, VPSCI_DENIED);
    } else {
        m->os_initiated = mode == 1;
        m->cpu_suspend_called = false;
        model_give(a, VPSCI_SUCCESS);
    }
}

static enum vpsci_hw_state core_state(const struct model_vcpu *v)
{
    switch (v->state) {
    case VPSCI_STATE_OFF:
    case VPSCI_STATE_FROZEN:
    case VPSCI_STATE_STARTING:
    case VPSCI_STATE_ON_PENDING:
    case VPSCI_STATE_POWERDOWN:
    case VPSCI_STATE_SUSPENDED:
        return VPSCI_HW_OFF;
    case VPSCI_STATE_STANDBY:
    case VPSCI_STATE_HELD:
        return VPSCI_HW_STANDBY;
    default:
        return VPSCI_HW_ON;
    }
}

static enum vpsci_hw_state domain_state(const struct model *m, int level, int lead)
{
    int entry = m->domains[level][lead].entry;

    return entry == MODEL_NONE ? VPSCI_HW_ON : (enum vpsci_hw_state)m->states[entry].local;
}

void model_node_hw_state(struct model_asked *a)
{
    const struct model *m = a->m;
    int target = model_target(a, a->args[0]);
    uint32_t level = (uint32_t)a->args[1];

    if (target == MODEL_NONE || level > (uint32_t)m->highest) {
        model_give(a, VPSCI_INVALID_PARAMETERS);
    } else if (level == 0) {
        model_give(a, (int)core_state(&m->vcpus[target]));
    } else {
        model_give(a, (int)domain_state(m, (int)level, m->lead[level][target]));
    }
}

static struct model_counter find_counter(const struct model_asked *a)
{
    static const struct model_counter zero;
    const struct model *m = a->m;
    int target = model_target(a, a->args[0]);
    int entry = find_state(m, (uint32_t)a->args[1]);

    if (target == MODEL_NONE || entry == MODEL_NONE) {
        return zero;
    }
    return m->counters[m->lead[m->states[entry].level][target]][entry];
}

void model_stat_residency(struct model_asked *a)
{
    model_give_value(a, find_counter(a).residency);
}

void model_stat_count(struct model_asked *a)
{
    model_give_value(a, find_counter(a).count);
}
