/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operator's end of the guest's serial line: this process's terminal (raw, with Ctrl-a as the
 * escape), a file, a new pseudo-terminal, or nothing.
 *
 * Input flows: descriptor -> console (main thread) -> receiver. Output flows: vCPU thread ->
 * console_put() -> descriptor, or a small ring that the main thread drains when the descriptor is
 * slow. Neither direction ever blocks a thread. The program must ignore SIGPIPE.
 *
 * Only a terminal has the escape (host/console/escape.h): what comes from a pipe, a file or a
 * socket goes to the guest as it is.
 */
#ifndef DORMOUSE_CONSOLE_CONSOLE_H
#define DORMOUSE_CONSOLE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct console;
struct loop;

/* What gets the input: the UART. All calls come from the main thread. */
struct console_receiver {
    void *arg;
    /* How many bytes it can take now; 0 stops the input until console_accept(). */
    size_t (*room)(void *arg);
    void (*receive)(void *arg, const uint8_t *bytes, size_t count);
    /* The slow output has drained: console_put() takes bytes again. */
    void (*writable)(void *arg);
};

/* Whether console_create() understands the target. */
bool console_target_is_valid(const char *target);

/*
 * `target` is "stdio", "none", "pty", "pty=PATH", FILE or FILE,max=SIZE (output only), and stays the caller's. A
 * file is created, or appended to; one that would exceed SIZE is renamed to FILE.1, and a fresh one
 * continues it. A pty's name is printed on standard error, or PATH becomes a link to it; what the guest writes while no
 * program has it open is dropped. With "stdio" and a terminal as standard input the terminal is made raw;
 * it is put back by console_destroy(). `quit` is called on Ctrl-a x. Main thread. Returns NULL
 * after report()ing one line.
 */
struct console *console_create(struct loop *loop, const char *target, void (*quit)(void *arg),
                               void *quit_arg);
/*
 * Writes what is left of the output, with a second's time for a slow descriptor, and restores the
 * terminal. Main thread. NULL is ignored.
 */
void console_destroy(struct console *console);

/* Connects the UART to the line; NULL disconnects it. Main thread. */
void console_connect(struct console *console, const struct console_receiver *receiver);

/*
 * Sends one byte of guest output. False: the line is slow and its ring is full, the byte was not
 * taken; the receiver's writable() follows. Any thread. If the output has failed one line is
 * reported, once, and bytes are dropped from then on; a regular file is tried again.
 */
bool console_put(struct console *console, uint8_t byte);

/* The receiver has room again. Any thread. */
void console_accept(struct console *console);

/*
 * While watching for wake-ups the console looks for input even when the receiver has no room, and
 * calls `notice` each time that bytes for the guest have come; the bytes themselves are kept and
 * delivered when there is room. Keys of the escape are not bytes for the guest. For what came
 * before the watch ask console_pending(). NULL ends the watch. Main thread.
 */
void console_watch(struct console *console, void (*notice)(void *arg), void *arg);

/*
 * Whether the console keeps bytes for which the receiver has had no room. After the end of a watch
 * the bytes kept until then no longer count: a byte wakes a guest that never reads its input once,
 * not each time.
 * Main thread.
 */
bool console_pending(const struct console *console);

/* The path of the link to the pty, or NULL. */
const char *console_link(const struct console *console);
/* The file's path, or NULL if the target is not a file. */
const char *console_file(const struct console *console);
/* The descriptor of that file if console_create() has created it, otherwise -1. */
int console_created(const struct console *console);
/* Whether that file will be renamed, because it has a limit. */
bool console_has_limit(const struct console *console);

/*
 * Opens the file of that name again, after it was renamed. True also if the target is not a
 * file; false after report()ing one line: the old one stays in use. Main thread.
 */
bool console_reopen(struct console *console);

/* After SIGCONT: makes the terminal raw again, which the shell may have reset. Main thread. */
void console_continue(struct console *console);

#endif
