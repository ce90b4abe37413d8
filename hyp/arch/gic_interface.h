/* SPDX-License-Identifier: BSD-2-Clause */
/* What a core that goes down loses of its guest's CPU interface. */
#ifndef HYP_GIC_INTERFACE_H
#define HYP_GIC_INTERFACE_H

#include <stdint.h>

enum { GIC_LISTS_MAX = 16, GIC_ACTIVE_WORDS = 4 };

struct gic_kept {
    uint64_t lists[GIC_LISTS_MAX];
    uint32_t active[GIC_ACTIVE_WORDS];
    uint32_t vmcr;
    uint32_t hcr;
};

/* Both of the calling core. gic_restore() brings up hyp's own CPU interface as well. */
void gic_keep(struct gic_kept *kept);
void gic_restore(const struct gic_kept *kept);

#endif
