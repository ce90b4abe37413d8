/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold whatever happened: promises of the header that no single step makes. */
#include "model.h"

/* What an entry does at a level that it affects. */
static int local_at(const struct vpsci_power_state *states, int entry, int level)
{
    while (states[entry].level > level) {
        entry = states[entry].below;
    }
    return states[entry].local;
}

static bool is_deeper(const struct vpsci_power_state *states, int e, int f)
{
    for (int level = 0; level <= states[e].level; level++) {
        if (local_at(states, e, level) == VPSCI_HW_OFF &&
            local_at(states, f, level) != VPSCI_HW_OFF) {
            return true;
        }
    }
    return false;
}

bool model_states_are_ordered(const struct vpsci_power_state *states, int count)
{
    for (int e = 0; e < count; e++) {
        for (int f = e + 1; f < count; f++) {
            if (states[e].level == states[f].level && is_deeper(states, e, f)) {
                return false;
            }
        }
    }
    return true;
}

static bool is_up(const struct model *m, int level, int i)
{
    return level == 0 ? !m->vcpus[i].down
                      : m->domains[level][m->lead[level][i]].entry == MODEL_NONE;
}

/* A domain that is down has nothing beneath it that is up, and if it is off nothing in standby; in
 * a table without order it may be otherwise from the start. */
static const char *domain_is_unsound(const struct model *m, int level, int i, bool ordered)
{
    int entry = m->domains[level][m->lead[level][i]].entry;

    if (entry == MODEL_NONE) {
        return NULL;
    }
    if (is_up(m, level - 1, i)) {
        return "unsound: a domain is down with something up beneath it";
    }
    if (ordered && m->states[entry].local == VPSCI_HW_OFF &&
        model_power_is_in_standby(m, level - 1, i)) {
        return "unsound: a domain is off with something in standby beneath it";
    }
    return NULL;
}

static int count_state(const struct model *m, enum vpsci_state state)
{
    int count = 0;

    for (int i = 0; i < m->count; i++) {
        count += m->vcpus[i].state == state ? 1 : 0;
    }
    return count;
}

/* Requests to start a vCPU, or, if `system`, those that stop the system. */
static int count_requests(const struct model *m, bool system)
{
    int count = 0;

    for (int i = 0; i < m->count; i++) {
        const struct model_request *request = &m->vcpus[i].request;
        bool counts =
            system ? model_is_system(request->function) : request->function == VPSCI_FN_CPU_ON;

        count += request->pending && counts ? 1 : 0;
    }
    return count;
}

static const char *requests_are_unsound(const struct model *m)
{
    if (count_state(m, VPSCI_STATE_STARTING) != count_requests(m, false)) {
        return "unsound: a vCPU is starting that no CPU_ON starts";
    }
    if (count_requests(m, true) != (m->system == VPSCI_SYSTEM_STOPPING ? 1 : 0)) {
        return "unsound: the system stops for none or for two";
    }
    return count_state(m, VPSCI_STATE_SUSPEND_REQUESTED) > 1
               ? "unsound: two vCPUs suspend the system"
               : NULL;
}

const char *model_unsound(const struct model *m)
{
    bool ordered = model_states_are_ordered(m->states, m->state_count);
    const char *what = requests_are_unsound(m);

    for (int level = 1; level <= m->highest; level++) {
        for (int i = 0; i < m->count && what == NULL; i++) {
            what = domain_is_unsound(m, level, i, ordered);
        }
    }
    return what;
}
