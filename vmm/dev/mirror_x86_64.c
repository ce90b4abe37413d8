/* SPDX-License-Identifier: BSD-2-Clause */
/* There are no guests; for the unit tests. */
#include "dev/mirror.h"

void mirror_clean(const uint8_t *at)
{
    (void)at;
}
