/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch.h"

/* A call each, which is smaller: no guest waits for one on the short ways. */
#define LOCK_SMALL __attribute__((noinline))

LOCK_SMALL void arch_lock(struct arch_lock *lock)
{
    uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

    while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket) {
        __asm__ volatile("yield");
    }
}

LOCK_SMALL void arch_unlock(struct arch_lock *lock)
{
    __atomic_store_n(&lock->owner, lock->owner + 1, __ATOMIC_RELEASE);
}
