/* SPDX-License-Identifier: BSD-2-Clause */
#include "sandbox/sandbox_parts.h"

uint64_t trap_second_argument(const ucontext_t *context)
{
    return (uint64_t)context->uc_mcontext.gregs[REG_RSI];
}
