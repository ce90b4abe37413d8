/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/fdt.h"

#include <libfdt.h>

#include "boot/fdt_parts.h"
#include "core/map.h"

enum { APB_CLOCK_HZ = 24000000, KASLR_SEED_SIZE = 8, PPI_INTID_BASE = 16 };

enum { REGION_MAX = 3 };

static void fdt_add_chosen(struct tree *tree, const struct fdt_input *input)
{
    const struct map_place *uart = &map_places[MAP_PLACE_UART];
    char path[1 + NODE_NAME_SIZE] = "/";

    node_name(path + 1, uart->device, uart->base.value);
    node_begin(tree, "chosen");
    if (input->append != NULL) {
        node_put_string(tree, "bootargs", input->append);
    }
    node_put_string(tree, "stdout-path", path);
    if (input->initrd_size != 0) {
        node_put_u64(tree, "linux,initrd-start", input->initrd.value);
        node_put_u64(tree, "linux,initrd-end", input->initrd.value + input->initrd_size);
    }
    if (input->seed != NULL) {
        node_put_bytes(tree, "kaslr-seed", input->seed, KASLR_SEED_SIZE);
        node_put_bytes(tree, "rng-seed", input->seed + KASLR_SEED_SIZE,
                       FDT_SEED_SIZE - KASLR_SEED_SIZE);
    }
    node_end(tree);
}

static void fdt_add_memory(struct tree *tree, const struct fdt_input *input)
{
    struct node_region ram = {MAP_RAM_BASE, input->memory_size};

    node_begin_at(tree, "memory", MAP_RAM_BASE);
    node_put_string(tree, "device_type", "memory");
    node_put_reg(tree, &ram, 1);
    node_end(tree);
}

static void fdt_add_timer(struct tree *tree)
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
    node_put_cells(tree, "interrupts", cells, sizeof(cells) / sizeof(cells[0]));
    node_put_flag(tree, "always-on");
    node_end(tree);
}

static void fdt_add_its(struct tree *tree)
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

static void fdt_add_gic(struct tree *tree, const struct fdt_input *input)
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
    node_put_u32(tree, "#redistributor-regions", second != 0 ? 2 : 1);
    node_put_reg(tree, regions, second != 0 ? 3 : 2);
    node_put_u32(tree, "phandle", NODE_PHANDLE_GIC);
    fdt_add_its(tree);
    node_end(tree);
}

static void fdt_add_apb_clock(struct tree *tree)
{
    node_begin(tree, "apb-pclk");
    node_put_string(tree, "compatible", "fixed-clock");
    node_put_u32(tree, "#clock-cells", 0);
    node_put_u32(tree, "clock-frequency", APB_CLOCK_HZ);
    node_put_string(tree, "clock-output-names", "clk24mhz");
    node_put_u32(tree, "phandle", NODE_PHANDLE_APB_CLOCK);
    node_end(tree);
}

/*
 * EDK2 keeps the first PL031 for itself: it disables the node, and offers the operating system its
 * own clock, which has no alarm. Linux makes that rtc0, so `rtcwake` would not work. At this address
 * there is nothing. EDK2 reads no identification there and offers no clock, and the PL031 that
 * follows is left for the operating system. Without "arm,primecell" no driver of Linux takes it.
 */
static void fdt_add_decoy_clock(struct tree *tree)
{
    const struct node_region registers = {MAP_RTC_DECOY_BASE, MAP_RTC_DECOY_SIZE};

    node_begin_at(tree, "rtc", MAP_RTC_DECOY_BASE);
    node_put_string(tree, "compatible", "arm,pl031");
    node_put_reg(tree, &registers, 1);
    node_end(tree);
}

static void fdt_add_devices(struct tree *tree, const struct instances *devices)
{
    for (unsigned i = 0; i < devices->count; i++) {
        devices->at[i].cls->describe(&devices->at[i], tree);
    }
}

static void fdt_add_root(struct tree *tree, const struct fdt_input *input)
{
    node_begin(tree, "");
    node_put_string(tree, "compatible", "linux,dummy-virt");
    node_put_string(tree, "model", "dormouse,virt");
    node_put_string(tree, "serial-number", input->name);
    node_put_u32(tree, "interrupt-parent", NODE_PHANDLE_GIC);
    node_put_cell_counts(tree, 2, 2);
    fdt_add_chosen(tree, input);
    fdt_add_memory(tree, input);
    fdt_add_cpus(tree, input);
    fdt_add_psci(tree, input);
    fdt_add_timer(tree);
    fdt_add_gic(tree, input);
    fdt_add_apb_clock(tree);
    if (input->firmware) {
        fdt_add_decoy_clock(tree);
    }
    fdt_add_devices(tree, input->devices);
    node_end(tree);
}

int fdt_build(const struct fdt_input *input, void *buffer, size_t buffer_size)
{
    struct tree tree = {.fdt = buffer};

    /* Searching for each name among those that the tree has already took longer than all the rest. */
    tree.error = fdt_create_with_flags(buffer, (int)buffer_size, FDT_CREATE_FLAG_NO_NAME_DEDUP);
    if (tree.error == 0) {
        tree.error = fdt_finish_reservemap(buffer);
    }
    fdt_add_root(&tree, input);
    if (tree.error == 0) {
        tree.error = fdt_finish(buffer);
    }
    return tree.error != 0 ? tree.error : (int)fdt_totalsize(buffer);
}
