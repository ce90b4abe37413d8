/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a link, whatever its kind. */
#include "base/report.h"
#include "host/net/net_parts.h"

int net_end(struct net *net, int error, const char *why)
{
    if (net->dead == 0) {
        net->dead = error;
        report("%s: %s; the guest's network link is down from now on", net->label, why);
    }
    return error;
}
