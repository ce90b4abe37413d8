/* SPDX-License-Identifier: BSD-2-Clause */
/** The part of a configuration that is about PSCI. */
#ifndef DORMOUSE_PSCI_MODE_H
#define DORMOUSE_PSCI_MODE_H

/** The PSCI backend: what answers the guest's PSCI calls. */
enum psci_mode {
    PSCI_MODE_AUTO,   /* the monitor if KVM can forward calls (Linux 6.4), else the kernel */
    PSCI_MODE_KERNEL, /* KVM; the monitor does what KVM leaves to it */
    PSCI_MODE_USER,   /* the monitor, by libvpsci */
};

/** The low-power states that CPU_SUSPEND offers beyond KVM's own. */
enum idle_mode {
    IDLE_NONE,      /* none */
    IDLE_STANDBY,   /* states that keep the context */
    IDLE_POWERDOWN, /* and states that end at an entry point */
};

/** The names of PSCI_MODE_*, NULL-terminated. */
extern const char *const psci_mode_words[];

#endif
