/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "core/activity.h"

static const char *const metrics_states[METRICS_STATES] = {
    [OPERATOR_RUNNING] = "running",
    [OPERATOR_SUSPENDED] = "asleep",
    [OPERATOR_PAUSED] = "paused",
    [OPERATOR_SHUTDOWN] = "off",
};

const char *metrics_state_name(enum operator_status state)
{
    return metrics_states[state];
}

static const struct metrics_activity {
    const char *device;
    const char *direction;
} metrics_activities[ACTIVITY_KINDS] = {
    [ACTIVITY_DISK_READ] = {"disk", "read"},
    [ACTIVITY_DISK_WRITE] = {"disk", "write"},
    [ACTIVITY_NET_RECEIVE] = {"net", "receive"},
    [ACTIVITY_NET_SEND] = {"net", "send"},
    [ACTIVITY_VSOCK_RECEIVE] = {"vsock", "receive"},
    [ACTIVITY_VSOCK_SEND] = {"vsock", "send"},
    [ACTIVITY_PORT_RECEIVE] = {"port", "receive"},
    [ACTIVITY_PORT_SEND] = {"port", "send"},
    [ACTIVITY_CONSOLE_RECEIVE] = {"console", "receive"},
    [ACTIVITY_CONSOLE_SEND] = {"console", "send"},
};

static enum operator_status metrics_status(const struct metrics *metrics)
{
    if (metrics->off) {
        return OPERATOR_SHUTDOWN;
    }
    if (metrics->stopped) {
        return OPERATOR_PAUSED;
    }
    return metrics->asleep ? OPERATOR_SUSPENDED : OPERATOR_RUNNING;
}

/* A clock that does not go on while the host sleeps, and a date that may be set: both are told. */
static void metrics_enter(struct metrics *metrics, enum operator_status state)
{
    int64_t now = clock_now_ns();

    metrics->spent_ns[metrics->state] += now - metrics->since;
    metrics->state = state;
    metrics->since = now;
    metrics->since_date = clock_date_ns();
}

void metrics_start(struct metrics *metrics, enum operator_status state)
{
    *metrics = (struct metrics){
        .since = clock_now_ns(),
        .asleep = state == OPERATOR_SUSPENDED,
        .stopped = state == OPERATOR_PAUSED,
        .off = state == OPERATOR_SHUTDOWN,
    };
    metrics_enter(metrics, state);
}

static void metrics_count_wake(struct metrics *metrics, unsigned source)
{
    for (unsigned bit = 0; bit < METRICS_SOURCES; bit++) {
        metrics->wakes[bit] += (source >> bit) & 1;
    }
}

/* The machine starts again. */
static void metrics_reset(struct metrics *metrics)
{
    metrics->resets++;
    metrics->asleep = false;
    metrics->off = false;
}

static void metrics_take(struct metrics *metrics, const struct power_news *news)
{
    switch (news->kind) {
    case POWER_NEWS_ASLEEP:
        metrics->sleeps++;
        metrics->asleep = true;
        return;
    case POWER_NEWS_RESUMED:
        metrics->asleep = false;
        return;
    case POWER_NEWS_REFUSED:
        metrics->refusals++;
        return;
    case POWER_NEWS_WAKE:
        metrics_count_wake(metrics, news->source);
        return;
    case POWER_NEWS_WAKE_IGNORED:
        metrics->wakes_ignored++;
        return;
    case POWER_NEWS_REBOOT:
    case POWER_NEWS_RESET:
        metrics_reset(metrics);
        return;
    case POWER_NEWS_OFF:
        metrics->off = true;
        return;
    case POWER_NEWS_STOPPED:
    case POWER_NEWS_CONTINUED:
        metrics->stopped = news->kind == POWER_NEWS_STOPPED;
        return;
    default:
        return;
    }
}

bool metrics_note(struct metrics *metrics, const struct power_news *news)
{
    metrics_take(metrics, news);
    enum operator_status state = metrics_status(metrics);

    if (state == metrics->state) {
        return false;
    }
    metrics_enter(metrics, state);
    return true;
}

static void print_head(FILE *file, const char *name, const char *type, const char *help)
{
    fprintf(file, "# HELP dormouse_%s %s\n# TYPE dormouse_%s %s\n", name, help, name, type);
}

static void print_count(FILE *file, const char *vm, const char *name, const char *type,
                        const char *help, uint64_t value)
{
    print_head(file, name, type, help);
    fprintf(file, "dormouse_%s{vm=\"%s\"} %" PRIu64 "\n", name, vm, value);
}

