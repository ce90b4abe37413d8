/* SPDX-License-Identifier: BSD-2-Clause */
/* Versions: of PSCI in a VM, and of the library. */
#include "internal.h"

uint32_t vpsci_library_version(void)
{
    return VPSCI_LIBRARY_VERSION;
}

bool vpsci__version_known(uint32_t version)
{
    return version == VPSCI_VERSION_0_1 || version == VPSCI_VERSION_0_2 ||
           version - VPSCI_VERSION_1_0 <= VPSCI_VERSION_NEWEST - VPSCI_VERSION_1_0;
}

uint32_t vpsci_version(const struct vpsci_vm *vm)
{
    return (uint32_t)vpsci__load(&vm->version);
}

int vpsci_version_set(struct vpsci_vm *vm, uint32_t version)
{
    if (!vpsci__version_known(version)) {
        return VPSCI_E_VERSION;
    }
    vpsci__store(&vm->version, version);
    vpsci__store(&vm->offers, vpsci__offers(vm, version));
    return 0;
}

/* Versions before 1.0 have no INVALID_ADDRESS, and 0.1 has only 0 to -3. */
int vpsci__older_result(uint32_t version, int result)
{
    if (result == VPSCI_INVALID_ADDRESS) {
        return VPSCI_INVALID_PARAMETERS;
    }
    if (version != VPSCI_VERSION_0_1 || result >= VPSCI_DENIED) {
        return result;
    }
    if (result == VPSCI_INTERNAL_FAILURE || result == VPSCI_DISABLED) {
        return VPSCI_DENIED;
    }
    return VPSCI_INVALID_PARAMETERS;
}

int64_t vpsci__version(struct vpsci__invocation *call)
{
    return (int64_t)vpsci__load(&call->vm->version);
}
