/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/console/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* TCSANOW: waiting for output to drain could take for ever on a terminal that has been stopped. */
static int set_raw(int fd, const struct termios *before)
{
    struct termios mode = *before;

    cfmakeraw(&mode);
    return tcsetattr(fd, TCSANOW, &mode) == 0 ? 0 : -errno;
}

int terminal_make_raw(struct terminal *terminal, int fd)
{
    terminal->fd = fd;
    terminal->raw = false;
    if (tcgetattr(fd, &terminal->before) != 0) {
        return -errno;
    }
    int error = set_raw(fd, &terminal->before);
    terminal->raw = error == 0;
    return error;
}

/* A terminal that is not this session's own has no foreground for us, and no say in the matter. */
static bool is_ours(const struct terminal *terminal)
{
    pid_t foreground = tcgetpgrp(terminal->fd);

    return foreground < 0 || foreground == getpgrp();
}

void terminal_make_raw_again(const struct terminal *terminal)
{
    if (terminal->raw && is_ours(terminal)) {
        (void)set_raw(terminal->fd, &terminal->before);
    }
}

void terminal_restore(struct terminal *terminal)
{
    if (terminal->raw && is_ours(terminal)) {
        tcsetattr(terminal->fd, TCSANOW, &terminal->before);
    }
    terminal->raw = false;
}

static int set_up_pty(int master, char *name, size_t name_size)
{
    struct termios mode;

    if (grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, name, name_size) != 0 ||
        tcgetattr(master, &mode) != 0) {
        return -errno;
    }
    int error = set_raw(master, &mode);
    if (error != 0) {
        return error;
    }
    /* A master knows that nobody has the other side open only after somebody had. */
    int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        return -errno;
    }
    close(slave);
    return 0;
}

int terminal_open_pty(char *name, size_t name_size)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

    if (master < 0) {
        return -errno;
    }
    int error = set_up_pty(master, name, name_size);
    if (error != 0) {
        close(master);
        return error;
    }
    return master;
}
