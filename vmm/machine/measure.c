/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Figures for Prometheus (--metrics): by a socket on request, or as a file. The file is written at most
 * once a second after a change, four times a minute while the guest runs, and not at all while it sleeps.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/report.h"
#include "machine/parts.h"

#define MEASURE_SECOND INT64_C(1000000000)

/* The process' memory, as statm has it: the second number is pages that are resident. */
static uint64_t measure_resident(const struct measure *measure)
{
    char text[128];
    ssize_t got = pread(measure->statm, text, sizeof(text) - 1, 0);

    if (got <= 0) {
        return 0;
    }
    text[got] = '\0';
    const char *second = strchr(text, ' ');
    return second != NULL ? strtoull(second, NULL, 10) * (unsigned)getpagesize() : 0;
}

static char *measure_text(void *arg, size_t *length)
{
    const struct machine *machine = arg;
    struct timespec used;
    uint64_t memory;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    if (lend_kept(machine, &memory) != NULL) {
        memory = machine->memory.size;
    }
    const struct metrics_facts facts = {
        .vm = machine->config->name,
        .psci = psci_mode_words[machine->backend.ops->mode],
        .vcpus = machine->config->cpu_count,
        .memory = memory,
        .resident = measure_resident(&machine->measure),
        .cpu_ns = (int64_t)used.tv_sec * MEASURE_SECOND + used.tv_nsec,
    };
    return metrics_print(&machine->measure.metrics, &facts, length);
}

static void measure_write(struct machine *machine)
{
    size_t length = 0;
    char *text = measure_text(machine, &length);

    if (text != NULL) {
        metrics_file_write(&machine->measure.file, text, length);
    }
    free(text);
}

static void on_measure(void *arg)
{
    enum { MEASURE_SECONDS = 15 };
    struct machine *machine = arg;
    bool runs = machine->measure.metrics.state == OPERATOR_RUNNING;

    measure_write(machine);
    machine->measure.due = false;
    delay_set(&machine->measure.delay, runs ? MEASURE_SECONDS * MEASURE_SECOND : 0);
}

void measure_news(struct machine *machine, const struct power_news *news)
{
    struct measure *measure = &machine->measure;

    if (metrics_note(&measure->metrics, news) && !measure->due) {
        measure->due = true;
        delay_set(&measure->delay, MEASURE_SECOND);
    }
}

static enum operator_status measure_status(const struct machine *machine)
{
    if (machine->power.state == POWER_ENDED) {
        return OPERATOR_SHUTDOWN;
    }
    if (machine->power.stopped) {
        return OPERATOR_PAUSED;
    }
    return machine->power.state == POWER_ASLEEP ? OPERATOR_SUSPENDED : OPERATOR_RUNNING;
}

void measure_start(struct machine *machine)
{
    metrics_start(&machine->measure.metrics, measure_status(machine));
    if (machine->measure.delay.source != NULL) {
        on_measure(machine);
    }
}

int measure_open(struct machine *machine)
{
    const char *to = machine->config->metrics;
    const char *socket = config_metrics_socket(machine->config);
    struct measure *measure = &machine->measure;

    measure->file.folder = -1;
    if (to == NULL) {
        return 0;
    }
    measure->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (socket != NULL) {
        measure->server = metrics_server_open(machine->loop, socket, measure_text, machine);
        return measure->server != NULL ? 0 : -REPORTED;
    }
    if (!metrics_file_open(&measure->file, to)) {
        return -REPORTED;
    }
    return delay_open(&measure->delay, machine->loop, on_measure, machine);
}

void measure_close(struct machine *machine)
{
    struct measure *measure = &machine->measure;

    if (machine->config->metrics == NULL) {
        return;
    }
    metrics_server_close(measure->server);
    metrics_file_close(&measure->file);
    delay_close(&measure->delay);
    if (measure->statm >= 0) {
        close(measure->statm);
    }
}
