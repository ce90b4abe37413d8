/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/relay.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RELAY_ENDED = 1 }; /* beside 0 and -errno */

/* Waits as long as the reader is slow. */
static int relay_write(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);

        if (written >= 0) {
            bytes += written;
            count -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd ready = {.fd = fd, .events = POLLOUT};

            (void)poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* A pseudo-terminal whose other side is closed gives EIO. */
static int relay_from_peer(const struct relay *relay)
{
    char bytes[4096];
    ssize_t count = read(relay->fd, bytes, sizeof(bytes));

    if (count > 0) {
        return relay_write(STDOUT_FILENO, bytes, (size_t)count);
    }
    if (count == 0 || errno == EIO || errno == ECONNRESET) {
        return RELAY_ENDED;
    }
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* `*open` becomes false at the end of the input. */
static int relay_from_input(const struct relay *relay, bool *open)
{
    char bytes[4096];
    ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));

    if (count < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    if (count == 0) {
        *open = false;
        if (relay->socket) {
            (void)shutdown(relay->fd, SHUT_WR);
        }
        return 0;
    }
    const char *escape = relay->escape >= 0 ? memchr(bytes, relay->escape, (size_t)count) : NULL;
    size_t length = escape != NULL ? (size_t)(escape - bytes) : (size_t)count;
    int error = relay_write(relay->fd, bytes, length);
    return error == 0 && escape != NULL ? RELAY_ENDED : error;
}

int relay_run(const struct relay *relay)
{
    bool open = true;
    int result = 0;

    while (result == 0) {
        struct pollfd ready[] = {
            {.fd = relay->fd, .events = POLLIN},
            {.fd = open ? STDIN_FILENO : -1, .events = POLLIN},
        };

        if (poll(ready, 2, -1) < 0 && errno != EINTR) {
            return -errno;
        }
        if (ready[0].revents != 0) {
            result = relay_from_peer(relay);
        }
        if (result == 0 && ready[1].revents != 0) {
            result = relay_from_input(relay, &open);
        }
    }
    return result == RELAY_ENDED ? 0 : result;
}
