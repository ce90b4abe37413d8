/* SPDX-License-Identifier: BSD-2-Clause */
/* What a configuration says of PSCI. */
#ifndef DORMOUSE_PSCI_MODE_H
#define DORMOUSE_PSCI_MODE_H

/* The PSCI backend: what answers the guest's PSCI calls. */
enum psci_mode {
    PSCI_MODE_AUTO,   /* the monitor where KVM lets it (Linux 6.4 does), else the kernel */
    PSCI_MODE_KERNEL, /* KVM, and the monitor does what KVM leaves to it */
    PSCI_MODE_USER,   /* the monitor, by libvpsci */
};

/* Which low-power states CPU_SUSPEND has to offer beyond KVM's own. */
enum idle_mode {
    IDLE_NONE,      /* the guest is told of none */
    IDLE_STANDBY,   /* ones that keep the context */
    IDLE_POWERDOWN, /* and ones that end at an entry point */
};

/* The names of PSCI_MODE_*, NULL-terminated. */
extern const char *const psci_mode_words[];

#endif
