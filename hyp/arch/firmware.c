/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch.h"

#include "board.h"
#include "cores.h"
#include "start.h"
#include "vpsci/abi.h"

/* firmware.S */
void firmware_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3,
                  struct arch_smc_result *result);
void firmware_hvc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3,
                  struct arch_smc_result *result);

void arch_firmware(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3,
                   struct arch_smc_result *result)
{
    if (board.firmware_is_hvc) {
        firmware_hvc(function, a1, a2, a3, result);
    } else {
        firmware_smc(function, a1, a2, a3, result);
    }
}

int64_t arch_start_core(unsigned index)
{
    struct arch_smc_result result;

    __atomic_store_n(&core_slot(index)->state, CORE_ON, __ATOMIC_SEQ_CST);
    arch_firmware(VPSCI_FID_64 + VPSCI_FN_CPU_ON, board.mpidrs[index], (uint64_t)core_start,
                  (uint64_t)core_slot(index), &result);
    return (int64_t)result.x[0];
}

void arch_wait(void)
{
    struct arch_smc_result result;

    if (board.core_state == 0) {
        __asm__ volatile("dsb sy\n\twfi\n\tisb" ::: "memory");
    } else {
        arch_firmware(VPSCI_FID_64 + VPSCI_FN_CPU_SUSPEND, board.core_state, 0, 0, &result);
    }
}
