/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/loop.h"

/* What signals_block() blocked, for signals_watch(). */
static sigset_t blocked;

/*
 * A blocked signal is delivered to the signalfd even if it is ignored, so an ignored one must not
 * be in the set.
 */
static void signals_add_unless_ignored(sigset_t *set, int number)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) != 0 || action.sa_handler != SIG_IGN) {
        sigaddset(set, number);
    }
}

void signals_block(void)
{
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGUSR2);
    sigaddset(&blocked, SIGCONT);
    sigaddset(&blocked, SIGIO);
    sigaddset(&blocked, SIGNALS_POWEROFF);
    signals_add_unless_ignored(&blocked, SIGINT);
    signals_add_unless_ignored(&blocked, SIGTERM);
    signals_add_unless_ignored(&blocked, SIGHUP);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

/* The signals that end a process which does not handle them. */
static sigset_t signals_that_end(void)
{
    sigset_t set = blocked;

    sigdelset(&set, SIGUSR1);
    sigdelset(&set, SIGUSR2);
    sigdelset(&set, SIGCONT);
    sigdelset(&set, SIGIO);
    return set;
}

void signals_let_end(bool let)
{
    sigset_t set = signals_that_end();

    sigprocmask(let ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

int signals_open_ends(void)
{
    sigset_t set = signals_that_end();

    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void on_signals_readable(void *arg, uint32_t events)
{
    struct signals *signals = arg;
    struct signalfd_siginfo info;

    (void)events;
    while (signals->fd >= 0 && read(signals->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        signals->got(signals->arg, (int)info.ssi_signo);
    }
}

int signals_watch(struct signals *signals, struct loop *loop, void (*got)(void *arg, int number),
                  void *arg)
{
    *signals = (struct signals){.got = got, .arg = arg};
    signals->fd = signalfd(-1, &blocked, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signals->fd < 0) {
        return -errno;
    }
    signals->source = loop_add(loop, signals->fd, EPOLLIN, on_signals_readable, signals);
    if (signals->source == NULL) {
        int error = -errno;
        close(signals->fd);
        signals->fd = -1;
        return error;
    }
    return 0;
}

void signals_unwatch(struct signals *signals)
{
    if (signals->source != NULL) {
        loop_remove(signals->source);
        close(signals->fd);
        signals->source = NULL;
        signals->fd = -1;
    }
}
