/* SPDX-License-Identifier: BSD-2-Clause */
/* MEM_PROTECT: memory that is cleared before another guest can read it (DEN0022, from 1.1 on). */
#include "internal.h"

int64_t vpsci__mem_protect(struct vpsci__invocation *call)
{
    uint64_t before = vpsci__load(&call->vm->protect);

    /* Race: of calls at the same time each returns the value that it replaced. */
    while (!vpsci__swap(&call->vm->protect, &before, vpsci__arg(call, 0) != 0)) {
    }
    return (int64_t)before;
}

int64_t vpsci__mem_protect_check_range(struct vpsci__invocation *call)
{
    const struct vpsci_config *config = &call->vm->config;
    uint64_t base = vpsci__arg(call, 0);
    uint64_t length = vpsci__arg(call, 1);

    if (length == 0 || length - 1 > call->mask - base) {
        return VPSCI_DENIED;
    }
    if (!config->ops->range_is_protected(config->host, (struct vpsci_ipa){base}, length)) {
        return VPSCI_DENIED;
    }
    return VPSCI_SUCCESS;
}

bool vpsci_mem_protect(const struct vpsci_vm *vm)
{
    return vpsci__load(&vm->protect) != 0;
}
