/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine/machine.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/notify.h"
#include "base/report.h"
#include "boot/firmware.h"
#include "control/news.h"
#include "core/map.h"
#include "host/console/console.h"
#include "host/console/terminal.h"
#include "machine/devices.h"
#include "machine/exits.h"
#include "machine/parts.h"
#include "sandbox/sandbox.h"

static void on_device_wake(void *arg, unsigned source)
{
    (void)machine_wake(arg, source);
}

/* If there is a file, logrotate has renamed it; else the terminal has hung up. */
static void on_hangup(struct machine *machine)
{
    if (machine->events != NULL || console_file(machine->console) != NULL) {
        (void)machine_reopen(machine);
    } else {
        machine_quit_by_signal(machine, SIGHUP);
    }
}

/*
 * The first SIGTERM, or SIGNALS_POWEROFF, asks the guest to shut down. If nothing in the guest takes the request, and on a
 * second one, the VM ends at once.
 */
static void on_power_off(struct machine *machine)
{
    bool again = machine->terminated;

    machine->terminated = true;
    service_stop(machine);
    if (again || machine->config->shutdown_seconds == 0 ||
        operator_ask(machine, REQUEST_SHUTDOWN) != NULL) {
        machine_quit_by_signal(machine, SIGTERM);
    }
}

static void on_give_up(void *arg)
{
    struct machine *machine = arg;

    if (machine->ended || machine->power.request == REQUEST_SHUTDOWN) {
        return;
    }
    operator_end_pause(machine, REQUEST_SHUTDOWN);
    if (operator_ask(machine, REQUEST_SHUTDOWN) != NULL) {
        machine_quit_by_signal(machine, SIGTERM);
    }
}

/* With --keep the VM becomes a file, if that can be done in time. */
static void on_terminate(struct machine *machine)
{
    const char *why;

    if (machine->config->keep == NULL || machine->terminated) {
        on_power_off(machine);
        return;
    }
    machine->terminated = true;
    service_stop(machine);
    operator_end_pause(machine, REQUEST_SLEEP);
    why = operator_save(machine, "SIGTERM");
    if (why != NULL) {
        report("SIGTERM: the VM is not saved: %s", why);
        on_give_up(machine);
    }
}

static int machine_open_give_up(struct machine *machine)
{
    return machine->config->keep != NULL
               ? delay_open(&machine->give_up, machine->loop, on_give_up, machine)
               : 0;
}

/* Without a file for it the signal changes nothing, and is no event of the VM. */
static void on_save_signal(struct machine *machine)
{
    const char *why = operator_save(machine, "SIGUSR2");

    if (why == NULL) {
        return;
    }
    report("SIGUSR2: the VM is not saved: %s", why);
    if (machine->writer != NULL) {
        machine_tell(machine, &(struct power_news){.kind = POWER_NEWS_REQUEST_FAILED,
                                                   .request = REQUEST_SLEEP,
                                                   .reason = why});
    }
}

/* `machinectl reboot` sends SIGINT to a machine. Without a service manager it is the terminal's Ctrl-C. */
static void on_interrupt(struct machine *machine)
{
    if (notify_is_open()) {
        operator_reset(machine);
    } else {
        machine_quit_by_signal(machine, SIGINT);
    }
}

static void on_wake_signal(struct machine *machine)
{
    (void)exits_wake(machine);
}

static void on_continue(struct machine *machine)
{
    console_continue(machine->console);
}

static void on_signal(void *arg, int number)
{
    const struct {
        int number;
        void (*take)(struct machine *machine);
    } signals[] = {
        {SIGUSR1, on_wake_signal}, {SIGUSR2, on_save_signal},
        {SIGIO, release_begin},    {SIGCONT, on_continue},
        {SIGHUP, on_hangup},       {SIGTERM, on_terminate},
        {SIGINT, on_interrupt},    {SIGNALS_POWEROFF, on_power_off},
    };
    struct machine *machine = arg;

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]) && !machine->ended; i++) {
        if (signals[i].number == number) {
            signals[i].take(machine);
        }
    }
}

