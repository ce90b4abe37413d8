/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of platform.h that reads the device tree. */
#include <stddef.h>

#include "platform.h"
#include "smp.h"
#include "string.h"
#include "tree.h"

/* The timer binding lists the secure physical timer first. */
enum { TIMER_PHYSICAL_INDEX = 1, TIMER_VIRTUAL_INDEX };

static void add_reserved(uint64_t base, uint64_t size)
{
    if (size > 0 && platform.reserved_count < PLATFORM_RESERVED_MAX) {
        platform.reserved[platform.reserved_count++] = (struct region){base, size};
    }
}

static void read_reservations(const void *blob)
{
    struct region region;

    add_reserved((uint64_t)(uintptr_t)blob, tree_size(blob));
    for (unsigned i = 0; tree_reservation(blob, i, &region.base, &region.size); i++) {
        add_reserved(region.base, region.size);
    }
}

static uint64_t address_of(const struct tree_node *node, const char *name)
{
    uint32_t length;
    uint64_t high = 0;
    unsigned low = 0;

    if (tree_property(node, name, &length) != NULL && length == sizeof(uint64_t)) {
        high = (uint64_t)tree_cell(node, name, 0) << 32;
        low = 1;
    }
    return high | tree_cell(node, name, low);
}

static void read_chosen(const struct tree_node *node)
{
    uint64_t initrd = address_of(node, "linux,initrd-start");

    platform.bootargs = tree_text(node, "bootargs");
    add_reserved(initrd, address_of(node, "linux,initrd-end") - initrd);
}

static void read_gic_v2(const struct tree_node *node)
{
    if (tree_region(node, 0, &platform.gicd.base, &platform.gicd.size) &&
        tree_region(node, 1, &platform.gicc.base, &platform.gicc.size)) {
        platform.gic = PLATFORM_GIC_V2;
    }
}

static void read_gic_v3(const struct tree_node *node)
{
    struct region region;
    uint32_t count = tree_cell(node, "#redistributor-regions", 0);

    if (!tree_region(node, 0, &platform.gicd.base, &platform.gicd.size)) {
        return;
    }
    platform.gic = PLATFORM_GIC_V3;
    for (unsigned i = 0; i < (count > 0 ? count : 1) && i < PLATFORM_GICR_MAX; i++) {
        if (tree_region(node, i + 1, &region.base, &region.size)) {
            platform.gicr[platform.gicr_count++] = region;
        }
    }
}

static void read_memory(const struct tree_node *node)
{
    struct region region;

    for (unsigned i = 0; tree_region(node, i, &region.base, &region.size); i++) {
        if (platform.ram_count < PLATFORM_RAM_MAX && region.size > 0 &&
            region.base + region.size > region.base) {
            platform.ram[platform.ram_count++] = region;
        }
    }
}

static void read_reserved(const struct tree_node *node)
{
    struct region region;

    for (unsigned i = 0; tree_region(node, i, &region.base, &region.size); i++) {
        add_reserved(region.base, region.size);
    }
}

static bool is_below(const struct tree_node *node, const char *parent)
{
    return node->depth == 2 && string_equal(node->levels[1].name, parent);
}

bool platform_is_cpu(const struct tree_node *node, uint64_t *mpidr)
{
    uint64_t size;

    return is_below(node, "cpus") && node->enabled && tree_text_is(node, "device_type", "cpu") &&
           tree_reg(node, 0, mpidr, &size) && (*mpidr & ~MPIDR_AFFINITY) == 0;
}

static void read_cpu(const struct tree_node *node, uint64_t mpidr)
{
    struct cpu *cpu = smp_add(mpidr);
    uint32_t length;

    if (cpu != NULL) {
        cpu->other_method = tree_property(node, "enable-method", &length) != NULL &&
                            !tree_text_is(node, "enable-method", "psci");
    }
}

static void read_psci(const struct tree_node *node)
{
    platform.psci_present =
        tree_compatible(node, "arm,psci-0.2") || tree_compatible(node, "arm,psci-1.0");
    platform.psci_0_1_present = tree_compatible(node, "arm,psci");
    platform.psci_smc = tree_text_is(node, "method", "smc");
    platform.psci_0_1 = (struct platform_psci_0_1){
        .cpu_suspend = tree_cell(node, "cpu_suspend", 0),
        .cpu_off = tree_cell(node, "cpu_off", 0),
        .cpu_on = tree_cell(node, "cpu_on", 0),
        .migrate = tree_cell(node, "migrate", 0),
    };
}

static bool is_psci(const struct tree_node *node)
{
    return tree_compatible(node, "arm,psci-1.0") || tree_compatible(node, "arm,psci-0.2") ||
           tree_compatible(node, "arm,psci");
}

/* One of the timer's interrupts, by name if they have names. */
static unsigned timer_interrupt(const void *blob, const struct tree_node *node, const char *name,
                                unsigned index)
{
    uint32_t length;

    if (tree_property(node, "interrupt-names", &length) != NULL) {
        int named = tree_text_index(node, "interrupt-names", name);

        return named < 0 ? 0 : platform_interrupt(blob, node, (unsigned)named);
    }
    return platform_interrupt(blob, node, index);
}

static void read_timer(const void *blob, const struct tree_node *node)
{
    uint32_t length;

    platform.physical_timer_intid = timer_interrupt(blob, node, "phys", TIMER_PHYSICAL_INDEX);
    platform.virtual_timer_intid = timer_interrupt(blob, node, "virt", TIMER_VIRTUAL_INDEX);
    platform.timer_always_on = tree_property(node, "always-on", &length) != NULL;
}

static void read_device(const void *blob, const struct tree_node *node)
{
    if (tree_compatible(node, "arm,pl031")) {
        if (tree_region(node, 0, &platform.rtc.base, &platform.rtc.size)) {
            platform.rtc_intid = platform_interrupt(blob, node, 0);
        }
    } else if (tree_compatible(node, "arm,gic-v3")) {
        read_gic_v3(node);
    } else if (platform_is_gic_v2(node)) {
        read_gic_v2(node);
    } else if (tree_compatible(node, "arm,armv8-timer")) {
        read_timer(blob, node);
    }
}

static void read_node(const void *blob, const struct tree_node *node)
{
    uint64_t mpidr;

    if (node->depth == 1 && string_equal(node->name, "chosen")) {
        read_chosen(node);
    } else if (!node->enabled) {
        return;
    } else if (platform_is_cpu(node, &mpidr)) {
        read_cpu(node, mpidr);
    } else if (is_psci(node)) {
        read_psci(node);
    } else if (tree_text_is(node, "device_type", "memory")) {
        read_memory(node);
    } else if (is_below(node, "reserved-memory")) {
        read_reserved(node);
    } else {
        read_device(blob, node);
    }
}

bool platform_read(const void *blob)
{
    struct tree_node node;

    platform_set_uart();
    if (!tree_open(blob, &node)) {
        return false;
    }
    platform.blob.base = (uint64_t)(uintptr_t)blob;
    platform.blob.size = tree_size(blob);
    read_reservations(blob);
    while (tree_next(&node)) {
        read_node(blob, &node);
    }
    platform_read_uart(blob);
    return true;
}
