/* SPDX-License-Identifier: BSD-2-Clause */
/* A bundle that hyp accepts: two VMs, of which the second one decides for the first one. */
#ifndef HYP_GOOD_BUNDLE_H
#define HYP_GOOD_BUNDLE_H

#include <stdint.h>

enum {
    GOOD_MODULE = 0x4000,      /* where the first module is; the description is before it */
    GOOD_BUNDLE_SIZE = 0x6000, /* with it and another one */
};

#define GOOD_BUNDLE_PA UINT64_C(0x48000000)

/* Writes it; the modules are zeros. Ends the test if something fails. */
void good_bundle(uint8_t bytes[GOOD_BUNDLE_SIZE]);

#endif
