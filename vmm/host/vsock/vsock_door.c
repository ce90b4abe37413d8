/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets that the service manager has opened, and for which it starts dormouse: who connects to one
 * reaches one port of the guest, without any line before.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/option.h"
#include "base/report.h"
#include "host/vsock/vsock_parts.h"

static bool door_port(const char *name, uint32_t *port)
{
    static const char word[] = "vsock-";
    uint64_t number;

    if (strncmp(name, word, strlen(word)) != 0) {
        return false;
    }
    name += strlen(word);
    if (!option_number(&name, &number) || *name != '\0' || number == 0 || number >= UINT32_MAX) {
        return false;
    }
    *port = (uint32_t)number;
    return true;
}

bool vsock_settings_inherit(struct vsock_settings *settings, const struct inherited *inherited)
{
    for (unsigned i = 0; i < inherited->count; i++) {
        const struct inherited_socket *at = &inherited->at[i];

        settings->doors[i].fd = at->fd;
        if (!door_port(at->name, &settings->doors[i].port)) {
            report("LISTEN_FDS: the service manager gives a socket with the name '%s'; its unit "
                   "needs FileDescriptorName=vsock-PORT",
                   at->name);
            return false;
        }
    }
    settings->door_count = inherited->count;
    if (inherited->count != 0 && settings->path[0] == '\0') {
        report("LISTEN_FDS: the service manager gives a socket for the guest's vsock, and there is "
               "none; give --vsock as well");
        return false;
    }
    return true;
}

static void door_on_client(void *arg, uint32_t events)
{
    struct vsock_door *door = arg;
    int fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd >= 0) {
        door->serve(door->arg, fd, door->port);
    }
}

bool door_open(struct vsock_door *door, struct loop *loop)
{
    door->source = loop_add(loop, door->fd, EPOLLIN, door_on_client, door);
    return door->source != NULL;
}

void door_hold(struct vsock_door *door, bool held)
{
    if (door->source != NULL) {
        loop_watch(door->source, held ? 0 : EPOLLIN);
    }
}

/* The socket stays open until the process ends: a client that comes now starts the next one. */
void door_close(struct vsock_door *door)
{
    loop_remove(door->source);
    door->source = NULL;
}
