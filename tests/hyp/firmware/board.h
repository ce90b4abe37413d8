/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's `virt`, as EL3 sees it: GICv3 with two security states, secure UART, secure GPIO. */
#ifndef TESTS_HYP_FIRMWARE_BOARD_H
#define TESTS_HYP_FIRMWARE_BOARD_H

#include <stdbool.h>
#include <stdint.h>

enum { BOARD_CORES = 16 };

/* What all cores share; then what the calling core has, with this SCR_EL3. board_start() returns how
 * many cores there are. */
unsigned board_start(void);
void board_start_core(uint64_t scr);
unsigned board_core(void);
/* ESR_EL3. */
uint64_t board_exception(void);

/* Makes board_wait() and board_wait_for_kick() of another core return; board_take_kick() ends that. */
void board_kick(unsigned core);
void board_take_kick(void);
/* Returns whether an interrupt of the normal world is pending. */
bool board_wait(void);
void board_wait_for_kick(void);

void board_say(const char *what, uint64_t number);
/* Turns the machine off, or resets it. */
void board_end(bool again);

#endif
