/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver under the power controller: threads, memory, devices, the deadline, reports. */
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "base/clock.h"
#include "base/report.h"
#include "core/activity.h"
#include "host/console/console.h"
#include "machine/parts.h"

/*
 * With every vCPU parked no thread holds a ticket, so all earlier changes are reported before what
 * the controller reports next.
 */
static void driver_pause(void *driver)
{
    struct machine *machine = driver;

    vcpus_pause(machine->board.threads);
    machine->backend.ops->take_changes(&machine->backend, CHANGES_ALL);
}

static void driver_resume(void *driver)
{
    struct machine *machine = driver;

    vcpus_resume(machine->board.threads);
}

static bool driver_ram_contains(void *driver, struct ipa start, uint64_t size)
{
    const struct machine *machine = driver;

    return memory_contains(&machine->memory, start, size);
}

static void driver_resume_one(void *driver, unsigned vcpu)
{
    struct machine *machine = driver;

    vcpus_resume_one(machine->board.threads, vcpu);
}

static void driver_deadline(void *driver, int64_t nanoseconds)
{
    struct machine *machine = driver;

    delay_set(&machine->deadline, nanoseconds);
}

static int driver_waking_intid(void *driver, unsigned vcpu)
{
    struct machine *machine = driver;

    return vcpu_pending_intid(machine->board.vcpu[vcpu]);
}

static void on_console_input(void *arg)
{
    (void)machine_wake(arg, WAKE_CONSOLE);
}

static void driver_sleep_begins(void *driver, unsigned counted)
{
    struct machine *machine = driver;

    machine->backend.ops->observe(&machine->backend, false);
    bus_hold(&machine->bus, counted);
    console_watch(machine->console, on_console_input, machine);
    rest_begin(machine);
}

static int driver_recall(void *driver)
{
    return rest_recall(driver);
}

static void driver_sleep_ends(void *driver, unsigned vcpu)
{
    struct machine *machine = driver;

    console_watch(machine->console, NULL, NULL);
    rest_end(machine);
    bus_release(&machine->bus);
    vcpus_forget_exit(machine->board.threads, vcpu);
    machine->backend.ops->observe(&machine->backend, true);
}

static unsigned driver_wakes_pending(void *driver)
{
    const struct machine *machine = driver;

    return bus_wakes_pending(&machine->bus);
}

/* The file that the guest sleeps in may be the one that it is to be saved as. */
static bool driver_save_elsewhere(struct machine *machine)
{
    if (rest_is_saved_as(machine, machine->writer)) {
        save_tell(machine, machine->writer, true);
        return true;
    }
    bool saved = save_machine(machine, machine->writer);
    rest_unload(machine, saved);
    return saved;
}

/* After a SIGTERM the guest shuts down instead; not within this call of the power controller's. */
static void driver_shut_down_instead(struct machine *machine)
{
    if (machine->terminated) {
        delay_set(&machine->give_up, 1);
    }
}

static bool driver_save(void *driver)
{
    struct machine *machine = driver;

    if (rest_is_due(machine)) {
        rest_save(machine);
        return false;
    }
    int error = rest_load(machine);
    if (error != 0) {
        machine_fail(machine, error);
        return true;
    }
    const char *asker = machine->save_asker;
    machine->save_asker = NULL;
    if (!driver_save_elsewhere(machine)) {
        rest_begin(machine);
        driver_shut_down_instead(machine);
        return false;
    }
    if (asker != NULL) {
        report_note("%s: the VM is saved as %s", asker, machine->config->save);
    }
    machine_end(machine, STATUS_SAVED);
    return true;
}

static const char *driver_way(void *driver, enum power_request request)
{
    return reach_way(driver, request);
}

static void driver_ask(void *driver, enum power_request request)
{
    reach_ask(driver, request);
}

static void driver_request_deadline(void *driver, int64_t nanoseconds)
{
    struct machine *machine = driver;

    delay_set(&machine->request, nanoseconds);
}

void driver_tell_awake(struct machine *machine, const char *why)
{
    if (!machine->told_awake) {
        machine->told_awake = true;
        report_note("--sleep-when-idle: the guest is idle and stays awake: %s", why);
    }
}

/* After a SIGTERM the VM ends, in order or not. Each failure is in the event log, so one line is enough. */
static void driver_give_up(struct machine *machine, const struct power_news *news)
{
    if (machine->terminated && news->request == REQUEST_SHUTDOWN) {
        report("SIGTERM: the guest does not shut down: %s", news->reason);
        machine_quit_by_signal(machine, SIGTERM);
    } else if (machine->config->idle_seconds != 0 && news->request == REQUEST_SLEEP &&
               machine->power.state == POWER_RUNNING) {
        driver_tell_awake(machine, news->reason);
    }
}

