/* SPDX-License-Identifier: BSD-2-Clause */
/* What the operator has asked for, as data. */
#ifndef DORMOUSE_HOST_VSOCK_SETTINGS_H
#define DORMOUSE_HOST_VSOCK_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inherited.h"

enum {
    VSOCK_CID_HOST = 2,
    VSOCK_CID_DEFAULT = 3,
    VSOCK_PATH_SIZE = 97, /* with the NUL; "_PORT" must fit after it into a socket's address */
};

struct vsock_door_settings {
    int fd;        /* listens */
    uint32_t port; /* of the guest */
};

struct vsock_settings {
    char path[VSOCK_PATH_SIZE]; /* of the multiplexer's socket; "": the guest has no vsock */
    uint32_t cid;               /* the guest's address */
    unsigned door_count;
    struct vsock_door_settings doors[INHERITED_MAX]; /* the service manager's sockets */
    uint32_t ready_port; /* where the guest's service manager says that it is ready; 0: nowhere */
};

/*
 * Takes over the service manager's sockets, whose names say which port of the guest each is for. False after
 * report()ing one line: a name says nothing, or the guest has no vsock.
 */
bool vsock_settings_inherit(struct vsock_settings *settings, const struct inherited *inherited);

#endif
