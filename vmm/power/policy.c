/* SPDX-License-Identifier: BSD-2-Clause */
#include "power/policy.h"

#include <stddef.h>

const char *const suspend_policy_words[] = {
    [SUSPEND_OFF] = "off", [SUSPEND_REFUSE] = "refuse", [SUSPEND_HONOUR] = "honour",
    [SUSPEND_ASK] = "ask", [SUSPEND_SAVE] = "save",     NULL,
};
