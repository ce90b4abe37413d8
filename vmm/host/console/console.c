/* SPDX-License-Identifier: BSD-2-Clause */
/* Input, for the main thread only except one flag, and the choice of the target. */
#include "host/console/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/line.h"
#include "base/report.h"
#include "core/loop.h"
#include "host/console/escape.h"
#include "host/console/output.h"
#include "host/console/ring.h"
#include "host/console/terminal.h"

enum { PTY_NAME_SIZE = 64 };

struct input {
    struct line line;
    struct loop_source *source; /* NULL: the line is closed, or always ready */
    bool always_ready;          /* a regular file or the like, which epoll does not take */
    bool absent;                /* no program has the pseudo-terminal open */
    bool escaped;               /* a terminal: Ctrl-a is the escape */
    struct escape escape;
    struct ring ring; /* for the guest, until it has room */
    bool fresh;       /* the ring has bytes that came since the last watch ended */
    bool quit;        /* Ctrl-a x was among the bytes read */
    /* The receiver had no room when last asked. The main thread sets it, any thread clears it. */
    atomic_bool starved;
};

struct console {
    struct loop *loop;
    void (*quit)(void *arg);
    void *quit_arg;
    struct console_receiver receiver;
    bool connected;
    void (*notice)(void *arg); /* NULL: there is no watch */
    void *notice_arg;
    struct input input;
    struct output output;
    struct terminal terminal;
    char pty_name[PTY_NAME_SIZE];
    int kick_fd; /* eventfd: any thread wakes the main thread by it */
    struct loop_source *kick_source;
    int open_fd; /* inotify: a program opens the pseudo-terminal; -1: there is none */
    struct loop_source *open_source;
};

static void console_kick(struct console *console)
{
    const uint64_t one = 1;

    /* Fails only when 2^64 - 2 kicks are pending, of which one would do. */
    (void)!write(console->kick_fd, &one, sizeof(one));
}

static void console_call_main(void *arg)
{
    console_kick(arg);
}

bool console_put(struct console *console, uint8_t byte)
{
    return output_put(&console->output, byte);
}

static void console_settle_output(void *arg)
{
    struct console *console = arg;

    if (output_owes(&console->output) && console->connected) {
        console->receiver.writable(console->receiver.arg);
    }
}

/*
 * Asks twice before it returns 0. The second question sees room that was made before the flag was
 * set. Whoever makes room later finds the flag in console_accept(): the receiver's own lock orders
 * the question and the making of room.
 */
static size_t console_receiver_room(struct console *console)
{
    const struct console_receiver *receiver = &console->receiver;

    if (!console->connected) {
        return 0;
    }
    size_t room = receiver->room(receiver->arg);
    if (room == 0) {
        atomic_store(&console->input.starved, true); /* pairs with console_accept() */
        room = receiver->room(receiver->arg);
    }
    return room;
}

void console_accept(struct console *console)
{
    atomic_bool *starved = &console->input.starved; /* pairs with console_receiver_room() */

    /* Read before it is exchanged: calls are frequent, and most find nothing to do. */
    if (atomic_load(starved) && atomic_exchange(starved, false)) {
        console_kick(console);
    }
}

static void console_deliver(struct console *console)
{
    struct ring *ring = &console->input.ring;

    while (ring->count > 0) {
        size_t count;
        const uint8_t *bytes = ring_front(ring, &count);
        size_t room = console_receiver_room(console);

        if (room == 0) {
            return;
        }
        count = count < room ? count : room;
        console->receiver.receive(console->receiver.arg, bytes, count);
        ring_drop(ring, count);
    }
    console->input.fresh = false;
}

/*
 * How many bytes to read now. A terminal is read ahead of the guest, so that the operator's escape
 * works if the guest reads nothing; so is everything else during a watch. Both end when the ring is
 * full, and then input waits in the line.
 */
static size_t console_appetite(struct console *console)
{
    const struct input *input = &console->input;
    size_t space = ring_space(&input->ring);

    if (input->line.fd < 0 || input->absent || space == 0) {
        return 0;
    }
    if (input->escaped || console->notice != NULL) {
        return space;
    }
    size_t room = console_receiver_room(console);
    return room < space ? room : space;
}

static void input_close(struct input *input)
{
    loop_remove(input->source);
    input->source = NULL;
    input->always_ready = false;
    line_close(&input->line);
}

