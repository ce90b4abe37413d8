/* SPDX-License-Identifier: BSD-2-Clause */
#include "string.h"

/* Called by compilers too; a loop that returns from its middle is not taken for a call of itself.
 */
int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *left = a;
    const uint8_t *right = b;

    for (size_t i = 0; i < size; i++) {
        if (left[i] != right[i]) {
            return left[i] - right[i];
        }
    }
    return 0;
}
