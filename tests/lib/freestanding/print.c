/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "runtime.h"

long rt_load(const char *path, void *buffer, size_t size)
{
    long fd = rt_open(path);
    size_t used = 0;
    long got = 1;

    if (fd < 0) {
        return -1;
    }
    while (used < size && got > 0) {
        got = rt_read((int)fd, (char *)buffer + used, size - used);
        used += got > 0 ? (size_t)got : 0;
    }
    return got < 0 ? -1 : (long)used;
}

void rt_print(const char *text)
{
    size_t length = 0;

    while (text[length]) {
        length++;
    }
    (void)rt_write(1, text, length);
}

void rt_print_number(uint64_t value)
{
    char text[21];
    size_t at = sizeof(text);

    text[--at] = 0;
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    rt_print(text + at);
}

void rt_print_hex(const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *in = bytes;

    for (size_t i = 0; i < size; i++) {
        char pair[3] = {digits[in[i] >> 4], digits[in[i] & 15], 0};

        rt_print(pair);
    }
}

bool rt_same(const void *left, const void *right, size_t size)
{
    return memcmp(left, right, size) == 0;
}

bool rt_same_text(const char *left, const char *right)
{
    while (*left && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}
