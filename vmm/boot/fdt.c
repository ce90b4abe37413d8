/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/fdt.h"

#include <libfdt.h>

#include "core/map.h"
#include "dev/device.h"
#include "dev/node.h"
#include "vpsci/abi.h"

enum { APB_CLOCK_HZ = 24000000, KASLR_SEED_SIZE = 8, PPI_INTID_BASE = 16 };

enum { REGION_MAX = 3 };

static void add_chosen(struct tree *tree, const struct fdt_input *input)
{
    const struct map_place *uart = &map_places[MAP_PLACE_UART];
    char path[1 + NODE_NAME_SIZE] = "/";

    node_name(path + 1, uart->device, uart->base.value);
    node_begin(tree, "chosen");
    if (input->append) {
        node_put_string(tree, "bootargs", input->append);
    }
    node_put_string(tree, "stdout-path", path);
    if (input->initrd_size) {
        node_put_u64(tree, "linux,initrd-start", input->initrd.value);
        node_put_u64(tree, "linux,initrd-end", input->initrd.value + input->initrd_size);
    }
    if (input->seed) {
        node_put_bytes(tree, "kaslr-seed", input->seed, KASLR_SEED_SIZE);
        node_put_bytes(tree, "rng-seed", input->seed + KASLR_SEED_SIZE,
                       FDT_SEED_SIZE - KASLR_SEED_SIZE);
    }
    node_end(tree);
}

static void add_memory(struct tree *tree, const struct fdt_input *input)
{
    struct node_region ram = {MAP_RAM_BASE, input->memory_size};

    node_begin_at(tree, "memory", MAP_RAM_BASE);
    node_put_string(tree, "device_type", "memory");
    node_put_reg(tree, &ram, 1);
    node_end(tree);
}

/*
 * Phandles of the nodes of which there are many; those that devices refer to (dev/node.h) are below. A machine has
 * no more than 2^16 vCPUs.
 */
enum {
    PHANDLE_STATE = 0x10000,
    PHANDLE_CPU = 0x20000,
    PHANDLE_CPU_DOMAIN = 0x30000,
    PHANDLE_CLUSTER_DOMAIN = 0x40000,
};

/*
 * Power domains are the guest's to coordinate (OS-initiated mode) where there are clusters with
 * states of their own, and PSCI has that mode. Else each CPU is told of the states of a core.
 */
static bool has_domains(const struct fdt_input *input)
{
    return input->idle != NULL && input->idle->count != 0 && input->idle->clusters != 0 &&
           input->psci_version >= VPSCI_VERSION_1_0;
}

