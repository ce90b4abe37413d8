/* SPDX-License-Identifier: BSD-2-Clause */
/* Carries out what an operator may ask of the machine (control/operator.h). */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "core/map.h"
#include "dev/virtio/multiport.h"
#include "machine/exits.h"
#include "machine/parts.h"

static enum operator_status op_status(void *arg)
{
    const struct machine *machine = arg;

    if (machine->power.state == POWER_ENDED) {
        return OPERATOR_SHUTDOWN;
    }
    if (machine->power.stopped) {
        return OPERATOR_PAUSED;
    }
    return machine->power.state == POWER_ASLEEP ? OPERATOR_SUSPENDED : OPERATOR_RUNNING;
}

static unsigned op_vcpu_count(void *arg)
{
    const struct machine *machine = arg;

    return machine->config->cpu_count;
}

static const char *op_state_name(struct machine *machine, unsigned index)
{
    if (machine->power.state == POWER_ASLEEP && index == machine->power.sleeper) {
        return "suspended";
    }
    return machine->backend.ops->state_name(&machine->backend, index);
}

static void op_describe_vcpu(struct machine *machine, unsigned index, struct operator_vcpu *vcpu)
{
    *vcpu = (struct operator_vcpu){
        .mpidr = map_mpidr(index),
        .thread_id = vcpus_thread_id(machine->board.threads, index),
        .admitted = machine->backend.psci.admission == NULL ||
                    admission_has(machine->backend.psci.admission, index),
        .state = op_state_name(machine, index),
    };
}

/* One pause for all vCPUs: a pause visits each of them, and there may be 512. */
static void op_vcpus(void *arg, struct operator_vcpu *vcpus, unsigned count)
{
    struct machine *machine = arg;
    bool pauses = machine->backend.ops->needs_pause;

    if (pauses) {
        power_hold(&machine->power);
    }
    for (unsigned i = 0; i < count; i++) {
        op_describe_vcpu(machine, i, &vcpus[i]);
    }
    if (pauses) {
        power_go_on(&machine->power);
    }
}

static enum operator_disk_state op_disk_state(int error)
{
    if (error == 0) {
        return OPERATOR_DISK_OK;
    }
    return error == ENOSPC ? OPERATOR_DISK_FULL : OPERATOR_DISK_FAILED;
}

static unsigned op_disks(void *arg, struct operator_disk *disks, unsigned room)
{
    const struct bus *bus = &((const struct machine *)arg)->bus;
    unsigned count = 0;

    for (unsigned i = 0; i < bus->count && count < room; i++) {
        const struct device_class *cls = bus->devices[i].instance.cls;
        struct device_disk disk;

        if (cls->disk == NULL) {
            continue;
        }
        cls->disk(bus->devices[i].device, &disk);
        disks[count++] = (struct operator_disk){
            .number = disk.number,
            .file = disk.file,
            .remote = disk.remote,
            .read_only = disk.read_only,
            .size = disk.size,
            .under_way = disk.under_way,
            .state = op_disk_state(disk.error),
        };
    }
    return count;
}

/* Whether the guest may sleep at all. */
static bool op_may_sleep(const struct machine *machine)
{
    return machine->policy != SUSPEND_OFF && machine->policy != SUSPEND_REFUSE;
}

/* With SUSPEND_SAVE the process ends when the guest sleeps. */
static bool op_can_wake(const struct machine *machine)
{
    return op_may_sleep(machine) && machine->policy != SUSPEND_SAVE &&
           (machine->config->wake & WAKE_SIGNAL) != 0;
}

static void op_facts(void *arg, struct operator_facts *facts)
{
    const struct machine *machine = arg;

    *facts = (struct operator_facts){
        .memory = machine->memory.size,
        .cpus_max = machine->limits.cpu_count < CONFIG_CPUS_MAX ? machine->limits.cpu_count
                                                                : CONFIG_CPUS_MAX,
        .can_wake = op_can_wake(machine),
    };
}

static void op_life(void *arg, struct operator_life *life)
{
    const struct machine *machine = arg;
    const struct metrics *metrics = &machine->measure.metrics;

    *life = (struct operator_life){
        .state_ms = (uint64_t)(clock_now_ns() - metrics->since) / 1000000,
        .sleeps = metrics->sleeps,
    };
    for (unsigned i = 0; i < METRICS_SOURCES; i++) {
        life->wakes += metrics->wakes[i];
    }
}

static struct operator_channel op_console(const char *target)
{
    static const char *const kinds[][2] = {{"stdio", "stdio"}, {"none", "null"}, {"pty", "pty"}};
    static const char link[] = "pty=";
    struct operator_channel channel = {.label = "console", .kind = "file", .open = true};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(target, kinds[i][0]) == 0) {
            channel.kind = kinds[i][1];
        }
    }
    if (strncmp(target, link, strlen(link)) == 0) {
        channel.kind = "pty";
        channel.path = target + strlen(link);
    }
    return channel;
}

