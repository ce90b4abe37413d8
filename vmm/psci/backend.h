/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The PSCI backend, which answers the guest's PSCI calls: a table of operations, which two files
 * fill in. In backend_kernel.c KVM answers, and leaves to the monitor what concerns the whole
 * machine; in backend_user.c libvpsci answers, on the vCPUs' threads (psci.h). No other file asks
 * which of the two it is.
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
    struct psci psci;              /* libvpsci's; all zero if the kernel answers */
    struct observe observe;        /* the kernel's; all zero if libvpsci answers */
    struct vcpu *const *vcpu;      /* those of the current VM */
};

/** Functions that return int return 0 or -errno. Main calls all but next() and serve(). */
struct psci_backend_ops {
    enum psci_mode mode; /* for messages and events; never auto */
    bool has_suspend;    /* it has SYSTEM_SUSPEND even if KVM does not */
    bool counts_calls;   /* observing takes an open file for each vCPU */
    bool needs_pause;    /* state_name() needs paused vCPUs */

    /* Creates what outlives a reboot. destroy() frees what there is of it, also after an error. */
    int (*create)(struct psci_backend *backend, const struct psci_options *options);
    void (*destroy)(struct psci_backend *backend);
    /*
     * The backend answers for a new VM, which has no vCPUs yet. `suspend`: the guest has
     * SYSTEM_SUSPEND.
     */
    int (*attach)(struct psci_backend *backend, struct vm *vm, bool suspend);
    /*
     * Sets the version that the guest sees, through its first vCPU. *version is the wanted one, or
     * 0 for the newest, and becomes the actual one; after -EINVAL, the newest that exists.
     */
    int (*version)(struct psci_backend *backend, struct vcpu *vcpu, uint32_t *version);
    /*
     * What the backend knows of a guest that sleeps, for a save, beyond the call that put it to sleep:
     * how many bytes it has, and they themselves. NULL: nothing.
     */
    size_t (*record_size)(const struct psci_backend *backend);
    int (*save)(const struct psci_backend *backend, void *record, size_t size);
    /*
     * The guest of a new VM sleeps in `call` of a vCPU; the vCPUs are initialised. The record is what a
     * backend has saved, perhaps one of the other mode; NULL: there is none. Returns 0, or -EINVAL with
     * *why, a phrase.
     */
    int (*resume)(struct psci_backend *backend, unsigned vcpu, const struct suspend_call *call,
                  const void *record, size_t size, const char **why);
    /* A vCPU's power state, for operators. */
    const char *(*state_name)(struct psci_backend *backend, unsigned index);

    /* The guest runs from now on, or stops for a while: observing starts and stops. */
    void (*observe)(struct psci_backend *backend, bool on);
    /*
     * Reports to the observer which vCPUs came on and went off, at most `most` changes that the
     * vCPUs' threads noted. True: there may be more. CHANGES_ALL ends only while all vCPUs are
     * paused.
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
