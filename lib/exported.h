/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Read first by every file of the library when it is compiled with -fvisibility=hidden: what the
 * public header declares is visible outside of it, and nothing else is.
 */
#ifndef VPSCI_EXPORTED_H
#define VPSCI_EXPORTED_H

#pragma GCC visibility push(default)
#include "vpsci/vpsci.h"
#pragma GCC visibility pop

#endif
