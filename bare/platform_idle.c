/* SPDX-License-Identifier: BSD-2-Clause */
#include "platform_idle.h"

#include <stddef.h>

#include "platform.h"
#include "smp.h"
#include "string.h"
#include "tree.h"

enum { DOMAINS_MAX = 2 * CPU_MAX, NONE = -1 };

struct state {
    struct platform_idle is;
    uint32_t phandle;
    bool of_domain; /* domain-idle-state, not arm,idle-state */
    bool used;
};

/* A list of phandles in the device tree. */
struct list {
    const uint32_t *cells;
    uint32_t count;
};

struct domain {
    struct list states;
    uint32_t phandle;
    uint32_t parent; /* its phandle */
    uint32_t cells;  /* that follow the phandle in a reference */
    uint32_t number; /* among those of its level */
    unsigned users;  /* CPUs that name it */
    bool is_psci;
};

struct cpu_idle {
    struct list states;
    int domain;   /* that it names: index, or NONE */
    uint64_t has; /* bit N: states[N] */
    uint32_t domains[PLATFORM_LEVELS];
};

_Static_assert(PLATFORM_IDLE_MAX <= 64, "cpu_idle.has");

static struct state states[PLATFORM_IDLE_MAX];
static unsigned state_count;
static unsigned order[PLATFORM_IDLE_MAX]; /* those that are used, of `states` */
static unsigned used_count;
static struct domain domains[DOMAINS_MAX];
static unsigned domain_count;
static uint32_t numbers[PLATFORM_LEVELS];
static struct cpu_idle cpu_idles[CPU_MAX];
static unsigned cpu_idle_count;

static struct list read_list(const struct tree_node *node, const char *name)
{
    uint32_t length;
    const uint32_t *cells = tree_property(node, name, &length);

    return (struct list){cells, cells == NULL ? 0 : length / (uint32_t)sizeof(*cells)};
}

static uint32_t list_cell(const struct list *list, uint32_t index)
{
    return index < list->count ? __builtin_bswap32(list->cells[index]) : 0;
}

static int find_state(uint32_t phandle)
{
    for (unsigned i = 0; i < state_count && phandle != 0; i++) {
        if (states[i].phandle == phandle) {
            return (int)i;
        }
    }
    return NONE;
}

static int find_domain(uint32_t phandle)
{
    for (unsigned i = 0; i < domain_count && phandle != 0; i++) {
        if (domains[i].phandle == phandle) {
            return (int)i;
        }
    }
    return NONE;
}

static void read_state(const struct tree_node *node)
{
    uint32_t length;
    bool of_domain = tree_compatible(node, "domain-idle-state");
    bool has_value = tree_property(node, "arm,psci-suspend-param", &length) != NULL;

    if (!has_value || state_count == PLATFORM_IDLE_MAX ||
        (!of_domain && !tree_compatible(node, "arm,idle-state"))) {
        return;
    }
    states[state_count++] = (struct state){
        .is = {.name = node->name,
               .value = tree_cell(node, "arm,psci-suspend-param", 0),
               .timer_stops = tree_property(node, "local-timer-stop", &length) != NULL},
        .phandle = tree_cell(node, "phandle", 0),
        .of_domain = of_domain,
    };
}

/* Returns whether a node above is called psci: other domains do not concern PSCI. */
static bool is_below_psci(const struct tree_node *node)
{
    for (unsigned depth = 1; depth < node->depth; depth++) {
        if (string_equal(node->levels[depth].name, "psci")) {
            return true;
        }
    }
    return false;
}

static void read_domain(const struct tree_node *node)
{
    uint32_t length;

    if (domain_count == DOMAINS_MAX ||
        tree_property(node, "#power-domain-cells", &length) == NULL) {
        return;
    }
    domains[domain_count++] = (struct domain){
        .phandle = tree_cell(node, "phandle", 0),
        .parent = tree_cell(node, "power-domains", 0),
        .cells = tree_cell(node, "#power-domain-cells", 0),
        .number = PLATFORM_NO_DOMAIN,
        .states = read_list(node, "domain-idle-states"),
        .is_psci = is_below_psci(node),
    };
}

