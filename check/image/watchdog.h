/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cores that wait for orders check that the script makes progress: the core that carries it may
 * be in a call that never ends. This is used only if nothing on the serial line would notice, and
 * only works while such a core is on.
 */
#ifndef IMAGE_WATCHDOG_H
#define IMAGE_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

/* Called by the script when a scenario begins. `resets`: the machine may be reset to continue
 * after it. */
void watchdog_arm(uint32_t number, bool resets);
/* Called by the script at each of its steps. */
void watchdog_feed(void);
/* Called by a core that waits. Does not return if the script has made no progress for too long. */
void watchdog_look(void);

#endif
