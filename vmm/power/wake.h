/* SPDX-License-Identifier: BSD-2-Clause */
/** What may wake a sleeping guest, as sets of bits. */
#ifndef DORMOUSE_POWER_WAKE_H
#define DORMOUSE_POWER_WAKE_H

#include <stddef.h>

enum wake_source {
    WAKE_IRQ = 1u << 0,     /* any interrupt that the guest left enabled, its timers included */
    WAKE_RTC = 1u << 1,     /* the RTC's alarm, whatever the guest did with its interrupt */
    WAKE_CONSOLE = 1u << 2, /* a byte for the guest on the console */
    WAKE_SIGNAL = 1u << 3,  /* the operator: SIGUSR1 */
    WAKE_NET = 1u << 4,     /* a frame from the network */
    WAKE_VSOCK = 1u << 5,   /* a program on the host that connects to the guest's vsock */
    WAKE_ALL = WAKE_IRQ | WAKE_RTC | WAKE_CONSOLE | WAKE_SIGNAL | WAKE_NET | WAKE_VSOCK,
};

/** The name of one source, as --wake and the events spell it. */
const char *wake_name(unsigned source);

/**
 * What follows a source's name and "=", as in "net=magic": reads it at `text`, up to a comma or
 * further. Returns how many characters it has, 0 if it is wrong.
 */
typedef size_t wake_detail_fn(void *arg, unsigned source, const char *text);

/**
 * Reads a list such as "rtc,console", "all" or "none". Returns the set, or -1 and points *bad at
 * the word that is wrong (its length in *bad_length): an unknown one, one whose detail is wrong, or
 * "none" beside others.
 */
int wake_parse(const char *list, wake_detail_fn *detail, void *arg, const char **bad,
               int *bad_length);

#endif
