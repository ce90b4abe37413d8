/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines with which a connection from the host begins. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "host/vsock/vsock_parts.h"

/* Reads "CONNECT 1024", a line without its end. False: it is something else. */
static bool greeting_parse(const char *line, uint32_t *port)
{
    static const char word[] = "CONNECT ";
    uint64_t number = 0;

    if (strncmp(line, word, strlen(word)) != 0) {
        return false;
    }
    const char *digits = line + strlen(word);
    size_t count = strspn(digits, "0123456789");
    if (count == 0 || count > 10 || digits[count] != '\0') {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        number = number * 10 + (uint64_t)(digits[i] - '0');
    }
    *port = (uint32_t)number;
    return number < UINT32_MAX; /* The last one means "any" (vsock(7)). */
}

/* Moves bytes from the socket into the line, up to its end. What follows stays, for the guest. */
static enum vsock_greeting greeting_take(struct vsock_line *line, int fd)
{
    char *added = line->text + line->length;
    size_t room = sizeof(line->text) - line->length;
    ssize_t count = recv(fd, added, room, MSG_PEEK | MSG_DONTWAIT);

    if (count <= 0) {
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? GREETING_MORE : GREETING_WRONG;
    }
    const char *end = memchr(added, '\n', (size_t)count);
    size_t size = end != NULL ? (size_t)(end - added) + 1 : (size_t)count;
    if (recv(fd, added, size, MSG_DONTWAIT) != (ssize_t)size) {
        return GREETING_WRONG;
    }
    line->length += size;
    return end != NULL ? GREETING_DONE : GREETING_MORE;
}

enum vsock_greeting greeting_read(struct vsock_line *line, int fd, uint32_t *port)
{
    enum vsock_greeting result = greeting_take(line, fd);

    if (result == GREETING_DONE) {
        line->text[line->length - 1] = '\0';
        return greeting_parse(line->text, port) ? GREETING_DONE : GREETING_WRONG;
    }
    return line->length < sizeof(line->text) ? result : GREETING_WRONG;
}

bool greeting_answer(int fd, uint32_t host_port)
{
    char line[32];
    int length = snprintf(line, sizeof(line), "OK %" PRIu32 "\n", host_port);

    return send(fd, line, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) == length;
}
