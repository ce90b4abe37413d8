/* SPDX-License-Identifier: BSD-2-Clause */
/* The device tree that the guest finds. */
#ifndef DORMOUSE_BOOT_FDT_H
#define DORMOUSE_BOOT_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ipa.h"
#include "dev/instances.h"
#include "psci/idle.h"

struct fdt_input {
    const char *name;   /* the VM's name: the root's serial-number */
    const char *append; /* NULL: none */
    uint64_t memory_size;
    unsigned cpu_count;
    uint32_t psci_version;        /* major << 16 | minor */
    const struct idle_plan *idle; /* NULL: no states, no clusters */
    const struct instances *devices;
    bool firmware; /* which starts in place of a kernel */
    struct ipa initrd;
    uint64_t initrd_size; /* 0: none */
    const uint8_t *seed;  /* NULL, or FDT_SEED_SIZE random bytes for kaslr-seed and rng-seed */
};

enum { FDT_SEED_SIZE = 8 + 64 };

/*
 * Builds the tree in `buffer`; each device adds its own node. Returns the tree's size in bytes, or
 * -FDT_ERR_*: -FDT_ERR_NOSPACE if `buffer` is too small.
 */
int fdt_build(const struct fdt_input *input, void *buffer, size_t buffer_size);

#endif
