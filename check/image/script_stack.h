/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The script: the thread of control that runs the scenarios. It has its own stack, and any one core
 * at a time carries it. A core can therefore go off or to sleep while the script watches it from
 * another.
 */
#ifndef IMAGE_SCRIPT_H
#define IMAGE_SCRIPT_H

#define SCRIPT_FRAME 96
#define SCRIPT_LINK  80

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Sets the script up: the first core that carries it begins with main(), which does not return. */
void script_prepare(void (*main)(void));
/*
 * Called by a core: runs the script until it asks for another core. The script is then no longer in
 * use, and the other core may be told.
 */
void script_carry(void);
/* Called by the script: returns the core to script_carry(), and continues when the script is
 * carried again. */
void script_leave(void);

void script_switch(uint64_t *left, uint64_t entered);
#endif

#endif
