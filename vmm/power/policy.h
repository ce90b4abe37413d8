/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DORMOUSE_POWER_POLICY_H
#define DORMOUSE_POWER_POLICY_H

/** What becomes of a guest's SYSTEM_SUSPEND. */
enum suspend_policy {
    SUSPEND_OFF,    /* not offered: PSCI_FEATURES and the call answer NOT_SUPPORTED */
    SUSPEND_REFUSE, /* offered, and answered DENIED */
    SUSPEND_HONOUR, /* offered; the guest goes to sleep */
    SUSPEND_ASK,    /* offered; the operator decides each call */
    SUSPEND_SAVE,   /* offered; the guest goes to sleep, and becomes a file */
};

/** Their names, NULL-terminated. */
extern const char *const suspend_policy_words[];

#endif
