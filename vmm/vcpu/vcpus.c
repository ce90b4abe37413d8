/* SPDX-License-Identifier: BSD-2-Clause */
/* The vCPUs' threads: what each does between the guest and its gate. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "dev/bus.h"
#include "psci/backend.h"
#include "vcpu/vcpu_parts.h"

/* What the thread does with an exit. */
enum served {
    SERVED,   /* it is done: the vCPU enters the guest again */
    PARK,     /* it is done: the vCPU stops at its gate */
    HAND_OVER /* it is the main thread's */
};

static enum served thread_serve_psci(struct vcpu_thread *self, struct vcpu_exit *exit)
{
    struct psci_backend *psci = self->all->psci;
    struct psci_step step = psci->ops->serve(psci, self->index, self->vcpu, exit);

    if (step.start >= 0) {
        vcpus_nudge(self->all, (unsigned)step.start);
    }
    if (step.stop) {
        gate_kick_others(self);
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
 * Answers what needs no decision. An access is complete only after KVM has run the vCPU once more,
 * so the thread does not park here: a kicked vCPU completes the access and then exits at once.
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

unsigned vcpus_silent_seconds(const struct vcpus *all)
{
    int64_t ran_ms = all->ran_ms;

    if (atomic_load_explicit(&all->heard, memory_order_relaxed)) {
        return 0;
    }
    if (all->resumed_ms != 0) {
        ran_ms += clock_now_ms() - all->resumed_ms;
    }
    return (unsigned)(ran_ms / 1000);
}

/* Read first, so that the line stays shared between the vCPUs' processors. */
static void thread_note_exit(const struct vcpu_thread *self, const struct vcpu_exit *exit)
{
    struct vcpus *all = self->all;

    if (exit->kind != VCPU_EXIT_KICKED &&
        !atomic_load_explicit(&all->heard, memory_order_relaxed)) {
        atomic_store_explicit(&all->heard, true, memory_order_relaxed);
    }
}

/* For `top -H`. The kernel keeps 15 characters, and the number matters most. */
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
            thread_note_exit(self, &exit);
            served = thread_serve(self, &exit);
        } while (served == SERVED);
        if (served == HAND_OVER) {
            gate_hand_over(self, &exit);
        }
    }
    return NULL;
}

/* The least on arm64. With the default of 8 MiB hundreds of vCPUs would need much address space. */
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
    gate_init(thread);
}

struct vcpus *vcpus_start(struct vcpu *const *vcpu, const struct vcpus_env *env)
{
    struct vcpus *all = calloc(1, sizeof(*all) + env->count * sizeof(all->threads[0]));

    if (all == NULL) {
        return NULL;
    }
    all->notify_fd = env->notify_fd;
    all->bus = env->bus;
    all->psci = env->psci;
    all->name = env->name;
    all->enter = env->enter;
    all->count = env->count;
    gate_catch_kicks();
    for (unsigned i = 0; i < all->count; i++) {
        thread_prepare(all, i, vcpu[i]);
    }
    int error = threads_start(all);
    if (error != 0) {
        vcpus_stop(all);
        errno = -error;
        return NULL;
    }
    return all;
}

/* A thread may take another one's lock, so all threads end before any gate is destroyed. */
void vcpus_stop(struct vcpus *all)
{
    if (all == NULL) {
        return;
    }
    for (unsigned i = 0; i < all->count; i++) {
        gate_end(&all->threads[i]);
    }
    for (unsigned i = 0; i < all->count; i++) {
        if (all->threads[i].started) {
            pthread_join(all->threads[i].thread, NULL);
        }
    }
    for (unsigned i = 0; i < all->count; i++) {
        gate_destroy(&all->threads[i]);
    }
    free(all);
}

int vcpus_thread_id(const struct vcpus *all, unsigned index)
{
    return atomic_load_explicit(&all->threads[index].id, memory_order_relaxed);
}
