/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known of the machine and its server: from the device tree, the command line, and by
 * asking. */
#ifndef IMAGE_FACTS_H
#define IMAGE_FACTS_H

#include "../scenarios/engine/scenario.h"

/* The machine, as scenarios know it. */
extern struct machine facts;

/* What the device tree tells; before anything is asked. */
void facts_read(void);
/* What only calls tell: whether CPU_SUSPEND has states that the device tree does not name. */
void facts_ask(void);
/* "# machine: ..." and "# server: ..." on the serial line. */
void facts_say(void);

#endif
