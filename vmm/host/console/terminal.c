/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/console/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/report.h"

/* TCSANOW: on a terminal that has been stopped, output never drains. */
static int terminal_set_raw(int fd, const struct termios *before)
{
    struct termios mode = *before;

    cfmakeraw(&mode);
    return tcsetattr(fd, TCSANOW, &mode) == 0 ? 0 : -errno;
}

/* A terminal that does not control this session has no foreground job: it counts as ours. */
static bool terminal_is_ours(int fd)
{
    pid_t foreground = tcgetpgrp(fd);

    return foreground < 0 || foreground == getpgrp();
}

/* --- Signals that end the process. --- */

/* The terminal that the handler restores. It does not change while handlers are installed. */
static struct terminal *volatile rescued;

void terminal_rescue(void)
{
    struct terminal *terminal = rescued;

    if (terminal != NULL && terminal_is_ours(terminal->fd)) {
        (void)tcsetattr(terminal->fd, TCSANOW, &terminal->before);
    }
}

/* Async-signal-safe. The action is the default again here: the signal that is raised ends the process. */
static void terminal_on_fatal(int number)
{
    terminal_rescue();
    raise(number);
}

/* Whether the default is to end the process, with a core dump or without, and a handler helps. */
static bool terminal_takes_signal(int number)
{
    static const int others[] = {SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU,
                                 SIGCHLD, SIGCONT, SIGURG,  SIGWINCH};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (others[i] == number) {
            return false;
        }
    }
    return true;
}

/* Changes each signal whose action is `from`. One that is ignored or handled elsewhere stays. */
static void terminal_change_actions(void (*from)(int number), void (*to)(int number))
{
    struct sigaction action = {.sa_handler = to};
    struct sigaction now;

    action.sa_flags = to == SIG_DFL ? 0 : (int)(SA_RESETHAND | SA_NODEFER);
    for (int number = 1; number < NSIG; number++) {
        if (terminal_takes_signal(number) && sigaction(number, NULL, &now) == 0 &&
            now.sa_handler == from) {
            (void)sigaction(number, &action, NULL);
        }
    }
}

static void terminal_begin_rescue(struct terminal *terminal)
{
    rescued = terminal;
    terminal_change_actions(SIG_DFL, terminal_on_fatal);
}

static void terminal_end_rescue(const struct terminal *terminal)
{
    if (rescued == terminal) {
        terminal_change_actions(terminal_on_fatal, SIG_DFL);
        rescued = NULL;
    }
}

/* --- The operator's terminal. --- */

int terminal_make_raw(struct terminal *terminal, int fd)
{
    terminal->fd = fd;
    terminal->raw = false;
    if (tcgetattr(fd, &terminal->before) != 0) {
        return -errno;
    }
    if (!terminal_is_ours(fd)) {
        report("console: another job uses this terminal: stopping until this job is in the "
               "foreground; give a background job --console none, pty or FILE");
    }
    terminal_begin_rescue(terminal);
    int error = terminal_set_raw(fd, &terminal->before);
    terminal->raw = error == 0;
    if (error != 0) {
        terminal_end_rescue(terminal);
    }
    return error;
}

void terminal_make_raw_again(const struct terminal *terminal)
{
    if (terminal->raw && terminal_is_ours(terminal->fd)) {
        (void)terminal_set_raw(terminal->fd, &terminal->before);
    }
}

void terminal_restore(struct terminal *terminal)
{
    if (terminal->raw && terminal_is_ours(terminal->fd)) {
        tcsetattr(terminal->fd, TCSANOW, &terminal->before);
    }
    terminal->raw = false;
    terminal_end_rescue(terminal);
}

static int terminal_set_up_pty(int master, char *name, size_t name_size)
{
    struct termios mode;

    if (grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, name, name_size) != 0 ||
        tcgetattr(master, &mode) != 0) {
        return -errno;
    }
    int error = terminal_set_raw(master, &mode);
    if (error != 0) {
        return error;
    }
    /* A master reports a hang-up only after the other side has been open once. */
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
    int error = terminal_set_up_pty(master, name, name_size);
    if (error != 0) {
        close(master);
        return error;
    }
    return master;
}
