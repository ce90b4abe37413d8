/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator learns of a guest's clock. `device` is one of the class "pl031". Main thread. */
#ifndef DORMOUSE_DEV_PL031_H
#define DORMOUSE_DEV_PL031_H

#include <stdbool.h>
#include <stdint.h>

struct device;

/**
 * How many seconds the clock is before the host's date.
 * @return false if the guest has not set it
 */
bool pl031_ahead(struct device *device, int32_t *seconds);

#endif
