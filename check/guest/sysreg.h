/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers by name. */
#ifndef GUEST_SYSREG_H
#define GUEST_SYSREG_H

#include <stdint.h>

#define READ_SYSREG(name)                                                                          \
    __extension__({                                                                                \
        uint64_t sysreg_value_;                                                                    \
        __asm__ volatile("mrs %0, " #name : "=r"(sysreg_value_)::"memory");                        \
        sysreg_value_;                                                                             \
    })

/* Takes effect before the next instruction. */
#define WRITE_SYSREG(name, value)                                                                  \
    __asm__ volatile("msr " #name ", %0\n\tisb" ::"r"((uint64_t)(value)) : "memory")

#endif
