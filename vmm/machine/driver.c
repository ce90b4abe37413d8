/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two drivers under the power controller do alike: threads, memory, devices, news. */
#include "machine/driver.h"

#include <stddef.h>

#include "host/console/console.h"
#include "machine/operator.h"

void driver_pause(void *driver)
{
    struct machine *machine = driver;

    vcpus_pause(machine->board.threads);
}

void driver_resume(void *driver)
{
    struct machine *machine = driver;

    vcpus_resume(machine->board.threads);
}

int driver_suspend_call(void *driver, unsigned vcpu, struct suspend_call *call)
{
    struct machine *machine = driver;

    return vcpu_suspend_call(machine->board.vcpu[vcpu], call);
}

bool driver_ram_contains(void *driver, struct ipa start, uint64_t size)
{
    const struct machine *machine = driver;

    return memory_contains(&machine->memory, start, size);
}

int driver_doze(void *driver, unsigned vcpu)
{
    struct machine *machine = driver;

    return vcpu_doze(machine->board.vcpu[vcpu]);
}

void driver_resume_one(void *driver, unsigned vcpu)
{
    struct machine *machine = driver;

    vcpus_resume_one(machine->board.threads, vcpu);
}

void driver_deadline(void *driver, int64_t nanoseconds)
{
    operator_deadline(driver, nanoseconds);
}

int driver_waking_intid(void *driver, unsigned vcpu)
{
    struct machine *machine = driver;

    return vcpu_pending_intid(machine->board.vcpu[vcpu]);
}

static void on_console_input(void *arg)
{
    machine_wake(arg, WAKE_CONSOLE);
}

void driver_sleep_begins(void *driver, unsigned counted)
{
    struct machine *machine = driver;

    observe_set(machine, false);
    bus_hold(&machine->bus, counted);
    console_watch(machine->console, on_console_input, machine);
}

void driver_sleep_ends(void *driver)
{
    struct machine *machine = driver;

    console_watch(machine->console, NULL, NULL);
    bus_release(&machine->bus);
    observe_set(machine, true);
}

unsigned driver_wakes_pending(void *driver)
{
    const struct machine *machine = driver;

    return bus_wakes_pending(&machine->bus);
}

void driver_tell(void *driver, const struct power_news *news)
{
    struct machine *machine = driver;
    struct power_news told = *news;

    if (news->kind == POWER_NEWS_ASLEEP) {
        machine->asleep_since = events_clock();
    } else if (news->kind == POWER_NEWS_RESUMED) {
        told.asleep_ns = events_clock() - machine->asleep_since;
    }
    machine_tell(machine, &told);
    if (news->kind == POWER_NEWS_VCPU_OFF) {
        operator_saw_off(machine, news->vcpu);
    }
}
