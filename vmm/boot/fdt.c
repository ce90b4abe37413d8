/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/fdt.h"

#include <endian.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "core/map.h"
#include "dev/device.h"
#include "dev/node.h"
#include "vpsci/abi.h"

/* Cells of an interrupt specifier: Linux's bindings arm,gic-v3 and interrupts.txt. */
enum { INTERRUPT_PPI = 1, INTERRUPT_LEVEL_HIGH = 4, PPI_INTID_BASE = 16 };

enum { APB_CLOCK_HZ = 24000000, KASLR_SEED_SIZE = 8 };

/* A tree in the making. The first error stays, and what comes after it does nothing. */
struct tree {
    void *fdt;
    int error;
};

static void begin_node(struct tree *tree, const char *name)
{
    if (!tree->error) {
        tree->error = fdt_begin_node(tree->fdt, name);
    }
}

static void begin_node_at(struct tree *tree, const char *name, uint64_t address)
{
    char full[64];

    (void)snprintf(full, sizeof(full), "%s@%llx", name, (unsigned long long)address);
    begin_node(tree, full);
}

static void end_node(struct tree *tree)
{
    if (!tree->error) {
        tree->error = fdt_end_node(tree->fdt);
    }
}

static void put_bytes(struct tree *tree, const char *name, const void *bytes, size_t size)
{
    if (!tree->error) {
        tree->error = fdt_property(tree->fdt, name, bytes, (int)size);
    }
}

static void put_flag(struct tree *tree, const char *name)
{
    put_bytes(tree, name, NULL, 0);
}

static void put_string(struct tree *tree, const char *name, const char *value)
{
    put_bytes(tree, name, value, strlen(value) + 1);
}

static void put_u32(struct tree *tree, const char *name, uint32_t value)
{
    value = htobe32(value);
    put_bytes(tree, name, &value, sizeof(value));
}

static void put_u64(struct tree *tree, const char *name, uint64_t value)
{
    value = htobe64(value);
    put_bytes(tree, name, &value, sizeof(value));
}

/* Where something is, with 2 cells each for address and size. */
struct region {
    uint64_t base;
    uint64_t size;
};

enum { REGION_MAX = 3 };

static void put_reg(struct tree *tree, const struct region *regions, size_t count)
{
    uint64_t cells[2 * REGION_MAX];

    for (size_t i = 0; i < count; i++) {
        cells[2 * i] = htobe64(regions[i].base);
        cells[2 * i + 1] = htobe64(regions[i].size);
    }
    put_bytes(tree, "reg", cells, 2 * count * sizeof(cells[0]));
}

static void put_cell_counts(struct tree *tree, uint32_t address_cells, uint32_t size_cells)
{
    put_u32(tree, "#address-cells", address_cells);
    put_u32(tree, "#size-cells", size_cells);
}

static void add_chosen(struct tree *tree, const struct fdt_input *input)
{
    char uart[32];

    (void)snprintf(uart, sizeof(uart), "/pl011@%llx", (unsigned long long)MAP_UART_BASE);
    begin_node(tree, "chosen");
    if (input->append) {
        put_string(tree, "bootargs", input->append);
    }
    put_string(tree, "stdout-path", uart);
    if (input->initrd_size) {
        put_u64(tree, "linux,initrd-start", input->initrd.value);
        put_u64(tree, "linux,initrd-end", input->initrd.value + input->initrd_size);
    }
    if (input->seed) {
        put_bytes(tree, "kaslr-seed", input->seed, KASLR_SEED_SIZE);
        put_bytes(tree, "rng-seed", input->seed + KASLR_SEED_SIZE, FDT_SEED_SIZE - KASLR_SEED_SIZE);
    }
    end_node(tree);
}

static void add_memory(struct tree *tree, const struct fdt_input *input)
{
    struct region ram = {MAP_RAM_BASE, input->memory_size};

    begin_node_at(tree, "memory", MAP_RAM_BASE);
    put_string(tree, "device_type", "memory");
    put_reg(tree, &ram, 1);
    end_node(tree);
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

enum { NAME_SIZE = 32 };

static void begin_numbered(struct tree *tree, const char *name, unsigned number)
{
    char full[NAME_SIZE];

    (void)snprintf(full, sizeof(full), "%s%u", name, number);
    begin_node(tree, full);
}

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
            cells[count++] = htobe32(PHANDLE_STATE + i);
        }
    }
    put_bytes(tree, name, cells, count * sizeof(cells[0]));
}

