/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/port/port.h"

#include "host/port/port_parts.h"

struct port *port_open(struct loop *loop, const struct port_setting *setting,
                       const struct port_guest *guest)
{
    return setting->client != NULL ? port_internal_open(loop, setting, guest)
                                   : port_socket_open(loop, setting, guest);
}
