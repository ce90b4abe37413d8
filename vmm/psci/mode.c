/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci/mode.h"

#include <stddef.h>

const char *const psci_mode_words[] = {
    [PSCI_MODE_AUTO] = "auto",
    [PSCI_MODE_KERNEL] = "kernel",
    [PSCI_MODE_USER] = "user",
    NULL,
};
