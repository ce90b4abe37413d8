/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports to the event log and to operators; the end of the machine. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "control/news.h"
#include "host/console/console.h"
#include "machine/parts.h"

void machine_end(struct machine *machine, int status)
{
    machine->ended = true;
    machine->status = status;
    loop_stop(machine->loop);
}

void machine_tell(struct machine *machine, const struct power_news *news)
{
    news_power(machine->events, news);
    qmp_tell(machine->qmp, news);
}

void machine_tell_vcpu(struct machine *machine, enum power_news_kind kind, unsigned vcpu)
{
    machine_tell(machine, &(struct power_news){.kind = kind, .vcpu = vcpu});
}

void machine_tell_left(struct machine *machine, unsigned vcpu)
{
    if (admission_saw_off(machine->backend.psci.admission, vcpu)) {
        machine_tell_vcpu(machine, POWER_NEWS_WITHDRAWN, vcpu);
    }
}

/* Linux accesses a device or makes a call within milliseconds. */
static void tell_silence(const struct machine *machine)
{
    enum { LONG_SECONDS = 3 };
    unsigned seconds =
        machine->board.threads != NULL ? vcpus_silent_seconds(machine->board.threads) : 0;

    if (seconds >= LONG_SECONDS) {
        report("in %u s the guest accessed no device and made no call that reached dormouse; a "
               "payload that needs EL2, or another machine, does that",
               seconds);
    }
}

void machine_tell_quit(struct machine *machine, enum quit_reason reason, const char *words)
{
    if (reason != QUIT_BY_ERROR) {
        tell_silence(machine);
    }
    news_quit(machine->events, words);
    qmp_tell_quit(machine->qmp, reason);
}

void machine_quit(struct machine *machine, int signal_number, enum quit_reason reason,
                  const char *words)
{
    machine_tell_quit(machine, reason, words);
    machine_end(machine, STATUS_SIGNAL + signal_number);
}

void machine_quit_by_signal(struct machine *machine, int number)
{
    char name[16];

    snprintf(name, sizeof(name), "SIG%s", sigabbrev_np(number));
    machine_quit(machine, number, QUIT_BY_SIGNAL, name);
}

bool machine_reopen(struct machine *machine)
{
    bool events = events_reopen(machine->events);
    bool console = console_reopen(machine->console);

    return events && console;
}

void machine_tell_idle(struct machine *machine)
{
    const struct psci *psci = &machine->backend.psci;

    for (unsigned i = 0; psci->plan.count != 0 && i < machine->config->cpu_count; i++) {
        for (unsigned state = 0; state < psci->plan.count; state++) {
            news_idle(machine->events, i, psci->plan.states[state].name,
                      psci_idle_count(psci, i, state));
        }
    }
}

void machine_end_by_error(struct machine *machine, const char *text, int status)
{
    news_error(machine->events, text);
    qmp_tell_quit(machine->qmp, QUIT_BY_ERROR);
    machine_end(machine, status);
}

void machine_fail(struct machine *machine, int error)
{
    report("cannot continue the VM: %s", strerror(-error));
    machine_end_by_error(machine, strerror(-error), STATUS_ERROR);
}

int machine_wake(struct machine *machine, unsigned source)
{
    if (machine->ended) {
        return -ESHUTDOWN;
    }
    int result = power_wake(&machine->power, (enum wake_source)source);

    if (result < 0) {
        machine_fail(machine, result);
    }
    return result;
}
