/* SPDX-License-Identifier: BSD-2-Clause */
/* From the first instruction in C to running guests. */
#include "arch.h"
#include "print.h"

void hyp_main(const void *tree)
{
    print_begin();
    print_text("device tree at ");
    print_hex((uint64_t)tree);
    print_end();
    arch_stop("there are no VMs");
}

void hyp_core_main(void)
{
    arch_stop("this core has no vCPU");
}
