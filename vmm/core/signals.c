/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/loop.h"

static void fill_set(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGUSR1);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGCONT);
}

void signals_block(void)
{
    sigset_t set;

    fill_set(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void signals_let_end(bool let)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(let ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

static void on_readable(void *arg, uint32_t events)
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
    sigset_t set;

    fill_set(&set);
    *signals = (struct signals){.got = got, .arg = arg};
    signals->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signals->fd < 0) {
        return -errno;
    }
    signals->source = loop_add(loop, signals->fd, EPOLLIN, on_readable, signals);
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
