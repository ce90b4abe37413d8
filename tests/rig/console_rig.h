/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A console over descriptors that the test puts in the place of stdin and stdout, with a fake
 * guest behind it. The test must be linked with --wrap for epoll_wait, open, open64 and poll
 * (meson.build).
 */
#ifndef DORMOUSE_TESTS_CONSOLE_RIG_H
#define DORMOUSE_TESTS_CONSOLE_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/loop.h"
#include "host/console/console.h"

#define RING ((size_t)4096)  /* what the console keeps in each direction */
#define PIPE ((size_t)65536) /* what a pipe of the kernel's holds */

struct console_rig {
    struct loop *loop;
    struct console *console;
    int saved[2];     /* the test program's own stdin and stdout */
    int in;           /* the test's end of the standard input; -1: `out` is that too */
    int out;          /* the test's end of the standard output, which does not block */
    unsigned quits;   /* calls of quit() */
    unsigned notices; /* calls of notice(), once the test has asked for them by rig_watch() */
    bool no_proc;     /* nothing in /proc can be opened */
    bool no_patience; /* poll() with a time limit gives up at once */
    int rival;        /* a second writer of the standard output, which fills it after each poll() */
    size_t room;      /* the guest's */
    uint8_t received[PIPE];
    size_t received_count;
    unsigned writables;
    char output[2 * PIPE];
    size_t output_count;
};

extern struct console_rig rig;

/* Setup and teardown for cmocka; the current folder is a scratch one meanwhile. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* What standard input and standard output are. */
void rig_pipe_input(void);
void rig_pipe_output(void);
void rig_terminal(void); /* both: `out` is where the operator sits */
void rig_become(int fd, int standard);
void rig_close(int *fd);

/* Creates the console, and connects the guest; parts it, or joins it again; ends it before the test
 * does. */
void rig_start(const char *target);
void rig_connect(bool on);
void rig_end(void);
/* Starts, or ends, a watch that counts notices. */
void rig_watch(bool on);

/* The operator types. */
void rig_give(const char *text);
/* The guest reads: it has room for so many bytes now. */
void rig_make_room(size_t room);
/* All that the guest has received is `text`, now or soon, and nothing follows. */
void rig_expect_guest(const char *text);

/* The guest writes; the console takes each byte. */
void rig_put(const char *text);
/* The guest writes a pattern until a byte is refused. Returns how many were taken. */
size_t rig_put_until_refused(void);
/* What comes out, now or soon, is `text`, or so much of the pattern. */
void rig_expect_output(const char *text);
void rig_expect_pattern(size_t count);
/* Likewise, where `output` has the beginning of the pattern already. */
void rig_expect_rest_of_pattern(size_t count);
/* Conditions for drive_until(); `arg` points to the size_t to be reached. */
bool rig_has_received(void *arg);
bool rig_has_output(void *arg);
/* Conditions without one. */
bool rig_has_quit(void *arg);
bool rig_is_writable(void *arg);

/* Catches standard error; gives what was caught, or compares it; several lines are one text. */
void rig_catch_errors(void);
void rig_end_errors(char *text, size_t size);
void rig_expect_errors(const char *text);

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

#endif
