/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "runtime.h"

int raise(int signal);

_Noreturn void rt_start(long *stack);

/* In a loop: compilers must not see in it the function that it is in, and call that. */
#define KEEP_LOOP() __asm__ volatile("")

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;

    for (size_t i = 0; i < size; i++) {
        KEEP_LOOP();
        out[i] = in[i];
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;

    if ((uintptr_t)to <= (uintptr_t)from) {
        return memcpy(to, from, size);
    }
    for (size_t i = size; i > 0; i--) {
        KEEP_LOOP();
        out[i - 1] = in[i - 1];
    }
    return to;
}

void *memset(void *to, int value, size_t size)
{
    unsigned char *out = to;

    for (size_t i = 0; i < size; i++) {
        KEEP_LOOP();
        out[i] = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const unsigned char *a = left;
    const unsigned char *b = right;

    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

/* 32-bit Arm's division by zero. */
int raise(int signal)
{
    rt_print("raise() was called\n");
    rt_exit(128 + signal);
}

/* The kernel leaves the count of arguments and the arguments on the stack. */
_Noreturn void rt_start(long *stack)
{
    rt_exit(main((int)stack[0], (char **)(stack + 1)));
}
