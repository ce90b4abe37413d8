/* SPDX-License-Identifier: BSD-2-Clause */
#include "landing.h"

#include "psci.h"

enum { COUNT = LANDING_SIZE / sizeof(uint32_t) };

/* BL, Arm ARM C6.2: 26 bits of distance, in instructions. */
#define BL          UINT32_C(0x94000000)
#define BL_DISTANCE UINT32_C(0x03ffffff)

/* The instructions are generated here, because in the file they would take most of a page. */
static uint32_t landing[COUNT] __attribute__((aligned(64)));

uint64_t landing_prepare(void)
{
    uint64_t to = (uint64_t)(uintptr_t)entry_point;

    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t distance = (to - (uint64_t)(uintptr_t)&landing[i]) / sizeof(uint32_t);

        landing[i] = BL | ((uint32_t)distance & BL_DISTANCE);
    }
    /* With the MMU off they are already in memory, not in a data cache. */
    __asm__ volatile("dsb sy\n\tic iallu\n\tdsb sy\n\tisb" ::: "memory");
    return (uint64_t)(uintptr_t)landing;
}
