/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/datagram.h"
#include "base/option.h"
#include "base/report.h"

/* Longer ones would overflow when they become nanoseconds. */
#define NOTIFY_WATCHDOG_MAX_US (INT64_MAX / 1000)

static struct {
    int fd;
    int64_t watchdog_ns;
    int64_t alive_at; /* clock_now_ns() of the last sign of life */
    bool ready;
    uint64_t stop_us;    /* what notify_stop() has asked for */
    int64_t extended_at; /* clock_now_ns() when that was last sent */
} notify = {.fd = -1};

/* Returns the variable as a number, or 0. */
static int64_t notify_number(const char *variable)
{
    const char *text = getenv(variable);
    uint64_t number;

    if (text == NULL || !option_number(&text, &number) || *text != '\0' ||
        number > NOTIFY_WATCHDOG_MAX_US) {
        return 0;
    }
    return (int64_t)number;
}

/* The watchdog may be another process's: WATCHDOG_PID says whose it is. */
static int64_t notify_read_watchdog(void)
{
    bool mine = getenv("WATCHDOG_PID") == NULL || notify_number("WATCHDOG_PID") == getpid();

    return mine ? notify_number("WATCHDOG_USEC") * 1000 : 0;
}

bool notify_open(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    bool wanted = name != NULL && name[0] != '\0';
    int fd = wanted ? datagram_connect(name) : -1;

    if (wanted && fd < 0) {
        report("NOTIFY_SOCKET=%s: cannot reach the service manager: %s", name, strerror(-fd));
    }
    if (fd >= 0) {
        notify.fd = fd;
        notify.watchdog_ns = notify_read_watchdog();
    }
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_PID");
    (void)unsetenv("WATCHDOG_USEC");
    return !wanted || fd >= 0;
}

void notify_close(void)
{
    if (notify.fd >= 0) {
        close(notify.fd);
    }
    notify.fd = -1;
    notify.watchdog_ns = 0;
    notify.alive_at = 0;
    notify.ready = false;
    notify.stop_us = 0;
}

bool notify_is_open(void)
{
    return notify.fd >= 0;
}

bool notify_send(const char *assignments)
{
    if (notify.fd < 0 ||
        send(notify.fd, assignments, strlen(assignments), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
        return true;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM) {
        return false;
    }
    notify_close();
    return true;
}

/* Without this message the service manager would end the service, so a full queue gets some time. */
void notify_ready(void)
{
    enum { PATIENCE_MS = 1000 };
    struct pollfd poll_fd = {.fd = notify.fd, .events = POLLOUT};
    static const char text[] = "READY=1";

    if (notify.fd < 0 || notify.ready) {
        return;
    }
    notify.ready = true;
    if (!notify_send(text) && poll(&poll_fd, 1, PATIENCE_MS) == 1) {
        (void)notify_send(text);
    }
}

int64_t notify_watchdog_ns(void)
{
    return notify.watchdog_ns;
}

void notify_alive(void)
{
    int64_t now = notify.watchdog_ns != 0 ? clock_now_ns() : 0;

    if (notify.watchdog_ns != 0 && now - notify.alive_at >= notify.watchdog_ns / 4 &&
        notify_send("WATCHDOG=1")) {
        notify.alive_at = now;
    }
}

/* The service manager only ever makes its limit later by it. */
static void notify_extend(const char *before)
{
    char text[80];

    (void)snprintf(text, sizeof(text), "%sEXTEND_TIMEOUT_USEC=%" PRIu64, before, notify.stop_us);
    if (notify_send(text)) {
        notify.extended_at = clock_now_ns();
    }
}

void notify_stop(uint64_t microseconds)
{
    notify.stop_us = microseconds;
    if (microseconds == 0) {
        (void)notify_send("STOPPING=1");
    } else {
        notify_extend("STOPPING=1\n");
    }
}

void notify_progress(void)
{
    const int64_t pause_ns = INT64_C(5000000000);

    notify_alive();
    if (notify.stop_us != 0 && clock_now_ns() - notify.extended_at >= pause_ns) {
        notify_extend("");
    }
}
