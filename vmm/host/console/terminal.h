/* SPDX-License-Identifier: BSD-2-Clause */
/* Terminals: the operator's made raw and put back, and new pseudo-terminals. Main thread. */
#ifndef DORMOUSE_DEV_TERMINAL_H
#define DORMOUSE_DEV_TERMINAL_H

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
 * nothing to put back. Stops like any other program (SIGTTOU) where it runs in the background.
 */
int terminal_make_raw(struct terminal *terminal, int fd);

/*
 * Once more, and back. Both leave a terminal alone that is another job's at the moment: its shell
 * has put it in order, and will tell this process with SIGCONT when it is its turn again.
 */
void terminal_make_raw_again(const struct terminal *terminal);
void terminal_restore(struct terminal *terminal);

/*
 * Opens a new pseudo-terminal, raw from the start so that nothing is echoed back before a program
 * that opens it has set it up. `name` gets the path to open. Returns its non-blocking master or
 * -errno. The master reports hang-up from now on until somebody opens `name`.
 */
int terminal_open_pty(char *name, size_t name_size);

#endif