static void on_console_quit(void *arg)
{
    struct machine *machine = arg;

    machine->ended_by_key = true;
    machine_quit(machine, SIGINT, QUIT_BY_CONSOLE, "Ctrl-a x");
}

/*
 * Otherwise a shell's prompt would follow the guest's last line without a word. Comes after the
 * terminal is restored. A log of errors stays empty: the key is no error.
 */
static void machine_tell_key(const struct machine *machine)
{
    if (machine->ended_by_key && isatty(STDERR_FILENO)) {
        report_note("ended by Ctrl-a x");
    }
}

static void drive_irq(void *arg, uint32_t spi, bool level)
{
    const struct machine *machine = arg;

    /* Between two boards there is no GIC; a new one starts with every line low. */
    if (machine->board.vm != NULL) {
        vm_irq(machine->board.vm, spi, level);
    }
}

static void pulse_irq(void *arg, uint32_t spi)
{
    const struct machine *machine = arg;

    if (machine->board.vm != NULL) {
        vm_pulse(machine->board.vm, spi);
    }
}

static int find_pulse_fd(void *arg, uint32_t spi)
{
    const struct machine *machine = arg;

    return machine->board.vm != NULL ? vm_pulse_fd(machine->board.vm, spi) : -1;
}

static void nudge_vcpu(void *arg, unsigned vcpu)
{
    const struct machine *machine = arg;

    vcpus_nudge(machine->board.threads, vcpu);
}

static void on_observer_failed(void *arg, int error)
{
    machine_fail(arg, error);
}

/* Without a limit for SIGTERM an operator's request by QMP still has one. */
static int64_t machine_shutdown_ns(const struct machine *machine)
{
    unsigned seconds = machine->config->shutdown_seconds;

    return (int64_t)(seconds != 0 ? seconds : CONFIG_SHUTDOWN_DEFAULT) * 1000000000;
}

/* The power controller and the PSCI backend. */
static int machine_create_psci(struct machine *machine)
{
    bool asks = machine->config->cpus_admitted != 0;
    const struct psci_observer observer = {
        .power = &machine->power,
        .loop = machine->loop,
        .nudge = nudge_vcpu,
        .fail = on_observer_failed,
        .arg = machine,
    };
    const struct psci_options options = {
        .cpu_count = machine->config->cpu_count,
        .version = machine->psci_version,
        .hide_on_pending = machine->config->hide_on_pending,
        .system_suspend = machine->policy != SUSPEND_OFF,
        .observer =
            machine->events != NULL || machine->tracing.trace != NULL || asks ? &observer : NULL,
        .naps = machine->tracing.naps,
        .idle = machine->config->idle,
        .clusters = machine->config->clusters,
        .cpus_admitted = asks ? machine->config->cpus_admitted : 0,
        .notify_fd = machine->exit_fd,
        .memory = &machine->memory,
    };
    const struct power_options power_options = {
        .ops = &driver_ops,
        .driver = machine,
        .psci = &machine->backend.ops->power,
        .backend = &machine->backend,
        .cpu_count = machine->config->cpu_count,
        .policy = machine->policy,
        .wake = machine->config->wake,
        .stopped = machine->config->paused,
        .ask_ns = (int64_t)machine->config->ask_seconds * 1000000000,
        .ask_default = machine->config->ask_default,
        .shutdown_ns = machine_shutdown_ns(machine),
    };
    int error = machine->backend.ops->create(&machine->backend, &options);

    return error != 0 ? error : power_init(&machine->power, &power_options);
}

/* Operators hear of the failure before they hear that the machine stops. */
static void on_device_failed(void *arg, const struct device_failure *failure)
{
    struct machine *machine = arg;

    machine_tell(machine, &(struct power_news){.kind = POWER_NEWS_DISK_FAILED,
                                               .device = failure->device,
                                               .operation = failure->operation,
                                               .reason = failure->reason,
                                               .no_space = failure->no_space,
                                               .pauses = failure->pauses});
    if (failure->pauses) {
        machine->paused_by_device = true;
        power_stop(&machine->power);
    }
}

static int machine_open_timers(struct machine *machine)
{
    static int (*const steps[])(struct machine *machine) = {
        exits_open,   driver_open, rest_open,    release_open, watch_open,
        service_open, heard_open,  measure_open, tracing_open, machine_open_give_up,
    };
    int error = 0;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && error == 0; i++) {
        error = steps[i](machine);
    }
    return error;
}

