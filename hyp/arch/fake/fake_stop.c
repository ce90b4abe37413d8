/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_stop.h"

#include <stdio.h>
#include <stdlib.h>

#include "arch.h"

void fake_require(bool is_so, const char *what_is_wrong)
{
    if (!is_so) {
        fflush(stdout);
        fprintf(stderr, "fake machine: %s\n", what_is_wrong);
        abort();
    }
}

void arch_stop(const char *reason)
{
    fake_require(false, reason);
    abort();
}

void arch_put(char c)
{
    putc(c, stderr);
}
