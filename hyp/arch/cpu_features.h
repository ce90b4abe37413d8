/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest can use of its core, which EL2 decides (Documentation/arch/arm64/booting.rst). */
#ifndef HYP_CPU_FEATURES_H
#define HYP_CPU_FEATURES_H

/* Sets the calling core's EL2 registers so that EL1 can use all that the core has. */
void cpu_features_open(void);
/* For arch_stop_tracing(). */
void cpu_features_stop_tracing(void);
/* Resets EL1's registers of extensions that the core has. */
void cpu_features_reset(void);

#endif
