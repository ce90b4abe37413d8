/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's `virt` with virtualization=on and gic-version=3. QEMU itself is the PSCI firmware; its
 * CPU_SUSPEND is a WFI, and it has no SYSTEM_SUSPEND. With secure=on it is the firmware of
 * tests/hyp/firmware/, which has both.
 */
#include "board.h"

const struct arch_board board = {
    .name = "QEMU virt",
    .uart = 0x09000000,
    .distributor = 0x08000000,
    .redistributors = 0x080a0000,
    .rtc = 0x09010000,
    .device_base = 0,
    .device_size = UINT64_C(1) << 30,
    .kept =
        {
            {0x08080000, 0x20000}, /* ITS */
            {0x09020000, 0x1000},  /* fw_cfg, which has DMA */
            {0x09050000, 0x20000}, /* SMMU */
        },
    .core_down = 0x10000,
    .core_count = BOARD_CORE_MAX,
    .mpidrs = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
};
