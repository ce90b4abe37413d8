/* SPDX-License-Identifier: BSD-2-Clause */
/* The option --disk for a command line. */
#ifndef DORMOUSE_HOST_DISK_OPTIONS_H
#define DORMOUSE_HOST_DISK_OPTIONS_H

#include "base/option.h"

/* They fill in a `struct disk_list`. */
extern const struct option_table disk_options;

#endif
