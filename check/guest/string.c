/* SPDX-License-Identifier: BSD-2-Clause */
#include "string.h"

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