/* Seconds with all their digits, also those of a date. */
static void print_ns(FILE *file, int64_t ns)
{
    fprintf(file, "%" PRId64 ".%09" PRId64 "\n", ns / 1000000000, ns % 1000000000);
}

static void print_states(FILE *file, const char *vm, const struct metrics *metrics)
{
    print_head(file, "state", "gauge", "The VM is in that state: 1, or 0.");
    for (unsigned i = 0; i < METRICS_STATES; i++) {
        fprintf(file, "dormouse_state{vm=\"%s\",state=\"%s\"} %d\n", vm, metrics_states[i],
                i == metrics->state);
    }
    print_head(file, "state_seconds_total", "counter", "Time in each state.");
    for (unsigned i = 0; i < METRICS_STATES; i++) {
        int64_t spent = metrics->spent_ns[i];

        spent += i == metrics->state ? clock_now_ns() - metrics->since : 0;
        fprintf(file, "dormouse_state_seconds_total{vm=\"%s\",state=\"%s\"} ", vm,
                metrics_states[i]);
        print_ns(file, spent);
    }
    print_head(file, "state_since_timestamp_seconds", "gauge", "When the VM came into its state.");
    fprintf(file, "dormouse_state_since_timestamp_seconds{vm=\"%s\"} ", vm);
    print_ns(file, metrics->since_date);
}

static void print_wakes(FILE *file, const char *vm, const struct metrics *metrics)
{
    print_head(file, "wakes_total", "counter", "Wakes of the sleeping guest, by their source.");
    for (unsigned bit = 0; bit < METRICS_SOURCES && (WAKE_ALL >> bit) != 0; bit++) {
        fprintf(file, "dormouse_wakes_total{vm=\"%s\",source=\"%s\"} %" PRIu64 "\n", vm,
                wake_name(1u << bit), metrics->wakes[bit]);
    }
    print_count(file, vm, "wakes_ignored_total", "counter",
                "Events of sources that do not count, while the guest slept.",
                metrics->wakes_ignored);
    print_count(file, vm, "sleeps_total", "counter", "SYSTEM_SUSPEND calls that were honoured.",
                metrics->sleeps);
    print_count(file, vm, "suspend_refusals_total", "counter",
                "SYSTEM_SUSPEND calls that were refused.", metrics->refusals);
    print_count(file, vm, "resets_total", "counter", "Resets, by the guest or by the operator.",
                metrics->resets);
}

static void print_process(FILE *file, const struct metrics_facts *facts)
{
    print_head(file, "info", "gauge", "The program, and who answers PSCI.");
    fprintf(file, "dormouse_info{vm=\"%s\",version=\"%s\",psci=\"%s\"} 1\n", facts->vm,
            DORMOUSE_VERSION, facts->psci);
    print_count(file, facts->vm, "vcpus", "gauge", "vCPUs of the VM.", facts->vcpus);
    print_count(file, facts->vm, "guest_memory_bytes", "gauge",
                "Memory of the guest, without what is in its balloon.", facts->memory);
    if (facts->resident != 0) {
        print_count(file, facts->vm, "resident_memory_bytes", "gauge",
                    "Memory of the host that the VM has now.", facts->resident);
    }
    print_head(file, "cpu_seconds_total", "counter",
               "Processor time, of the guest and of dormouse.");
    fprintf(file, "dormouse_cpu_seconds_total{vm=\"%s\"} ", facts->vm);
    print_ns(file, facts->cpu_ns);
}

static void print_activity(FILE *file, const char *vm, const char *name, const char *help,
                           bool bytes)
{
    print_head(file, name, "counter", help);
    for (unsigned i = 0; i < ACTIVITY_KINDS; i++) {
        struct activity_total total = activity_total((enum activity_kind)i);

        fprintf(file, "dormouse_%s{vm=\"%s\",device=\"%s\",direction=\"%s\"} %" PRIu64 "\n", name,
                vm, metrics_activities[i].device, metrics_activities[i].direction,
                bytes ? total.bytes : total.operations);
    }
}

char *metrics_print(const struct metrics *metrics, const struct metrics_facts *facts,
                    size_t *length)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, length);

    if (file == NULL) {
        return NULL;
    }
    print_process(file, facts);
    print_states(file, facts->vm, metrics);
    print_wakes(file, facts->vm, metrics);
    print_activity(file, facts->vm, "device_operations_total",
                   "Requests, frames, packets and characters that dormouse passed on.", false);
    print_activity(file, facts->vm, "device_bytes_total", "Their bytes.", true);
    if (fclose(file) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
