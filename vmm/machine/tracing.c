/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a trace (--trace) is told. Once a second while the guest runs; not while it sleeps, which must use
 * no processor time.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/report.h"
#include "machine/parts.h"

#define TRACING_SECOND INT64_C(1000000000)

static const struct tracing_device {
    const char *name;
    enum activity_kind in;
    enum activity_kind out;
    const char *in_word;
    const char *out_word;
} tracing_devices[TRACING_DEVICES] = {
    {"disk", ACTIVITY_DISK_READ, ACTIVITY_DISK_WRITE, "read", "write"},
    {"net", ACTIVITY_NET_RECEIVE, ACTIVITY_NET_SEND, "receive", "send"},
    {"vsock", ACTIVITY_VSOCK_RECEIVE, ACTIVITY_VSOCK_SEND, "receive", "send"},
    {"port", ACTIVITY_PORT_RECEIVE, ACTIVITY_PORT_SEND, "receive", "send"},
    {"console", ACTIVITY_CONSOLE_RECEIVE, ACTIVITY_CONSOLE_SEND, "receive", "send"},
};

/* A counter that stays the same is not written again. */
static void tracing_show_flow(struct tracing *tracing, unsigned index)
{
    const struct tracing_device *device = &tracing_devices[index];
    struct tracing_flow *flow = &tracing->flows[index];
    const uint64_t in = activity_total(device->in).bytes;
    const uint64_t out = activity_total(device->out).bytes;

    if (in != flow->in || out != flow->out || flow->shown) {
        trace_flow(tracing->trace, device->name, device->in_word, in - flow->in, device->out_word,
                   out - flow->out);
    }
    flow->shown = in != flow->in || out != flow->out;
    flow->in = in;
    flow->out = out;
}

/* A vCPU's stays in idle states until now. */
static void tracing_take_naps(struct machine *machine, unsigned vcpu)
{
    const struct idle_plan *plan = &machine->backend.psci.plan;
    struct tracing *tracing = &machine->tracing;
    struct nap nap;

    for (unsigned i = 0; i < NAPS_MAX && naps_take(tracing->naps, vcpu, &nap); i++) {
        trace_nap(tracing->trace, vcpu, plan->states[nap.state].name, nap.begin, nap.end);
    }
    trace_lost(tracing->trace, naps_lost(tracing->naps, vcpu));
}

static void tracing_look(struct machine *machine)
{
    for (unsigned i = 0; i < machine->config->cpu_count; i++) {
        tracing_take_naps(machine, i);
    }
    for (unsigned i = 0; i < TRACING_DEVICES; i++) {
        tracing_show_flow(&machine->tracing, i);
    }
    trace_flush(machine->tracing.trace);
}

static void on_tracing(void *arg)
{
    struct machine *machine = arg;
    bool runs = machine->measure.metrics.state == OPERATOR_RUNNING;

    machine->tracing.looked = clock_now_ns();
    tracing_look(machine);
    delay_set(&machine->tracing.delay, runs ? TRACING_SECOND : 0);
}

/* What came last is written, but a guest that sleeps and wakes all the time causes one write a second. */
static void tracing_look_soon(struct tracing *tracing)
{
    int64_t left = tracing->looked + TRACING_SECOND - clock_now_ns();

    delay_set(&tracing->delay, left > 0 ? left : 1);
}

static void tracing_set_vcpu(struct machine *machine, unsigned vcpu, const char *state)
{
    tracing_take_naps(machine, vcpu);
    trace_vcpu(machine->tracing.trace, vcpu, state);
}

/* The machine starts, with one vCPU; or it is off. */
static void tracing_set_all(struct machine *machine, const char *first)
{
    for (unsigned i = 0; i < machine->config->cpu_count; i++) {
        tracing_set_vcpu(machine, i, i == 0 ? first : "off");
    }
}

static void tracing_show_event(struct machine *machine, const struct power_news *news)
{
    struct trace *trace = machine->tracing.trace;

    switch (news->kind) {
    case POWER_NEWS_WAKE:
        trace_mark(trace, "wake", wake_name(news->source));
        return;
    case POWER_NEWS_REFUSED:
        trace_mark(trace, "SYSTEM_SUSPEND refused", news->reason);
        return;
    case POWER_NEWS_REBOOT:
    case POWER_NEWS_RESET:
        trace_mark(trace, "reset", news->warm ? "warm" : "cold");
        tracing_set_all(machine, "on");
        return;
    case POWER_NEWS_OFF:
        tracing_set_all(machine, "off");
        return;
    case POWER_NEWS_VCPU_ON:
    case POWER_NEWS_VCPU_OFF:
        tracing_set_vcpu(machine, news->vcpu, news->kind == POWER_NEWS_VCPU_ON ? "on" : "off");
        return;
    case POWER_NEWS_ASLEEP:
    case POWER_NEWS_RESUMED:
        tracing_set_vcpu(machine, news->vcpu, news->kind == POWER_NEWS_ASLEEP ? "asleep" : "on");
        return;
    default:
        return;
    }
}

/* Comes after measure_news(), which knows the state. */
void tracing_news(struct machine *machine, const struct power_news *news)
{
    enum operator_status state = machine->measure.metrics.state;

    if (machine->tracing.trace == NULL) {
        return;
    }
    tracing_show_event(machine, news);
    trace_vm(machine->tracing.trace, metrics_state_name(state));
    if (state != machine->tracing.state) {
        machine->tracing.state = state;
        tracing_look_soon(&machine->tracing);
    }
}

void tracing_start(struct machine *machine)
{
    enum operator_status state = machine->measure.metrics.state;

    if (machine->tracing.trace == NULL) {
        return;
    }
    tracing_set_all(machine, state == OPERATOR_SUSPENDED ? "asleep" : "on");
    trace_vm(machine->tracing.trace, metrics_state_name(state));
    machine->tracing.state = state;
    on_tracing(machine);
}

int tracing_open(struct machine *machine)
{
    const struct config *config = machine->config;
    struct tracing *tracing = &machine->tracing;

    if (config->trace == NULL) {
        return 0;
    }
    tracing->naps = naps_create(config->cpu_count);
    if (tracing->naps == NULL) {
        return -ENOMEM;
    }
    tracing->trace = trace_open(config->trace, config->name, config->cpu_count);
    if (tracing->trace == NULL) {
        return -REPORTED;
    }
    return delay_open(&tracing->delay, machine->loop, on_tracing, machine);
}

void tracing_close(struct machine *machine)
{
    struct tracing *tracing = &machine->tracing;

    if (tracing->trace != NULL) {
        tracing_look(machine);
    }
    trace_close(tracing->trace);
    delay_close(&tracing->delay);
    naps_destroy(tracing->naps);
}
