/* SPDX-License-Identifier: BSD-2-Clause */
/** What may wake a sleeping guest, as sets of bits. */
#ifndef DORMOUSE_POWER_WAKE_H
#define DORMOUSE_POWER_WAKE_H

enum wake_source {
    WAKE_IRQ = 1u << 0,     /* any interrupt that the guest left enabled, its timers included */
    WAKE_RTC = 1u << 1,     /* the RTC's alarm, whatever the guest did with its interrupt */
    WAKE_CONSOLE = 1u << 2, /* a byte for the guest on the console */
    WAKE_SIGNAL = 1u << 3,  /* the operator: SIGUSR1 */
    WAKE_ALL = WAKE_IRQ | WAKE_RTC | WAKE_CONSOLE | WAKE_SIGNAL,
};

/** The name of one source, as --wake and the events spell it. */
const char *wake_name(unsigned source);

/**
 * Reads a list such as "rtc,console", "all" or "none". Returns the set, or -1 and points *bad at
 * the word that is wrong (its length in *bad_length): an unknown one, or "none" beside others.
 */
int wake_parse(const char *list, const char **bad, int *bad_length);

#endif
