/* SPDX-License-Identifier: BSD-2-Clause */
/* The option --net. */
#ifndef DORMOUSE_HOST_NET_NET_OPTIONS_H
#define DORMOUSE_HOST_NET_NET_OPTIONS_H

#include "base/option.h"

/* It adds to a struct net_list. */
extern const struct option_table net_options;

#endif
