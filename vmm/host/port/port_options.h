/* SPDX-License-Identifier: BSD-2-Clause */
/** The options of ports for a command line. */
#ifndef DORMOUSE_HOST_PORT_OPTIONS_H
#define DORMOUSE_HOST_PORT_OPTIONS_H

#include "base/option.h"

/** They fill in a `struct port_settings`. */
extern const struct option_table port_options;

#endif
