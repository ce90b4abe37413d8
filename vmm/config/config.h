/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration of a VM, which the command line fills in. */
#ifndef DORMOUSE_CONFIG_CONFIG_H
#define DORMOUSE_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config_file.h"
#include "host/disk/disk_settings.h"
#include "host/net/net_settings.h"
#include "host/net/net_wake.h"
#include "host/port/port_settings.h"
#include "host/vsock/vsock_settings.h"
#include "power/policy.h"
#include "psci/mode.h"
#include "sandbox/sandbox.h"

enum {
    CONFIG_NAME_MAX = 63,
    CONFIG_CPUS_MAX = 512,        /* KVM's own limit; that of a host may be lower */
    CONFIG_PSCI_DEFAULT = 0,      /* the newest version that the backend knows */
    CONFIG_SHUTDOWN_DEFAULT = 80, /* seconds: systemd kills a unit that has not stopped after 90 */
};

#define CONFIG_KERNEL_AT_NONE UINT64_MAX

/* The port of the guest agent: its unit in the guest is started by this name. */
#define CONFIG_AGENT_PORT "org.qemu.guest_agent.0"

/* What becomes of a sleeping guest's memory. */
enum sleep_memory {
    SLEEP_MEMORY_KEEP,
    SLEEP_MEMORY_RECLAIM, /* the host's swap may have it */
    SLEEP_MEMORY_DISK,    /* it goes to a file */
};

/* When the memory of an image is read. */
enum restore_memory {
    RESTORE_MEMORY_AUTO,
    RESTORE_MEMORY_EAGER, /* before the guest runs */
    RESTORE_MEMORY_LAZY,  /* when it is accessed */
};

/* What a guest's counter does while the VM is a file. */
enum file_clock {
    FILE_CLOCK_JUMP,   /* it goes on with the host's time */
    FILE_CLOCK_FREEZE, /* it stands still: refused */
};

struct config {
    struct config_file file; /* which some of the strings below are in */
    const char *name;        /* [A-Za-z0-9_][A-Za-z0-9._-]*, of up to CONFIG_NAME_MAX */
    const char *kernel;      /* path; NULL with firmware */
    uint64_t kernel_at;      /* offset in memory of a raw binary; or CONFIG_KERNEL_AT_NONE */
    const char *firmware;    /* path or "auto", in place of a kernel; NULL: none */
    const char *vars;        /* path: the firmware's variables; NULL: they are not kept */
    const char *initrd;      /* path, or NULL */
    const char *append;      /* kernel command line, or NULL */
    unsigned cpu_count;      /* 1 ... what KVM gives */
    unsigned cpus_admitted;  /* of these, from the first: CPU_ON of the others is DENIED; 0: all */
    unsigned clusters;       /* of vCPUs, each a power domain; 0: nothing is said of clusters */
    enum idle_mode idle;
    uint64_t memory_size; /* bytes, a multiple of 2 MiB */
    enum suspend_policy on_suspend;
    unsigned ask_seconds;     /* SUSPEND_ASK: the operator's time for an answer, */
    bool ask_default;         /* and what the answer is then: true, to honour */
    bool on_suspend_explicit; /* asked for by name: a KVM that cannot is an error, not a warning */
    unsigned wake;            /* set of WAKE_* */
    struct net_wake net_wake; /* which frames */
    enum psci_mode psci_mode;
    enum sleep_memory sleep_memory;
    enum restore_memory restore_memory;
    enum file_clock clock;
    uint32_t psci_version;  /* major << 16 | minor, or CONFIG_PSCI_DEFAULT */
    const char *save;       /* path: where a sleeping VM is saved, or NULL */
    const char *keep;       /* path: the VM is that file while it does not run, or NULL */
    const char *restore;    /* path: the image of a VM to continue, or NULL */
    const char *sleep_file; /* SLEEP_MEMORY_DISK: path */
    const char *events;     /* path of the event log, or NULL */
    const char *console;    /* "stdio", "none", "pty", "pty=PATH" or a path */
    const char *metrics;    /* path of the metrics, or "unix:" and that of a socket, or NULL */
    const char *trace;      /* path of the trace, with its limit, or NULL */
    const char *dump_dtb;   /* path: write the device tree there instead of running, or NULL */
    const char *qmp;        /* path of the operator's socket, or NULL */
    bool name_given;        /* messages carry the name */
    bool hide_on_pending;   /* user mode: ON from CPU_ON on, as in KVM */
    bool asleep;            /* a restored VM stays asleep until something wakes it */
    bool clone;             /* others may continue from the image of --restore, too */
    bool rng;               /* a virtio-rng */
    bool balloon;           /* a virtio-balloon */
    bool paused;            /* from the start, until the operator continues the machine */
    bool agent_time;        /* after each wake the agent sets the guest's clock */
    bool agent;             /* ask the guest through its agent */
    bool no_reboot;         /* end on SYSTEM_RESET and SYSTEM_RESET2 */
    bool no_shutdown; /* SYSTEM_OFF leaves the machine off, for the operator to reset or quit */

    unsigned shutdown_seconds; /* after SIGTERM a guest has so long to shut down; 0: none */
    unsigned idle_seconds;     /* a guest that was idle so long is asked to sleep; 0: never */
    unsigned idle_cpu_percent; /* of one processor, which an idle guest may use */
    char own_console[320];     /* the same for "pty" in `console` */
    char own_qmp[108];         /* the path in `qmp`, if the command line has none */
    const char *name_file;     /* path of the file that says that the name is taken, or NULL */
    struct net_list nets;
    struct disk_list disks;
    struct port_settings ports;
    struct vsock_settings vsock;
    struct sandbox_settings sandbox;
};

/* The defaults of the command line. */
void config_init(struct config *config);
/* Frees what a file of options has brought; the strings are gone then. */
void config_close(struct config *config);

/* The path of the socket that metrics are read from, or NULL. */
const char *config_metrics_socket(const struct config *config);

/* Whether another process serves a device, by vhost-user, and so needs the guest's memory. */
bool config_has_back_ends(const struct config *config);

/** Whether a thread of the kernel may move frames of one of its networks. */
bool config_has_vhost(const struct config *config);

#endif
