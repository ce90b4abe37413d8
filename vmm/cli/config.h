/* SPDX-License-Identifier: BSD-2-Clause */
/* What a VM is to be, as the command line says it. */
#ifndef DORMOUSE_CLI_CONFIG_H
#define DORMOUSE_CLI_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/sandbox.h"

/* What becomes of a guest's SYSTEM_SUSPEND. */
enum suspend_policy {
    SUSPEND_OFF,    /* not offered: PSCI_FEATURES and the call answer NOT_SUPPORTED */
    SUSPEND_REFUSE, /* offered, and answered DENIED */
    SUSPEND_HONOUR, /* offered; the guest goes to sleep */
    SUSPEND_ASK,    /* offered; the operator decides each call */
};

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

enum {
    CONFIG_NAME_MAX = 63,
    CONFIG_CPUS_MAX = 512,   /* KVM's own limit; that of a host may be lower */
    CONFIG_PSCI_DEFAULT = 0, /* the newest version that the backend knows */
};

struct config {
    const char *name;       /* 1 to CONFIG_NAME_MAX characters of [A-Za-z0-9._-] */
    bool name_given;        /* messages carry it then */
    const char *kernel;     /* path; Image, Image.gz or EFI zboot */
    const char *initrd;     /* path, or NULL */
    const char *append;     /* kernel command line, or NULL */
    unsigned cpu_count;     /* 1 ... what KVM gives */
    unsigned cpus_admitted; /* of these, from the first: CPU_ON of the others is DENIED; 0: all */
    unsigned clusters;      /* of vCPUs, each a power domain; 0: nothing is said of clusters */
    enum idle_mode idle;
    uint64_t memory_size; /* bytes, a multiple of 2 MiB */
    enum suspend_policy on_suspend;
    unsigned ask_seconds;     /* SUSPEND_ASK: the operator's time for an answer, */
    bool ask_default;         /* and what the answer is then: true, to honour */
    bool on_suspend_explicit; /* asked for by name: a KVM that cannot is an error, not a warning */
    unsigned wake;            /* set of WAKE_* */
    enum psci_mode psci_mode;
    bool hide_on_pending;  /* user mode: ON from CPU_ON on, as in KVM */
    uint32_t psci_version; /* major << 16 | minor, or CONFIG_PSCI_DEFAULT */
    const char *events;    /* path of the event log, or NULL */
    const char *console;   /* "stdio", "none", "pty" or a path */
    const char *dump_dtb;  /* path: write the device tree there instead of running, or NULL */
    const char *qmp;       /* path of the operator's socket, or NULL */
    bool paused;           /* from the start, until the operator continues the machine */
    bool no_shutdown; /* SYSTEM_OFF leaves the machine off, for the operator to reset or quit */
    struct sandbox_settings sandbox;
    bool no_reboot; /* end on SYSTEM_RESET and SYSTEM_RESET2 */
};

/* The defaults of the command line. */
void config_init(struct config *config);

#endif
