/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_GIC_REDISTRIBUTOR_H
#define HYP_GIC_REDISTRIBUTOR_H

/* Wakes the calling core's redistributor, and enables hyp's own interrupts there. */
void gic_start_redistributor(void);

#endif
