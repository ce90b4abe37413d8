/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of script.h that has CPUs do something. */
#include "script.h"

static const struct event no_event;

/* Functions of which there is an SMC64 form (DEN0022 5.1). */
static const uint32_t wide_functions =
    HAS(FN_CPU_SUSPEND) | HAS(FN_CPU_ON) | HAS(FN_AFFINITY_INFO) | HAS(FN_MIGRATE) |
    HAS(FN_MIGRATE_INFO_UP_CPU) | HAS(FN_CPU_DEFAULT_SUSPEND) | HAS(FN_NODE_HW_STATE) |
    HAS(FN_SYSTEM_SUSPEND) | HAS(FN_STAT_RESIDENCY) | HAS(FN_STAT_COUNT) | HAS(FN_SYSTEM_RESET2) |
    HAS(FN_MEM_PROTECT_CHECK_RANGE) | HAS(FN_SYSTEM_OFF2);

bool has_64(uint32_t function)
{
    return function < FN_RANGE && (wide_functions & HAS(function)) != 0;
}

static uint32_t id_0_1(const struct trial *t, uint32_t function)
{
    static const uint8_t order[] = {FN_CPU_SUSPEND, FN_CPU_OFF, FN_CPU_ON, FN_MIGRATE};

    for (uint32_t i = 0; i < COUNT_OF(order); i++) {
        if (order[i] == function) {
            return t->machine->ids_0_1[i];
        }
    }
    return FID32(function);
}

uint32_t id(const struct trial *t, uint32_t function)
{
    if (t->version < V0_2) {
        return id_0_1(t, function);
    }
    return has_64(function) && !t->machine->aarch32 ? FID64(function) : FID32(function);
}

bool offers(const struct trial *t, uint32_t function)
{
    return ((t->functions32 | t->functions64) & HAS(function)) != 0;
}

/* ---- Calls -------------------------------------------------------------------------------- */

/* A CPU in AArch32 state has no upper halves. */
static struct guest_call call_prepare(const struct trial *t, uint64_t function, uint64_t a,
                                      uint64_t b, uint64_t c)
{
    uint64_t mask = t->machine->aarch32 ? UINT32_MAX : UINT64_MAX;

    return (struct guest_call){
        .function = function & mask,
        .args = {a & mask, b & mask, c & mask},
        .aarch32 = t->machine->aarch32,
    };
}

bool runs(const struct trial *t, uint32_t cpu)
{
    return cpu < CPUS_KNOWN && (t->running[cpu / 32] & UINT32_C(1) << cpu % 32) != 0;
}

void note_running(struct trial *t, uint32_t cpu, bool running)
{
    uint32_t bit = UINT32_C(1) << cpu % 32;

    if (cpu < CPUS_KNOWN) {
        t->running[cpu / 32] = running ? t->running[cpu / 32] | bit : t->running[cpu / 32] & ~bit;
    }
}

static struct event *new_event(struct trial *t)
{
    struct event *event = &t->events[t->event_count++ % EVENTS_KEPT];

    *event = no_event;
    return event;
}

static const struct event *call_make(struct trial *t, uint32_t cpu, const struct guest_call *call,
                                     bool wait)
{
    struct event *event = new_event(t);

    if (t->over) {
        return &no_event;
    }
    if (wait) {
        t->view->ops->call(t->view->self, cpu, call, event);
    } else {
        t->view->ops->begin(t->view->self, cpu, call, event);
    }
    note_running(t, cpu, event->kind != EVENT_NONE);
    return event;
}

const struct event *call(struct trial *t, uint32_t cpu, uint64_t function, uint64_t a, uint64_t b,
                         uint64_t c)
{
    struct guest_call call = call_prepare(t, function, a, b, c);

    return call_make(t, cpu, &call, true);
}

const struct event *call_big_endian(struct trial *t, uint32_t cpu, uint64_t function, uint64_t a,
                                    uint64_t b, uint64_t c)
{
    struct guest_call call = call_prepare(t, function, a, b, c);

    call.big_endian = true;
    return call_make(t, cpu, &call, true);
}

const struct event *ask(struct trial *t, uint64_t function, uint64_t a, uint64_t b)
{
    return call(t, boot(t), function, a, b, 0);
}

const struct event *does(struct trial *t, uint32_t cpu, uint32_t function, uint64_t a, uint64_t b)
{
    return call(t, cpu, id(t, function), a, b, 0);
}

const struct event *begin(struct trial *t, uint32_t cpu, uint64_t function, uint64_t a, uint64_t b,
                          uint64_t c)
{
    struct guest_call call = call_prepare(t, function, a, b, c);

    return call_make(t, cpu, &call, false);
}

const struct event *await(struct trial *t, uint32_t cpu)
{
    struct event *event = new_event(t);

    if (t->over) {
        return &no_event;
    }
    t->view->ops->await(t->view->self, cpu, event);
    if (event->kind != EVENT_NONE) {
        note_running(t, cpu, true);
    }
    return event;
}

struct team_call of(const struct trial *t, uint32_t cpu, uint64_t function, uint64_t a, uint64_t b,
                    uint64_t c)
{
    return (struct team_call){.cpu = cpu, .call = call_prepare(t, function, a, b, c)};
}

void together(struct trial *t, struct team_call *calls, uint32_t count)
{
    if (t->over) {
        return;
    }
    t->view->ops->together(t->view->self, calls, count);
    for (uint32_t i = 0; i < count; i++) {
        note_running(t, calls[i].cpu, calls[i].event.kind != EVENT_NONE);
    }
}

void interrupt(struct trial *t, uint32_t cpu)
{
    if (!t->over) {
        t->view->ops->interrupt(t->view->self, cpu);
    }
}

void interrupt_soon(struct trial *t, uint32_t cpu)
{
    if (!t->over) {
        t->view->ops->interrupt_soon(t->view->self, cpu);
    }
}

struct end ending(struct trial *t)
{
    struct end end = {.kind = END_NOT};

    if (!t->over) {
        t->view->ops->end(t->view->self, &end);
    }
    return end;
}

void restart(struct trial *t)
{
    if (t->over) {
        return;
    }
    t->view->ops->restart(t->view->self);
    for (uint32_t cpu = 0; cpu < cpu_count(t); cpu++) {
        note_running(t, cpu, cpu == boot(t));
    }
}

void pass_time(struct trial *t, uint64_t microseconds)
{
    if (!t->over) {
        t->view->ops->pass(t->view->self, microseconds);
    }
}

uint64_t now(struct trial *t)
{
    bool blind = (t->machine->abilities & VIEW_TIME) == 0;

    return t->over || blind ? 0 : t->view->ops->now(t->view->self);
}
