/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/fdt_parts.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/map.h"
#include "vpsci/abi.h"

/*
 * Phandles of the nodes of which there are many; those of dev/node.h are smaller. A machine has at
 * most 2^16 vCPUs.
 */
enum {
    PHANDLE_STATE = 0x10000,
    PHANDLE_CPU = 0x20000,
    PHANDLE_CPU_DOMAIN = 0x30000,
    PHANDLE_CLUSTER_DOMAIN = 0x40000,
};

/*
 * Whether the guest coordinates power domains (OS-initiated mode): if clusters have states of their
 * own and PSCI has that mode. Otherwise each CPU lists the states of a core.
 */
static bool cpus_have_domains(const struct fdt_input *input)
{
    return input->idle != NULL && input->idle->count != 0 && input->idle->clusters != 0 &&
           input->psci_version >= VPSCI_VERSION_1_0;
}

/* Refers to all states of a power level. */
static void cpus_put_states(struct tree *tree, const char *name, const struct idle_plan *idle,
                            unsigned level)
{
    uint32_t cells[IDLE_STATES_MAX];
    size_t count = 0;

    for (unsigned i = 0; i < idle->count; i++) {
        if (idle->states[i].power.level == level) {
            cells[count++] = PHANDLE_STATE + i;
        }
    }
    node_put_cells(tree, name, cells, count);
}

static void cpus_add_state(struct tree *tree, const struct idle_plan *idle, unsigned index)
{
    const struct idle_state *state = &idle->states[index];

    node_begin(tree, state->name);
    node_put_string(tree, "compatible",
                    state->power.level == 0 ? "arm,idle-state" : "domain-idle-state");
    node_put_u32(tree, "arm,psci-suspend-param", state->power.value);
    node_put_u32(tree, "entry-latency-us", state->entry_us);
    node_put_u32(tree, "exit-latency-us", state->exit_us);
    node_put_u32(tree, "min-residency-us", state->residency_us);
    node_put_u32(tree, "phandle", PHANDLE_STATE + index);
    node_end(tree);
}

static void cpus_add_states(struct tree *tree, const char *name, const struct idle_plan *idle,
                            unsigned level)
{
    node_begin(tree, name);
    if (level == 0) {
        node_put_string(tree, "entry-method", "psci");
    }
    for (unsigned i = 0; i < idle->count; i++) {
        if (idle->states[i].power.level == level) {
            cpus_add_state(tree, idle, i);
        }
    }
    node_end(tree);
}

static void cpus_add_map(struct tree *tree, const struct fdt_input *input)
{
    node_begin(tree, "cpu-map");
    for (unsigned cluster = 0; cluster < input->idle->clusters; cluster++) {
        unsigned first = idle_first_cpu(input->idle, cluster);
        unsigned end = idle_first_cpu(input->idle, cluster + 1);

        node_begin_numbered(tree, "cluster", cluster);
        for (unsigned i = first; i < end; i++) {
            node_begin_numbered(tree, "core", i - first);
            node_put_u32(tree, "cpu", PHANDLE_CPU + i);
            node_end(tree);
        }
        node_end(tree);
    }
    node_end(tree);
}

static void cpus_put_idle(struct tree *tree, const struct fdt_input *input, unsigned index)
{
    if (input->idle == NULL || (input->idle->count == 0 && input->idle->clusters == 0)) {
        return;
    }
    node_put_u32(tree, "phandle", PHANDLE_CPU + index);
    if (cpus_have_domains(input)) {
        node_put_u32(tree, "power-domains", PHANDLE_CPU_DOMAIN + index);
        node_put_string(tree, "power-domain-names", "psci");
    } else if (input->idle->count != 0) {
        cpus_put_states(tree, "cpu-idle-states", input->idle, 0);
    }
}

static void cpus_add_idle(struct tree *tree, const struct fdt_input *input)
{
    if (input->idle != NULL && input->idle->clusters != 0) {
        cpus_add_map(tree, input);
    }
    if (input->idle != NULL && input->idle->count != 0) {
        cpus_add_states(tree, "idle-states", input->idle, 0);
    }
    if (cpus_have_domains(input)) {
        cpus_add_states(tree, "domain-idle-states", input->idle, 1);
    }
}

/* Linux's binding arm,psci: each core has a domain, inside its cluster's domain. */
static void cpus_add_domains(struct tree *tree, const struct fdt_input *input)
{
    for (unsigned i = 0; i < input->cpu_count; i++) {
        node_begin_numbered(tree, "power-domain-cpu", i);
        node_put_u32(tree, "#power-domain-cells", 0);
        cpus_put_states(tree, "domain-idle-states", input->idle, 0);
        node_put_u32(tree, "power-domains", PHANDLE_CLUSTER_DOMAIN + idle_cluster(input->idle, i));
        node_put_u32(tree, "phandle", PHANDLE_CPU_DOMAIN + i);
        node_end(tree);
    }
    for (unsigned i = 0; i < input->idle->clusters; i++) {
        node_begin_numbered(tree, "power-domain-cluster", i);
        node_put_u32(tree, "#power-domain-cells", 0);
        cpus_put_states(tree, "domain-idle-states", input->idle, 1);
        node_put_u32(tree, "phandle", PHANDLE_CLUSTER_DOMAIN + i);
        node_end(tree);
    }
}

/* As no CPU has an Aff3, the binding allows one address cell, which `virt` has too. */
void fdt_add_cpus(struct tree *tree, const struct fdt_input *input)
{
    node_begin(tree, "cpus");
    node_put_cell_counts(tree, 1, 0);
    for (unsigned i = 0; i < input->cpu_count; i++) {
        node_begin_at(tree, "cpu", map_mpidr(i));
        node_put_string(tree, "device_type", "cpu");
        node_put_string(tree, "compatible", "arm,armv8");
        node_put_u32(tree, "reg", (uint32_t)map_mpidr(i));
        /* Also for a single CPU: Linux learns from it that this one can be suspended. */
        node_put_string(tree, "enable-method", "psci");
        cpus_put_idle(tree, input, i);
        node_end(tree);
    }
    cpus_add_idle(tree, input);
    node_end(tree);
}

void fdt_add_psci(struct tree *tree, const struct fdt_input *input)
{
    static const char since_1_0[] = "arm,psci-1.0\0arm,psci-0.2";

    node_begin(tree, "psci");
    if (input->psci_version >= VPSCI_VERSION_1_0) {
        node_put_bytes(tree, "compatible", since_1_0, sizeof(since_1_0));
    } else {
        node_put_string(tree, "compatible", "arm,psci-0.2");
    }
    node_put_string(tree, "method", "hvc");
    if (cpus_have_domains(input)) {
        cpus_add_domains(tree, input);
    }
    node_end(tree);
}
