/* SPDX-License-Identifier: BSD-2-Clause */
/* Verbs that connect this terminal with a guest: its console, and a port of its vsock. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/program.h"
#include "base/report.h"
#include "client/relay.h"
#include "client/verb.h"
#include "host/console/terminal.h"

enum { CTRL_CLOSE_BRACKET = ']' & 0x1f };

static int attach_fail(const struct verb *verb, const struct vm *vm, const char *what, int error)
{
    report("%s %s: %s: %s", verb_word(verb), vm->name, what, strerror(-error));
    return VERB_FAILED;
}

static int attach_end(const struct verb *verb, const struct vm *vm, int error)
{
    return error == 0 ? VERB_DONE : attach_fail(verb, vm, "the connection broke", error);
}

/* Says where the console is that is not a pseudo-terminal. */
static int refuse_console(const struct verb *verb, const struct vm *vm)
{
    const char *place = vm_text(vm, "console");
    char clean[256];

    clean_copy(clean, sizeof(clean), place != NULL ? place : "not known");
    report("%s %s: the console is %s; only that of a VM with --console pty can be attached to",
           verb_word(verb), vm->name, clean);
    return VERB_FAILED;
}

/* One at a time: of two readers each would get a part of what the guest says. */
static int open_console(const char *path)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return -errno;
    }
    int error = !isatty(fd) ? -ENOTTY : flock(fd, LOCK_EX | LOCK_NB) != 0 ? -errno : 0;
    if (error != 0) {
        close(fd);
        return error;
    }
    return fd;
}

int console_run(const struct verb *verb, const struct vm_list *list,
                const struct verb_settings *settings)
{
    const struct vm *vm = &list->vms[0];
    const char *path = vm_text(vm, "pty");
    struct terminal terminal = {.raw = false};

    (void)settings;
    if (!vm->running) {
        return verb_report(verb, vm, NULL, ASK_GONE);
    }
    if (path == NULL) {
        return refuse_console(verb, vm);
    }
    int fd = open_console(path);
    if (fd == -EWOULDBLOCK) {
        report("%s %s: another program is attached to it", verb_word(verb), vm->name);
        return VERB_FAILED;
    }
    if (fd < 0) {
        return attach_fail(verb, vm, path, fd);
    }
    bool keys = isatty(STDIN_FILENO) != 0;
    if (keys) {
        report("%s %s: Ctrl-] ends the connection", verb_word(verb), vm->name);
        (void)terminal_make_raw(&terminal, STDIN_FILENO);
    }
    int error = relay_run(&(struct relay){.fd = fd, .escape = keys ? CTRL_CLOSE_BRACKET : -1});
    terminal_restore(&terminal);
    close(fd);
    return attach_end(verb, vm, error);
}

/* Reads "OK NUMBER" and its newline, byte by byte: what follows is the guest's. */
static int read_consent(int fd, int64_t deadline)
{
    char line[32];
    size_t length = 0;

    while (length < sizeof(line)) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - clock_now_ms();

        if (left <= 0 || poll(&ready, 1, (int)left) <= 0) {
            return -ETIMEDOUT;
        }
        ssize_t count = recv(fd, line + length, 1, 0);
        if (count <= 0) {
            return count == 0 ? -ECONNREFUSED : -errno;
        }
        if (line[length++] == '\n') {
            return strncmp(line, "OK ", 3) == 0 ? 0 : -ECONNREFUSED;
        }
    }
    return -EPROTO;
}

/* A VM that stands still accepts no connection, and the kernel lets only so many wait for that. */
static int connect_until(int fd, const char *path, int64_t deadline)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int64_t left = deadline - clock_now_ms();
    const struct timeval limit = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};

    if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
        sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    if (left <= 0) {
        return -ETIMEDOUT;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0) {
        return -errno;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    }
    return 0;
}

static int ask_for_port(int fd, const char *path, const char *port, int64_t deadline)
{
    char line[32];
    int length = snprintf(line, sizeof(line), "CONNECT %s\n", port);
    int error = connect_until(fd, path, deadline);

    if (error != 0) {
        return error;
    }
    if (send(fd, line, (size_t)length, MSG_NOSIGNAL) != length) {
        return -errno;
    }
    return read_consent(fd, deadline);
}

static bool is_port(const char *text)
{
    uint64_t port;

    return option_number(&text, &port) && *text == '\0' && port < UINT32_MAX;
}

/* Whether the arguments name a port that there can be. Otherwise `*status` is the exit status. */
static bool check_port(const struct verb *verb, const struct vm *vm, char *const *rest, int *status)
{
    if (rest[0] != NULL && rest[1] != NULL) {
        report("%s: unexpected argument %s; options come before the name", verb_word(verb),
               rest[1]);
        *status = VERB_USAGE;
        return false;
    }
    if (rest[0] != NULL && !is_port(rest[0])) {
        report("%s %s: %s is not a port of vsock", verb_word(verb), vm->name, rest[0]);
        *status = VERB_USAGE;
        return false;
    }
    if (!vm->running) {
        *status = verb_report(verb, vm, NULL, ASK_GONE);
        return false;
    }
    if (vm_text(vm, "vsock") == NULL) {
        report("%s %s: the VM has no vsock; give it --vsock PATH", verb_word(verb), vm->name);
        *status = VERB_FAILED;
        return false;
    }
    return true;
}

int connect_run(const struct verb *verb, const struct vm_list *list,
                const struct verb_settings *settings)
{
    const struct vm *vm = &list->vms[0];
    const char *port = settings->rest[0] != NULL ? settings->rest[0] : "22";
    int status;

    if (!check_port(verb, vm, settings->rest, &status)) {
        return status;
    }
    program_ignore_signal(SIGPIPE);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = fd < 0
                    ? -errno
                    : ask_for_port(fd, vm_text(vm, "vsock"), port, verb_deadline(verb, settings));
    if (error == 0) {
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
        error = relay_run(&(struct relay){.fd = fd, .escape = -1, .socket = true});
    }
    if (fd >= 0) {
        close(fd);
    }
    return error == -ETIMEDOUT ? verb_report(verb, vm, NULL, ASK_LATE)
                               : attach_end(verb, vm, error);
}