static int machine_create_parts(struct machine *machine)
{
    const struct bus_env env = {
        .instances = &machine->devices,
        .loop = machine->loop,
        .console = machine->console,
        .memory = &machine->memory,
        .drive_irq = drive_irq,
        .pulse_irq = pulse_irq,
        .pulse_fd = find_pulse_fd,
        .wake = on_device_wake,
        .failed = on_device_failed,
        .changed = heard_note,
        .flash = machine->flash,
        .show_rom = roms_show,
        .arg = machine,
    };
    int error = machine_open_timers(machine);

    if (error == 0) {
        error = signals_watch(&machine->signals, machine->loop, on_signal, machine);
    }
    if (error == 0) {
        error = machine_create_psci(machine);
    }
    if (error == 0) {
        error = reach_open(machine);
    }
    if (error == 0) {
        error = bus_create(&machine->bus, &env);
    }
    if (error == 0) {
        lend_open(machine);
    }
    return error;
}

/* Memory costs more if other processes can map it, so it is that only for them. */
static int machine_create_memory(struct machine *machine)
{
    uint64_t size = machine->config->memory_size;

    return config_has_back_ends(machine->config)
               ? memory_create_shared(&machine->memory, ipa(MAP_RAM_BASE), size)
               : memory_create(&machine->memory, ipa(MAP_RAM_BASE), size);
}

/* Everything that outlives a reboot. 0, or -1 after report()ing. */
static int machine_set_up(struct machine *machine)
{
    const struct config *config = machine->config;
    int error = machine_create_memory(machine);

    if (error != 0) {
        report("--memory: cannot get %llu MiB for the guest: %s",
               (unsigned long long)(config->memory_size >> 20), strerror(-error));
        return -1;
    }
    if (config->events != NULL) {
        machine->events = events_open(config->events, config->name);
        if (machine->events == NULL) {
            return -1;
        }
    }
    machine->loop = loop_create();
    if (machine->loop == NULL) {
        report("cannot create the event loop: %s", strerror(errno));
        return -1;
    }
    machine->console = console_create(machine->loop, config->console, on_console_quit, machine);
    if (machine->console == NULL) {
        return -1;
    }
    error = machine_create_parts(machine);
    if (error != 0) {
        if (error != -REPORTED) {
            report("cannot set up the machine: %s", strerror(-error));
        }
        return -1;
    }
    return operator_open(machine);
}

static void machine_tear_down(struct machine *machine)
{
    board_power_off(machine);
    operator_close(machine);
    bus_destroy(&machine->bus);
    reach_close(machine);
    power_destroy(&machine->power);
    machine->backend.ops->destroy(&machine->backend);
    signals_unwatch(&machine->signals);
    watch_close(machine);
    service_close(machine);
    heard_close(machine);
    tracing_close(machine);
    measure_close(machine);
    delay_close(&machine->give_up);
    driver_close(machine);
    release_close(machine);
    delay_close(&machine->rest.delay);
    exits_close(machine);
    console_destroy(machine->console);
    if (machine->loop != NULL) {
        loop_destroy(machine->loop);
    }
    events_close(machine->events);
    memory_destroy(&machine->memory);
}

