/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers by name. */
#ifndef GUEST_SYSREG_H
#define GUEST_SYSREG_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

#define READ_SYSREG(name)                                                                          \
    __extension__({                                                                                \
        uint64_t sysreg_value_;                                                                    \
        __asm__ volatile("mrs %0, " #name : "=r"(sysreg_value_)::"memory");                        \
        sysreg_value_;                                                                             \
    })

/* Takes effect before the next instruction. */
#define WRITE_SYSREG(name, value)                                                                  \
    __asm__ volatile("msr " #name ", %0\n\tisb" ::"r"((uint64_t)(value)) : "memory")

static inline bool sysreg_is_el2(void)
{
    return (READ_SYSREG(CurrentEL) >> CURRENT_EL2_BIT & 1) != 0;
}

/* Registers of the core's own level, by their names without _el1 or _el2. */
#define READ_OWN_SYSREG(name) (sysreg_is_el2() ? READ_SYSREG(name##_el2) : READ_SYSREG(name##_el1))

#define WRITE_OWN_SYSREG(name, value)                                                              \
    do {                                                                                           \
        if (sysreg_is_el2()) {                                                                     \
            WRITE_SYSREG(name##_el2, value);                                                       \
        } else {                                                                                   \
            WRITE_SYSREG(name##_el1, value);                                                       \
        }                                                                                          \
    } while (0)

#endif