/* Sorts the bytes read. Returns whether any was for the guest. */
static bool input_take(struct input *input, const uint8_t *bytes, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        uint8_t byte = bytes[i];
        enum escape_action action =
            input->escaped ? escape_feed(&input->escape, &byte) : ESCAPE_SEND;

        switch (action) {
        case ESCAPE_SEND:
            ring_push(&input->ring, byte);
            any = true;
            break;
        case ESCAPE_HELP:
            report("%s", escape_help);
            break;
        case ESCAPE_QUIT:
            input->quit = true;
            break;
        case ESCAPE_DROP:
            break;
        }
    }
    return any;
}

/* End of file, or an error, which counts as one. For a pseudo-terminal it is only a hang-up. */
static void console_end_input(struct console *console)
{
    if (!console->output.is_pty) {
        input_close(&console->input);
        return;
    }
    console->input.absent = true;
    output_absent(&console->output);
}

/* Reads once. Returns whether any byte was for the guest. */
static bool console_read(struct console *console)
{
    uint8_t bytes[RING_SIZE];
    size_t size = console_appetite(console);

    if (size == 0) {
        return false;
    }
    ssize_t count = line_read(&console->input.line, bytes, size);
    if (count > 0) {
        return input_take(&console->input, bytes, (size_t)count);
    }
    if (count != -EAGAIN) {
        console_end_input(console);
    }
    return false;
}

/* Watches the input only if bytes that come would be read. */
static void console_adjust_watch(struct console *console)
{
    struct input *input = &console->input;
    bool wanted = console_appetite(console) > 0;

    if (input->always_ready && wanted) {
        console_kick(console);
    } else if (input->source != NULL) {
        loop_watch(input->source, wanted ? EPOLLIN : 0);
    }
}

/*
 * All that input needs. A receive() may wake the guest, which ends the watch. quit() and notice()
 * may do more, so they come last: nothing of the console is used after them.
 */
static void console_pump(struct console *console, bool readable)
{
    struct input *input = &console->input;

    console_deliver(console);
    bool came = readable && console_read(console);
    if (came) {
        input->fresh = true;
        console_deliver(console);
    }
    console_adjust_watch(console);
    if (input->quit) {
        input->quit = false;
        console->quit(console->quit_arg);
    } else if (came && console->notice != NULL) {
        console->notice(console->notice_arg);
    }
}

static void console_on_input(void *arg, uint32_t events)
{
    (void)events;
    console_pump(arg, true);
}

static void console_on_kick(void *arg, uint32_t events)
{
    struct console *console = arg;
    uint64_t count;

    (void)events;
    (void)!read(console->kick_fd, &count, sizeof(count));
    output_work(&console->output);
    console_pump(console, console->input.always_ready);
}

/*
 * A program has opened the pseudo-terminal. It may have closed it already: then the input gives what
 * it has written, and after that the error of a hang-up.
 */
static void console_on_open(void *arg, uint32_t events)
{
    struct console *console = arg;
    uint8_t notices[1024];

    (void)events;
    (void)!read(console->open_fd, notices, sizeof(notices));
    console->input.absent = false;
    output_present(&console->output);
    console_adjust_watch(console);
}

bool console_pending(const struct console *console)
{
    return console->input.fresh;
}

void console_connect(struct console *console, const struct console_receiver *receiver)
{
    console->connected = receiver != NULL;
    if (receiver != NULL) {
        console->receiver = *receiver;
    }
    console_kick(console);
}

void console_watch(struct console *console, void (*notice)(void *arg), void *arg)
{
    if (notice == NULL) {
        console->input.fresh = false;
    }
    console->notice = notice;
    console->notice_arg = arg;
    console_kick(console);
}

void console_continue(struct console *console)
{
    terminal_make_raw_again(&console->terminal);
}

const char *console_file(const struct console *console)
{
    return console->output.log.path;
}

bool console_reopen(struct console *console)
{
    return output_reopen(&console->output, console->loop);
}

/* Adds the input to the loop. What epoll refuses never makes a reader wait. 0 or -errno. */
static int console_watch_input(struct console *console)
{
    struct input *input = &console->input;

    if (input->line.fd < 0) {
        return 0;
    }
    input->source = loop_add(console->loop, input->line.fd, 0, console_on_input, console);
    input->always_ready = input->source == NULL && errno == EPERM;
    return input->source != NULL || input->always_ready ? 0 : -errno;
}

