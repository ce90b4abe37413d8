/* SPDX-License-Identifier: BSD-2-Clause */
/* The model's power domains, and the statistics that are kept of them. */
#include "model.h"

/* Every level of the table has an entry, for one of a higher level is built on it. */
static int last_entry(const struct model *m, int level)
{
    int last = MODEL_NONE;

    for (int e = 0; e < m->state_count; e++) {
        if (m->states[e].level == level) {
            last = e;
        }
    }
    return last;
}

int model_power_off_entry(const struct model *m)
{
    int last = MODEL_NONE;

    for (int e = 0; e < m->state_count; e++) {
        if (m->states[e].level == 0 && m->states[e].local == VPSCI_HW_OFF) {
            last = e;
        }
    }
    return last;
}

static void begin_stay(struct model *m, struct model_stay *stay, int lead, int entry, bool counts)
{
    stay->entry = entry;
    stay->counts = counts && entry != MODEL_NONE;
    stay->since = m->now;
    if (stay->counts) {
        m->counters[lead][entry].count++;
    }
}

static void end_stay(struct model *m, struct model_stay *stay, int lead)
{
    if (stay->counts) {
        m->counters[lead][stay->entry].residency += m->now - stay->since;
    }
    stay->entry = MODEL_NONE;
    stay->counts = false;
}

static bool cores_are_down(const struct model *m, int lead)
{
    for (int i = 0; i < m->count; i++) {
        if (m->lead[1][i] == lead && !m->vcpus[i].down) {
            return false;
        }
    }
    return true;
}

static bool domains_are_down(const struct model *m, int level, int lead)
{
    for (int i = 0; i < m->count; i++) {
        if (m->lead[level][i] == lead && m->lead[level - 1][i] == i &&
            m->domains[level - 1][i].entry == MODEL_NONE) {
            return false;
        }
    }
    return true;
}

static bool all_beneath_is_down(const struct model *m, int level, int lead)
{
    return level == 1 ? cores_are_down(m, lead) : domains_are_down(m, level, lead);
}

/* In OS-initiated mode a core that has lost its context in a suspend call agrees to whatever comes;
 * one in standby must not lose what it was promised to keep. */
static bool agrees_to_all(const struct model *m, const struct model_vcpu *v)
{
    return m->os_initiated && v->suspended && !v->keeps_context;
}

/* The shallowest state, which is the one that comes first, of what the cores ask for; none if one
 * of them asks for none. */
static int coordinate_domain(const struct model *m, int level, int lead)
{
    int shallowest = MODEL_NONE;

    for (int i = 0; i < m->count; i++) {
        const struct model_vcpu *v = &m->vcpus[i];
        if (m->lead[level][i] != lead || agrees_to_all(m, v)) {
            continue;
        }
        if (v->vote[level] == MODEL_NONE) {
            return MODEL_NONE;
        }
        if (shallowest == MODEL_NONE || v->vote[level] < shallowest) {
            shallowest = v->vote[level];
        }
    }
    return shallowest;
}

bool model_power_is_in_standby(const struct model *m, int level, int i)
{
    int entry = m->domains[level][m->lead[level][i]].entry;

    if (level == 0) {
        return m->vcpus[i].down && m->vcpus[i].suspended && m->vcpus[i].keeps_context;
    }
    return entry != MODEL_NONE && m->states[entry].local == VPSCI_HW_STANDBY;
}

/* Something in standby keeps what surrounds it from going off. */
static bool would_lose(const struct model *m, int level, int lead, int entry)
{
    if (entry == MODEL_NONE || m->states[entry].local != VPSCI_HW_OFF) {
        return false;
    }
    for (int i = 0; i < m->count; i++) {
        if (m->lead[level][i] == lead && model_power_is_in_standby(m, level - 1, i)) {
            return true;
        }
    }
    return false;
}

