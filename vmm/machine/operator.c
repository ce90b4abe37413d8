/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine/operator.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/report.h"
#include "core/map.h"
#include "machine/exits.h"

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

static const char *state_name(struct machine *machine, unsigned index)
{
    if (machine->power.state == POWER_ASLEEP && index == machine->power.sleeper) {
        return "suspended";
    }
    return machine->backend.ops->state_name(&machine->backend, index);
}

static void describe_vcpu(struct machine *machine, unsigned index, struct operator_vcpu *vcpu)
{
    *vcpu = (struct operator_vcpu){
        .mpidr = map_mpidr(index),
        .thread_id = vcpus_thread_id(machine->board.threads, index),
        .admitted = machine->backend.psci.admission == NULL ||
                    admission_has(machine->backend.psci.admission, index),
        .state = state_name(machine, index),
    };
}

/* One pause for all of them: a pause visits every vCPU, and there may be 512. */
static void op_vcpus(void *arg, struct operator_vcpu *vcpus, unsigned count)
{
    struct machine *machine = arg;
    bool pauses = machine->backend.ops->needs_pause;

    if (pauses) {
        power_hold(&machine->power);
    }
    for (unsigned i = 0; i < count; i++) {
        describe_vcpu(machine, i, &vcpus[i]);
    }
    if (pauses) {
        power_go_on(&machine->power);
    }
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
    power_cont(&machine->power);
    return NULL;
}

static const char *op_wake(void *arg)
{
    switch (exits_wake(arg)) {
    case POWER_WAKE_AWAKE:
        return "the guest is not suspended";
    case POWER_WAKE_UNCOUNTED:
        return "the operator is not among the wake sources (--wake)";
    default:
        return NULL;
    }
}

static const char *op_reset(void *arg)
{
    struct machine *machine = arg;

    if (exits_catch_up(machine)) {
        power_reset(&machine->power);
        exits_settle(machine);
    }
    return NULL;
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

/* Why there is nothing to admit or to withdraw, or NULL. */
static const char *objection_to_admission(const struct machine *machine, unsigned vcpu)
{
    if (vcpu >= machine->config->cpu_count) {
        return "the machine has no such vCPU";
    }
    if (machine->backend.psci.admission == NULL) {
        return "no vCPU needs admission: the machine was started without --cpus N,max=M";
    }
    return vcpu == 0 ? "vCPU 0 starts the machine and is always admitted" : NULL;
}

static void tell_vcpu(struct machine *machine, enum power_news_kind kind, unsigned vcpu)
{
    machine_tell(machine, &(struct power_news){.kind = kind, .vcpu = vcpu});
}

static const char *op_admit(void *arg, unsigned vcpu)
{
    struct machine *machine = arg;
    const char *objection = objection_to_admission(machine, vcpu);

    if (objection != NULL || admission_has(machine->backend.psci.admission, vcpu)) {
        return objection;
    }
    if (exits_catch_up(machine)) {
        admission_set(machine->backend.psci.admission, vcpu, true);
        admission_set_leaving(machine->backend.psci.admission, vcpu, false);
        tell_vcpu(machine, POWER_NEWS_ADMITTED, vcpu);
        power_go_on(&machine->power);
    }
    return NULL;
}

void operator_saw_off(struct machine *machine, unsigned vcpu)
{
    struct admission *admission = machine->backend.psci.admission;

    if (admission != NULL && admission_is_leaving(admission, vcpu)) {
        admission_set_leaving(admission, vcpu, false);
        tell_vcpu(machine, POWER_NEWS_WITHDRAWN, vcpu);
    }
}

static const char *op_withdraw(void *arg, unsigned vcpu)
{
    struct machine *machine = arg;
    const char *objection = objection_to_admission(machine, vcpu);

    if (objection != NULL || !admission_has(machine->backend.psci.admission, vcpu)) {
        return objection;
    }
    if (exits_catch_up(machine)) {
        admission_set(machine->backend.psci.admission, vcpu, false);
        admission_set_leaving(machine->backend.psci.admission, vcpu, true);
        machine_take_changes(machine, CHANGES_ALL);
        if (vpsci_mp_state(psci_vcpu(&machine->backend.psci, vcpu)) == VPSCI_MP_STOPPED) {
            operator_saw_off(machine, vcpu);
        }
        power_go_on(&machine->power);
    }
    return NULL;
}

void operator_take_refusals(struct machine *machine)
{
    unsigned vcpu;

    while (machine->backend.psci.admission != NULL &&
           admission_next_refused(machine->backend.psci.admission, &vcpu)) {
        tell_vcpu(machine, POWER_NEWS_NOT_ADMITTED, vcpu);
    }
}

const struct operator_ops operator_machine_ops = {
    .status = op_status,
    .vcpu_count = op_vcpu_count,
    .vcpus = op_vcpus,
    .stop = op_stop,
    .cont = op_cont,
    .wake = op_wake,
    .reset = op_reset,
    .quit = op_quit,
    .reopen = op_reopen,
    .suspend_is_pending = op_suspend_is_pending,
    .answer_suspend = op_answer_suspend,
    .admit = op_admit,
    .withdraw = op_withdraw,
};

void operator_deadline(struct machine *machine, int64_t nanoseconds)
{
    enum { SECOND = 1000000000 };
    const struct itimerspec timer = {
        .it_value = {.tv_sec = nanoseconds / SECOND, .tv_nsec = nanoseconds % SECOND},
    };

    timerfd_settime(machine->deadline_fd, 0, &timer, NULL);
}

static void on_deadline(void *arg, uint32_t events)
{
    struct machine *machine = arg;
    uint64_t expirations;

    (void)events;
    /* Nothing to read: the answer came in the meantime and has set the timer back. */
    if (read(machine->deadline_fd, &expirations, sizeof(expirations)) < 0 || machine->ended) {
        return;
    }
    int error = power_deadline(&machine->power);
    if (error != 0) {
        machine_fail(machine, error);
    }
}

static int open_deadline(struct machine *machine)
{
    machine->deadline_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (machine->deadline_fd >= 0) {
        machine->deadline_source =
            loop_add(machine->loop, machine->deadline_fd, EPOLLIN, on_deadline, machine);
    }
    if (machine->deadline_source == NULL) {
        report("cannot set up the operator's deadline: %s", strerror(errno));
        return -1;
    }
    return 0;
}

int operator_open(struct machine *machine)
{
    if (machine->config->qmp == NULL) {
        return 0;
    }
    if (open_deadline(machine) != 0) {
        return -1;
    }
    machine->qmp = qmp_open(machine->loop, machine->config->qmp, machine->config->name,
                            &operator_machine_ops, machine);
    return machine->qmp != NULL ? 0 : -1;
}

void operator_close(struct machine *machine)
{
    qmp_close(machine->qmp);
    machine->qmp = NULL;
    loop_close(machine->deadline_source, machine->deadline_fd);
}
