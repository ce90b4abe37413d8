/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct loop_source {
    struct loop *loop;
    int fd;
    loop_fn *fn;
    void *arg;
    pthread_mutex_t lock; /* protects events, and keeps the epoll set in step with it */
    uint32_t events;
    bool removed;             /* main thread only */
    struct loop_source *next; /* in the loop's list of removed sources */
};

struct loop {
    int epoll_fd;
    bool stop;
    bool dispatching;
    struct loop_source *removed; /* freed when no event of the current batch can point to them */
};

struct loop *loop_create(void)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL) {
        return NULL;
    }
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        free(loop);
        return NULL;
    }
    return loop;
}

void loop_destroy(struct loop *loop)
{
    close(loop->epoll_fd);
    free(loop);
}

/*
 * epoll always reports hang-up and error, so a source that is not watched would make the loop spin
 * after its peer has gone. EPOLLONESHOT makes the first such report the last one.
 */
static int source_control(struct loop_source *source, int operation, uint32_t events)
{
    struct epoll_event event = {
        .events = events != 0 ? events : EPOLLONESHOT,
        .data.ptr = source,
    };

    return epoll_ctl(source->loop->epoll_fd, operation, source->fd, &event);
}

static void source_free(struct loop_source *source)
{
    pthread_mutex_destroy(&source->lock);
    free(source);
}

struct loop_source *loop_add(struct loop *loop, int fd, uint32_t events, loop_fn *fn, void *arg)
{
    struct loop_source *source = calloc(1, sizeof(*source));

    if (source == NULL) {
        return NULL;
    }
    source->loop = loop;
    source->fd = fd;
    source->fn = fn;
    source->arg = arg;
    source->events = events;
    pthread_mutex_init(&source->lock, NULL);
    if (source_control(source, EPOLL_CTL_ADD, events) != 0) {
        int error = errno;
        source_free(source);
        errno = error;
        return NULL;
    }
    return source;
}

void loop_watch(struct loop_source *source, uint32_t events)
{
    pthread_mutex_lock(&source->lock);
    if (source->events != events) {
        source->events = events;
        /* Changing a member of the set takes no memory and cannot fail. */
        (void)source_control(source, EPOLL_CTL_MOD, events);
    }
    pthread_mutex_unlock(&source->lock);
}

void loop_remove(struct loop_source *source)
{
    if (source == NULL) {
        return;
    }
    struct loop *loop = source->loop;

    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    if (!loop->dispatching) {
        source_free(source);
        return;
    }
    /* Events of the current batch may still point to it. */
    source->removed = true;
    source->next = loop->removed;
    loop->removed = source;
}

void loop_close(struct loop_source *source, int fd)
{
    loop_remove(source);
    if (fd >= 0) {
        close(fd);
    }
}

static void loop_free_removed(struct loop *loop)
{
    while (loop->removed != NULL) {
        struct loop_source *source = loop->removed;

        loop->removed = source->next;
        source_free(source);
    }
}

/* An event of the batch may be out of date: another callback or thread has changed the watch. */
static void source_dispatch(struct loop_source *source, uint32_t ready)
{
    if (source->removed) {
        return;
    }
    pthread_mutex_lock(&source->lock);
    uint32_t watched = source->events;
    pthread_mutex_unlock(&source->lock);

    if (watched != 0 && (ready & (watched | EPOLLERR | EPOLLHUP)) != 0) {
        source->fn(source->arg, ready);
    }
}

/* A stop leaves this source out. It is still ready when the loop runs again; an edge has to be renewed. */
static void source_put_off(struct loop_source *source)
{
    if (source->removed) {
        return;
    }
    pthread_mutex_lock(&source->lock);
    if ((source->events & EPOLLET) != 0) {
        (void)source_control(source, EPOLL_CTL_MOD, source->events);
    }
    pthread_mutex_unlock(&source->lock);
}

int loop_run(struct loop *loop)
{
    enum { BATCH_SIZE = 16 };
    struct epoll_event batch[BATCH_SIZE];
    int error = 0;

    while (!loop->stop && error == 0) {
        int count = epoll_wait(loop->epoll_fd, batch, BATCH_SIZE, -1);

        if (count < 0 && errno != EINTR) {
            error = -errno;
        }
        loop->dispatching = true;
        for (int i = 0; i < count; i++) {
            if (loop->stop) {
                source_put_off(batch[i].data.ptr);
            } else {
                source_dispatch(batch[i].data.ptr, batch[i].events);
            }
        }
        loop->dispatching = false;
        loop_free_removed(loop);
    }
    loop->stop = false;
    return error;
}

void loop_stop(struct loop *loop)
{
    loop->stop = true;
}
