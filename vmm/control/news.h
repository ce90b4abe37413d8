/* SPDX-License-Identifier: BSD-2-Clause */
/* The power controller's news as event lines. */
#ifndef DORMOUSE_CONTROL_NEWS_H
#define DORMOUSE_CONTROL_NEWS_H

#include "cli/config.h"
#include "control/events.h"
#include "power/power.h"

/* What a (re)boot found in force, which config may have left open. */
struct news_boot {
    unsigned count; /* from 1 */
    enum psci_mode psci_mode;
    uint32_t psci_version;
    enum suspend_policy policy;
};

void news_boot(struct events *events, const struct config *config, const struct news_boot *boot);

void news_power(struct events *events, const struct power_news *news);

/* So often did the vCPU ask for that low-power state, since the start or the last reset. Nothing is
 * said of never. */
void news_idle(struct events *events, unsigned vcpu, const char *state, uint64_t count);

/* The VM ends without the guest's doing. */
void news_quit(struct events *events, const char *reason);
void news_error(struct events *events, const char *message);

#endif
