/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm.h"

#include <stddef.h>

struct vm vms[VM_MAX];
unsigned vm_count;
struct vcpu vcpus[CORE_MAX];

struct vcpu *vcpu_of_core(unsigned core)
{
    for (unsigned i = 0; i < CORE_MAX; i++) {
        if (vcpus[i].vm != NULL && vcpus[i].core == core) {
            return &vcpus[i];
        }
    }
    return NULL;
}
