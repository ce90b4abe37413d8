/* SPDX-License-Identifier: BSD-2-Clause */
#include "vcpu/vcpus.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dev/bus.h"
#include "psci/backend.h"

/*
 * The gate. A thread is either out in the guest or parked behind the gate. Main closes a gate by
 * may_run = false and a kick, and knows the thread parked when `parked` says so; it opens it by
 * may_run = true and a nudge. A kick that comes at any other moment is harmless: the mark in
 * the vCPU (vcpu_kick()) stays until the thread itself, passing an open gate, takes it away.
 *
 * In user mode libvpsci has its say at the gate too: behind an open one wait those that it holds
 * off. They count as parked, which is what keeps a pause and a vCPU that is off apart: the one is
 * `may_run`, the other libvpsci's state, and neither is made of the other. Who changes that state
 * nudges the thread. A nudge is a semaphore's post behind the change: one that comes while the
 * thread asks makes it ask once more, so none is lost; and whoever nudges waits for nobody, also
 * where the host has taken the thread off its processor in the middle of its asking, lock in hand.
 *
 * The lock is each thread's own, and is taken by that thread and by main; by other vCPUs' threads
 * only where the system is stopped.
 */
struct vcpu_thread {
    struct vcpus *all;
    struct vcpu *vcpu;
    unsigned index;
    pthread_t thread;
    bool started;         /* main's */
    sem_t nudged;         /* the gate opened, or libvpsci's mind changed; any thread posts */
    _Atomic int id;       /* gettid()'s; 0 before the thread first ran */
    pthread_mutex_t lock; /* all that follows */
    pthread_cond_t moved; /* the thread parked */
    bool quit;
    bool may_run;
    bool parked;
    bool has_exit; /* `exit` waits for the main thread */
    struct vcpu_exit exit;
};

struct vcpus {
    int notify_fd;
    const struct bus *bus;
    struct psci_backend *psci;
    const char *name;
    void (*enter)(void);
    unsigned count;
    unsigned next;          /* main's: where the search for exits goes on */
    _Atomic unsigned exits; /* that wait for main: up by a vCPU's thread, down by main */
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

/* With the lock held, leaves *exit for the main thread. */
static void thread_post(struct vcpu_thread *self, const struct vcpu_exit *exit)
{
    uint64_t one = 1;

    self->exit = *exit;
    self->has_exit = true;
    self->may_run = false;
    atomic_fetch_add(&self->all->exits, 1);
    /* An eventfd takes 2^64 - 2 of these before it refuses one. */
    (void)!write(self->all->notify_fd, &one, sizeof(one));
}

static void thread_hand_over(struct vcpu_thread *self, const struct vcpu_exit *exit)
{
    pthread_mutex_lock(&self->lock);
    thread_post(self, exit);
    pthread_mutex_unlock(&self->lock);
}

/* Behind an open gate, with the lock held: whether the vCPU may enter the guest. */
static bool thread_may_enter(struct vcpu_thread *self)
{
    struct vcpu_exit exit;

    struct psci_backend *psci = self->all->psci;
    struct psci_step step = psci->ops->next(psci, self->index, self->vcpu, &exit);

    if (step.verdict == PSCI_HAND_OVER) {
        thread_post(self, &exit);
    }
    return step.verdict == PSCI_RUN;
}

/* A kick's signal is none. */
static void gate_wait_nudge(struct vcpu_thread *self)
{
    while (sem_wait(&self->nudged) != 0 && errno == EINTR) {
    }
}

/* Waits behind the gate. False: the thread is to end. */
static bool gate_pass(struct vcpu_thread *self)
{
    pthread_mutex_lock(&self->lock);
    self->parked = true;
    pthread_cond_broadcast(&self->moved);
    while (!self->quit && !(self->may_run && thread_may_enter(self))) {
        pthread_mutex_unlock(&self->lock);
        gate_wait_nudge(self);
        pthread_mutex_lock(&self->lock);
    }
    self->parked = false;
    if (!self->quit) {
        vcpu_unkick(self->vcpu);
    }
    bool go = !self->quit;
    pthread_mutex_unlock(&self->lock);
    return go;
}

void vcpus_nudge(struct vcpus *all, unsigned index)
{
    sem_post(&all->threads[index].nudged);
}

/* With the lock held. */
static void thread_kick(struct vcpu_thread *thread)
{
    vcpu_kick(thread->vcpu);
    pthread_kill(thread->thread, kick_signal());
}

/*
 * Takes all others out of the guest, back to their gates, where libvpsci keeps them: the system has
 * been stopped, and what a guest does after its SYSTEM_RESET nobody wants to see.
 */
static void thread_stop_others(struct vcpu_thread *self)
{
    for (unsigned i = 0; i < self->all->count; i++) {
        struct vcpu_thread *other = &self->all->threads[i];

        if (other == self) {
            continue;
        }
        pthread_mutex_lock(&other->lock);
        if (!other->parked) {
            thread_kick(other);
        }
        pthread_mutex_unlock(&other->lock);
    }
}

/* What the thread does with an exit. */
enum served {
    SERVED,   /* done: back into the guest */
    PARK,     /* nothing for anybody, but to the gate */
    HAND_OVER /* the main thread's */
};

static enum served thread_serve_psci(struct vcpu_thread *self, struct vcpu_exit *exit)
{
    struct psci_backend *psci = self->all->psci;
    struct psci_step step = psci->ops->serve(psci, self->index, self->vcpu, exit);

