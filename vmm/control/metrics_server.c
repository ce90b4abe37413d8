/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/metrics_server.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/report.h"
#include "core/listener.h"
#include "core/loop.h"

struct metrics_client {
    struct metrics_server *server;
    struct loop_source *source;
    unsigned long long number; /* in the order of their coming; 0: no client */
    int fd;
    size_t length;
    char request[METRICS_REQUEST_MAX];
};

struct metrics_server {
    struct loop *loop;
    struct listener listener;
    metrics_text_fn *text;
    void *arg;
    unsigned long long served;
    struct metrics_client clients[METRICS_CLIENTS_MAX];
};

/* Closing a socket with unread input would take the answer back from the client. */
static void metrics_hang_up(struct metrics_client *client)
{
    char rest[METRICS_REQUEST_MAX];

    loop_remove(client->source);
    shutdown(client->fd, SHUT_WR);
    (void)!recv(client->fd, rest, sizeof(rest), MSG_DONTWAIT);
    close(client->fd);
    client->source = NULL;
    client->number = 0;
}

/* A fresh socket has room for the whole answer. */
static void metrics_send(const struct metrics_client *client, const char *status, const char *text,
                         size_t length)
{
    char head[160];
    int size = snprintf(head, sizeof(head),
                        "HTTP/1.0 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                        "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                        status, length);

    (void)!send(client->fd, head, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)!send(client->fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void metrics_answer(const struct metrics_client *client)
{
    const struct metrics_server *server = client->server;
    size_t length = 0;

    if (client->length < 4 || memcmp(client->request, "GET ", 4) != 0) {
        metrics_send(client, "405 Method Not Allowed", "", 0);
        return;
    }
    char *text = server->text(server->arg, &length);
    if (text == NULL) {
        metrics_send(client, "503 Service Unavailable", "", 0);
    } else {
        metrics_send(client, "200 OK", text, length);
    }
    free(text);
}

/* A request ends with an empty line. */
static bool metrics_asked(const struct metrics_client *client)
{
    return memmem(client->request, client->length, "\r\n\r\n", 4) != NULL ||
           memmem(client->request, client->length, "\n\n", 2) != NULL;
}

static void on_request(void *arg, uint32_t events)
{
    struct metrics_client *client = arg;
    ssize_t got = recv(client->fd, client->request + client->length,
                       sizeof(client->request) - client->length, MSG_DONTWAIT);

    (void)events;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    client->length += got > 0 ? (size_t)got : 0;
    if (got > 0 && !metrics_asked(client) && client->length < sizeof(client->request)) {
        return;
    }
    if (metrics_asked(client)) {
        metrics_answer(client);
    }
    metrics_hang_up(client);
}

/* A free place, or the one of the client that waits longest. */
static struct metrics_client *metrics_find_place(struct metrics_server *server)
{
    struct metrics_client *oldest = &server->clients[0];

    for (unsigned i = 1; i < METRICS_CLIENTS_MAX; i++) {
        if (server->clients[i].number < oldest->number) {
            oldest = &server->clients[i];
        }
    }
    if (oldest->number != 0) {
        metrics_hang_up(oldest);
    }
    return oldest;
}

static void metrics_serve(void *arg, int fd)
{
    struct metrics_server *server = arg;
    struct metrics_client *client = metrics_find_place(server);

    client->server = server;
    client->fd = fd;
    client->length = 0;
    client->source = loop_add(server->loop, fd, EPOLLIN, on_request, client);
    if (client->source == NULL) {
        close(fd);
        return;
    }
    client->number = ++server->served;
}

struct metrics_server *metrics_server_open(struct loop *loop, const char *path,
                                           metrics_text_fn *text, void *arg)
{
    struct metrics_server *server = calloc(1, sizeof(*server));
    const struct listener_setup setup = {
        .loop = loop,
        .option = "--metrics",
        .path = path,
        .backlog = METRICS_CLIENTS_MAX,
        .serve = metrics_serve,
        .arg = server,
    };

    if (server == NULL) {
        report("--metrics %s: %s", path, strerror(ENOMEM));
        return NULL;
    }
    server->loop = loop;
    server->text = text;
    server->arg = arg;
    if (!listener_open(&server->listener, &setup)) {
        free(server);
        return NULL;
    }
    return server;
}

void metrics_server_close(struct metrics_server *server)
{
    if (server == NULL) {
        return;
    }
    for (unsigned i = 0; i < METRICS_CLIENTS_MAX; i++) {
        if (server->clients[i].number != 0) {
            metrics_hang_up(&server->clients[i]);
        }
    }
    listener_close(&server->listener);
    free(server);
}
