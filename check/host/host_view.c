/* SPDX-License-Identifier: BSD-2-Clause */
#include "host_view.h"

/* How often a CPU is polled until nothing more is expected. Adapters that answer late must do
 * so within this many steps. */
enum { POLLS = 8, ENTRY_SIZE = 4096 };

static bool view_tramples(const struct machine *machine, uint64_t address)
{
    return address - machine->own_base < machine->own_length &&
           address - machine->entry >= ENTRY_SIZE;
}

static void cpu_poll(struct host_view *host, uint32_t cpu, struct event *event)
{
    *event = (struct event){.kind = EVENT_NONE};
    host->adapter->poll(host->system, cpu, event);
    if (event->kind == EVENT_ENTERED &&
        view_tramples(host->adapter->machine, event->entry.address)) {
        host->trampled = true;
    }
    if (host->trampled) {
        *event = (struct event){.kind = EVENT_NONE};
    }
}

/* A CPU with an event runs, and has handled its interrupts. */
static void cpu_note_event(struct view_cpu *cpu, const struct event *event)
{
    cpu->runs = event->kind != EVENT_NONE;
    if (cpu->runs) {
        cpu->pending = false;
    }
}

static void poll_until_seen(struct host_view *host, uint32_t index, struct event *event)
{
    for (int i = 0; i < POLLS && event->kind == EVENT_NONE; i++) {
        cpu_poll(host, index, event);
    }
}

/* Takes steps until the CPU has an event. `event` may hold one already. */
static void cpu_settle(struct host_view *host, uint32_t index, struct event *event)
{
    struct view_cpu *cpu = &host->cpus[index];

    poll_until_seen(host, index, event);
    if (event->kind == EVENT_NONE && cpu->soon) {
        cpu->soon = false;
        host->adapter->wake(host->system, index);
        poll_until_seen(host, index, event);
    }
    if (event->kind != EVENT_NONE) {
        cpu_note_event(cpu, event);
    }
}

static void view_begin(void *self, uint32_t index, const struct guest_call *call,
                       struct event *event)
{
    struct host_view *host = self;
    struct view_cpu *cpu = &host->cpus[index];
    bool pending = cpu->pending;

    *event = (struct event){.kind = EVENT_NONE};
    cpu->noticed = false;
    if (host->trampled) {
        return;
    }
    host->adapter->call(host->system, index, call, event);
    cpu_note_event(cpu, event);
    if (event->kind == EVENT_NONE && pending) {
        cpu->pending = false;
        host->adapter->wake(host->system, index);
    }
}

static void view_call(void *self, uint32_t index, const struct guest_call *call,
                      struct event *event)
{
    view_begin(self, index, call, event);
    cpu_settle(self, index, event);
}

static void view_await(void *self, uint32_t index, struct event *event)
{
    struct host_view *host = self;
    struct view_cpu *cpu = &host->cpus[index];

    if (cpu->noticed) {
        cpu->noticed = false;
        *event = cpu->event;
        return;
    }
    *event = (struct event){.kind = EVENT_NONE};
    cpu_settle(host, index, event);
}

static void view_interrupt(void *self, uint32_t index)
{
    struct host_view *host = self;

    if (host->cpus[index].runs) {
        host->cpus[index].pending = true;
    } else {
        host->adapter->wake(host->system, index);
    }
}

static void view_interrupt_soon(void *self, uint32_t index)
{
    struct host_view *host = self;

    host->cpus[index].soon = true;
}

/* ---- Races -------------------------------------------------------------------------------- */

struct race {
    struct host_view *host;
    struct team_call *calls;
    uint32_t count;
};

static bool takes_part(const struct race *race, uint32_t cpu)
{
    for (uint32_t i = 0; i < race->count; i++) {
        if (race->calls[i].cpu == cpu) {
            return true;
        }
    }
    return false;
}

/* The CPUs that make no call run too: one that is told to start does so during the race. */
static void run_others(const struct race *race)
{
    struct host_view *host = race->host;

    for (uint32_t i = 0; i < POLLS * host->adapter->machine->cpu_count; i++) {
        uint32_t index = i % host->adapter->machine->cpu_count;
        struct view_cpu *cpu = &host->cpus[index];

        if (!takes_part(race, index) && !cpu->noticed) {
            cpu_poll(host, index, &cpu->event);
            cpu->noticed = cpu->event.kind != EVENT_NONE;
        }
    }
}

static void race_body(void *context, uint32_t i)
{
    const struct race *race = context;

    if (i == race->count) {
        run_others(race);
    } else {
        view_begin(race->host, race->calls[i].cpu, &race->calls[i].call, &race->calls[i].event);
    }
}

static void view_together(void *self, struct team_call *calls, uint32_t count)
{
    struct host_view *host = self;
    struct race race = {.host = host, .calls = calls, .count = count};

    if (host->parallel != NULL && host->adapter->threads) {
        host->parallel(race_body, &race, count + 1);
    } else {
        for (uint32_t i = 0; i <= count; i++) {
            race_body(&race, (i + host->turn) % (count + 1));
        }
        host->turn++;
    }
    for (uint32_t i = 0; i < count; i++) {
        cpu_settle(host, calls[i].cpu, &calls[i].event);
    }
}

/* ---- The system --------------------------------------------------------------------------- */

static void view_end(void *self, struct end *end)
{
    struct host_view *host = self;

    *end = (struct end){.kind = END_NOT};
    host->adapter->end(host->system, end);
}

/* Resets the view to the start: the boot CPU runs, and nothing is known about the others. */
static void host_forget(struct host_view *host)
{
    for (uint32_t i = 0; i < VIEW_CPU_MAX; i++) {
        host->cpus[i] = (struct view_cpu){.runs = i == host->adapter->machine->boot_cpu};
    }
}

static void view_restart(void *self)
{
    struct host_view *host = self;

    host_forget(host);
    host->adapter->restart(host->system);
}

static void view_pass(void *self, uint64_t microseconds)
{
    struct host_view *host = self;

    host->now += microseconds;
    host->adapter->pass(host->system, microseconds);
}

static uint64_t view_now(void *self)
{
    const struct host_view *host = self;

    return host->now;
}

static const struct view_ops view_ops = {
    .call = view_call,
    .begin = view_begin,
    .await = view_await,
    .together = view_together,
    .interrupt = view_interrupt,
    .interrupt_soon = view_interrupt_soon,
    .end = view_end,
    .restart = view_restart,
    .pass = view_pass,
    .now = view_now,
};

bool host_view_open(struct host_view *host, const struct adapter *adapter, view_parallel parallel)
{
    *host = (struct host_view){
        .view = {.machine = adapter->machine, .ops = &view_ops, .self = host},
        .adapter = adapter,
        .parallel = parallel,
    };
    if (adapter->machine->cpu_count > VIEW_CPU_MAX) {
        return false;
    }
    host_forget(host);
    host->system = adapter->create(adapter);
    return host->system != NULL;
}

void host_view_close(struct host_view *host)
{
    if (host->adapter->destroy != NULL) {
        host->adapter->destroy(host->system);
    }
}
