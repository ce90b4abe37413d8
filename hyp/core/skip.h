/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_SKIP_H
#define HYP_SKIP_H

#include "arch.h"

/* Continues after the instruction that trapped, which hyp has carried out, with the state that the
 * instruction would have left. */
void skip_instruction(struct arch_frame *frame, uint64_t esr);

#endif
