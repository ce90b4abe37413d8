/* SPDX-License-Identifier: BSD-2-Clause */
/* A core that was without power. */
#ifndef TESTS_HYP_FIRMWARE_LOSE_H
#define TESTS_HYP_FIRMWARE_LOSE_H

#include <stdint.h>

/* What is in a register afterwards, where any value will do. */
#define LOST UINT64_C(0xdeadbeefcafe0bad)

/* Writes all of EL2 and EL1, the timers, and the CPU interfaces of hyp and of its guest. */
void lose_all(void);

#endif
