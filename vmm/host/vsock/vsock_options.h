/* SPDX-License-Identifier: BSD-2-Clause */
/** The options of vsock for a command line. */
#ifndef DORMOUSE_HOST_VSOCK_OPTIONS_H
#define DORMOUSE_HOST_VSOCK_OPTIONS_H

#include "base/option.h"

/** They fill in a `struct vsock_settings`. */
extern const struct option_table vsock_options;

#endif
