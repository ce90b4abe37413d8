/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of a Unix socket that an event loop of the test serves. Link with --wrap=epoll_wait, as for drive.h. */
#ifndef DORMOUSE_TESTS_SOCKET_CLIENT_H
#define DORMOUSE_TESTS_SOCKET_CLIENT_H

struct loop;

/* Connects, and runs the loop until it is idle. Fails the test if that is not possible. */
int socket_client_open(struct loop *loop, const char *path);
/* The same for sending a text. */
void socket_client_say(struct loop *loop, int fd, const char *text);

#endif