/* Comes before the first board: a reboot makes a board inside the sandbox too. */
static int machine_enter_sandbox(const struct machine *machine)
{
    const struct config *config = machine->config;
    struct sandbox_user user = config->sandbox.user;
    enum { FIXED_PATHS = 10 };
    const char *socket = config_metrics_socket(config);
    const char *vsock = config->vsock.path[0] != '\0' ? config->vsock.path : NULL;
    struct sandbox_path paths[FIXED_PATHS + PORTS_MAX] = {
        {config->qmp, SANDBOX_REMOVES, false},
        {config->name_file, SANDBOX_REMOVES, false},
        {console_link(machine->console), SANDBOX_REMOVES, false},
        {vsock, SANDBOX_CONNECTS, false},
        /* SIGHUP opens both again. */
        {events_path(machine->events), SANDBOX_REOPENS, events_have_limit(machine->events)},
        {console_file(machine->console), SANDBOX_REOPENS, console_has_limit(machine->console)},
        {socket != NULL ? socket : config->metrics,
         socket != NULL ? SANDBOX_REMOVES : SANDBOX_REPLACES, socket == NULL},
        {config->save, SANDBOX_SAVES, true},
        {config->clone ? NULL : config->restore, SANDBOX_SAVES, true}, /* a clone renames nothing */
        {config->sleep_file, SANDBOX_SAVES, true},
    };
    for (unsigned i = 0; i < config->ports.count; i++) {
        paths[FIXED_PATHS + i].path = config->ports.at[i].path;
        paths[FIXED_PATHS + i].use = SANDBOX_REMOVES;
    }
    const int created[] = {events_created(machine->events), console_created(machine->console)};
    const struct sandbox_options options = {
        .name = config->name_given ? config->name : NULL,
        .user = &user,
        .paths = paths,
        .path_count = sizeof(paths) / sizeof(paths[0]),
        .created = created,
        .created_count = sizeof(created) / sizeof(created[0]),
        .has_back_ends = config_has_back_ends(config),
        .has_vhost = config_has_vhost(config),
        .at_end = terminal_rescue,
    };

    if (config->sandbox.none) {
        report_note(
            "--no-sandbox: this VM runs without the sandbox: a guest that breaks out of it has "
            "all that this user has");
        return 0;
    }
    if (!config->sandbox.user_given) {
        sandbox_default_user(&user);
    }
    return sandbox_enter(&options);
}

static void machine_live(struct machine *machine)
{
    if (machine_set_up(machine) != 0 || !keep_may_boot(machine->config) ||
        machine_enter_sandbox(machine) != 0 || board_power_on(machine) != 0) {
        return;
    }
    service_start(machine);
    measure_start(machine);
    tracing_start(machine);
    int error = loop_run(machine->loop);
    if (error != 0) {
        machine_fail(machine, error);
    }
}

/*
 * A pipe can take as long to read, and a hostile kernel to unpack, as its writer likes. Meanwhile a signal ends the
 * process: there is nothing to clean up yet. A restored guest has its kernel in memory: only its reboot needs the file's.
 */
static bool machine_open_boot(struct machine *machine)
{
    signals_let_end(true);
    machine->boot = boot_open(machine->config, &machine->devices);
    int error = machine->boot != NULL ? 0 : -EINVAL;
    if (error == 0 && machine->config->restore == NULL) {
        error = boot_prepare(machine->boot);
    }
    signals_let_end(false);
    return error == 0;
}

static bool machine_open_flash(struct machine *machine)
{
    const struct config *config = machine->config;
    struct firmware firmware;

    if (config->firmware == NULL) {
        return true;
    }
    if (firmware_find(config->firmware, &firmware) != 0) {
        return false;
    }
    machine->flash = flash_open(&(struct flash_paths){
        .code = firmware.code,
        .vars = config->vars,
        .vars_template = firmware.template,
    });
    firmware_free(&firmware);
    return machine->flash != NULL;
}

/* The files come first: a wrong one is reported on any machine, also one without KVM. */
static bool machine_open_files(struct machine *machine)
{
    if (devices_list(machine->config, &machine->agent_client, &machine->ports, &machine->devices) !=
        0) {
        return false;
    }
    return restore_open(machine) == 0 && save_open(machine) == 0 && rest_prepare(machine) == 0 &&
           machine_open_boot(machine) && machine_open_flash(machine);
}

int machine_run(const struct config *config)
{
    struct machine machine = {
        .config = config,
        .kvm = -1,
        .exit_fd = -1,
        .psci_version = config->psci_version,
        .status = STATUS_ERROR,
    };

    if (machine_open_files(&machine) && machine_choose(&machine)) {
        machine_live(&machine);
        machine_tear_down(&machine);
        machine_tell_key(&machine);
    }
    if (machine.kvm >= 0) {
        close(machine.kvm);
    }
    flash_close(machine.flash);
    boot_close(machine.boot);
    rest_close(&machine);
    save_close(&machine);
    restore_close(&machine);
    return machine.status;
}