/* OS-initiated mode: the last core decides, if it is in a suspend call (DEN0022 4.2). */
static int decide_domain(const struct model *m, int i, int level)
{
    int lead = m->lead[level][i];
    int entry;

    if (m->os_initiated && m->vcpus[i].suspended) {
        return m->vcpus[i].vote[level];
    }
    entry = coordinate_domain(m, level, lead);
    return would_lose(m, level, lead, entry) ? MODEL_NONE : entry;
}

/* A core has gone down: so do, from the lowest level up, the domains around it that can. */
static void domains_down(struct model *m, int i)
{
    for (int level = 1; level <= m->highest; level++) {
        int lead = m->lead[level][i];
        int entry = all_beneath_is_down(m, level, lead) ? decide_domain(m, i, level) : MODEL_NONE;
        if (entry == MODEL_NONE) {
            return;
        }
        begin_stay(m, &m->domains[level][lead], lead, entry, true);
    }
}

static void vote_off(struct model *m, int i)
{
    struct model_vcpu *v = &m->vcpus[i];

    v->down = true;
    v->suspended = false;
    for (int level = 0; level < MODEL_LEVELS; level++) {
        v->vote[level] = last_entry(m, level);
    }
}

static void clear_domains(struct model *m, int i)
{
    static const struct model_stay none = {.entry = MODEL_NONE};

    m->vcpus[i].stay = none;
    for (int level = 0; level < MODEL_LEVELS; level++) {
        m->domains[level][i] = none;
        m->vcpus[i].vote[level] = MODEL_NONE;
    }
    for (int e = 0; e < m->state_count; e++) {
        m->counters[i][e] = (struct model_counter){0};
    }
}

static void begin_domain(struct model *m, int level, int lead)
{
    if (m->lead[level][lead] == lead && all_beneath_is_down(m, level, lead)) {
        begin_stay(m, &m->domains[level][lead], lead, last_entry(m, level), false);
    }
}

void model_power_init(struct model *m)
{
    for (int i = 0; i < m->count; i++) {
        clear_domains(m, i);
        if (m->vcpus[i].state == VPSCI_STATE_OFF) {
            vote_off(m, i);
        }
    }
    for (int level = 1; level <= m->highest; level++) {
        for (int i = 0; i < m->count; i++) {
            begin_domain(m, level, i);
        }
    }
}

void model_power_off(struct model *m, int i)
{
    vote_off(m, i);
    begin_stay(m, &m->vcpus[i].stay, i, model_power_off_entry(m), true);
    domains_down(m, i);
}

void model_power_suspend(struct model *m, int i, int entry, bool powerdown)
{
    struct model_vcpu *v = &m->vcpus[i];

    v->down = true;
    v->suspended = true;
    v->keeps_context = !powerdown;
    for (int level = MODEL_LEVELS - 1; level >= 0; level--) {
        v->vote[level] = MODEL_NONE;
        if (m->states[entry].level == level) {
            v->vote[level] = entry;
            entry = level > 0 ? m->states[entry].below : entry;
        }
    }
    begin_stay(m, &v->stay, i, entry, true);
    domains_down(m, i);
}

void model_power_default_suspend(struct model *m, int i)
{
    struct model_vcpu *v = &m->vcpus[i];

    v->down = true;
    v->suspended = true;
    v->keeps_context = false;
    for (int level = 0; level < MODEL_LEVELS; level++) {
        v->vote[level] = MODEL_NONE;
    }
    v->vote[0] = model_power_off_entry(m);
    begin_stay(m, &v->stay, i, v->vote[0], true);
    domains_down(m, i);
}

void model_power_up(struct model *m, int i)
{
    if (!m->vcpus[i].down) {
        return;
    }
    m->vcpus[i].down = false;
    end_stay(m, &m->vcpus[i].stay, i);
    for (int level = 1; level <= m->highest; level++) {
        end_stay(m, &m->domains[level][m->lead[level][i]], m->lead[level][i]);
    }
}
