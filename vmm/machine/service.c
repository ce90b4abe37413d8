/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tells the service manager what the machine does (base/notify.h): a line for people, and that the event
 * loop turns. A guest may fall asleep and wake as often as it likes, so the line changes at most once a second.
 */
#include <stdio.h>

#include "base/journal.h"
#include "base/notify.h"
#include "base/report.h"
#include "machine/parts.h"

#define SERVICE_SECOND INT64_C(1000000000)

static const char *service_status(const struct machine *machine)
{
    if (machine->power.state == POWER_ENDED) {
        return "off";
    }
    if (machine->power.stopped) {
        return "paused by the operator";
    }
    return machine->power.state == POWER_ASLEEP ? "asleep" : "running";
}

/* The service manager, the journal, or both. */
static bool service_is_told(void)
{
    return notify_is_open() || journal_is_open();
}

/* The next sign of life, or the line if that is due before. */
static void service_plan(struct machine *machine)
{
    int64_t next = notify_watchdog_ns() / 2;

    if (machine->service.changed && (next == 0 || next > SERVICE_SECOND)) {
        next = SERVICE_SECOND;
    }
    delay_set(&machine->service.delay, next);
}

static void service_tell(struct machine *machine)
{
    const char *status = service_status(machine);
    char text[64];

    if (status != machine->service.told) {
        (void)snprintf(text, sizeof(text), "STATUS=%s", status);
        if (!notify_send(text)) {
            return;
        }
        report_state(status);
        machine->service.told = status;
    }
    machine->service.changed = false;
}

static void on_service_delay(void *arg)
{
    struct machine *machine = arg;

    notify_alive();
    if (machine->service.changed) {
        service_tell(machine);
    }
    service_plan(machine);
}

void service_news(struct machine *machine, enum power_news_kind kind)
{
    switch (kind) {
    case POWER_NEWS_ASLEEP:
    case POWER_NEWS_RESUMED:
    case POWER_NEWS_STOPPED:
    case POWER_NEWS_CONTINUED:
    case POWER_NEWS_OFF:
    case POWER_NEWS_RESET:
        if (!machine->service.changed && service_is_told()) {
            machine->service.changed = true;
            service_plan(machine);
        }
        return;
    default:
        return;
    }
}

void service_start(struct machine *machine)
{
    const struct config *config = machine->config;

    /* Otherwise the guest's own service manager says when it is ready. One that was saved has said so before. */
    if (config->vsock.ready_port == 0 || config->restore != NULL) {
        notify_ready();
    }
    service_tell(machine);
    notify_alive();
    service_plan(machine);
}

/* The service manager's own limit may be shorter than the guest's. */
void service_stop(const struct machine *machine)
{
    enum { MARGIN_SECONDS = 10, SAVE_SECONDS = 300 };
    unsigned seconds = machine->config->shutdown_seconds;
    unsigned before = machine->config->keep != NULL ? POWER_SLEEP_SECONDS + SAVE_SECONDS : 0;
    uint64_t all = seconds != 0 ? (uint64_t)seconds + before + MARGIN_SECONDS : 0;

    notify_stop(all * 1000000);
}

int service_open(struct machine *machine)
{
    return service_is_told()
               ? delay_open(&machine->service.delay, machine->loop, on_service_delay, machine)
               : 0;
}

/* What the VM did last, if its second has not passed. */
void service_close(struct machine *machine)
{
    if (machine->service.changed) {
        service_tell(machine);
    }
    delay_close(&machine->service.delay);
}