static int console_open_stdio(struct console *console)
{
    console->output.name = "standard output";
    console->output.line = line_borrow(STDOUT_FILENO, O_WRONLY);
    console->input.line = line_borrow(STDIN_FILENO, O_RDONLY);
    if (isatty(STDIN_FILENO) == 0) {
        return 0;
    }
    console->input.escaped = true;
    return terminal_make_raw(&console->terminal, STDIN_FILENO);
}

/*
 * Input and output need a descriptor each, because the loop tells them apart by it. inotify reports
 * when a program opens the other side, which the master does not; polling would keep the host of a
 * sleeping guest awake.
 */
static int console_open_pty(struct console *console)
{
    int master = terminal_open_pty(console->pty_name, sizeof(console->pty_name));

    if (master < 0) {
        return master;
    }
    console->input.line = line_own(master);
    console->input.absent = true;
    console->output.name = console->pty_name;
    console->output.is_pty = true;
    console->output.dropping = true;
    int twin = fcntl(master, F_DUPFD_CLOEXEC, 0);
    if (twin < 0) {
        return -errno;
    }
    console->output.line = line_own(twin);
    console->open_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (console->open_fd < 0 ||
        inotify_add_watch(console->open_fd, console->pty_name, IN_OPEN) < 0) {
        return -errno;
    }
    console->open_source =
        loop_add(console->loop, console->open_fd, EPOLLIN, console_on_open, console);
    return console->open_source != NULL ? 0 : -errno;
}

bool console_target_is_valid(const char *target)
{
    static const char *const words[] = {"stdio", "none", "pty"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);

        if (strncmp(target, words[i], length) == 0 &&
            (target[length] == '\0' || target[length] == ',')) {
            return target[length] == '\0';
        }
    }
    return logfile_spec_is_valid(target);
}

static int console_open_target(struct console *console, const char *target)
{
    if (strcmp(target, "stdio") == 0) {
        return console_open_stdio(console);
    }
    if (strcmp(target, "pty") == 0) {
        return console_open_pty(console);
    }
    if (strcmp(target, "none") == 0) {
        console->output.dropping = true;
        return 0;
    }
    return output_open_log(&console->output, target);
}

static int console_set_up(struct console *console, const char *target)
{
    console->kick_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (console->kick_fd < 0) {
        return -errno;
    }
    console->kick_source =
        loop_add(console->loop, console->kick_fd, EPOLLIN, console_on_kick, console);
    if (console->kick_source == NULL) {
        return -errno;
    }
    int error = console_open_target(console, target);
    if (error == 0) {
        error = console_watch_input(console);
    }
    return error != 0 ? error : output_watch(&console->output, console->loop);
}

struct console *console_create(struct loop *loop, const char *target, void (*quit)(void *arg),
                               void *quit_arg)
{
    struct console *console = calloc(1, sizeof(*console));

    if (console == NULL) {
        report("console: %s", strerror(errno));
        return NULL;
    }
    console->loop = loop;
    console->quit = quit;
    console->quit_arg = quit_arg;
    console->kick_fd = -1;
    console->open_fd = -1;
    console->input.line = line_none();
    console->output.line = line_none();
    console->output.log = (struct logfile){.fd = -1, .folder = -1};
    console->output.settle = console_settle_output;
    console->output.call = console_call_main;
    console->output.arg = console;
    pthread_mutex_init(&console->output.lock, NULL);
    int error = console_set_up(console, target);
    if (error != 0) {
        report("console: cannot open %s: %s", target, strerror(-error));
        console_destroy(console);
        return NULL;
    }
    if (console->output.is_pty) {
        report("console is on %s", console->pty_name);
    }
    return console;
}

void console_destroy(struct console *console)
{
    if (console == NULL) {
        return;
    }
    output_flush(&console->output);
    terminal_restore(&console->terminal);
    input_close(&console->input);
    output_unwatch(&console->output);
    line_close(&console->output.line);
    logfile_close(&console->output.log);
    loop_close(console->open_source, console->open_fd);
    loop_close(console->kick_source, console->kick_fd);
    pthread_mutex_destroy(&console->output.lock);
    free(console);
}
