/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_FAKE_STOP_H
#define HYP_FAKE_STOP_H

#include <stdbool.h>

/* Ends the program if this is false. */
void fake_require(bool is_so, const char *what_is_wrong);

#endif