static unsigned op_channels(void *arg, struct operator_channel *channels, unsigned room)
{
    const struct machine *machine = arg;
    const struct port_settings *ports = &machine->ports;
    struct device *device = bus_device(&machine->bus, "virtio-console");
    unsigned in_guest = device != NULL ? multiport_in_guest(device) : 0;
    unsigned count = 0;

    if (room > 0) {
        channels[count++] = op_console(machine->config->console);
    }
    for (unsigned i = 0; i < ports->count && count < room; i++) {
        channels[count++] = (struct operator_channel){
            .label = ports->at[i].name,
            .kind = ports->at[i].path != NULL ? "unix" : "null", /* or a part of dormouse */
            .path = ports->at[i].path,
            .open = (in_guest >> i & 1) != 0,
        };
    }
    return count;
}

static const char *op_stop(void *arg)
{
    struct machine *machine = arg;

    power_stop(&machine->power);
    return NULL;
}

static const char *op_cont(void *arg)
{
    struct machine *machine = arg;

    if (machine->power.state == POWER_ENDED) {
        return "the machine is off; reset it first";
    }
    machine->paused_by_device = false;
    bus_go_on(&machine->bus);
    power_cont(&machine->power);
    return NULL;
}

/* A guest that sleeps is saved in its pause. */
void operator_end_pause(struct machine *machine, enum power_request request)
{
    bool needed = machine->power.stopped && machine->power.state != POWER_ENDED &&
                  (request == REQUEST_SHUTDOWN || machine->power.state != POWER_ASLEEP);

    if (needed && !machine->paused_by_device && reach_way(machine, request) != NULL) {
        (void)op_cont(machine);
    }
}

static const char *op_wake(void *arg)
{
    switch (exits_wake(arg)) {
    case POWER_WAKE_AWAKE:
        return "Unable to wake up: guest is not in suspended state"; /* QEMU's words */
    case POWER_WAKE_UNCOUNTED:
        return "wake-up from suspend is not supported by this guest: the operator is not among its "
               "wake "
               "sources (--wake)";
    default:
        return NULL;
    }
}

void operator_reset(struct machine *machine)
{
    if (exits_catch_up(machine)) {
        power_reset(&machine->power);
        exits_settle(machine);
    }
}

static const char *op_reset(void *arg)
{
    operator_reset(arg);
    return NULL;
}

/* The controller has taken a request, with that result. */
static void op_go_on(struct machine *machine, int result)
{
    if (result < 0) {
        machine_fail(machine, result);
    } else if (!machine->ended) {
        power_go_on(&machine->power);
    }
}

/*
 * A guest that nothing can reach is not stopped for the answer: a hostile one must not delay a
 * SIGTERM.
 */
const char *operator_ask(struct machine *machine, enum power_request request)
{
    const char *why = NULL;

    if (machine->power.state == POWER_RUNNING && reach_way(machine, request) == NULL) {
        (void)power_ask(&machine->power, request, &why);
        return why;
    }
    if (!exits_catch_up(machine)) {
        return NULL;
    }
    op_go_on(machine, power_ask(&machine->power, request, &why));
    return why;
}

/* The last request counts. */
static const char *op_shut_down(struct machine *machine, bool again)
{
    const char *why = operator_ask(machine, REQUEST_SHUTDOWN);

    if (why == NULL) {
        machine->again = again;
    }
    return why;
}

static const char *op_power_down(void *arg)
{
    return op_shut_down(arg, false);
}

static const char *op_reboot(void *arg)
{
    const struct machine *machine = arg;

    if (machine->config->no_reboot) {
        return "a reset ends this VM (--no-reboot)";
    }
    return op_shut_down(arg, true);
}

static const char *op_sleep(void *arg)
{
    return operator_ask(arg, REQUEST_SLEEP);
}

const char *operator_save(struct machine *machine, const char *asker)
{
    const char *why = NULL;

    if (machine->writer == NULL) {
        return "the VM was started without a file for it (--save)";
    }
    if (!exits_catch_up(machine)) {
        return NULL;
    }
    const char *waits = machine->save_asker; /* an earlier signal, for its answer */
    machine->save_woken = machine->power.state != POWER_ASLEEP;
    machine->save_asker = asker != NULL ? asker : waits;
    op_go_on(machine, power_save(&machine->power, &why));
    if (why != NULL) {
        machine->save_asker = waits;
    }
    return why;
}

static const char *op_save(void *arg)
{
    return operator_save(arg, NULL);
}

static enum operator_depth op_depth(void *arg, bool *in_file)
{
    static const enum operator_depth depths[] = {
        [SLEEP_MEMORY_KEEP] = OPERATOR_KEEP,
        [SLEEP_MEMORY_RECLAIM] = OPERATOR_RECLAIM,
        [SLEEP_MEMORY_DISK] = OPERATOR_DISK,
    };
    const struct machine *machine = arg;

    *in_file = machine->rest.image != NULL;
    return depths[machine->rest.depth];
}

