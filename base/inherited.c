/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/inherited.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/option.h"
#include "base/report.h"

enum { INHERITED_FIRST = 3 }; /* SD_LISTEN_FDS_START */

/* Returns a variable as a number, or 0. */
static uint64_t inherited_number(const char *variable)
{
    const char *text = getenv(variable);
    uint64_t number;

    return text != NULL && option_number(&text, &number) && *text == '\0' ? number : 0;
}

/* Names are separated by colons. */
static const char *inherited_name(struct inherited_socket *to, const char *names)
{
    size_t length = strcspn(names, ":");

    (void)snprintf(to->name, sizeof(to->name), "%.*s", (int)length, names);
    return names + length + (names[length] == ':' ? 1 : 0);
}

static bool inherited_prepare(int fd)
{
    int listens = 0;
    socklen_t size = sizeof(listens);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

static bool inherited_take_all(struct inherited *inherited, uint64_t count)
{
    const char *names = getenv("LISTEN_FDNAMES");

    if (count > INHERITED_MAX) {
        report("LISTEN_FDS: the service manager gives %llu sockets, and %d are possible",
               (unsigned long long)count, INHERITED_MAX);
        return false;
    }
    names = names != NULL ? names : "";
    for (unsigned i = 0; i < count; i++) {
        struct inherited_socket *at = &inherited->at[i];

        at->fd = INHERITED_FIRST + (int)i;
        names = inherited_name(at, names);
        if (!inherited_prepare(at->fd)) {
            report("LISTEN_FDS: descriptor %d (%s) is no stream socket that listens", at->fd,
                   at->name);
            return false;
        }
    }
    inherited->count = (unsigned)count;
    return true;
}

bool inherited_take(struct inherited *inherited)
{
    bool mine = inherited_number("LISTEN_PID") == (uint64_t)getpid();

    inherited->count = 0;
    bool good = !mine || inherited_take_all(inherited, inherited_number("LISTEN_FDS"));
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    return good;
}
