/* SPDX-License-Identifier: BSD-2-Clause */
/* The two kinds of port, for port.c. Each returns NULL after report()ing one line. */
#ifndef DORMOUSE_HOST_PORT_PARTS_H
#define DORMOUSE_HOST_PORT_PARTS_H

#include "host/port/port.h"

struct port *port_socket_open(struct loop *loop, const struct port_setting *setting,
                              const struct port_guest *guest);
struct port *port_internal_open(struct loop *loop, const struct port_setting *setting,
                                const struct port_guest *guest);

#endif
