/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_delay.h"

#include <stddef.h>

#include "core/delay.h"

struct fake_delay fake_delay;

int __wrap_delay_open(struct delay *opened, struct loop *loop, void (*passed)(void *), void *arg);
void __wrap_delay_close(struct delay *closed);
void __wrap_delay_set(struct delay *set, int64_t nanoseconds);

int __wrap_delay_open(struct delay *opened, struct loop *loop, void (*passed)(void *), void *arg)
{
    (void)opened;
    (void)loop;
    fake_delay.passed = passed;
    fake_delay.arg = arg;
    fake_delay.set = 0;
    return fake_delay.error;
}

void __wrap_delay_close(struct delay *closed)
{
    (void)closed;
    fake_delay.passed = NULL;
}

void __wrap_delay_set(struct delay *set, int64_t nanoseconds)
{
    (void)set;
    fake_delay.set = nanoseconds;
}