/* Why memory cannot be treated so, or NULL. */
static const char *op_depth_objection(const struct machine *machine, enum operator_depth depth)
{
    if (depth == OPERATOR_KEEP) {
        return NULL;
    }
    if (!op_may_sleep(machine)) {
        return "the guest may not sleep (--on-suspend)";
    }
    return depth == OPERATOR_DISK && !rest_has_file(machine)
               ? "the VM was started without a file for it (--sleep-memory disk=FILE, or --save)"
               : NULL;
}

static const char *op_set_depth(void *arg, enum operator_depth depth)
{
    static const enum sleep_memory depths[] = {
        [OPERATOR_KEEP] = SLEEP_MEMORY_KEEP,
        [OPERATOR_RECLAIM] = SLEEP_MEMORY_RECLAIM,
        [OPERATOR_DISK] = SLEEP_MEMORY_DISK,
    };
    struct machine *machine = arg;
    const char *objection = op_depth_objection(machine, depth);

    if (objection == NULL && exits_catch_up(machine)) {
        op_go_on(machine, rest_set_depth(machine, depths[depth]));
    }
    return objection;
}

static const char *op_balloon(void *arg, uint64_t *bytes)
{
    return lend_kept(arg, bytes);
}

static const char *op_set_balloon(void *arg, uint64_t bytes)
{
    return lend_keep(arg, bytes);
}

static void op_quit(void *arg)
{
    struct machine *machine = arg;

    machine_tell_quit(machine, QUIT_BY_QMP, "QMP quit");
    machine_end(machine, STATUS_OFF);
}

static const char *op_reopen(void *arg)
{
    return machine_reopen(arg) ? NULL : "a file cannot be opened again: see standard error";
}

static bool op_suspend_is_pending(void *arg)
{
    const struct machine *machine = arg;

    return machine->power.state == POWER_ASKED;
}

static const char *op_answer_suspend(void *arg, bool honour)
{
    struct machine *machine = arg;
    int error = power_answer(&machine->power, honour, "the operator");

    if (error == -EINVAL) {
        return "no SYSTEM_SUSPEND waits for an answer";
    }
    if (error != 0) {
        machine_fail(machine, error);
    }
    return NULL;
}

/* Why the vCPU cannot be admitted or withdrawn, or NULL. */
static const char *op_admission_objection(const struct machine *machine, unsigned vcpu)
{
    if (vcpu >= machine->config->cpu_count) {
        return "the machine has no such vCPU";
    }
    if (machine->backend.psci.admission == NULL) {
        return "no vCPU needs admission: the machine was started without --cpus N,max=M";
    }
    return vcpu == 0 ? "vCPU 0 starts the machine and is always admitted" : NULL;
}

static const char *op_admit(void *arg, unsigned vcpu)
{
    struct machine *machine = arg;
    const char *objection = op_admission_objection(machine, vcpu);

    if (objection != NULL || admission_has(machine->backend.psci.admission, vcpu)) {
        return objection;
    }
    if (exits_catch_up(machine)) {
        admission_admit(machine->backend.psci.admission, vcpu);
        machine_tell_vcpu(machine, POWER_NEWS_ADMITTED, vcpu);
        power_go_on(&machine->power);
    }
    return NULL;
}

static const char *op_withdraw(void *arg, unsigned vcpu)
{
    struct machine *machine = arg;
    const char *objection = op_admission_objection(machine, vcpu);

    if (objection != NULL || !admission_has(machine->backend.psci.admission, vcpu)) {
        return objection;
    }
    if (exits_catch_up(machine)) {
        if (psci_withdraw(&machine->backend.psci, vcpu)) {
            machine_tell_vcpu(machine, POWER_NEWS_WITHDRAWN, vcpu);
        }
        power_go_on(&machine->power);
    }
    return NULL;
}

static const struct operator_ops operator_ops = {
    .status = op_status,
    .facts = op_facts,
    .life = op_life,
    .vcpu_count = op_vcpu_count,
    .vcpus = op_vcpus,
    .disks = op_disks,
    .channels = op_channels,
    .stop = op_stop,
    .cont = op_cont,
    .wake = op_wake,
    .reset = op_reset,
    .power_down = op_power_down,
    .reboot = op_reboot,
    .sleep = op_sleep,
    .save = op_save,
    .depth = op_depth,
    .set_depth = op_set_depth,
    .balloon = op_balloon,
    .set_balloon = op_set_balloon,
    .quit = op_quit,
    .reopen = op_reopen,
    .suspend_is_pending = op_suspend_is_pending,
    .answer_suspend = op_answer_suspend,
    .admit = op_admit,
    .withdraw = op_withdraw,
};

int operator_open(struct machine *machine)
{
    const struct config *config = machine->config;

    if (config->qmp == NULL) {
        return 0;
    }
    machine->qmp = qmp_open(machine->loop, config->qmp, config->name, &operator_ops, machine);
    return machine->qmp != NULL ? 0 : -1;
}

void operator_close(struct machine *machine)
{
    qmp_close(machine->qmp);
    machine->qmp = NULL;
}
