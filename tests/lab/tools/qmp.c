/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of QMP for the lab, where there is no other.
 *
 *   qmp SOCKET [STEP]...
 *
 * Connects, negotiates, and takes the steps one after the other, each at most 60 s long:
 *   NAME           the command of that name, until its reply
 *   NAME:{JSON}    the same with arguments
 *   @EVENT         waits for an event of that name, one that came before included
 *   =SECONDS       stays, and reads what comes
 *   .              waits until the server has ended the connection in order
 * Prints every line that the server sends. Exit status: 0; 1 if a step fails: no connection, an
 * error for a reply, the server is gone, or nothing came in time.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 60000, INPUT_MAX = 1 << 20 };

static int server = -1;
static char input[INPUT_MAX]; /* all lines so far; those up to `seen` have been looked at */
static size_t input_length;
static size_t seen;

static void give_up(const char *what, const char *about)
{
    fprintf(stderr, "qmp: %s%s\n", what, about);
    exit(1);
}

static void give_up_lost(void)
{
    give_up("the connection is lost: ", strerror(errno));
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads more, until `end`: 1, 0 if nothing came in time, -1 if the server has ended the connection.
 */
static int read_some(long end)
{
    struct pollfd fd = {.fd = server, .events = POLLIN};
    long left = end - now_ms();

    if (left <= 0 || poll(&fd, 1, (int)left) <= 0) {
        return 0;
    }
    ssize_t count = read(server, input + input_length, INPUT_MAX - 1 - input_length);
    if (count < 0) {
        give_up_lost();
    }
    if (count == 0) {
        return -1;
    }
    fwrite(input + input_length, 1, (size_t)count, stdout);
    fflush(stdout);
    input_length += (size_t)count;
    input[input_length] = '\0';
    return 1;
}

/* As read_some(), but the connection must not end. */
static bool read_more(long end)
{
    int result = read_some(end);

    if (result < 0) {
        give_up("the server is gone", "");
    }
    return result > 0;
}

static void wait_end(void)
{
    long end = now_ms() + LIMIT_MS;
    int result;

    while ((result = read_some(end)) > 0) {
    }
    if (result == 0) {
        give_up("the server does not end the connection", "");
    }
}

/* The next line after `from`, ended by NUL in place of its newline; NULL: none yet. */
static char *line_after(size_t *from)
{
    char *line = input + *from;
    char *end = strchr(line, '\n');

    if (end == NULL) {
        return NULL;
    }
    *from = (size_t)(end - input) + 1;
    return line;
}

static bool line_has(const char *line, const char *text)
{
    const char *end = strchr(line, '\n');
    const char *found = strstr(line, text);

    return found != NULL && (end == NULL || found < end);
}

static void wait_reply(const char *name)
{
    long end = now_ms() + LIMIT_MS;

    for (;;) {
        char *line;

        while ((line = line_after(&seen)) != NULL) {
            if (line_has(line, "{\"return\":") || line_has(line, "\"QMP\":")) {
                return;
            }
            if (line_has(line, "{\"error\":")) {
                give_up("an error for ", name);
            }
        }
        if (!read_more(end)) {
            give_up("no reply in time to ", name);
        }
    }
}

static void wait_event(const char *name)
{
    char text[128];
    long end = now_ms() + LIMIT_MS;

    (void)snprintf(text, sizeof(text), "\"event\":\"%s\"", name);
    for (;;) {
        size_t from = 0;
        char *line;

        while ((line = line_after(&from)) != NULL) {
            if (line_has(line, text)) {
                /* The same event does not count twice. */
                memset(line, ' ', (size_t)(strchr(line, '\n') - line));
                return;
            }
        }
        if (!read_more(end)) {
            give_up("no event in time: ", name);
        }
    }
}

static void command(const char *step)
{
    char text[4096];
    const char *colon = strchr(step, ':');
    int length = colon != NULL
                     ? snprintf(text, sizeof(text), "{\"execute\":\"%.*s\",\"arguments\":%s}\n",
                                (int)(colon - step), step, colon + 1)
                     : snprintf(text, sizeof(text), "{\"execute\":\"%s\"}\n", step);

    if (server < 0 || length >= (int)sizeof(text) ||
        send(server, text, (size_t)length, MSG_NOSIGNAL) != (ssize_t)length) {
        give_up("cannot send ", step);
    }
    wait_reply(step);
}

static void stay(const char *seconds)
{
    long end = now_ms() + 1000 * strtol(seconds, NULL, 10);

    while (read_more(end)) {
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (argc < 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
        give_up("usage: qmp SOCKET [STEP]...", "");
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
    server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        give_up("cannot connect: ", strerror(errno));
    }
    wait_reply("the connection");
    command("qmp_capabilities");
    for (int i = 2; i < argc; i++) {
        switch (argv[i][0]) {
        case '@':
            wait_event(argv[i] + 1);
            break;
        case '.':
            wait_end();
            break;
        case '=':
            stay(argv[i] + 1);
            break;
        default:
            command(argv[i]);
            break;
        }
    }
    return 0;
}
