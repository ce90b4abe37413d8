/* SPDX-License-Identifier: BSD-2-Clause */
#include "skip.h"

/* PSTATE as SPSR_EL2 has it (Arm ARM C5.2.20), of AArch64 and of AArch32. */
#define PSTATE_32        UINT64_C(0x10)
#define PSTATE_STEP      (UINT64_C(1) << 21)
#define PSTATE_BTYPE     (UINT64_C(3) << 10)
#define PSTATE_IT_HIGH   (UINT64_C(0x3f) << 10) /* ITSTATE[7:2] */
#define PSTATE_IT_LOW    (UINT64_C(3) << 25)    /* ITSTATE[1:0] */
#define ESR_IS_FOUR_LONG (UINT64_C(1) << 25)

/* ITAdvance(): the next instruction of an IT block, or its end. */
static uint64_t skip_in_block(uint64_t pstate)
{
    uint64_t it = (pstate & PSTATE_IT_HIGH) >> 8 | (pstate & PSTATE_IT_LOW) >> 25;

    it = (it & 7) == 0 ? 0 : (it & 0xe0) | (it << 1 & 0x1f);
    return (pstate & ~(PSTATE_IT_HIGH | PSTATE_IT_LOW)) | (it & 0xfc) << 8 | (it & 3) << 25;
}

void skip_instruction(struct arch_frame *frame, uint64_t esr)
{
    uint64_t pstate = frame->pstate & ~PSTATE_STEP;

    if ((pstate & PSTATE_32) == 0) {
        frame->pc += 4;
        frame->pstate = pstate & ~PSTATE_BTYPE;
        return;
    }
    frame->pc += (esr & ESR_IS_FOUR_LONG) != 0 ? 4 : 2;
    frame->pstate = skip_in_block(pstate);
}
