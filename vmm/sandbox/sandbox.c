/* SPDX-License-Identifier: BSD-2-Clause */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "sandbox/sandbox_parts.h"

/* Made once: a thread only loads it, which takes no memory of the process. */
static struct sock_fprog vcpu_filter;

/* What every thread of this VM does besides those of other VMs. */
static unsigned options_all_need(const struct sandbox_options *options)
{
    return (options->has_back_ends ? SANDBOX_NEEDS_BACK_ENDS : 0) |
           (options->has_vhost ? SANDBOX_NEEDS_VHOST : 0);
}

/* And the main thread. As to files, other threads only write. */
static unsigned options_needs(const struct sandbox_options *options)
{
    static const unsigned uses[] = {
        [SANDBOX_REOPENS] = SANDBOX_NEEDS_REOPEN,
        [SANDBOX_REPLACES] = SANDBOX_NEEDS_REOPEN,
        [SANDBOX_SAVES] = SANDBOX_NEEDS_SAVE,
        [SANDBOX_CONNECTS] = SANDBOX_NEEDS_CONNECT,
    };
    unsigned needs = options_all_need(options);

    for (size_t i = 0; i < options->path_count; i++) {
        const struct sandbox_path *path = &options->paths[i];

        needs |= path->path != NULL ? uses[path->use] : 0;
    }
    return needs;
}

static int fail_filter(int error)
{
    report("sandbox: this kernel has no filter of system calls (CONFIG_SECCOMP_FILTER): %s; "
           "--no-sandbox runs the VM without one",
           strerror(-error));
    return -1;
}

int sandbox_enter(const struct sandbox_options *options)
{
    struct sock_fprog filter;
    int error = filter_check();

    if (error != 0) {
        return fail_filter(error);
    }
    error = trap_prepare(options);
    if (error == 0) {
        error = filter_build(&vcpu_filter, SANDBOX_VCPU, options_all_need(options));
    }
    if (error == 0) {
        error = filter_build(&filter, SANDBOX_MAIN, options_needs(options));
    }
    if (error != 0) {
        report("sandbox: cannot create the filters of system calls: %s", strerror(-error));
        return -1;
    }
    if (privilege_drop(options) != 0 || paths_check(options) != 0 || landlock_enter(options) != 0) {
        return -1;
    }
    trap_set_role(SANDBOX_MAIN);
    error = filter_load(&filter, true);
    free(filter.filter);
    return error == 0 ? 0 : fail_filter(error);
}

void sandbox_enter_vcpu(void)
{
    if (vcpu_filter.len == 0) {
        return;
    }
    trap_set_role(SANDBOX_VCPU);
    int error = filter_load(&vcpu_filter, false);
    if (error != 0) {
        report("sandbox: a vCPU's thread cannot load its filter of system calls: %s",
               strerror(-error));
        trap_end(1);
    }
}
