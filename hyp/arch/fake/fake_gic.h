/* SPDX-License-Identifier: BSD-2-Clause */
/* The GIC of the fake machine, for fake.c. */
#ifndef HYP_FAKE_GIC_H
#define HYP_FAKE_GIC_H

#include <stdbool.h>
#include <stdint.h>

void fake_gic_reset(void);
/* Returns whether it is a register of the GIC. */
bool fake_gic_read(uint64_t pa, unsigned size, uint64_t *value);
bool fake_gic_write(uint64_t pa, unsigned size, uint64_t value);

#endif
