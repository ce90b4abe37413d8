/* SPDX-License-Identifier: BSD-2-Clause */
/** Bytes between this process's standard input and output and a descriptor. */
#ifndef DORMOUSE_CLIENT_RELAY_H
#define DORMOUSE_CLIENT_RELAY_H

#include <stdbool.h>

struct relay {
    int fd;      /* the other side; does not block */
    int escape;  /* a byte of the input that ends the relay; -1: none does */
    bool socket; /* its other side can be told that the input has ended */
};

/**
 * Copies both ways until the other side ends, or the escape comes; the end of the input ends that direction only.
 * Returns 0, or -errno.
 */
int relay_run(const struct relay *relay);

#endif
