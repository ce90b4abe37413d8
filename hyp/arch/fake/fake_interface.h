/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_FAKE_INTERFACE_H
#define HYP_FAKE_INTERFACE_H

/* All cores' interfaces are as after arch_gic_start_core(). */
void fake_interface_reset(void);

#endif
