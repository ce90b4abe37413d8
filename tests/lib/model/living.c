/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library and the model in a living VM: linked into dormouse with the linker's --wrap, each
 * step that the monitor makes with libvpsci is made with the model too, and what can be seen of
 * either is compared. At the first difference the steps before it are told, and the process ends
 * with status 1.
 *
 * Steps of all threads go one after the other, under one lock, so that both see the same order.
 * Functions that only look are not wrapped: what they would say is compared after every step.
 * lockstep.c, which makes the steps, is compiled with the names of the library's own functions, as
 * the linker calls them.
 *
 * DORMOUSE_LOCKSTEP_FAULT=N in the environment makes the model err in the N-th step: for the test
 * of this file.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lockstep.h"

int __real_vpsci_init(void *memory, size_t size, const struct vpsci_config *config,
                      struct vpsci_vm **vm);
void __real_vpsci_reset(struct vpsci_vm *vm);
void __real_vpsci_call(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *call,
                       struct vpsci_outcome *out);
void __real_vpsci_next(struct vpsci_vcpu *vcpu, struct vpsci_outcome *out);
bool __real_vpsci_wake(struct vpsci_vcpu *vcpu);
int __real_vpsci_answer(struct vpsci_vcpu *vcpu, enum vpsci_result result);

int __wrap_vpsci_init(void *memory, size_t size, const struct vpsci_config *config,
                      struct vpsci_vm **vm);
void __wrap_vpsci_reset(struct vpsci_vm *vm);
void __wrap_vpsci_call(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *call,
                       struct vpsci_outcome *out);
void __wrap_vpsci_next(struct vpsci_vcpu *vcpu, struct vpsci_outcome *out);
bool __wrap_vpsci_wake(struct vpsci_vcpu *vcpu);
int __wrap_vpsci_answer(struct vpsci_vcpu *vcpu, enum vpsci_result result);

enum { TRACE = 64 };

