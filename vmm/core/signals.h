/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals as events of the loop: SIGUSR1 wakes, SIGINT, SIGTERM and SIGHUP end, SIGCONT follows a
 * stop. Of those that end, one that is ignored when the program starts stays ignored, as nohup and
 * shells that start background jobs expect.
 */
#ifndef DORMOUSE_CORE_SIGNALS_H
#define DORMOUSE_CORE_SIGNALS_H

#include <stdbool.h>

struct loop;
struct loop_source;

struct signals {
    int fd;
    struct loop_source *source;
    void (*got)(void *arg, int number);
    void *arg;
};

/*
 * From here on the signals wait for signals_watch(), in all threads started later too; SIGPIPE is
 * ignored, and so is SIGXFSZ: a file that has reached its limit is an error of write(). Call it
 * first of all: a signal during the set-up then ends the VM in good order.
 */
void signals_block(void);

/*
 * While `let`, between signals_block() and signals_watch(), SIGINT, SIGTERM and SIGHUP end the process at once, as if
 * they had never been blocked: for what may take long and leaves nothing behind. Main thread, before any other.
 */
void signals_let_end(bool let);

/* Hands the signals to `got`, on the main thread. 0 or -errno. */
int signals_watch(struct signals *signals, struct loop *loop, void (*got)(void *arg, int number),
                  void *arg);
void signals_unwatch(struct signals *signals);

#endif
