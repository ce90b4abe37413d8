/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Arm's PrimeCell peripherals have in common: 32-bit registers on an APB bus, identification
 * registers at the end of their page, and their form in the device tree.
 */
#ifndef DORMOUSE_DEV_PRIMECELL_H
#define DORMOUSE_DEV_PRIMECELL_H

#include <stddef.h>
#include <stdint.h>

#include "dev/device.h"

enum {
    PRIMECELL_SIZE = 0x1000, /* of the registers */
    PRIMECELL_ID_BASE = 0xFE0,
    PRIMECELL_ID_COUNT = 8, /* PeriphID0-3, PCellID0-3 */
};

/* Accesses to one whole register; `offset` is a multiple of 4, with or without a register there. */
typedef uint32_t primecell_read_fn(struct device *device, uint64_t offset);
typedef void primecell_write_fn(struct device *device, uint64_t offset, uint32_t value);

/*
 * An access of any size and alignment, by accesses to whole registers, as on the APB bus. A read
 * takes its bytes out of the register. A write sets the bytes that it lacks to zero, because these
 * parts have no write strobes. 64 bits are two accesses. An unaligned access ends with its
 * register.
 */
uint64_t primecell_read(struct device *device, primecell_read_fn *read, uint64_t offset,
                        unsigned size);
void primecell_write(struct device *device, primecell_write_fn *write, uint64_t offset,
                     unsigned size, uint64_t value);

/* The identification register at `offset`, which is from PRIMECELL_ID_BASE to the page's end. */
uint32_t primecell_id(const uint8_t id[PRIMECELL_ID_COUNT], uint64_t offset);

/*
 * Adds the device's node: "arm,NAME", its registers, its SPI, and the APB clock under each of
 * `clock_names` (strings one after the other, as the tree has them).
 */
void primecell_describe(const struct device_instance *instance, struct tree *tree,
                        const char *clock_names, size_t clock_names_size);
/* The same without the node's end: the device adds more, and ends it. */
void primecell_begin(const struct device_instance *instance, struct tree *tree,
                     const char *clock_names, size_t clock_names_size);

#endif
