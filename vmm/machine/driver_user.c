/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver under the power controller where libvpsci answers PSCI, on the vCPUs' threads
 * (psci.c): here are the requests that they hand over. While a vCPU is paused its power state is
 * the main thread's.
 */
#include <errno.h>

#include "machine/driver.h"

/* What has been told since the last time; the starting vCPU that waited for that is let go on. */
bool machine_take_changes(struct machine *machine, unsigned most)
{
    struct change_told told;

    for (; most > 0; most--) {
        if (machine->ended || machine->psci.changes == NULL ||
            !changes_take(machine->psci.changes, &told)) {
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

/*
 * With every vCPU parked nobody holds a ticket: all that happened is told before what the
 * controller wants to say next.
 */
static void pause_all(void *driver)
{
    driver_pause(driver);
    machine_take_changes(driver, CHANGES_ALL);
}

/* A vCPU whose CPU_ON waits to be carried out comes on when it is. */
static int is_off(void *driver, unsigned vcpu)
{
    const struct machine *machine = driver;

    switch (vpsci_state(psci_vcpu(&machine->psci, vcpu))) {
    case VPSCI_STATE_OFF:
    case VPSCI_STATE_FROZEN:
    case VPSCI_STATE_STARTING:
    case VPSCI_STATE_ON_PENDING:
        return 1;
    default:
        return 0;
    }
}

/* Where libvpsci has refused the call itself nothing is pending there, and the answer is only x0.
 */
static int answer(void *driver, unsigned vcpu, enum vpsci_result result)
{
    struct machine *machine = driver;
    struct vpsci_vcpu *caller = psci_vcpu(&machine->psci, vcpu);
    struct vpsci_request request;

    if (!vpsci_request(caller, &request)) {
        return vcpu_answer(machine->board.vcpu[vcpu], result);
    }
    return vpsci_answer(caller, result) == 0 ? 0 : -EPROTO;
}

static int honour(void *driver, unsigned vcpu)
{
    const struct machine *machine = driver;

    return vpsci_answer(psci_vcpu(&machine->psci, vcpu), VPSCI_SUCCESS) == 0 ? 0 : -EPROTO;
}

/* The vCPU is paused, so that this thread may do what its own would. */
static int restart(void *driver, unsigned vcpu, const struct suspend_call *call)
{
    struct machine *machine = driver;
    struct vpsci_vcpu *sleeper = psci_vcpu(&machine->psci, vcpu);
    struct vpsci_outcome out;

    (void)call; /* libvpsci kept it too. */
    vcpus_forget_exit(machine->board.threads, vcpu);
    vpsci_wake(sleeper);
    vpsci_next(sleeper, &out);
    return out.action == VPSCI_ENTER ? psci_enter(machine->board.vcpu[vcpu], &out.entry) : -EPROTO;
}

static int reset_arguments(void *driver, unsigned vcpu, uint64_t *type, uint64_t *cookie)
{
    const struct machine *machine = driver;
    struct vpsci_request request;

    if (!vpsci_request(psci_vcpu(&machine->psci, vcpu), &request)) {
        return -EPROTO;
    }
    *type = request.type;
    *cookie = request.cookie;
    return 0;
}

const struct power_ops driver_user_ops = {
    .pause = pause_all,
    .resume = driver_resume,
    .vcpu_is_off = is_off,
    .suspend_call = driver_suspend_call,
    .answer = answer,
    .honour = honour,
    .ram_contains = driver_ram_contains,
    .doze = driver_doze,
    .resume_one = driver_resume_one,
    .deadline = driver_deadline,
    .restart = restart,
    .waking_intid = driver_waking_intid,
    .sleep_begins = driver_sleep_begins,
    .sleep_ends = driver_sleep_ends,
    .wakes_pending = driver_wakes_pending,
    .reset_arguments = reset_arguments,
    .tell = driver_tell,
};