struct traced {
    struct step step;
    struct vpsci_outcome out;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* all that follows */
static struct lockstep both;
static struct world world;
static bool checks; /* there is a VM, and it is not too large for the model */
static uint64_t steps;
static uint64_t fault; /* the step in which the model errs; 0: none */
static struct traced trace[TRACE];

/* The library's and the model's clock stands still during a step. */
static uint64_t frozen_now(void *host)
{
    (void)host;
    return world.host.now;
}

static uint64_t read_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void tell_trace(void)
{
    uint64_t first = steps > TRACE ? steps - TRACE : 0;

    for (uint64_t i = first; i < steps; i++) {
        const struct traced *traced = &trace[i % TRACE];

        (void)fprintf(stderr, "dormouse: lock-step: %" PRIu64 ": ", i + 1);
        step_print(&traced->step, stderr);
        if (traced->step.kind == STEP_CALL || traced->step.kind == STEP_NEXT) {
            (void)fprintf(stderr, " -> ");
            step_print_outcome(&traced->out, stderr);
        }
        (void)fprintf(stderr, "\n");
    }
}

static void stop_if_different(void)
{
    if (both.what == NULL) {
        return;
    }
    tell_trace();
    (void)fprintf(stderr,
                  "dormouse: lock-step: library and model differ in step %" PRIu64
                  ": %s, vCPU %d: the model says 0x%" PRIx64 ", the library 0x%" PRIx64 "\n",
                  steps, both.what, both.who, both.expected, both.got);
    _exit(1);
}

/* One step of both, with the lock held; what came of it is in both.out. */
static void make_step(struct step *step)
{
    uint64_t now = read_clock();

    step->ticks = now > world.host.now ? (uint32_t)(now - world.host.now) : 0;
    (void)lockstep_step(&both, step);
    trace[steps % TRACE] = (struct traced){*step, both.out};
    steps++;
    if (steps == fault) {
        both.model.vcpus[0].state = VPSCI_STATE_HELD;
        (void)lockstep_look(&both);
    }
    stop_if_different();
}

/* The same for a step whose result is a number, which the library's function gives. */
static void compare_number(struct step *step, const char *what, int64_t expected, int64_t got)
{
    if (expected != got) {
        both.what = what;
        both.who = step->vcpu;
        both.expected = (uint64_t)expected;
        both.got = (uint64_t)got;
    }
    trace[steps % TRACE] = (struct traced){.step = *step};
    steps++;
    (void)lockstep_look(&both);
    stop_if_different();
}

/* A configuration of our own, whose clock is ours and which the model may keep. */
static void describe_world(const struct vpsci_config *config)
{
    memset(&both, 0, sizeof(both));
    memset(&world, 0, sizeof(world));
    world.configs[0] = *config;
    world.ops = *config->ops;
    world.ops.now = config->ops->now != NULL ? frozen_now : NULL;
    world.configs[0].ops = &world.ops;
    world.host.now = read_clock();
    memcpy(world.mpidrs, config->mpidrs, config->vcpu_count * sizeof(world.mpidrs[0]));
}

static void begin_world(struct vpsci_vm *vm)
{
    const char *text = getenv("DORMOUSE_LOCKSTEP_FAULT");

    fault = text != NULL ? strtoull(text, NULL, 10) : 0;
    both.world = &world;
    both.vm = both.vms[0] = vm;
    both.model.now = world.host.now;
    model_init(&both.model, &world.configs[0]);
    for (uint32_t i = 0; i < world.configs[0].vcpu_count; i++) {
        both.vcpus[i] = vpsci_vcpu_at(vm, i);
    }
    checks = true;
    (void)lockstep_look(&both);
    stop_if_different();
}

int __wrap_vpsci_init(void *memory, size_t size, const struct vpsci_config *config,
                      struct vpsci_vm **vm)
{
    pthread_mutex_lock(&lock);
    bool fits = config->vcpu_count <= MODEL_VCPU_MAX;
    if (fits) {
        describe_world(config);
    } else {
        (void)fprintf(stderr, "dormouse: lock-step: more than %d vCPUs are not checked\n",
                      MODEL_VCPU_MAX);
    }
    int error = __real_vpsci_init(memory, size, fits ? &world.configs[0] : config, vm);
    if (fits && error == 0) {
        begin_world(*vm);
    }
    pthread_mutex_unlock(&lock);
    return error;
}

void __wrap_vpsci_reset(struct vpsci_vm *vm)
{
    struct step step = {.kind = STEP_RESET};

    pthread_mutex_lock(&lock);
    if (checks) {
        make_step(&step);
    } else {
        __real_vpsci_reset(vm);
    }
    pthread_mutex_unlock(&lock);
}

void __wrap_vpsci_call(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *call,
                       struct vpsci_outcome *out)
{
    pthread_mutex_lock(&lock);
    if (checks) {
        struct step step = {
            .kind = STEP_CALL, .vcpu = (uint8_t)vpsci_vcpu_index(vcpu), .call = *call};
        make_step(&step);
        *out = both.out;
    } else {
        __real_vpsci_call(vcpu, call, out);
    }
    pthread_mutex_unlock(&lock);
}

void __wrap_vpsci_next(struct vpsci_vcpu *vcpu, struct vpsci_outcome *out)
{
    pthread_mutex_lock(&lock);
    if (checks) {
        struct step step = {.kind = STEP_NEXT, .vcpu = (uint8_t)vpsci_vcpu_index(vcpu)};
        make_step(&step);
        *out = both.out;
    } else {
        __real_vpsci_next(vcpu, out);
    }
    pthread_mutex_unlock(&lock);
}

bool __wrap_vpsci_wake(struct vpsci_vcpu *vcpu)
{
    pthread_mutex_lock(&lock);
    bool woken = __real_vpsci_wake(vcpu);
    if (checks) {
        struct step step = {.kind = STEP_WAKE, .vcpu = (uint8_t)vpsci_vcpu_index(vcpu)};
        compare_number(&step, "vpsci_wake", model_wake(&both.model, step.vcpu), woken);
    }
    pthread_mutex_unlock(&lock);
    return woken;
}

int __wrap_vpsci_answer(struct vpsci_vcpu *vcpu, enum vpsci_result result)
{
    pthread_mutex_lock(&lock);
    int error = __real_vpsci_answer(vcpu, result);
    if (checks) {
        struct step step = {
            .kind = STEP_ANSWER, .vcpu = (uint8_t)vpsci_vcpu_index(vcpu), .value = (int64_t)result};
        compare_number(&step, "vpsci_answer", model_answer(&both.model, step.vcpu, (int)result),
                       error);
    }
    pthread_mutex_unlock(&lock);
    return error;
}
