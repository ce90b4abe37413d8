/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver under the power controller where the kernel answers PSCI: what the controller decides,
 * in terms of vCPU threads, MP states and interrupt lines.
 */
#include <stddef.h>

#include "control/news.h"
#include "dev/console.h"
#include "machine/internal.h"

static void pause_all(void *driver)
{
    struct machine *machine = driver;

    vcpus_pause(machine->board.threads);
}

static void resume_all(void *driver)
{
    struct machine *machine = driver;

    vcpus_resume(machine->board.threads);
}

static int is_off(void *driver, unsigned vcpu)
{
    struct machine *machine = driver;

    return vcpu_is_off(machine->board.vcpu[vcpu]);
}

static int suspend_call(void *driver, unsigned vcpu, struct suspend_call *call)
{
    struct machine *machine = driver;

    return vcpu_suspend_call(machine->board.vcpu[vcpu], call);
}

static int answer(void *driver, unsigned vcpu, enum psci_result result)
{
    struct machine *machine = driver;

    return vcpu_answer(machine->board.vcpu[vcpu], result);
}

static bool ram_contains(void *driver, struct ipa start, uint64_t size)
{
    const struct machine *machine = driver;

    return memory_contains(&machine->memory, start, size);
}

static int doze(void *driver, unsigned vcpu)
{
    struct machine *machine = driver;
    int error = vcpu_doze(machine->board.vcpu[vcpu]);

    if (error == 0) {
        vcpus_resume_one(machine->board.threads, vcpu);
    }
    return error;
}

/*
 * KVM_ARM_VCPU_INIT turns the vCPU's timers off and makes it able to run, so it must not come
 * before the sleep is over: a timer could not end it any more.
 */
static int restart(void *driver, unsigned vcpu, const struct suspend_call *call)
{
    struct machine *machine = driver;
    int error = vcpu_init(machine->board.vcpu[vcpu], false);

    vcpus_forget_exit(machine->board.threads, vcpu);
    if (error != 0) {
        return error;
    }
    return vcpu_set_entry(machine->board.vcpu[vcpu], call->entry, call->context, call->big_endian);
}

static int waking_intid(void *driver, unsigned vcpu)
{
    struct machine *machine = driver;

    return vcpu_pending_intid(machine->board.vcpu[vcpu]);
}

static void on_console_input(void *arg)
{
    machine_wake(arg, WAKE_CONSOLE);
}

static void sleep_begins(void *driver, unsigned counted)
{
    struct machine *machine = driver;

    observe_set(machine, false);
    bus_hold(&machine->bus, counted);
    console_watch(machine->console, on_console_input, machine);
}

static void sleep_ends(void *driver)
{
    struct machine *machine = driver;

    console_watch(machine->console, NULL, NULL);
    bus_release(&machine->bus);
    observe_set(machine, true);
}

static unsigned wakes_pending(void *driver)
{
    const struct machine *machine = driver;

    return bus_wakes_pending(&machine->bus);
}

static int reset_arguments(void *driver, unsigned vcpu, uint64_t *type, uint64_t *cookie)
{
    struct machine *machine = driver;

    return vcpu_call_arguments(machine->board.vcpu[vcpu], type, cookie);
}

static void tell(void *driver, const struct power_news *news)
{
    struct machine *machine = driver;
    struct power_news told = *news;

    if (news->kind == POWER_NEWS_ASLEEP) {
        machine->asleep_since = events_clock();
    } else if (news->kind == POWER_NEWS_RESUMED) {
        told.asleep_ns = events_clock() - machine->asleep_since;
    }
    news_power(machine->events, &told);
}

const struct power_ops driver_kernel_ops = {
    .pause = pause_all,
    .resume = resume_all,
    .vcpu_is_off = is_off,
    .suspend_call = suspend_call,
    .answer = answer,
    .ram_contains = ram_contains,
    .doze = doze,
    .restart = restart,
    .waking_intid = waking_intid,
    .sleep_begins = sleep_begins,
    .sleep_ends = sleep_ends,
    .wakes_pending = wakes_pending,
    .reset_arguments = reset_arguments,
    .tell = tell,
};
