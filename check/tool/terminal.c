/* SPDX-License-Identifier: BSD-2-Clause */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static bool terminal_make_raw(int end)
{
    struct termios settings;

    if (tcgetattr(end, &settings) != 0) {
        return false;
    }
    cfmakeraw(&settings);
    return tcsetattr(end, TCSANOW, &settings) == 0;
}

/* The end of the command, by our end alone: /dev/pts of another mount namespace has another one of
 * that name. */
static int open_command_end(int ours)
{
    if (grantpt(ours) != 0 || unlockpt(ours) != 0) {
        return -1;
    }
    return ioctl(ours, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static void terminal_drop(int end)
{
    int error = errno;

    if (end >= 0) {
        close(end);
    }
    errno = error;
}

bool terminal_open(int pair[2])
{
    int ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    int commands = ours < 0 ? -1 : open_command_end(ours);

    if (commands < 0 || !terminal_make_raw(commands)) {
        terminal_drop(commands);
        terminal_drop(ours);
        return false;
    }
    pair[0] = commands;
    pair[1] = ours;
    return true;
}
