/* SPDX-License-Identifier: BSD-2-Clause */
/** Sockets that the service manager has opened for this process: sd_listen_fds(3). Main thread only. */
#ifndef DORMOUSE_BASE_INHERITED_H
#define DORMOUSE_BASE_INHERITED_H

#include <stdbool.h>

enum { INHERITED_MAX = 8, INHERITED_NAME_SIZE = 64 };

struct inherited_socket {
    int fd;
    char name[INHERITED_NAME_SIZE]; /**< FileDescriptorName= of its socket unit */
};

struct inherited {
    unsigned count;
    struct inherited_socket at[INHERITED_MAX];
};

/**
 * Takes the sockets over, which then end with this process, and removes LISTEN_PID, LISTEN_FDS and
 * LISTEN_FDNAMES. There are none if these are not for this process. Returns false after report()ing one line:
 * there are too many, or they are no sockets that listen.
 */
bool inherited_take(struct inherited *inherited);

#endif
