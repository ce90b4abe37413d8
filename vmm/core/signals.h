/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Signals as events of the loop: SIGUSR1 wakes the guest, SIGUSR2 saves the VM, SIGINT, SIGTERM and
 * SIGHUP end it, SIGNALS_POWEROFF asks its guest to shut down, SIGCONT follows a stop, SIGIO ends the lease on a file
 * (core/lease.h). A signal that would end the VM stays ignored if it is ignored when the
 * program starts, as nohup and shells that start background jobs expect.
 */
#ifndef DORMOUSE_CORE_SIGNALS_H
#define DORMOUSE_CORE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/** What `machinectl poweroff` sends; systemd as PID 1 of a container takes it so, too (systemd(1)). */
#define SIGNALS_POWEROFF (SIGRTMIN + 4)

struct loop;
struct loop_source;

struct signals {
    int fd;
    struct loop_source *source;
    void (*got)(void *arg, int number);
    void *arg;
};

/**
 * From now on the signals wait for signals_watch(), also in threads that start later. SIGPIPE and
 * SIGXFSZ are ignored: a file that has reached its limit is an error of write(). Call this first:
 * then a signal during the set-up ends the VM in good order.
 */
void signals_block(void);

/**
 * With `let`, SIGINT, SIGTERM and SIGHUP end the process at once, as if they were not blocked;
 * without, they wait again. For work that may take long and leaves nothing to clean up, between
 * signals_block() and signals_watch(). Main thread, before any other starts.
 */
void signals_let_end(bool let);

/**
 * A descriptor that can be read while a signal waits that signals_let_end() would let end the process; -1 with errno.
 * After signals_block().
 */
int signals_open_ends(void);

/** Hands the signals to `got`, on the main thread. 0 or -errno. */
int signals_watch(struct signals *signals, struct loop *loop, void (*got)(void *arg, int number),
                  void *arg);
void signals_unwatch(struct signals *signals);

#endif
