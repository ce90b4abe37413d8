/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "base/clock.h"
#include "psci/backend.h"
#include "vcpu/vcpu_parts.h"

static int kick_signal(void)
{
    return SIGRTMIN;
}

/* Does nothing: that the signal arrives ends a KVM_RUN in progress. */
static void on_kick(int number)
{
    (void)number;
}

void gate_catch_kicks(void)
{
    const struct sigaction action = {.sa_handler = on_kick};

    sigaction(kick_signal(), &action, NULL);
}

void gate_init(struct vcpu_thread *thread)
{
    pthread_mutex_init(&thread->lock, NULL);
    pthread_cond_init(&thread->moved, NULL);
    sem_init(&thread->nudged, 0, 0);
}

void gate_destroy(struct vcpu_thread *thread)
{
    sem_destroy(&thread->nudged);
    pthread_cond_destroy(&thread->moved);
    pthread_mutex_destroy(&thread->lock);
}

/* With the lock held. */
static void gate_kick(struct vcpu_thread *thread)
{
    vcpu_kick(thread->vcpu);
    pthread_kill(thread->thread, kick_signal());
}

void gate_end(struct vcpu_thread *thread)
{
    pthread_mutex_lock(&thread->lock);
    thread->quit = true;
    if (thread->started) {
        gate_kick(thread);
    }
    pthread_mutex_unlock(&thread->lock);
    sem_post(&thread->nudged);
}

/* With the lock held. */
static void gate_post_exit(struct vcpu_thread *self, const struct vcpu_exit *exit)
{
    uint64_t one = 1;

    self->exit = *exit;
    self->has_exit = true;
    self->may_run = false;
    atomic_fetch_add(&self->all->exits, 1);
    /* An eventfd takes 2^64 - 2 of these before it refuses one. */
    (void)!write(self->all->notify_fd, &one, sizeof(one));
}

void gate_hand_over(struct vcpu_thread *self, const struct vcpu_exit *exit)
{
    pthread_mutex_lock(&self->lock);
    gate_post_exit(self, exit);
    pthread_mutex_unlock(&self->lock);
}

/* At an open gate, with the lock held: whether the PSCI backend lets the vCPU enter the guest. */
static bool gate_asks_backend(struct vcpu_thread *self)
{
    struct psci_backend *psci = self->all->psci;
    struct vcpu_exit exit;
    struct psci_step step = psci->ops->next(psci, self->index, self->vcpu, &exit);

    if (step.verdict == PSCI_HAND_OVER) {
        gate_post_exit(self, &exit);
    }
    return step.verdict == PSCI_RUN;
}

/* A kick's signal is no nudge. */
static void gate_wait_nudge(struct vcpu_thread *self)
{
    while (sem_wait(&self->nudged) != 0 && errno == EINTR) {
    }
}

bool gate_pass(struct vcpu_thread *self)
{
    pthread_mutex_lock(&self->lock);
    self->parked = true;
    pthread_cond_broadcast(&self->moved);
    while (!self->quit && !(self->may_run && gate_asks_backend(self))) {
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

/*
 * libvpsci holds them at their gates. What a guest does after its SYSTEM_RESET must have no effect.
 */
void gate_kick_others(struct vcpu_thread *self)
{
    for (unsigned i = 0; i < self->all->count; i++) {
        struct vcpu_thread *other = &self->all->threads[i];

        if (other == self) {
            continue;
        }
        pthread_mutex_lock(&other->lock);
        if (!other->parked) {
            gate_kick(other);
        }
        pthread_mutex_unlock(&other->lock);
    }
}

static void gate_close(struct vcpu_thread *thread)
{
    pthread_mutex_lock(&thread->lock);
    thread->may_run = false;
    if (!thread->parked) {
        gate_kick(thread);
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

void vcpus_nudge(struct vcpus *all, unsigned index)
{
    sem_post(&all->threads[index].nudged);
}

void vcpus_pause(struct vcpus *all)
{
    if (all->resumed_ms != 0) {
        all->ran_ms += clock_now_ms() - all->resumed_ms;
        all->resumed_ms = 0;
    }
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
    if (all->resumed_ms == 0) {
        all->resumed_ms = clock_now_ms();
    }
    for (unsigned i = 0; i < all->count; i++) {
        vcpus_resume_one(all, i);
    }
}

static bool gate_take_exit(struct vcpu_thread *thread, struct vcpu_exit *exit)
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
        if (gate_take_exit(&all->threads[*index], exit)) {
            return true;
        }
    }
    return false;
}

void vcpus_forget_exit(struct vcpus *all, unsigned index)
{
    struct vcpu_exit exit;

    gate_take_exit(&all->threads[index], &exit);
}