static void add_state(struct tree *tree, const struct idle_plan *idle, unsigned index)
{
    const struct idle_state *state = &idle->states[index];

    begin_node(tree, state->name);
    put_string(tree, "compatible",
               state->power.level == 0 ? "arm,idle-state" : "domain-idle-state");
    put_u32(tree, "arm,psci-suspend-param", state->power.value);
    put_u32(tree, "entry-latency-us", state->entry_us);
    put_u32(tree, "exit-latency-us", state->exit_us);
    put_u32(tree, "min-residency-us", state->residency_us);
    put_u32(tree, "phandle", PHANDLE_STATE + index);
    end_node(tree);
}

static void add_states(struct tree *tree, const char *name, const struct idle_plan *idle,
                       unsigned level)
{
    begin_node(tree, name);
    if (level == 0) {
        put_string(tree, "entry-method", "psci");
    }
    for (unsigned i = 0; i < idle->count; i++) {
        if (idle->states[i].power.level == level) {
            add_state(tree, idle, i);
        }
    }
    end_node(tree);
}

static void add_cpu_map(struct tree *tree, const struct fdt_input *input)
{
    begin_node(tree, "cpu-map");
    for (unsigned cluster = 0; cluster < input->idle->clusters; cluster++) {
        unsigned first = idle_first_cpu(input->idle, cluster);
        unsigned end = idle_first_cpu(input->idle, cluster + 1);

        begin_numbered(tree, "cluster", cluster);
        for (unsigned i = first; i < end; i++) {
            begin_numbered(tree, "core", i - first);
            put_u32(tree, "cpu", PHANDLE_CPU + i);
            end_node(tree);
        }
        end_node(tree);
    }
    end_node(tree);
}

static void put_cpu_idle(struct tree *tree, const struct fdt_input *input, unsigned index)
{
    if (input->idle == NULL || (input->idle->count == 0 && input->idle->clusters == 0)) {
        return;
    }
    put_u32(tree, "phandle", PHANDLE_CPU + index);
    if (has_domains(input)) {
        put_u32(tree, "power-domains", PHANDLE_CPU_DOMAIN + index);
        put_string(tree, "power-domain-names", "psci");
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
        begin_numbered(tree, "power-domain-cpu", i);
        put_u32(tree, "#power-domain-cells", 0);
        put_states(tree, "domain-idle-states", input->idle, 0);
        put_u32(tree, "power-domains", PHANDLE_CLUSTER_DOMAIN + idle_cluster(input->idle, i));
        put_u32(tree, "phandle", PHANDLE_CPU_DOMAIN + i);
        end_node(tree);
    }
    for (unsigned i = 0; i < input->idle->clusters; i++) {
        begin_numbered(tree, "power-domain-cluster", i);
        put_u32(tree, "#power-domain-cells", 0);
        put_states(tree, "domain-idle-states", input->idle, 1);
        put_u32(tree, "phandle", PHANDLE_CLUSTER_DOMAIN + i);
        end_node(tree);
    }
}

/* One address cell is what the binding allows, and `virt` has, where no CPU has an Aff3. */
static void add_cpus(struct tree *tree, const struct fdt_input *input)
{
    begin_node(tree, "cpus");
    put_cell_counts(tree, 1, 0);
    for (unsigned i = 0; i < input->cpu_count; i++) {
        begin_node_at(tree, "cpu", map_mpidr(i));
        put_string(tree, "device_type", "cpu");
        put_string(tree, "compatible", "arm,armv8");
        put_u32(tree, "reg", (uint32_t)map_mpidr(i));
        /* Also for the only CPU: it is how Linux learns that this one can be suspended. */
        put_string(tree, "enable-method", "psci");
        put_cpu_idle(tree, input, i);
        end_node(tree);
    }
    add_cpus_idle(tree, input);
    end_node(tree);
}

static void add_psci(struct tree *tree, const struct fdt_input *input)
{
    static const char since_1_0[] = "arm,psci-1.0\0arm,psci-0.2";

    begin_node(tree, "psci");
    if (input->psci_version >= VPSCI_VERSION_1_0) {
        put_bytes(tree, "compatible", since_1_0, sizeof(since_1_0));
    } else {
        put_string(tree, "compatible", "arm,psci-0.2");
    }
    put_string(tree, "method", "hvc");
    if (has_domains(input)) {
        add_power_domains(tree, input);
    }
    end_node(tree);
}

