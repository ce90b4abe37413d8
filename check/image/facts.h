/* SPDX-License-Identifier: BSD-2-Clause */
/* The known facts about the machine and its server, from the device tree, the command line, and
 * calls. */
#ifndef IMAGE_FACTS_H
#define IMAGE_FACTS_H

#include "../scenarios/engine/scenario.h"

/* The machine, as scenarios see it. */
extern struct machine facts;

/* Reads the device tree. Comes before facts_ask(). */
void facts_read(void);
/* Finds out by calls whether CPU_SUSPEND has states that the device tree does not name. */
void facts_ask(void);
/* Prints "# machine: ..." and "# server: ..." on the serial line. */
void facts_say(void);

#endif
