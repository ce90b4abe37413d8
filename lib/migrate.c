/* SPDX-License-Identifier: BSD-2-Clause */
/* MIGRATE and what goes with it: a Trusted OS that lives on one core (DEN0022 5.8 to 5.10). */
#include "internal.h"

int64_t vpsci__migrate(struct vpsci__invocation *call)
{
    const struct vpsci_vcpu *target = vpsci__target(call->vm, vpsci__arg(call, 0));

    if (call->vm->config.trusted_os != VPSCI_TRUSTED_OS_MIGRATABLE) {
        return VPSCI_DENIED;
    }
    if (vpsci__load(&call->vm->resident) != call->vcpu->index) {
        return VPSCI_NOT_PRESENT;
    }
    if (!target) {
        return VPSCI_INVALID_PARAMETERS;
    }
    return vpsci__ask(call, target);
}

int64_t vpsci__migrate_info_type(struct vpsci__invocation *call)
{
    switch (call->vm->config.trusted_os) {
    case VPSCI_TRUSTED_OS_MIGRATABLE:
        return VPSCI_MIGRATE_TYPE_UP_CAPABLE;
    case VPSCI_TRUSTED_OS_FIXED:
        return VPSCI_MIGRATE_TYPE_UP_INCAPABLE;
    default:
        return VPSCI_MIGRATE_TYPE_NOT_NEEDED;
    }
}

int64_t vpsci__migrate_info_up_cpu(struct vpsci__invocation *call)
{
    uint32_t resident = (uint32_t)vpsci__load(&call->vm->resident);

    return (int64_t)vpsci_vcpu_mpidr(vpsci__vcpu(call->vm, resident)).value;
}
