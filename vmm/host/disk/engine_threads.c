/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine of threads, for systems without io_uring. A thread is created when a request comes and
 * all others are busy: so they inherit the filter of system calls.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/disk/disk_parts.h"

enum { WORKERS_MAX = 4, WORKER_STACK = 256 << 10 };

struct requests {
    struct disk_request *first;
    struct disk_request *last;
};

struct workers {
    int event;
    pthread_t threads[WORKERS_MAX];
    unsigned count;
    pthread_mutex_t lock;  /* protects all below; taken last */
    pthread_cond_t change; /* something waits, or the end has come */
    pthread_cond_t result; /* something is finished */
    struct requests waiting;
    struct requests finished;
    unsigned waiting_count;
    unsigned idle; /* threads that wait for work */
    bool end;
};

static void requests_add(struct requests *requests, struct disk_request *request)
{
    request->next = NULL;
    if (requests->first == NULL) {
        requests->first = request;
    } else {
        requests->last->next = request;
    }
    requests->last = request;
}

static struct disk_request *requests_take(struct requests *requests)
{
    struct disk_request *request = requests->first;

    if (request != NULL) {
        requests->first = request->next;
    }
    return request;
}

/* With the lock held. */
static void workers_finish(struct workers *workers, struct disk_request *request, int64_t result)
{
    request->result = result;
    requests_add(&workers->finished, request);
    (void)eventfd_write(workers->event, 1);
    pthread_cond_signal(&workers->result);
}

/* With the lock held. NULL: nothing waits. */
static struct disk_request *workers_take_waiting(struct workers *workers)
{
    struct disk_request *request = requests_take(&workers->waiting);

    workers->waiting_count -= request != NULL ? 1 : 0;
    return request;
}

/* With the lock held. NULL: the end. */
static struct disk_request *workers_next(struct workers *workers)
{
    workers->idle++;
    while (workers->waiting.first == NULL && !workers->end) {
        pthread_cond_wait(&workers->change, &workers->lock);
    }
    workers->idle--;
    return workers->end ? NULL : workers_take_waiting(workers);
}

static void *workers_run(void *arg)
{
    struct workers *workers = arg;
    struct disk_request *request;

    pthread_mutex_lock(&workers->lock);
    while ((request = workers_next(workers)) != NULL) {
        pthread_mutex_unlock(&workers->lock);
        int64_t result = piece_do(request);
        pthread_mutex_lock(&workers->lock);
        workers_finish(workers, request, result);
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

static int threads_open(struct disk *disk)
{
    struct workers *workers = calloc(1, sizeof(*workers));

    if (workers == NULL) {
        return -ENOMEM;
    }
    workers->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (workers->event < 0) {
        free(workers);
        return -errno;
    }
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->change, NULL);
    pthread_cond_init(&workers->result, NULL);
    disk->work = workers;
    disk->event = workers->event;
    return 0;
}

static void threads_close(struct disk *disk)
{
    struct workers *workers = disk->work;

    pthread_mutex_lock(&workers->lock);
    workers->end = true;
    pthread_cond_broadcast(&workers->change);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->count; i++) {
        pthread_join(workers->threads[i], NULL);
    }
    pthread_cond_destroy(&workers->result);
    pthread_cond_destroy(&workers->change);
    pthread_mutex_destroy(&workers->lock);
    close(workers->event);
    free(workers);
}

/* Signals are for the main thread. */
static int workers_create(struct workers *workers)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, WORKER_STACK);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error =
        pthread_create(&workers->threads[workers->count], &attributes, workers_run, workers);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    workers->count += error == 0 ? 1 : 0;
    return error;
}

static void threads_take(struct disk *disk, struct disk_request *request)
{
    struct workers *workers = disk->work;

    pthread_mutex_lock(&workers->lock);
    requests_add(&workers->waiting, request);
    bool busy = ++workers->waiting_count > workers->idle;
    pthread_cond_signal(&workers->change);
    pthread_mutex_unlock(&workers->lock);
    if (busy && workers->count < WORKERS_MAX) {
        (void)workers_create(workers);
    }
}

/* If there is no thread at all, and none can be created, this one does the work. */
static void threads_begin(struct disk *disk)
{
    struct workers *workers = disk->work;
    struct disk_request *request;

    if (workers->count > 0) {
        return;
    }
    pthread_mutex_lock(&workers->lock);
    while ((request = workers_take_waiting(workers)) != NULL) {
        workers_finish(workers, request, piece_do(request));
    }
    pthread_mutex_unlock(&workers->lock);
}

/* A drain leaves the event as it is: a vCPU's thread may not read(). */
static void threads_reap(struct disk *disk)
{
    struct workers *workers = disk->work;
    struct disk_request *request;
    eventfd_t count;

    pthread_mutex_lock(&workers->lock);
    struct requests finished = workers->finished;
    workers->finished = (struct requests){0};
    if (!disk->draining) {
        (void)eventfd_read(workers->event, &count);
    }
    pthread_mutex_unlock(&workers->lock);
    while ((request = requests_take(&finished)) != NULL) {
        piece_done(disk, request, request->result);
    }
}

static void threads_cancel(struct disk *disk)
{
    struct workers *workers = disk->work;
    struct disk_request *request;

    pthread_mutex_lock(&workers->lock);
    while ((request = workers_take_waiting(workers)) != NULL) {
        workers_finish(workers, request, -ECANCELED);
    }
    pthread_mutex_unlock(&workers->lock);
}

static void threads_wait(struct disk *disk)
{
    struct workers *workers = disk->work;

    pthread_mutex_lock(&workers->lock);
    while (workers->finished.first == NULL) {
        pthread_cond_wait(&workers->result, &workers->lock);
    }
    pthread_mutex_unlock(&workers->lock);
}

const struct disk_engine disk_engine_threads = {
    .name = "threads",
    .open = threads_open,
    .close = threads_close,
    .take = threads_take,
    .begin = threads_begin,
    .reap = threads_reap,
    .cancel = threads_cancel,
    .wait = threads_wait,
};
