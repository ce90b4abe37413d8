/* SPDX-License-Identifier: BSD-2-Clause */
/* Selects the target of the console, and connects its input and output. */
#include "host/console/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/line.h"
#include "base/report.h"
#include "core/loop.h"
#include "host/console/input.h"
#include "host/console/output.h"
#include "host/console/pty_link.h"
#include "host/console/terminal.h"

enum { PTY_NAME_SIZE = 64 };

struct console {
    struct loop *loop;
    void (*quit)(void *arg);
    void *quit_arg;
    struct input input;
    struct output output;
    struct terminal terminal;
    char pty_name[PTY_NAME_SIZE];
    struct pty_link link;
    int kick_fd; /* eventfd: any thread wakes the main thread by it */
    struct loop_source *kick_source;
    int open_fd; /* inotify: a program opens the pseudo-terminal; -1: not watched */
    struct loop_source *open_source;
};

static void console_kick(struct console *console)
{
    const uint64_t one = 1;

    /* Fails only if 2^64 - 2 kicks are pending, and one is enough. */
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
    const struct input *input = &console->input;

    if (output_owes(&console->output) && input->connected) {
        input->receiver.writable(input->receiver.arg);
    }
}

static void console_call_quit(void *arg)
{
    struct console *console = arg;

    console->quit(console->quit_arg);
}

static void console_end_output(void *arg)
{
    struct console *console = arg;

    output_absent(&console->output);
}

void console_accept(struct console *console)
{
    input_accept(&console->input);
}

static void console_on_kick(void *arg, uint32_t events)
{
    struct console *console = arg;
    uint64_t count;

    (void)events;
    (void)!read(console->kick_fd, &count, sizeof(count));
    output_work(&console->output);
    input_work(&console->input);
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
    output_present(&console->output);
    input_present(&console->input);
}

bool console_pending(const struct console *console)
{
    return console->input.fresh;
}

void console_connect(struct console *console, const struct console_receiver *receiver)
{
    input_connect(&console->input, receiver);
}

void console_watch(struct console *console, void (*notice)(void *arg), void *arg)
{
    input_watch(&console->input, notice, arg);
}

void console_continue(struct console *console)
{
    terminal_make_raw_again(&console->terminal);
}

const char *console_file(const struct console *console)
{
    return console->output.log.path;
}

const char *console_link(const struct console *console)
{
    return console->link.path;
}

int console_created(const struct console *console)
{
    return logfile_created(&console->output.log);
}

bool console_has_limit(const struct console *console)
{
    return logfile_has_limit(&console->output.log);
}

bool console_reopen(struct console *console)
{
    return output_reopen(&console->output, console->loop);
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

/* The path of "pty=PATH", or NULL. */
static const char *target_link(const char *target)
{
    static const char pty[] = "pty=";
    const size_t length = sizeof(pty) - 1;

    return strncmp(target, pty, length) == 0 && target[length] != '\0' ? target + length : NULL;
}

/*
 * Input and output need a descriptor each, because the loop tells them apart by it. inotify reports
 * when a program opens the other side, which the master does not; polling would keep the host of a
 * sleeping guest awake.
 */
static int console_open_pty(struct console *console, const char *link)
{
    int master = terminal_open_pty(console->pty_name, sizeof(console->pty_name));

    if (master < 0) {
        return master;
    }
    console->input.line = line_own(master);
    console->input.is_pty = true;
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
    if (console->open_source == NULL) {
        return -errno;
    }
    return link != NULL ? pty_link_make(&console->link, link, console->pty_name) : 0;
}

bool console_target_is_valid(const char *target)
{
    static const char *const words[] = {"stdio", "none", "pty"};

    if (target_link(target) != NULL) {
        return true;
    }
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
    if (strcmp(target, "pty") == 0 || target_link(target) != NULL) {
        return console_open_pty(console, target_link(target));
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
        error = input_join(&console->input, console->loop);
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
    console->link = (struct pty_link)PTY_LINK_NONE;
    console->input.line = line_none();
    console->input.call = console_call_main;
    console->input.quit = console_call_quit;
    console->input.leave = console_end_output;
    console->input.arg = console;
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
    if (console->output.is_pty && console->link.path == NULL) {
        report_note("console is on %s", console->pty_name);
    }
    return console;
}

void console_destroy(struct console *console)
{
    if (console == NULL) {
        return;
    }
    pty_link_remove(&console->link);
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