/* Refers to all states of a power level. */
static void put_states(struct tree *tree, const char *name, const struct idle_plan *idle,
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

static void add_state(struct tree *tree, const struct idle_plan *idle, unsigned index)
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

static void add_states(struct tree *tree, const char *name, const struct idle_plan *idle,
                       unsigned level)
{
    node_begin(tree, name);
    if (level == 0) {
        node_put_string(tree, "entry-method", "psci");
    }
    for (unsigned i = 0; i < idle->count; i++) {
        if (idle->states[i].power.level == level) {
            add_state(tree, idle, i);
        }
    }
    node_end(tree);
}

static void add_cpu_map(struct tree *tree, const struct fdt_input *input)
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

static void put_cpu_idle(struct tree *tree, const struct fdt_input *input, unsigned index)
{
    if (input->idle == NULL || (input->idle->count == 0 && input->idle->clusters == 0)) {
        return;
    }
    node_put_u32(tree, "phandle", PHANDLE_CPU + index);
    if (has_domains(input)) {
        node_put_u32(tree, "power-domains", PHANDLE_CPU_DOMAIN + index);
        node_put_string(tree, "power-domain-names", "psci");
    } else if (input->idle->count != 0) {
        put_states(tree, "cpu-idle-states", input->idle, 0);
    }
}

static void add_cpus_idle(struct tree *tree, const struct fdt_input *input)
{
    if (input->idle != NULL && input->idle->clusters != 0) {
        add_cpu_map(tree, input);
    }
    if (input->idle != NULL && input->idle->count != 0) {
        add_states(tree, "idle-states", input->idle, 0);
    }
    if (has_domains(input)) {
        add_states(tree, "domain-idle-states", input->idle, 1);
    }
}

/* Linux's binding arm,psci: a domain a core, in a domain a cluster. */
static void add_power_domains(struct tree *tree, const struct fdt_input *input)
{
    for (unsigned i = 0; i < input->cpu_count; i++) {
        node_begin_numbered(tree, "power-domain-cpu", i);
        node_put_u32(tree, "#power-domain-cells", 0);
        put_states(tree, "domain-idle-states", input->idle, 0);
        node_put_u32(tree, "power-domains", PHANDLE_CLUSTER_DOMAIN + idle_cluster(input->idle, i));
        node_put_u32(tree, "phandle", PHANDLE_CPU_DOMAIN + i);
        node_end(tree);
    }
    for (unsigned i = 0; i < input->idle->clusters; i++) {
        node_begin_numbered(tree, "power-domain-cluster", i);
        node_put_u32(tree, "#power-domain-cells", 0);
        put_states(tree, "domain-idle-states", input->idle, 1);
        node_put_u32(tree, "phandle", PHANDLE_CLUSTER_DOMAIN + i);
        node_end(tree);
    }
}

/* One address cell is what the binding allows, and `virt` has, where no CPU has an Aff3. */
static void add_cpus(struct tree *tree, const struct fdt_input *input)
{
    node_begin(tree, "cpus");
    node_put_cell_counts(tree, 1, 0);
    for (unsigned i = 0; i < input->cpu_count; i++) {
        node_begin_at(tree, "cpu", map_mpidr(i));
        node_put_string(tree, "device_type", "cpu");
        node_put_string(tree, "compatible", "arm,armv8");
        node_put_u32(tree, "reg", (uint32_t)map_mpidr(i));
        /* Also for the only CPU: it is how Linux learns that this one can be suspended. */
        node_put_string(tree, "enable-method", "psci");
        put_cpu_idle(tree, input, i);
        node_end(tree);
    }
    add_cpus_idle(tree, input);
    node_end(tree);
}

static void add_psci(struct tree *tree, const struct fdt_input *input)
{
    static const char since_1_0[] = "arm,psci-1.0\0arm,psci-0.2";

    node_begin(tree, "psci");
    if (input->psci_version >= VPSCI_VERSION_1_0) {
        node_put_bytes(tree, "compatible", since_1_0, sizeof(since_1_0));
    } else {
        node_put_string(tree, "compatible", "arm,psci-0.2");
    }
    node_put_string(tree, "method", "hvc");
    if (has_domains(input)) {
        add_power_domains(tree, input);
    }
    node_end(tree);
}

static void add_timer(struct tree *tree)
{
    /* In the order that the binding arm,arch_timer gives. */
    static const uint32_t intids[] = {MAP_INTID_PTIMER_SECURE, MAP_INTID_PTIMER, MAP_INTID_VTIMER,
                                      MAP_INTID_HPTIMER};
    enum { COUNT = sizeof(intids) / sizeof(intids[0]) };
    uint32_t cells[3 * COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        cells[3 * i] = NODE_INTERRUPT_PPI;
        cells[3 * i + 1] = intids[i] - PPI_INTID_BASE;
        cells[3 * i + 2] = NODE_INTERRUPT_LEVEL_HIGH;
    }
    node_begin(tree, "timer");
    node_put_string(tree, "compatible", "arm,armv8-timer");
    node_put_cells(tree, "interrupts", cells, 3 * COUNT);
    node_put_flag(tree, "always-on");
    node_end(tree);
}

static void add_its(struct tree *tree)
{
    struct node_region its = {MAP_ITS_BASE, MAP_ITS_SIZE};

    node_begin_at(tree, "its", MAP_ITS_BASE);
    node_put_string(tree, "compatible", "arm,gic-v3-its");
    node_put_flag(tree, "msi-controller");
    node_put_u32(tree, "#msi-cells", 1);
    node_put_reg(tree, &its, 1);
    node_put_u32(tree, "phandle", NODE_PHANDLE_ITS);
    node_end(tree);
}

static void add_gic(struct tree *tree, const struct fdt_input *input)
{
    unsigned first = input->cpu_count < MAP_GICR_COUNT ? input->cpu_count : MAP_GICR_COUNT;
    unsigned second = input->cpu_count - first;
    struct node_region regions[REGION_MAX] = {
        {MAP_GICD_BASE, MAP_GICD_SIZE},
        {MAP_GICR_BASE, first * MAP_GICR_STRIDE},
        {map_gicr2_base(input->memory_size).value, second * MAP_GICR_STRIDE},
    };

    node_begin_at(tree, "intc", MAP_GICD_BASE);
    node_put_string(tree, "compatible", "arm,gic-v3");
    node_put_flag(tree, "interrupt-controller");
    node_put_u32(tree, "#interrupt-cells", 3);
    node_put_cell_counts(tree, 2, 2);
    node_put_flag(tree, "ranges");
    node_put_u32(tree, "#redistributor-regions", second ? 2 : 1);
    node_put_reg(tree, regions, second ? 3 : 2);
    node_put_u32(tree, "phandle", NODE_PHANDLE_GIC);
    add_its(tree);
    node_end(tree);
}

static void add_apb_clock(struct tree *tree)
{
    node_begin(tree, "apb-pclk");
    node_put_string(tree, "compatible", "fixed-clock");
    node_put_u32(tree, "#clock-cells", 0);
    node_put_u32(tree, "clock-frequency", APB_CLOCK_HZ);
    node_put_string(tree, "clock-output-names", "clk24mhz");
    node_put_u32(tree, "phandle", NODE_PHANDLE_APB_CLOCK);
    node_end(tree);
}

static void add_devices(struct tree *tree, const struct instances *devices)
{
    for (unsigned i = 0; i < devices->count; i++) {
        devices->at[i].cls->describe(&devices->at[i], tree);
    }
}

static void add_root(struct tree *tree, const struct fdt_input *input)
{
    node_begin(tree, "");
    node_put_string(tree, "compatible", "linux,dummy-virt");
    node_put_string(tree, "model", "dormouse,virt");
    node_put_string(tree, "serial-number", input->name);
    node_put_u32(tree, "interrupt-parent", NODE_PHANDLE_GIC);
    node_put_cell_counts(tree, 2, 2);
    add_chosen(tree, input);
    add_memory(tree, input);
    add_cpus(tree, input);
    add_psci(tree, input);
    add_timer(tree);
    add_gic(tree, input);
    add_apb_clock(tree);
    add_devices(tree, input->devices);
    node_end(tree);
}

int fdt_build(const struct fdt_input *input, void *buffer, size_t buffer_size)
{
    struct tree tree = {.fdt = buffer};

    tree.error = fdt_create(buffer, (int)buffer_size);
    if (!tree.error) {
        tree.error = fdt_finish_reservemap(buffer);
    }
    add_root(&tree, input);
    if (!tree.error) {
        tree.error = fdt_finish(buffer);
    }
    return tree.error ? tree.error : (int)fdt_totalsize(buffer);
}
