/* SPDX-License-Identifier: BSD-2-Clause */
#include "platform.h"

#include "smp.h"
#include "string.h"
#include "tree.h"

#define MIB UINT64_C(0x100000)

struct platform platform = {.uart = {.base = 0x09000000, .size = 0x1000}};

enum { CELL_TYPE = 0, CELL_NUMBER = 1, CELL_COUNT = 3, TYPE_PPI = 1, PPI_BASE = 16, SPI_BASE = 32 };

/* Interrupt `index` of a node, GIC binding, as an INTID. */
static unsigned interrupt(const struct tree_node *node, unsigned index)
{
    unsigned first = index * CELL_COUNT;
    uint32_t type = tree_cell(node, "interrupts", first + CELL_TYPE);

    return tree_cell(node, "interrupts", first + CELL_NUMBER) +
           (type == TYPE_PPI ? PPI_BASE : SPI_BASE);
}

static bool property_is(const struct tree_node *node, const char *name, const char *value)
{
    uint32_t length;
    const char *text = tree_property(node, name, &length);

    return text != NULL && string_equal(text, value);
}

static void read_gic_v2(const struct tree_node *node)
{
    if (tree_reg(node, 0, &platform.gicd.base, &platform.gicd.size) &&
        tree_reg(node, 1, &platform.gicc.base, &platform.gicc.size)) {
        platform.gic = PLATFORM_GIC_V2;
    }
}

static void read_gic_v3(const struct tree_node *node)
{
    struct region region;

    if (tree_reg(node, 0, &platform.gicd.base, &platform.gicd.size)) {
        platform.gic = PLATFORM_GIC_V3;
    }
    uint32_t count = tree_cell(node, "#redistributor-regions", 0);
    for (unsigned i = 0; i < (count > 0 ? count : 1) && i < PLATFORM_GICR_MAX; i++) {
        if (tree_reg(node, i + 1, &region.base, &region.size)) {
            platform.gicr[platform.gicr_count++] = region;
        }
    }
}

static void read_memory(const struct tree_node *node)
{
    struct region region;

    for (unsigned i = 0; tree_reg(node, i, &region.base, &region.size); i++) {
        if (platform.ram_count < PLATFORM_RAM_MAX) {
            platform.ram[platform.ram_count++] = region;
        }
    }
}

static void read_cpu(const struct tree_node *node)
{
    uint64_t mpidr;
    uint64_t size;

    if (tree_reg(node, 0, &mpidr, &size)) {
        smp_add(mpidr);
    }
}

/* The timer binding lists the secure physical timer first. */
enum { TIMER_NONSECURE_PHYSICAL = 1, TIMER_VIRTUAL_INDEX = 2 };

static void read_device(const struct tree_node *node)
{
    if (tree_compatible(node, "arm,pl011")) {
        tree_reg(node, 0, &platform.uart.base, &platform.uart.size);
        platform.uart_intid = interrupt(node, 0);
    } else if (tree_compatible(node, "arm,pl031")) {
        tree_reg(node, 0, &platform.rtc.base, &platform.rtc.size);
        platform.rtc_intid = interrupt(node, 0);
    } else if (tree_compatible(node, "arm,gic-v3")) {
        read_gic_v3(node);
    } else if (tree_compatible(node, "arm,cortex-a15-gic") ||
               tree_compatible(node, "arm,cortex-a9-gic") || tree_compatible(node, "arm,gic-400")) {
        read_gic_v2(node);
    } else if (tree_compatible(node, "arm,armv8-timer")) {
        platform.physical_timer_intid = interrupt(node, TIMER_NONSECURE_PHYSICAL);
        platform.virtual_timer_intid = interrupt(node, TIMER_VIRTUAL_INDEX);
    }
}

static void read_node(const struct tree_node *node)
{
    uint32_t length;

    if (node->depth == 1 && string_equal(node->name, "chosen")) {
        platform.bootargs = tree_property(node, "bootargs", &length);
    } else if (tree_compatible(node, "arm,psci-0.2") || tree_compatible(node, "arm,psci-1.0")) {
        platform.psci_present = true;
        platform.psci_smc = property_is(node, "method", "smc");
    } else if (property_is(node, "device_type", "memory")) {
        read_memory(node);
    } else if (property_is(node, "device_type", "cpu")) {
        read_cpu(node);
    } else {
        read_device(node);
    }
}

bool platform_read(const void *blob)
{
    struct tree_node node;

    if (!tree_open(blob, &node)) {
        return false;
    }
    platform.blob.base = (uint64_t)(uintptr_t)blob;
    platform.blob.size = tree_size(blob);
    while (tree_next(&node)) {
        read_node(&node);
    }
    return true;
}

uint64_t platform_ram_end(void)
{
    uint64_t end = 0;

    for (unsigned i = 0; i < platform.ram_count; i++) {
        uint64_t region_end = platform.ram[i].base + platform.ram[i].size;

        end = region_end > end ? region_end : end;
    }
    return end;
}

bool platform_ram_contains(uint64_t address, uint64_t size)
{
    for (unsigned i = 0; i < platform.ram_count; i++) {
        const struct region *ram = &platform.ram[i];

        if (address >= ram->base && address - ram->base < ram->size &&
            ram->size - (address - ram->base) >= size) {
            return true;
        }
    }
    return false;
}

struct region platform_scratch(void)
{
    const uint64_t size = 8 * MIB;
    uint64_t base = ((uint64_t)(uintptr_t)image_end + 2 * MIB) & ~(2 * MIB - 1);
    uint64_t blob_end = platform.blob.base + platform.blob.size;

    if (base < blob_end && platform.blob.base < base + size) {
        base = (blob_end + 2 * MIB) & ~(2 * MIB - 1);
    }
    return (struct region){.base = base, .size = platform_ram_contains(base, size) ? size : 0};
}
