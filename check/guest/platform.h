/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine, as its device tree tells. */
#ifndef GUEST_PLATFORM_H
#define GUEST_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

struct region {
    uint64_t base;
    uint64_t size;
};

enum { PLATFORM_RAM_MAX = 16, PLATFORM_GICR_MAX = 4 };

enum platform_gic {
    PLATFORM_GIC_NONE,
    PLATFORM_GIC_V2,
    PLATFORM_GIC_V3,
};

struct platform {
    const char *bootargs;
    struct region ram[PLATFORM_RAM_MAX];
    unsigned ram_count;
    struct region blob; /* the device tree itself */
    struct region uart;
    struct region rtc; /* size 0: none */
    enum platform_gic gic;
    struct region gicd;
    struct region gicc; /* GICv2 */
    struct region gicr[PLATFORM_GICR_MAX];
    unsigned gicr_count;
    unsigned uart_intid;
    unsigned rtc_intid;
    unsigned virtual_timer_intid;
    unsigned physical_timer_intid;
    bool psci_present;
    bool psci_smc; /* the conduit: SMC, or else HVC */
};

extern struct platform platform;

/* Fills in `platform` and `cpus`. Before this only the UART works, at the address of QEMU's virt.
 */
bool platform_read(const void *blob);

/* This program in memory, stacks included. */
extern uint8_t image_start[];
extern uint8_t image_end[];

/* The end of the last RAM region. */
uint64_t platform_ram_end(void);
bool platform_ram_contains(uint64_t address, uint64_t size);

/* RAM that nothing else uses: outside image, stacks and device tree. */
struct region platform_scratch(void);

#endif