    if (step.start >= 0) {
        vcpus_nudge(self->all, (unsigned)step.start);
    }
    if (step.stop) {
        thread_stop_others(self);
    }
    switch (step.verdict) {
    case PSCI_RUN:
        return SERVED;
    case PSCI_STAY_OUT:
        return PARK;
    case PSCI_HAND_OVER:
        break;
    }
    return HAND_OVER;
}

/*
 * Answers what needs no decision. An access is complete only when KVM has run the vCPU once more,
 * so the thread does not park here: a kicked vCPU completes it and comes out at once.
 */
static enum served thread_serve(struct vcpu_thread *self, struct vcpu_exit *exit)
{
    const struct bus *bus = self->all->bus;

    switch (exit->kind) {
    case VCPU_EXIT_KICKED:
        return PARK;
    case VCPU_EXIT_READ:
        vcpu_finish_read(self->vcpu, bus_read(bus, exit->address, exit->size), exit->size);
        return SERVED;
    case VCPU_EXIT_WRITE:
        bus_write(bus, exit->address, exit->size, exit->value);
        return SERVED;
    case VCPU_EXIT_OPAQUE:
        return vcpu_abort_access(self->vcpu) == 0 ? SERVED : HAND_OVER;
    case VCPU_EXIT_CALL:
    case VCPU_EXIT_POWER:
        return thread_serve_psci(self, exit);
    case VCPU_EXIT_FAILED:
        break;
    }
    return HAND_OVER;
}

/* As `top -H` shows it. The kernel keeps 15 characters; the number is the part that matters. */
static void thread_set_name(const struct vcpu_thread *self)
{
    char text[32];

    snprintf(text, sizeof(text), "%.10s/%u", self->all->name, self->index);
    text[15] = '\0';
    pthread_setname_np(pthread_self(), text);
}

static void *thread_main(void *arg)
{
    struct vcpu_thread *self = arg;
    struct vcpu_exit exit;
    enum served served;

    thread_set_name(self);
    if (self->all->enter != NULL) {
        self->all->enter();
    }
    atomic_store_explicit(&self->id, gettid(), memory_order_relaxed);
    while (gate_pass(self)) {
        do {
            vcpu_run(self->vcpu, &exit);
            served = thread_serve(self, &exit);
        } while (served == SERVED);
        if (served == HAND_OVER) {
            thread_hand_over(self, &exit);
        }
    }
    return NULL;
}

/* Not the default 8 MiB, of which hundreds of vCPUs would need much address space; arm64's least.
 */
enum { VCPU_STACK_SIZE = 128 * 1024 };

static int threads_start(struct vcpus *all)
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

static void thread_prepare(struct vcpus *all, unsigned index, struct vcpu *vcpu)
{
    struct vcpu_thread *thread = &all->threads[index];

    thread->all = all;
    thread->vcpu = vcpu;
    thread->index = index;
    pthread_mutex_init(&thread->lock, NULL);
    pthread_cond_init(&thread->moved, NULL);
    sem_init(&thread->nudged, 0, 0);
}

struct vcpus *vcpus_start(struct vcpu *const *vcpu, const struct vcpus_env *env)
{
    struct vcpus *all = calloc(1, sizeof(*all) + env->count * sizeof(all->threads[0]));
    struct sigaction action = {.sa_handler = on_kick};

