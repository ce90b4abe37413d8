/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/report.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <termios.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/journal.h"
#include "base/line.h"

/* A line that fits into PIPE_BUF is never split by a pipe. */
enum { MESSAGE_SIZE = 4096 };

static struct {
    const char *program;
    const char *vm_name;
    bool opened;
    bool journal;         /* standard error is systemd's journal */
    struct line line;     /* once opened */
    pthread_mutex_t lock; /* protects all below, and the order of the lines */
    unsigned long lost;
    bool torn; /* a terminal took the beginning of a line only */
} out = {.program = "dormouse", .lock = PTHREAD_MUTEX_INITIALIZER};

/* The journal says which device and inode the stream has that it gives to a service (systemd.exec(5)). */
static bool is_journal(int fd)
{
    const char *text = getenv("JOURNAL_STREAM");
    struct stat status;
    char *end;

    if (text == NULL || fstat(fd, &status) != 0) {
        return false;
    }
    bool right = strtoull(text, &end, 10) == status.st_dev;
    return right && *end == ':' && strtoull(end + 1, NULL, 10) == status.st_ino;
}

void report_open(const char *program)
{
    out.program = program;
    out.journal = is_journal(STDERR_FILENO);
    out.line = line_borrow(STDERR_FILENO, O_WRONLY);
    out.opened = true;
}

void report_use_journal(const char *path)
{
    if (out.journal) {
        (void)journal_open(path);
    }
}

void report_name(const char *name)
{
    out.vm_name = name;
}

/* Documented in dormouse(1), and never changed. */
#define REPORT_STATE_ID "c30bc6c74f2544389f27900c002880ce"
#define REPORT_ERROR_ID "87f2783bb87345fda4c73466497d128f"

static bool send_entry(int level, const char *message, const char *id, const char *state)
{
    const char priority[] = {(char)('0' + level), '\0'};
    const struct journal_field entry[] = {
        {"MESSAGE", message},         {"PRIORITY", priority}, {"SYSLOG_IDENTIFIER", out.program},
        {"DORMOUSE_VM", out.vm_name}, {"MESSAGE_ID", id},     {"DORMOUSE_STATE", state},
    };

    return journal_send(entry, sizeof(entry) / sizeof(entry[0]));
}

void report_state(const char *state)
{
    (void)send_entry(LOG_INFO, state, REPORT_STATE_ID, state);
}

__attribute__((format(printf, 2, 0))) static bool send_message(int level, const char *format,
                                                               va_list arguments)
{
    char message[MESSAGE_SIZE];

    if (!journal_is_open()) {
        return false;
    }
    (void)vsnprintf(message, sizeof(message), format, arguments);
    return send_entry(level, message, level == LOG_ERR ? REPORT_ERROR_ID : NULL, NULL);
}

/* Whether the descriptor is a terminal in raw mode, which needs a carriage return after each line. */
static bool is_raw(int fd)
{
    struct termios mode;

    return tcgetattr(fd, &mode) == 0 && (mode.c_oflag & OPOST) == 0;
}

/*
 * Names of files may have any bytes. A message stays one line, which is harmless for a terminal; the journal's own
 * tools see to that.
 */
__attribute__((format(printf, 3, 0))) static void
format_words(char *words, size_t size, const char *format, va_list arguments)
{
    char raw[MESSAGE_SIZE];

    (void)vsnprintf(raw, sizeof(raw), format, arguments);
    clean_copy(words, size, raw);
}

__attribute__((format(printf, 3, 0))) static size_t
format_message(char *message, int level, const char *format, va_list arguments)
{
    const size_t room = MESSAGE_SIZE - strlen("\r\n");
    bool named = out.vm_name != NULL;
    char prefix[8] = "";

    if (out.journal) {
        (void)snprintf(prefix, sizeof(prefix), "<%d>", level);
    }
    int length = snprintf(message, room, "%s%s%s: %s%s", out.torn ? "\n" : "", prefix, out.program,
                          named ? out.vm_name : "", named ? ": " : "");

    format_words(message + length, room - (size_t)length, format, arguments);
    size_t end = strlen(message);
    if (is_raw(STDERR_FILENO)) {
        message[end++] = '\r';
    }
    message[end++] = '\n';
    return end;
}

/* Writes as much as the line takes without waiting. Returns whether that was everything. */
static bool write_message(const struct line *line, const char *message, size_t length)
{
    const uint8_t *next = (const uint8_t *)message;
    size_t left = length;

    while (left > 0) {
        ssize_t count = line_write(line, next, left);

        if (count <= 0) {
            out.torn = out.torn || left < length;
            return false;
        }
        next += count;
        left -= (size_t)count;
    }
    out.torn = false;
    return true;
}

__attribute__((format(printf, 3, 0))) static bool say_message(const struct line *line, int level,
                                                              const char *format, va_list arguments)
{
    char message[MESSAGE_SIZE];
    size_t length = format_message(message, level, format, arguments);

    return write_message(line, message, length);
}

__attribute__((format(printf, 2, 3))) static bool say(const struct line *line, const char *format,
                                                      ...)
{
    va_list arguments;

    va_start(arguments, format);
    bool said = say_message(line, LOG_WARNING, format, arguments);
    va_end(arguments);
    return said;
}

/* Returns whether every loss has been reported. */
static bool say_lost(const struct line *line)
{
    if (out.lost > 0 && say(line, "%lu message%s lost: standard error took no more", out.lost,
                            out.lost == 1 ? " was" : "s were")) {
        out.lost = 0;
    }
    return out.lost == 0;
}

__attribute__((format(printf, 2, 0))) static void write_level(int level, const char *format,
                                                              va_list arguments)
{
    pthread_mutex_lock(&out.lock);
    struct line line = out.opened ? out.line : line_borrow(STDERR_FILENO, O_WRONLY);
    if (!say_lost(&line) || !say_message(&line, level, format, arguments)) {
        out.lost++;
    }
    if (!out.opened) {
        line_close(&line);
    }
    pthread_mutex_unlock(&out.lock);
}

__attribute__((format(printf, 2, 0))) static void report_level(int level, const char *format,
                                                               va_list arguments)
{
    va_list again;

    va_copy(again, arguments);
    bool sent = send_message(level, format, again);
    va_end(again);
    if (!sent) {
        write_level(level, format, arguments);
    }
}

void report(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report_level(LOG_ERR, format, arguments);
    va_end(arguments);
}

void report_note(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report_level(LOG_NOTICE, format, arguments);
    va_end(arguments);
}

void report_close(void)
{
    enum { PATIENCE_MS = 1000 };
    struct pollfd poll_fd = {.fd = STDERR_FILENO, .events = POLLOUT};

    pthread_mutex_lock(&out.lock);
    if (out.opened && !say_lost(&out.line) && poll(&poll_fd, 1, PATIENCE_MS) == 1) {
        (void)say_lost(&out.line);
    }
    if (out.opened) {
        line_close(&out.line);
        out.opened = false;
    }
    journal_close();
    pthread_mutex_unlock(&out.lock);
}