static void driver_answer_signal(struct machine *machine, const struct power_news *news)
{
    if (machine->save_asker != NULL && news->kind == POWER_NEWS_REQUEST_FAILED) {
        report("%s: the VM is not saved: %s", machine->save_asker, news->reason);
        machine->save_asker = NULL;
        driver_shut_down_instead(machine);
    }
}

/* All threads of the process count: what its devices do is done for the guest, too. */
void driver_sample(struct quiet_sample *now)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    *now = (struct quiet_sample){
        .time_ns = clock_now_ns(),
        .cpu_ns = (int64_t)used.tv_sec * 1000000000 + used.tv_nsec,
        .activity = activity_count(),
    };
}

void driver_watch_on(struct machine *machine)
{
    enum power_state state = machine->power.state;

    if (!machine->power.stopped && (state == POWER_RUNNING || state == POWER_ASKED)) {
        delay_set(&machine->watch, quiet_period(&machine->quiet));
    }
}

void driver_watch_start(struct machine *machine)
{
    struct quiet_sample now;

    if (machine->watch.source != NULL) {
        driver_sample(&now);
        quiet_start(&machine->quiet, &now);
        driver_watch_on(machine);
    }
}

/* A guest that does not run is not watched: that would cost the processor time that its sleep saves. */
static void driver_watch(struct machine *machine, enum power_news_kind kind)
{
    switch (kind) {
    case POWER_NEWS_RESUMED:
    case POWER_NEWS_CONTINUED:
    case POWER_NEWS_REFUSED:
        driver_watch_start(machine);
        return;
    case POWER_NEWS_ASLEEP:
    case POWER_NEWS_ASKED:
    case POWER_NEWS_STOPPED:
    case POWER_NEWS_OFF:
    case POWER_NEWS_REBOOT:
    case POWER_NEWS_RESET:
        delay_set(&machine->watch, 0);
        return;
    default:
        return;
    }
}

static void driver_tell(void *driver, const struct power_news *news)
{
    struct machine *machine = driver;
    struct power_news told = *news;

    if (news->kind == POWER_NEWS_ASLEEP) {
        machine->asleep_since = clock_now_ns();
    } else if (news->kind == POWER_NEWS_RESUMED) {
        told.asleep_ns = clock_now_ns() - machine->asleep_since;
    }
    machine_tell(machine, &told);
    if (news->kind == POWER_NEWS_RESUMED) {
        reach_set_time(machine);
    }
    driver_watch(machine, news->kind);
    service_news(machine, news->kind);
    measure_news(machine, news);
    tracing_news(machine, news);
    driver_answer_signal(machine, news);
    if (news->kind == POWER_NEWS_VCPU_OFF) {
        machine_tell_left(machine, news->vcpu);
    } else if (news->kind == POWER_NEWS_REQUEST_FAILED) {
        driver_give_up(machine, news);
    }
}

const struct power_ops driver_ops = {
    .pause = driver_pause,
    .resume = driver_resume,
    .ram_contains = driver_ram_contains,
    .resume_one = driver_resume_one,
    .deadline = driver_deadline,
    .waking_intid = driver_waking_intid,
    .sleep_begins = driver_sleep_begins,
    .recall = driver_recall,
    .sleep_ends = driver_sleep_ends,
    .wakes_pending = driver_wakes_pending,
    .save = driver_save,
    .way = driver_way,
    .ask = driver_ask,
    .request_deadline = driver_request_deadline,
    .tell = driver_tell,
};

static void on_deadline(void *arg)
{
    struct machine *machine = arg;
    int error = power_deadline(&machine->power);

    if (error != 0) {
        machine_fail(machine, error);
    }
}

static void on_request_deadline(void *arg)
{
    struct machine *machine = arg;

    power_request_deadline(&machine->power);
}

int driver_open(struct machine *machine)
{
    int error = delay_open(&machine->request, machine->loop, on_request_deadline, machine);

    if (error != 0 || machine->policy != SUSPEND_ASK) {
        return error;
    }
    return delay_open(&machine->deadline, machine->loop, on_deadline, machine);
}

void driver_close(struct machine *machine)
{
    delay_close(&machine->request);
    delay_close(&machine->deadline);
}
