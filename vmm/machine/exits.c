/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine/exits.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/report.h"
#include "core/backing.h"
#include "machine/parts.h"

/* The kernel could not read memory for the guest: the disk below the image may have failed. */
static bool guest_lost_image(const struct machine *machine, const struct vcpu_exit *exit)
{
    const struct backing *backing = machine->memory.backing;

    return exit->error == EFAULT && backing != NULL && backing->fd >= 0;
}

static void guest_fail(struct machine *machine, unsigned index, const struct vcpu_exit *exit)
{
    char text[256];
    bool lost = guest_lost_image(machine, exit);

    vcpus_pause(machine->board.threads);
    vcpu_describe_failure(machine->board.vcpu[index], exit, text, sizeof(text));
    if (lost) {
        report("image %s: cannot read the guest's memory from it; the VM ends (vCPU %u: %s)",
               machine->memory.backing->path, index, text);
    } else {
        report("vCPU %u cannot continue: %s", index, text);
    }
    machine_end_by_error(machine, text, lost ? STATUS_ERROR : STATUS_GUEST);
}

static void guest_reboot(struct machine *machine)
{
    int error = 0;

    machine->again = false;
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

/* The operator has asked for a reboot: to the guest it was a shutdown. */
static bool guest_starts_again(struct machine *machine)
{
    if (!machine->again || machine->terminated) {
        return false;
    }
    power_reset(&machine->power);
    guest_reboot(machine);
    return true;
}

/* With --no-shutdown the machine stays, off and paused, until the operator resets it or quits. */
static void guest_stay_or_end(struct machine *machine, int status)
{
    if (machine->config->no_shutdown && !machine->terminated) {
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
        if (!guest_starts_again(machine)) {
            guest_stay_or_end(machine, STATUS_OFF);
        }
        return;
    case POWER_OUTCOME_HIBERNATED:
        guest_stay_or_end(machine, STATUS_HIBERNATED);
        return;
    case POWER_OUTCOME_COLD_RESET:
    case POWER_OUTCOME_WARM_RESET:
        if (machine->config->no_reboot) {
            machine_end(machine, STATUS_RESET);
        } else if (machine->terminated) {
            machine_quit_by_signal(machine, SIGTERM);
        } else {
            guest_reboot(machine);
        }
        return;
    }
}

/* After a SYSTEM_OFF or SYSTEM_RESET no other exit has an effect, and no failure either. */
static void exit_decide(struct machine *machine, unsigned index, const struct vcpu_exit *exit)
{
    if (machine->power.state == POWER_ENDED) {
        return;
    }
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

/*
 * Decides the exits that are there, then resumes the vCPUs that may run. Without an exit no vCPU is
 * stopped.
 */
static void exits_serve(struct machine *machine)
{
    if (!machine->ended && vcpus_have_exit(machine->board.threads) && exits_catch_up(machine)) {
        power_go_on(&machine->power);
    }
}

static void exits_tell_refusals(struct machine *machine)
{
    struct admission *admission = machine->backend.psci.admission;
    unsigned vcpu;

    while (admission != NULL && admission_next_refused(admission, &vcpu)) {
        machine_tell_vcpu(machine, POWER_NEWS_NOT_ADMITTED, vcpu);
    }
}

/* Changes that are left wait for the next turn, after signals and operators. */
static void exits_notify_again(const struct machine *machine)
{
    uint64_t one = 1;

    (void)!write(machine->exit_fd, &one, sizeof(one));
}

static void on_exit_notice(void *arg, uint32_t events)
{
    enum { CHANGES_A_TURN = 256 };
    struct machine *machine = arg;
    uint64_t count;

    (void)events;
    if (read(machine->exit_fd, &count, sizeof(count)) < 0) {
        return;
    }
    if (machine->backend.ops->take_changes(&machine->backend, CHANGES_A_TURN)) {
        exits_notify_again(machine);
    }
    exits_tell_refusals(machine);
    exits_serve(machine);
}

int exits_open(struct machine *machine)
{
    machine->exit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (machine->exit_fd < 0) {
        return -errno;
    }
    machine->exit_source =
        loop_add(machine->loop, machine->exit_fd, EPOLLIN, on_exit_notice, machine);
    return machine->exit_source != NULL ? 0 : -errno;
}

void exits_close(struct machine *machine)
{
    loop_close(machine->exit_source, machine->exit_fd);
}
