/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine/exits.h"

#include <errno.h>

#include "base/report.h"
#include "control/news.h"
#include "machine/parts.h"

static void guest_fail(struct machine *machine, unsigned index, const struct vcpu_exit *exit)
{
    char text[256];

    vcpus_pause(machine->board.threads);
    vcpu_describe_failure(machine->board.vcpu[index], exit, text, sizeof(text));
    report("vCPU %u cannot continue: %s", index, text);
    news_error(machine->events, text);
    qmp_tell_quit(machine->qmp, QUIT_BY_ERROR);
    machine_end(machine, STATUS_GUEST);
}

static void guest_reboot(struct machine *machine)
{
    int error = 0;

    board_power_off(machine);
    bus_reset(&machine->bus);
    if (machine->power.outcome == POWER_OUTCOME_COLD_RESET) {
        error = memory_clear(&machine->memory);
    }
    if (error != 0) {
        machine_fail(machine, error);
    } else if (board_power_on(machine) != 0) {
        machine_end(machine, STATUS_ERROR);
    }
}

/* Under --no-shutdown the machine stays, off and paused, until the operator resets it or quits. */
static void guest_stay_or_end(struct machine *machine, int status)
{
    if (machine->config->no_shutdown) {
        power_stop(&machine->power);
    } else {
        machine_end(machine, status);
    }
}

void exits_settle(struct machine *machine)
{
    if (machine->ended || machine->power.state != POWER_ENDED) {
        return;
    }
    machine_tell_idle(machine);
    switch (machine->power.outcome) {
    case POWER_OUTCOME_OFF:
        guest_stay_or_end(machine, STATUS_OFF);
        return;
    case POWER_OUTCOME_HIBERNATED:
        guest_stay_or_end(machine, STATUS_HIBERNATED);
        return;
    case POWER_OUTCOME_COLD_RESET:
    case POWER_OUTCOME_WARM_RESET:
        if (machine->config->no_reboot) {
            machine_end(machine, STATUS_RESET);
        } else {
            guest_reboot(machine);
        }
        return;
    }
}

/* The starting vCPU that waited for a change to be told is let go on. */
bool machine_take_changes(struct machine *machine, unsigned most)
{
    struct changes *changes = machine->backend.psci.changes;
    struct change_told told;

    for (; most > 0; most--) {
        if (machine->ended || changes == NULL || !changes_take(changes, &told)) {
            return false;
        }
        if (told.what != CHANGE_NONE) {
            power_changed(&machine->power, told.vcpu, told.what == CHANGE_ON);
        }
        if (told.waits) {
            vcpus_nudge(machine->board.threads, told.vcpu);
        }
    }
    return true;
}

static void exit_decide(struct machine *machine, unsigned index, const struct vcpu_exit *exit)
{
    if (exit->kind != VCPU_EXIT_POWER) {
        guest_fail(machine, index, exit);
        return;
    }
    int error = power_exit(&machine->power, index, exit->power, &exit->call);
    if (error != 0) {
        machine_fail(machine, error);
    }
}

bool exits_catch_up(struct machine *machine)
{
    bool was_ended = machine->power.state == POWER_ENDED;
    struct vcpu_exit exit;
    unsigned index;

    power_hold(&machine->power);
    while (!machine->ended && vcpus_next_exit(machine->board.threads, &index, &exit)) {
        exit_decide(machine, index, &exit);
    }
    if (!was_ended) {
        exits_settle(machine);
    }
    if (!machine->ended) {
        power_hold(&machine->power); /* A reset has started the guest again. */
    }
    return !machine->ended;
}

int exits_wake(struct machine *machine)
{
    if (!exits_catch_up(machine)) {
        return -ESHUTDOWN;
    }
    int result = machine_wake(machine, WAKE_SIGNAL);
    if (!machine->ended) {
        power_go_on(&machine->power);
    }
    return result;
}

void exits_serve(struct machine *machine)
{
    if (!machine->ended && vcpus_have_exit(machine->board.threads) && exits_catch_up(machine)) {
        power_go_on(&machine->power);
    }
}
