/* SPDX-License-Identifier: BSD-2-Clause */
/* What differs between machines that hyp can run on: data only, one file of hyp/board/ for each. */
#ifndef HYP_BOARD_H
#define HYP_BOARD_H

#include <stdbool.h>
#include <stdint.h>

enum { BOARD_CORE_MAX = 16, BOARD_KEPT_MAX = 4 };

struct board_range {
    uint64_t base;
    uint64_t size;
};

struct arch_board {
    const char *name;
    uint64_t uart; /* a PL011, for hyp's own messages */
    uint64_t distributor;
    uint64_t redistributors; /* one after the other */
    uint64_t rtc;            /* a PL031; 0: none */
    uint64_t device_base;    /* registers that hyp maps for itself: whole GiB */
    uint64_t device_size;
    /* Never a VM's: registers by which it could reach all memory, or the interrupts of others. */
    struct board_range kept[BOARD_KEPT_MAX];

    unsigned core_count;             /* at most; a VM names those that exist */
    uint64_t mpidrs[BOARD_CORE_MAX]; /* affinity fields only */
    bool firmware_is_hvc;            /* false: SMC */
    uint32_t core_state;             /* its CPU_SUSPEND that keeps the core's context; 0: WFI */
    /* Its CPU_SUSPEND that loses the core's context, and in which the core's timers go on and wake it;
     * 0: none */
    uint32_t core_down;
};

extern const struct arch_board board;

#endif
