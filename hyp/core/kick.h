/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_KICK_H
#define HYP_KICK_H

#include "vm.h"

/* Kicks all cores of a VM, so that each looks again at what it has to do. Any core. */
void kick_vm(const struct vm *vm);

#endif
