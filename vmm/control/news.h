/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Writes reports about the VM as events of the log (power/news.def). If `events` is NULL nothing is
 * written.
 */
#ifndef DORMOUSE_CONTROL_NEWS_H
#define DORMOUSE_CONTROL_NEWS_H

#include "control/events.h"
#include "power/power.h"

/** The settings of a boot or reboot; the configuration may have left some of them open. */
struct news_boot {
    unsigned count; /**< from 1 */
    unsigned cpus;
    unsigned admitted; /**< so many of them at the start */
    uint64_t memory;
    uint32_t psci_version;
    const char *psci_mode;
    const char *on_suspend;
    unsigned wake; /**< set of WAKE_* */
};

void news_boot(struct events *events, const struct news_boot *boot);

void news_power(struct events *events, const struct power_news *news);

/**
 * How often the vCPU asked for that low-power state since the start or the last reset. Zero is not
 * written.
 */
void news_idle(struct events *events, unsigned vcpu, const char *state, uint64_t count);

/** How much of its memory the guest keeps, after its balloon has changed. */
void news_balloon(struct events *events, uint64_t bytes);

/** The VM ends although its guest did not ask for it. */
void news_quit(struct events *events, const char *reason);
void news_error(struct events *events, const char *message);

#endif
