/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the guest's own service manager says: systemd as PID 1 of a guest connects to the address in its credential
 * vmm.notify_socket, once for each message, and sends assignments as sd_notify(3) has them. READY=1 makes
 * the VM's service ready. The service manager of the host gets of a guest only that, once, and which units have become
 * active, READY_UNITS_MAX times.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/notify.h"
#include "host/vsock/vsock_parts.h"

enum {
    READY_SPEAKERS_MAX = 8, /* connections at once */
    READY_LINE_MAX = 256,   /* a longer one is dropped */
    READY_UNITS_MAX = 64,
};

struct ready_speaker {
    struct vsock_ready *ready;
    int fd; /* -1: free */
    struct loop_source *source;
    bool too_long;
    size_t length;
    char line[READY_LINE_MAX];
};

struct vsock_ready {
    struct loop *loop;
    unsigned units;
    struct ready_speaker speakers[READY_SPEAKERS_MAX];
};

static bool ready_is_unit(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             ":-_.\\@")] == '\0';
}

static void ready_take_line(struct vsock_ready *ready, const char *line)
{
    static const char active[] = "X_SYSTEMD_UNIT_ACTIVE=";

    if (strcmp(line, "READY=1") == 0) {
        notify_ready();
    } else if (strncmp(line, active, strlen(active)) == 0 && ready->units < READY_UNITS_MAX &&
               ready_is_unit(line + strlen(active))) {
        ready->units++;
        (void)notify_send(line);
    }
}

static void ready_end_line(struct ready_speaker *speaker)
{
    speaker->line[speaker->length] = '\0';
    if (!speaker->too_long) {
        ready_take_line(speaker->ready, speaker->line);
    }
    speaker->too_long = false;
    speaker->length = 0;
}

static void ready_take_byte(struct ready_speaker *speaker, char byte)
{
    if (byte == '\n') {
        ready_end_line(speaker);
    } else if (speaker->length + 1 < sizeof(speaker->line)) {
        speaker->line[speaker->length++] = byte;
    } else {
        speaker->too_long = true;
    }
}

static void ready_drop(struct ready_speaker *speaker)
{
    loop_close(speaker->source, speaker->fd);
    speaker->source = NULL;
    speaker->fd = -1;
}

/* The last line of a message has no newline. */
static void ready_on_speaker(void *arg, uint32_t events)
{
    struct ready_speaker *speaker = arg;
    char bytes[512];
    ssize_t count = recv(speaker->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    (void)events;
    for (ssize_t i = 0; i < count; i++) {
        ready_take_byte(speaker, bytes[i]);
    }
    if (count == 0) {
        ready_end_line(speaker);
    }
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        ready_drop(speaker);
    }
}

static struct ready_speaker *ready_find_free(struct vsock_ready *ready)
{
    for (unsigned i = 0; i < READY_SPEAKERS_MAX; i++) {
        if (ready->speakers[i].fd < 0) {
            return &ready->speakers[i];
        }
    }
    return NULL;
}

int ready_connect(struct vsock_ready *ready)
{
    struct ready_speaker *speaker = ready_find_free(ready);
    int ends[2];

    if (speaker == NULL ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        return -1;
    }
    *speaker = (struct ready_speaker){.ready = ready, .fd = ends[0]};
    speaker->source = loop_add(ready->loop, ends[0], EPOLLIN, ready_on_speaker, speaker);
    if (speaker->source == NULL) {
        ready_drop(speaker);
        close(ends[1]);
        return -1;
    }
    return ends[1];
}

struct vsock_ready *ready_open(struct loop *loop)
{
    struct vsock_ready *ready = calloc(1, sizeof(*ready));

    if (ready == NULL) {
        return NULL;
    }
    ready->loop = loop;
    for (unsigned i = 0; i < READY_SPEAKERS_MAX; i++) {
        ready->speakers[i].fd = -1;
    }
    return ready;
}

void ready_close(struct vsock_ready *ready)
{
    for (unsigned i = 0; ready != NULL && i < READY_SPEAKERS_MAX; i++) {
        if (ready->speakers[i].fd >= 0) {
            ready_drop(&ready->speakers[i]);
        }
    }
    free(ready);
}
