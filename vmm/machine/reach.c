/* SPDX-License-Identifier: BSD-2-Clause */
/* Reaches the guest's own programs, to ask them for something. */
#include "machine/parts.h"

static enum device_key reach_key(enum power_request request)
{
    return request == REQUEST_SLEEP ? DEVICE_KEY_SLEEP : DEVICE_KEY_POWER;
}

const char *reach_way(const struct machine *machine, enum power_request request)
{
    return bus_hears(&machine->bus, reach_key(request)) ? "key" : NULL;
}

void reach_ask(struct machine *machine, enum power_request request)
{
    bus_press(&machine->bus, reach_key(request));
}
