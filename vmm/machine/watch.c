/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks an idle guest to sleep (--sleep-when-idle). */
#include "base/report.h"
#include "machine/parts.h"

static void on_watch(void *arg)
{
    struct machine *machine = arg;
    struct quiet_sample now;

    driver_sample(&now);
    /* A guest that has been asked for something is about to do it. */
    if (machine->power.request != REQUEST_NONE) {
        quiet_start(&machine->quiet, &now);
    } else if (quiet_look(&machine->quiet, &now)) {
        const char *why = operator_ask(machine, REQUEST_SLEEP);

        if (why != NULL) {
            driver_tell_awake(machine, why);
        }
    }
    driver_watch_on(machine);
}

int watch_open(struct machine *machine)
{
    const struct config *config = machine->config;

    if (config->idle_seconds == 0) {
        return 0;
    }
    machine->quiet = (struct quiet){
        .wanted_ns = (int64_t)config->idle_seconds * 1000000000,
        .cpu_percent = config->idle_cpu_percent,
    };
    return delay_open(&machine->watch, machine->loop, on_watch, machine);
}

void watch_close(struct machine *machine)
{
    delay_close(&machine->watch);
}
