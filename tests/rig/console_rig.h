/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A console with descriptors that the test puts in the place of stdin and stdout, and with a fake
 * guest. The test must be linked with --wrap for epoll_wait, open, open64 and poll (meson.build).
 */
#ifndef DORMOUSE_TESTS_CONSOLE_RIG_H
#define DORMOUSE_TESTS_CONSOLE_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/loop.h"
#include "host/console/console.h"

#define RING ((size_t)4096)  /* bytes that the console keeps in each direction */
#define PIPE ((size_t)65536) /* bytes that a pipe of the kernel holds */

struct console_rig {
    struct loop *loop;
    struct console *console;
    int saved[2];     /* copies of the test program's own stdin and stdout */
    int in;           /* the test's end of standard input; -1: `out` is used for it */
    int out;          /* the test's end of standard output, non-blocking */
    unsigned quits;   /* calls of quit() */
    unsigned notices; /* calls of notice() since rig_watch() */
    bool no_proc;     /* nothing in /proc can be opened */
    bool no_patience; /* poll() with a time limit times out at once */
    int rival;        /* a second writer of standard output; it fills the pipe after each poll() */
    size_t room;      /* the guest's */
    uint8_t received[PIPE];
    size_t received_count;
    unsigned writables;
    char output[2 * PIPE];
    size_t output_count;
};

extern struct console_rig rig;

/* Setup and teardown for cmocka; the tests run in a scratch folder. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* Select what standard input and standard output are. */
void rig_pipe_input(void);
void rig_pipe_output(void);
void rig_terminal(void); /* both; `out` is the operator's end */
void rig_become(int fd, int standard);
void rig_close(int *fd);

/*
 * Creates the console, and connects the guest; disconnects the guest, or connects it again; ends
 * the console before the test does.
 */
void rig_start(const char *target);
void rig_connect(bool on);
void rig_end(void);
/* Starts or ends a watch that counts notices. */
void rig_watch(bool on);

/* The operator types. */
void rig_give(const char *text);
/* The guest reads: it now has room for `room` bytes. */
void rig_make_room(size_t room);
/* Waits until the guest has received exactly `text`. */
void rig_expect_guest(const char *text);

/* The guest writes; the console takes each byte. */
void rig_put(const char *text);
/* The guest writes a pattern until a byte is refused. Returns how many bytes were accepted. */
size_t rig_put_until_refused(void);
/* Waits until the output is `text`, or `count` bytes of the pattern. */
void rig_expect_output(const char *text);
void rig_expect_pattern(size_t count);
/* The same, if `output` already has the beginning of the pattern. */
void rig_expect_rest_of_pattern(size_t count);
/* Conditions for drive_until(); `arg` points to the size_t to be reached. */
bool rig_has_received(void *arg);
bool rig_has_output(void *arg);
/* Conditions that ignore `arg`. */
bool rig_has_quit(void *arg);
bool rig_is_writable(void *arg);

/* Captures standard error; returns the captured text, or compares it. Several lines are one text. */
void rig_catch_errors(void);
void rig_end_errors(char *text, size_t size);
void rig_expect_errors(const char *text);

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

#endif
