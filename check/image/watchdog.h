/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the script still gets on, as the cores that wait for orders see it. Only where nobody is
 * at the serial line who would notice, and only while such a core is on: who carries the script may
 * be in a call that never ends.
 */
#ifndef IMAGE_WATCHDOG_H
#define IMAGE_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

/* By the script: a scenario begins. `resets`: the machine may be reset to go on behind it. */
void watchdog_arm(uint32_t number, bool resets);
/* By the script, at each of its steps. */
void watchdog_feed(void);
/* By a core that waits. Does not return if the script has been silent for too long. */
void watchdog_look(void);

#endif
