/* SPDX-License-Identifier: BSD-2-Clause */
#include "kick.h"

void kick_vm(const struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        arch_kick(vm->vcpus[i].core);
    }
}