/* Entry `index` of a CPU's power-domains; before it are others, each with cells of its own. */
static int domain_entry(const struct tree_node *node, int index)
{
    struct list list = read_list(node, "power-domains");
    uint32_t at = 0;

    for (int i = 0; i < index; i++) {
        int domain = find_domain(list_cell(&list, at));

        if (domain == NONE || domains[domain].cells > list.count) {
            return NONE;
        }
        at += 1 + domains[domain].cells;
    }
    return find_domain(list_cell(&list, at));
}

static void read_cpu_idle(const struct tree_node *node)
{
    int index = tree_text_index(node, "power-domain-names", "psci");
    int domain = domain_entry(node, index < 0 ? 0 : index);
    struct cpu_idle *cpu = &cpu_idles[cpu_idle_count++];

    if (domain != NONE && !domains[domain].is_psci) {
        domain = NONE;
    }
    *cpu = (struct cpu_idle){.states = read_list(node, "cpu-idle-states"), .domain = domain};
    for (unsigned level = 0; level < PLATFORM_LEVELS; level++) {
        cpu->domains[level] = PLATFORM_NO_DOMAIN;
    }
    if (domain != NONE) {
        domains[domain].users++;
    }
}

/* Gives the CPU all states of the list; those of a domain are of this level. */
static void use_states(struct cpu_idle *cpu, const struct list *list, unsigned level)
{
    for (uint32_t i = 0; i < list->count; i++) {
        int index = find_state(list_cell(list, i));

        if (index == NONE) {
            continue;
        }
        struct state *state = &states[index];

        if (!state->used) {
            state->used = true;
            state->is.level = state->of_domain ? level : 0;
        }
        cpu->has |= UINT64_C(1) << index;
    }
}

/* Returns whether the domain that a CPU names is that core's own, not one around it. */
static bool is_own(const struct domain *domain)
{
    for (uint32_t i = 0; i < domain->states.count; i++) {
        int state = find_state(list_cell(&domain->states, i));

        if (state != NONE && states[state].of_domain) {
            return false;
        }
    }
    return domain->users == 1;
}

static void climb_domains(struct cpu_idle *cpu)
{
    int at = cpu->domain;

    use_states(cpu, &cpu->states, 0);
    for (unsigned level = at != NONE && is_own(&domains[at]) ? 0 : 1;
         at != NONE && level < PLATFORM_LEVELS; level++) {
        struct domain *domain = &domains[at];

        if (domain->number == PLATFORM_NO_DOMAIN) {
            domain->number = numbers[level]++;
        }
        cpu->domains[level] = domain->number;
        use_states(cpu, &domain->states, level);
        at = find_domain(domain->parent);
    }
}

/* Walks over enabled nodes: either the CPUs or the nodes that they refer to, which may come
 * later. */
static void walk_tree(const void *blob, bool want_cpus)
{
    struct tree_node node;
    uint64_t mpidr;
    bool there = tree_open(blob, &node);

    while (there && tree_next(&node)) {
        if (!node.enabled) {
            continue;
        }
        if (!want_cpus) {
            read_state(&node);
            read_domain(&node);
        } else if (cpu_idle_count < CPU_MAX && platform_is_cpu(&node, &mpidr)) {
            read_cpu_idle(&node);
        }
    }
}

void platform_read_idle(const void *blob)
{
    state_count = used_count = domain_count = cpu_idle_count = 0;
    memset(numbers, 0, sizeof(numbers));
    walk_tree(blob, false);
    walk_tree(blob, true);
    for (unsigned i = 0; i < cpu_idle_count; i++) {
        climb_domains(&cpu_idles[i]);
    }
    for (unsigned i = 0; i < state_count; i++) {
        if (states[i].used) {
            order[used_count++] = i;
        }
    }
}

unsigned platform_idle_count(void)
{
    return used_count;
}

const struct platform_idle *platform_idle(unsigned index)
{
    return index < used_count ? &states[order[index]].is : NULL;
}

bool platform_cpu_idles(unsigned cpu, unsigned state)
{
    return cpu < cpu_idle_count && state < used_count &&
           (cpu_idles[cpu].has >> order[state] & 1) != 0;
}

uint32_t platform_domain(unsigned cpu, unsigned level)
{
    return cpu < cpu_idle_count && level < PLATFORM_LEVELS ? cpu_idles[cpu].domains[level]
                                                           : PLATFORM_NO_DOMAIN;
}
