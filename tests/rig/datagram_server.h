/* SPDX-License-Identifier: BSD-2-Clause */
/* A socket for datagrams, which does not block. Its abstract name leaves nothing behind. */
#ifndef DORMOUSE_TESTS_DATAGRAM_SERVER_H
#define DORMOUSE_TESTS_DATAGRAM_SERVER_H

enum { DATAGRAM_NAME_SIZE = 64 };

/* Returns the socket, and its name as base/datagram.h has it; `purpose` tells those of one process apart. */
int datagram_server(const char *purpose, char name[DATAGRAM_NAME_SIZE]);

#endif
