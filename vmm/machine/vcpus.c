/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine/vcpus.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "machine/bus.h"

/*
 * The gate. A thread is either out in the guest or parked behind the gate. Main closes a gate by
 * may_run = false and a kick, and knows the thread parked when `parked` says so; it opens it by
 * may_run = true and a broadcast. A kick that comes at any other moment is harmless: the mark in
 * the vCPU (vcpu_kick()) stays until the thread itself, passing an open gate, takes it away.
 */
struct vcpu_thread {
    struct vcpus *all;
    struct vcpu *vcpu;
    pthread_t thread;
    bool started;
    bool may_run;  /* all->lock */
    bool parked;   /* all->lock */
    bool has_exit; /* all->lock: `exit` waits for the main thread */
    struct vcpu_exit exit;
};

struct vcpus {
    pthread_mutex_t lock; /* the fields marked so above, and quit */
    pthread_cond_t moved; /* a gate opened, or a thread parked */
    bool quit;
    int notify_fd;
    const struct bus *bus;
    const char *name;
    unsigned count;
    struct vcpu_thread threads[];
};

static int kick_signal(void)
{
    return SIGRTMIN;
}

static void on_kick(int number)
{
    (void)number; /* Its arrival is all: it ends a KVM_RUN in progress. */
}

/* Waits behind the gate. False: the thread is to end. */
static bool pass_gate(struct vcpu_thread *self)
{
    struct vcpus *all = self->all;

    pthread_mutex_lock(&all->lock);
    self->parked = true;
    pthread_cond_broadcast(&all->moved);
    while (!self->may_run && !all->quit) {
        pthread_cond_wait(&all->moved, &all->lock);
    }
    self->parked = false;
    if (!all->quit) {
        vcpu_unkick(self->vcpu);
    }
    bool go = !all->quit;
    pthread_mutex_unlock(&all->lock);
    return go;
}

static void hand_over(struct vcpu_thread *self, const struct vcpu_exit *exit)
{
    struct vcpus *all = self->all;
    uint64_t one = 1;

    pthread_mutex_lock(&all->lock);
    self->exit = *exit;
    self->has_exit = true;
    self->may_run = false;
    pthread_mutex_unlock(&all->lock);
    /* An eventfd takes 2^64 - 2 of these before it refuses one. */
    (void)!write(all->notify_fd, &one, sizeof(one));
}

/*
 * Answers what needs no decision. An access is complete only when KVM has run the vCPU once more,
 * so the thread does not park here: a kicked vCPU completes it and comes out at once.
 */
static bool serve(struct vcpu_thread *self, const struct vcpu_exit *exit)
{
    const struct bus *bus = self->all->bus;

    switch (exit->kind) {
    case VCPU_EXIT_READ:
        vcpu_finish_read(self->vcpu, bus_read(bus, exit->address, exit->size), exit->size);
        return true;
    case VCPU_EXIT_WRITE:
        bus_write(bus, exit->address, exit->size, exit->value);
        return true;
    case VCPU_EXIT_OPAQUE:
        return vcpu_abort_access(self->vcpu) == 0;
    default:
        return false;
    }
}

/* As `top -H` shows it. The kernel keeps 15 characters; the number is the part that matters. */
static void name_thread(const struct vcpu_thread *self)
{
    char text[32];

    snprintf(text, sizeof(text), "%.10s/%u", self->all->name,
             (unsigned)(self - self->all->threads));
    text[15] = '\0';
    pthread_setname_np(pthread_self(), text);
}

static void *thread_main(void *arg)
{
    struct vcpu_thread *self = arg;
    struct vcpu_exit exit;

    name_thread(self);
    while (pass_gate(self)) {
        do {
            vcpu_run(self->vcpu, &exit);
        } while (serve(self, &exit));
        if (exit.kind != VCPU_EXIT_KICKED) {
            hand_over(self, &exit);
        }
    }
    return NULL;
}

/* Not the default 8 MiB, of which hundreds of vCPUs would need much address space; arm64's least.
 */
enum { VCPU_STACK_SIZE = 128 * 1024 };

