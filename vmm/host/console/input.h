/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console's input: a line, and a ring for what the guest has no room for. Main thread, except
 * input_accept().
 */
#ifndef DORMOUSE_CONSOLE_INPUT_H
#define DORMOUSE_CONSOLE_INPUT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/line.h"
#include "host/console/console.h"
#include "host/console/escape.h"
#include "host/console/ring.h"

struct loop_source;

struct input {
    struct line line;
    bool escaped;             /* a terminal: Ctrl-a is the escape */
    bool is_pty;              /* an error is only a hang-up, until input_present() */
    void (*call)(void *arg);  /* any thread: the main thread should call input_work() */
    void (*quit)(void *arg);  /* Ctrl-a x was typed */
    void (*leave)(void *arg); /* the pseudo-terminal's other end was closed */
    void *arg;
    struct console_receiver receiver;
    bool connected;
    void (*notice)(void *arg); /* NULL: there is no watch */
    void *notice_arg;
    struct loop_source *source; /* NULL: the line is closed, or always ready */
    bool always_ready;          /* a regular file or the like, which epoll does not take */
    bool absent;                /* no program has the pseudo-terminal open */
    struct escape escape;
    struct ring ring; /* for the guest, until it has room */
    bool fresh;       /* the ring has bytes that came since the last watch ended */
    bool quits;       /* Ctrl-a x was among the bytes read */
    /* The receiver had no room when last asked. The main thread sets it, any thread clears it. */
    atomic_bool starved;
};

/* Adds the line, set in `input` with everything above `receiver`, to the loop. 0 or -errno. */
int input_join(struct input *input, struct loop *loop);
void input_close(struct input *input);

/* As the functions of console.h. */
void input_connect(struct input *input, const struct console_receiver *receiver);
void input_watch(struct input *input, void (*notice)(void *arg), void *arg);
void input_accept(struct input *input);

/* Delivers, and reads a line that is always ready. */
void input_work(struct input *input);

/* A program has opened the other end of the pseudo-terminal. */
void input_present(struct input *input);

#endif
