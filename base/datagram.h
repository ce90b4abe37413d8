/* SPDX-License-Identifier: BSD-2-Clause */
/** Sockets by which services of systemd take messages. */
#ifndef DORMOUSE_BASE_DATAGRAM_H
#define DORMOUSE_BASE_DATAGRAM_H

/**
 * Connects to a Unix socket for datagrams.
 * @param name  a path, or "@" and the name of an abstract socket
 * @return a descriptor that neither blocks nor outlives exec(), or -errno; -EINVAL: no such name is possible
 */
int datagram_connect(const char *name);

#endif