static int start_threads(struct vcpus *all)
{
    pthread_attr_t attr;
    int error = -pthread_attr_init(&attr);

    if (error != 0) {
        return error;
    }
    pthread_attr_setstacksize(&attr, VCPU_STACK_SIZE);
    for (unsigned i = 0; i < all->count && error == 0; i++) {
        struct vcpu_thread *thread = &all->threads[i];

        error = -pthread_create(&thread->thread, &attr, thread_main, thread);
        thread->started = error == 0;
    }
    pthread_attr_destroy(&attr);
    return error;
}

struct vcpus *vcpus_start(struct vcpu *const *vcpu, unsigned count, const struct bus *bus,
                          int notify_fd, const char *name)
{
    struct vcpus *all = calloc(1, sizeof(*all) + count * sizeof(all->threads[0]));
    struct sigaction action = {.sa_handler = on_kick};

    if (all == NULL) {
        return NULL;
    }
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->moved, NULL);
    all->notify_fd = notify_fd;
    all->bus = bus;
    all->name = name;
    all->count = count;
    for (unsigned i = 0; i < count; i++) {
        all->threads[i].all = all;
        all->threads[i].vcpu = vcpu[i];
    }
    sigaction(kick_signal(), &action, NULL);
    int error = start_threads(all);
    if (error != 0) {
        vcpus_stop(all);
        errno = -error;
        return NULL;
    }
    return all;
}

/* With the lock held. */
static void kick(struct vcpu_thread *thread)
{
    vcpu_kick(thread->vcpu);
    pthread_kill(thread->thread, kick_signal());
}

void vcpus_stop(struct vcpus *all)
{
    if (all == NULL) {
        return;
    }
    pthread_mutex_lock(&all->lock);
    all->quit = true;
    for (unsigned i = 0; i < all->count; i++) {
        if (all->threads[i].started) {
            kick(&all->threads[i]);
        }
    }
    pthread_cond_broadcast(&all->moved);
    pthread_mutex_unlock(&all->lock);
    for (unsigned i = 0; i < all->count; i++) {
        if (all->threads[i].started) {
            pthread_join(all->threads[i].thread, NULL);
        }
    }
    pthread_cond_destroy(&all->moved);
    pthread_mutex_destroy(&all->lock);
    free(all);
}

void vcpus_pause(struct vcpus *all)
{
    pthread_mutex_lock(&all->lock);
    for (unsigned i = 0; i < all->count; i++) {
        all->threads[i].may_run = false;
        if (!all->threads[i].parked) {
            kick(&all->threads[i]);
        }
    }
    for (unsigned i = 0; i < all->count; i++) {
        while (!all->threads[i].parked) {
            pthread_cond_wait(&all->moved, &all->lock);
        }
    }
    pthread_mutex_unlock(&all->lock);
}

static void open_gates(struct vcpus *all, unsigned first, unsigned count)
{
    pthread_mutex_lock(&all->lock);
    for (unsigned i = first; i < first + count; i++) {
        all->threads[i].may_run = !all->threads[i].has_exit;
    }
    pthread_cond_broadcast(&all->moved);
    pthread_mutex_unlock(&all->lock);
}

void vcpus_resume(struct vcpus *all)
{
    open_gates(all, 0, all->count);
}

void vcpus_resume_one(struct vcpus *all, unsigned index)
{
    open_gates(all, index, 1);
}

bool vcpus_next_exit(struct vcpus *all, unsigned *index, struct vcpu_exit *exit)
{
    bool found = false;

    pthread_mutex_lock(&all->lock);
    for (unsigned i = 0; i < all->count && !found; i++) {
        if (all->threads[i].has_exit) {
            all->threads[i].has_exit = false;
            *index = i;
            *exit = all->threads[i].exit;
            found = true;
        }
    }
    pthread_mutex_unlock(&all->lock);
    return found;
}

void vcpus_forget_exit(struct vcpus *all, unsigned index)
{
    pthread_mutex_lock(&all->lock);
    all->threads[index].has_exit = false;
    pthread_mutex_unlock(&all->lock);
}
