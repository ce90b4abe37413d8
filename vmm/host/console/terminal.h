/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets the operator's terminal to raw mode and restores it; opens new pseudo-terminals. Main
 * thread.
 */
#ifndef DORMOUSE_HOST_CONSOLE_TERMINAL_H
#define DORMOUSE_HOST_CONSOLE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct terminal {
    int fd;
    bool raw; /* made so by terminal_make_raw(), to be put back */
    struct termios before;
};

/*
 * Makes the terminal at `fd` raw: every key is a byte, Ctrl-C included. 0 or -errno; then there is
 * nothing to put back. In the background of a shell it reports a line and stops like any other
 * program (SIGTTOU), until it is in the foreground.
 *
 * Until terminal_restore() a signal that ends the process puts the terminal back first, unless the
 * program handles that signal. One terminal at a time; the struct must not move.
 */
int terminal_make_raw(struct terminal *terminal, int fd);

/*
 * Makes the terminal raw again, or puts it back. Both leave it alone while another job has it: the
 * shell has put it in order, and sends this process SIGCONT when it has the terminal again.
 */
void terminal_make_raw_again(const struct terminal *terminal);
void terminal_restore(struct terminal *terminal);

/*
 * Puts back the terminal that is raw, if there is one, because the process is about to end. Any thread;
 * async-signal-safe.
 */
void terminal_rescue(void);

/*
 * Opens a new pseudo-terminal, raw from the start so that nothing is echoed back before a program
 * that opens it has set it up. `name` gets the path to open. Returns its non-blocking master or
 * -errno. The master reports hang-up from now on until a program opens `name`.
 */
int terminal_open_pty(char *name, size_t name_size);

#endif
