/* SPDX-License-Identifier: BSD-2-Clause */
#include "string.h"

bool string_equal(const char *a, const char *b)
{
    size_t length = strlen(a);

    return length == strlen(b) && memcmp(a, b, length) == 0;
}

bool string_before(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a < *b;
}
