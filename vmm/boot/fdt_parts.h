/* SPDX-License-Identifier: BSD-2-Clause */
/* What fdt.c takes from fdt_cpus.c. */
#ifndef DORMOUSE_BOOT_FDT_PARTS_H
#define DORMOUSE_BOOT_FDT_PARTS_H

#include "boot/fdt.h"
#include "dev/node.h"

/* "cpus", with the CPUs' low-power states. */
void fdt_add_cpus(struct tree *tree, const struct fdt_input *input);

/* "psci", with the power domains that the CPUs are in. */
void fdt_add_psci(struct tree *tree, const struct fdt_input *input);

#endif
