/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine, as its device tree describes it. */
#ifndef GUEST_PLATFORM_H
#define GUEST_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

struct region {
    uint64_t base;
    uint64_t size;
};

enum { PLATFORM_RAM_MAX = 16, PLATFORM_GICR_MAX = 8, PLATFORM_RESERVED_MAX = 32 };

enum platform_gic {
    PLATFORM_GIC_NONE,
    PLATFORM_GIC_V2,
    PLATFORM_GIC_V3,
};

enum platform_uart {
    PLATFORM_UART_NONE,
    PLATFORM_UART_PL011,
    PLATFORM_UART_SBSA, /* a PL011 whose line settings belong to the firmware */
    PLATFORM_UART_16550,
};

/* The function IDs of PSCI 0.1, which has no fixed ones. 0: the function does not exist. */
struct platform_psci_0_1 {
    uint32_t cpu_suspend;
    uint32_t cpu_off;
    uint32_t cpu_on;
    uint32_t migrate;
};

struct platform {
    const char *bootargs;
    struct region ram[PLATFORM_RAM_MAX];
    unsigned ram_count;
    struct region reserved[PLATFORM_RESERVED_MAX]; /* not for us, though it may be RAM */
    unsigned reserved_count;
    struct region blob; /* the device tree itself */

    enum platform_uart uart_kind;
    uint8_t uart_shift; /* 16550: registers are 1 << shift bytes apart, */
    uint8_t uart_width; /* and accessed as so many bytes, 1, 2 or 4 */
    struct region uart;
    unsigned uart_intid; /* like all INTIDs: 0 if unknown */

    struct region rtc; /* size 0: none */
    unsigned rtc_intid;

    enum platform_gic gic;
    struct region gicd;
    struct region gicc; /* GICv2 */
    struct region gicr[PLATFORM_GICR_MAX];
    unsigned gicr_count;

    unsigned virtual_timer_intid;
    unsigned physical_timer_intid;
    bool timer_always_on; /* also in a core that is powered down */

    bool psci_present; /* 0.2 or later */
    bool psci_smc;     /* the conduit: SMC, or else HVC */
    bool psci_0_1_present;
    struct platform_psci_0_1 psci_0_1;
};

extern struct platform platform;

/*
 * Fills in `platform` and `cpus`. Before this the only UART is the one that the build option
 * guest_uart names, if any. Nodes with a status other than okay are ignored.
 */
bool platform_read(const void *blob);

/* For platform_read(): the UART that the build option names, or none. */
void platform_set_uart(void);
/* For platform_read(): the UART that /chosen names, or else the first supported one. */
void platform_read_uart(const void *blob);

struct tree_node;
/* Returns interrupt `index` of a node as an INTID; 0 if it is not one of the GIC. */
unsigned platform_interrupt(const void *blob, const struct tree_node *node, unsigned index);
/* Whether the node is a GICv2. */
bool platform_is_gic_v2(const struct tree_node *node);
/* Returns whether the node is a usable CPU, and its MPIDR. These become `cpus`, in this order. */
bool platform_is_cpu(const struct tree_node *node, uint64_t *mpidr);

/* This program in memory, stacks included. */
extern uint8_t image_start[];
extern uint8_t image_end[];

/* The end of the last RAM region. */
uint64_t platform_ram_end(void);
bool platform_ram_contains(uint64_t address, uint64_t size);

/* Returns RAM that nothing else uses: outside the image, stacks, device tree, and reserved
 * memory. */
struct region platform_scratch(void);

#endif
