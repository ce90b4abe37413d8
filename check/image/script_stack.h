/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The script: the flow of control that runs the scenarios. It has a stack of its own and is carried
 * by one core at a time, any of them, so that the core it was on can go off, or to sleep, while it
 * watches from another.
 */
#ifndef IMAGE_SCRIPT_H
#define IMAGE_SCRIPT_H

#define SCRIPT_FRAME 96
#define SCRIPT_LINK  80

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Sets the script up: whoever carries it first begins with main(), which does not return. */
void script_prepare(void (*main)(void));
/*
 * For a core: runs the script, until that asks to be carried by another core. Then the script is
 * not in use any more, and the other core may be told.
 */
void script_carry(void);
/* For the script: gives the core it is on back to script_carry(), and goes on when it is carried
 * again. */
void script_leave(void);

void script_switch(uint64_t *left, uint64_t entered);
#endif

#endif