    if (all == NULL) {
        return NULL;
    }
    all->notify_fd = env->notify_fd;
    all->bus = env->bus;
    all->psci = env->psci;
    all->name = env->name;
    all->enter = env->enter;
    all->count = env->count;
    for (unsigned i = 0; i < all->count; i++) {
        thread_prepare(all, i, vcpu[i]);
    }
    sigaction(kick_signal(), &action, NULL);
    int error = threads_start(all);
    if (error != 0) {
        vcpus_stop(all);
        errno = -error;
        return NULL;
    }
    return all;
}

/* Its thread must not touch another's lock any more, so all end before any is taken apart. */
void vcpus_stop(struct vcpus *all)
{
    for (unsigned i = 0; all != NULL && i < all->count; i++) {
        struct vcpu_thread *thread = &all->threads[i];

        pthread_mutex_lock(&thread->lock);
        thread->quit = true;
        if (thread->started) {
            thread_kick(thread);
        }
        pthread_mutex_unlock(&thread->lock);
        sem_post(&thread->nudged);
    }
    for (unsigned i = 0; all != NULL && i < all->count; i++) {
        if (all->threads[i].started) {
            pthread_join(all->threads[i].thread, NULL);
        }
    }
    for (unsigned i = 0; all != NULL && i < all->count; i++) {
        sem_destroy(&all->threads[i].nudged);
        pthread_cond_destroy(&all->threads[i].moved);
        pthread_mutex_destroy(&all->threads[i].lock);
    }
    free(all);
}

static void gate_close(struct vcpu_thread *thread)
{
    pthread_mutex_lock(&thread->lock);
    thread->may_run = false;
    if (!thread->parked) {
        thread_kick(thread);
    }
    pthread_mutex_unlock(&thread->lock);
}

static void gate_wait_parked(struct vcpu_thread *thread)
{
    pthread_mutex_lock(&thread->lock);
    while (!thread->parked) {
        pthread_cond_wait(&thread->moved, &thread->lock);
    }
    pthread_mutex_unlock(&thread->lock);
}

void vcpus_pause(struct vcpus *all)
{
    for (unsigned i = 0; i < all->count; i++) {
        gate_close(&all->threads[i]);
    }
    for (unsigned i = 0; i < all->count; i++) {
        gate_wait_parked(&all->threads[i]);
    }
}

void vcpus_resume_one(struct vcpus *all, unsigned index)
{
    struct vcpu_thread *thread = &all->threads[index];

    pthread_mutex_lock(&thread->lock);
    thread->may_run = !thread->has_exit;
    pthread_mutex_unlock(&thread->lock);
    sem_post(&thread->nudged);
}

void vcpus_resume(struct vcpus *all)
{
    for (unsigned i = 0; i < all->count; i++) {
        vcpus_resume_one(all, i);
    }
}

int vcpus_thread_id(const struct vcpus *all, unsigned index)
{
    return atomic_load_explicit(&all->threads[index].id, memory_order_relaxed);
}

static bool thread_take_exit(struct vcpu_thread *thread, struct vcpu_exit *exit)
{
    pthread_mutex_lock(&thread->lock);
    bool found = thread->has_exit;
    if (found) {
        thread->has_exit = false;
        atomic_fetch_sub(&thread->all->exits, 1);
        *exit = thread->exit;
    }
    pthread_mutex_unlock(&thread->lock);
    return found;
}

bool vcpus_have_exit(const struct vcpus *all)
{
    return atomic_load(&all->exits) > 0;
}

bool vcpus_next_exit(struct vcpus *all, unsigned *index, struct vcpu_exit *exit)
{
    for (unsigned i = 0; vcpus_have_exit(all) && i < all->count; i++) {
        *index = all->next;
        all->next = (all->next + 1) % all->count;
        if (thread_take_exit(&all->threads[*index], exit)) {
            return true;
        }
    }
    return false;
}

void vcpus_forget_exit(struct vcpus *all, unsigned index)
{
    struct vcpu_exit exit;

    thread_take_exit(&all->threads[index], &exit);
}
