/* SPDX-License-Identifier: BSD-2-Clause */
/* What the operator has asked for, as data. */
#ifndef DORMOUSE_HOST_VSOCK_SETTINGS_H
#define DORMOUSE_HOST_VSOCK_SETTINGS_H

#include <stdint.h>

enum {
    VSOCK_CID_HOST = 2,
    VSOCK_CID_DEFAULT = 3,
    VSOCK_PATH_SIZE = 97, /* with the NUL; "_PORT" must fit after it into a socket's address */
};

struct vsock_settings {
    char path[VSOCK_PATH_SIZE]; /* of the multiplexer's socket; "": the guest has no vsock */
    uint32_t cid;               /* the guest's address */
    uint32_t ready_port; /* where the guest's service manager says that it is ready; 0: nowhere */
};

#endif
