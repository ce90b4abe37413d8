/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who answers the guest's PSCI calls: a table of operations, and two files behind it.
 * backend_kernel.c is for KVM, which answers by itself and leaves to the monitor what concerns the
 * whole machine; backend_user.c for libvpsci, which answers on the vCPUs' threads (psci.h). Nothing else asks which one it is.
 */
#ifndef DORMOUSE_PSCI_BACKEND_H
#define DORMOUSE_PSCI_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "power/power.h"
#include "psci/mode.h"
#include "psci/observe.h"
#include "psci/psci.h"

struct psci_backend {
    const struct psci_backend_ops *ops;
    struct psci_observer observer; /* all zero: there is none */
    struct psci psci;              /* libvpsci's; all zero where the kernel answers */
    struct observe observe;        /* the kernel's; all zero where libvpsci answers */
    struct vcpu *const *vcpu;      /* of the VM that is on */
};

/* Functions that return int return 0 or -errno. All but next() and serve() are the main thread's. */
struct psci_backend_ops {
    enum psci_mode mode; /* for messages and events; never auto */
    bool has_suspend;    /* SYSTEM_SUSPEND, whatever KVM has */
    bool counts_calls;   /* observing takes an open file for each vCPU */
    bool needs_pause;    /* state_name() is for paused vCPUs */

    /* What outlives a reboot. destroy() takes down what there is of it, also after an error. */
    int (*create)(struct psci_backend *backend, const struct psci_options *options);
    void (*destroy)(struct psci_backend *backend);
    /* Gives PSCI of a new VM to the backend, before it has vCPUs. `suspend`: with SYSTEM_SUSPEND. */
    int (*attach)(struct psci_backend *backend, struct vm *vm, bool suspend);
    /*
     * The version that the guest is to see, by its first vCPU. *version is what is wanted, 0 for
     * the newest, and becomes what it is, or at -EINVAL the newest that there is.
     */
    int (*version)(struct psci_backend *backend, struct vcpu *vcpu, uint32_t *version);
    /* A vCPU's power state, as operators read it. */
    const char *(*state_name)(struct psci_backend *backend, unsigned index);

    /* The guest runs from here on, or not for a while. For the observer. */
    void (*observe)(struct psci_backend *backend, bool on);
    /*
     * Tells the observer what the vCPUs' threads say of coming on and going off, `most` such
     * changes. True: there may be more. CHANGES_ALL comes to an end only while all are paused.
     */
    bool (*take_changes)(struct psci_backend *backend, unsigned most);

    /* As psci_next() and psci_serve(), on the vCPU's thread. */
    struct psci_step (*next)(struct psci_backend *backend, unsigned index, struct vcpu *vcpu,
                             struct vcpu_exit *exit);
    struct psci_step (*serve)(struct psci_backend *backend, unsigned index, struct vcpu *vcpu,
                              struct vcpu_exit *exit);

    /* For the power controller; its argument is the backend. */
    struct power_psci_ops power;
};

extern const struct psci_backend_ops psci_kernel_ops;
extern const struct psci_backend_ops psci_user_ops;

#endif