static void add_timer(struct tree *tree)
{
    /* In the order that the binding arm,arch_timer gives. */
    static const uint32_t intids[] = {MAP_INTID_PTIMER_SECURE, MAP_INTID_PTIMER, MAP_INTID_VTIMER,
                                      MAP_INTID_HPTIMER};
    enum { COUNT = sizeof(intids) / sizeof(intids[0]) };
    uint32_t cells[3 * COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        cells[3 * i] = htobe32(INTERRUPT_PPI);
        cells[3 * i + 1] = htobe32(intids[i] - PPI_INTID_BASE);
        cells[3 * i + 2] = htobe32(INTERRUPT_LEVEL_HIGH);
    }
    begin_node(tree, "timer");
    put_string(tree, "compatible", "arm,armv8-timer");
    put_bytes(tree, "interrupts", cells, sizeof(cells));
    put_flag(tree, "always-on");
    end_node(tree);
}

static void add_its(struct tree *tree)
{
    struct region its = {MAP_ITS_BASE, MAP_ITS_SIZE};

    begin_node_at(tree, "its", MAP_ITS_BASE);
    put_string(tree, "compatible", "arm,gic-v3-its");
    put_flag(tree, "msi-controller");
    put_u32(tree, "#msi-cells", 1);
    put_reg(tree, &its, 1);
    put_u32(tree, "phandle", NODE_PHANDLE_ITS);
    end_node(tree);
}

static void add_gic(struct tree *tree, const struct fdt_input *input)
{
    unsigned first = input->cpu_count < MAP_GICR_COUNT ? input->cpu_count : MAP_GICR_COUNT;
    unsigned second = input->cpu_count - first;
    struct region regions[REGION_MAX] = {
        {MAP_GICD_BASE, MAP_GICD_SIZE},
        {MAP_GICR_BASE, first * MAP_GICR_STRIDE},
        {map_gicr2_base(input->memory_size).value, second * MAP_GICR_STRIDE},
    };

    begin_node_at(tree, "intc", MAP_GICD_BASE);
    put_string(tree, "compatible", "arm,gic-v3");
    put_flag(tree, "interrupt-controller");
    put_u32(tree, "#interrupt-cells", 3);
    put_cell_counts(tree, 2, 2);
    put_flag(tree, "ranges");
    put_u32(tree, "#redistributor-regions", second ? 2 : 1);
    put_reg(tree, regions, second ? 3 : 2);
    put_u32(tree, "phandle", NODE_PHANDLE_GIC);
    add_its(tree);
    end_node(tree);
}

static void add_apb_clock(struct tree *tree)
{
    begin_node(tree, "apb-pclk");
    put_string(tree, "compatible", "fixed-clock");
    put_u32(tree, "#clock-cells", 0);
    put_u32(tree, "clock-frequency", APB_CLOCK_HZ);
    put_string(tree, "clock-output-names", "clk24mhz");
    put_u32(tree, "phandle", NODE_PHANDLE_APB_CLOCK);
    end_node(tree);
}

/* The class with the lowest base above `last`, or NULL: the linker's order means nothing. */
static const struct device_class *next_class(const struct device_class *last)
{
    size_t count;
    const struct device_class *const *classes = device_classes(&count);
    const struct device_class *next = NULL;

    for (size_t i = 0; i < count; i++) {
        if ((!last || classes[i]->base > last->base) && (!next || classes[i]->base < next->base)) {
            next = classes[i];
        }
    }
    return next;
}

static void add_devices(struct tree *tree)
{
    const struct device_class *cls = NULL;

    while (!tree->error && (cls = next_class(cls))) {
        tree->error = cls->describe(cls, tree->fdt);
    }
}

static void add_root(struct tree *tree, const struct fdt_input *input)
{
    begin_node(tree, "");
    put_string(tree, "compatible", "linux,dummy-virt");
    put_string(tree, "model", "dormouse,virt");
    put_string(tree, "serial-number", input->name);
    put_u32(tree, "interrupt-parent", NODE_PHANDLE_GIC);
    put_cell_counts(tree, 2, 2);
    add_chosen(tree, input);
    add_memory(tree, input);
    add_cpus(tree, input);
    add_psci(tree, input);
    add_timer(tree);
    add_gic(tree, input);
    add_apb_clock(tree);
    add_devices(tree);
    end_node(tree);
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
