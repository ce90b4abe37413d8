/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two VMs of hyp: one decides for the other (docs/hyp-control.md). The first is also the shortest
 * example of a control VM.
 */
#include <stddef.h>

#include "args.h"
#include "gic.h"
#include "guest_scenario.h"
#include "psci.h"
#include "report.h"
#include "rest.h"
#include "suspend.h"
#include "timer.h"

/* The control interface: function IDs, events, and what INFO says. */
enum control_call {
    NEXT_EVENT = 1,
    ANSWER = 2,
    GET_MP_STATE = 3,
    SET_MP_STATE = 4,
    WAKE = 5,
    GET_VERSION = 6,
    SET_VERSION = 7,
    START = 8,
    INFO = 9
};
#define CONTROL_CALL UINT32_C(0xc6000000)
#define CONTROL_UID  UINT32_C(0x8600ff01)

enum { EVENT_NONE, EVENT_REQUEST, EVENT_WAKE };
enum { LIFE_HELD, LIFE_RUNS, LIFE_CHANGES, LIFE_OFF };
enum { MP_RUNNABLE = 0, MP_STOPPED = 5, MP_SUSPENDED = 10 };
enum { E_ARGUMENT = -2, E_STATE = -3 };

/* The VM that is decided for, and its first vCPU, which has the same name. */
enum { OTHER = 1 };
enum { PSCI_1_0 = 0x10000, PSCI_7_7 = 0x70007, CONTEXT = 77, LIMIT_MS = 60000, GLANCE_MS = 50 };

static uint64_t results[4];

/* Returns x0; all results are in `results`. */
static int64_t control(enum control_call function, uint64_t first, uint64_t second)
{
    struct psci_call call;

    psci_prepare(&call, CONTROL_CALL + function, first, second, 0);
    psci_call(&call);
    for (unsigned i = 0; i < 4; i++) {
        results[i] = call.out[i];
    }
    return (int64_t)results[0];
}

/* The interrupt that says that there is an event ends the rest. */
static int64_t wait_event(void)
{
    uint64_t end = timer_now(TIMER_VIRTUAL) + timer_milliseconds(LIMIT_MS);
    unsigned intid = (unsigned)args_number("event", 0);

    gic_enable(intid);
    while (control(NEXT_EVENT, 0, 0) == EVENT_NONE && timer_now(TIMER_VIRTUAL) < end) {
        rest_ticks(timer_milliseconds(LIMIT_MS));
        gic_take();
    }
    return (int64_t)results[0];
}

static bool expect_request(uint32_t function, const char *text)
{
    bool is_right = wait_event() == EVENT_REQUEST && results[1] == OTHER && results[2] == function;

    if (!check(is_right, text)) {
        remark("event %lu of vCPU 0x%lx, function 0x%lx", results[0], results[1], results[2]);
    }
    return is_right;
}

static void expect_mp_state(uint64_t state, const char *text)
{
    check_result(control(GET_MP_STATE, OTHER, 0), 0, "GET_MP_STATE");
    check_equal(results[1], state, text);
}

static void expect_life(uint64_t life, const char *text)
{
    check_result(control(INFO, OTHER, 0), 0, "INFO");
    check_equal(results[1], life, text);
}

static void check_identity(void)
{
    struct psci_call call;

    psci_prepare(&call, CONTROL_UID, 0, 0, 0);
    psci_call(&call);
    check_equal(call.out[0], 0x51c4e0d6, "the UID, x0");
    check_equal(call.out[3], 0x37f16b5e, "the UID, x3");
}

static void start_other(void)
{
    expect_life(LIFE_HELD, "the other VM is held");
    check_result(control(SET_VERSION, OTHER, PSCI_7_7), E_ARGUMENT, "a version that is none");
    check_result(control(SET_VERSION, OTHER, PSCI_1_0), 0, "its version of PSCI is pinned");
    check_result(control(GET_VERSION, OTHER, 0), 0, "GET_VERSION");
    check_equal(results[1], PSCI_1_0, "it is 1.0");
    check_result(control(START, OTHER, 0), 0, "it starts");
    check_result(control(SET_VERSION, OTHER, PSCI_1_0), E_STATE, "its version stays from now on");
}

static void refuse_sleep(void)
{
    if (expect_request(FN_SYSTEM_SUSPEND, "it asks to sleep")) {
        check_result(control(ANSWER, OTHER, (uint64_t)RET_DENIED), 0, "it may not");
    }
}

static void let_sleep_and_wake(void)
{
    if (!expect_request(FN_SYSTEM_SUSPEND, "it asks again")) {
        return;
    }
    expect_mp_state(MP_RUNNABLE, "it is not asleep before the answer");
    check_result(control(ANSWER, OTHER, 0), 0, "it may");
    check_result(control(ANSWER, OTHER, 0), E_STATE, "there is nothing more to answer");
    rest_milliseconds(GLANCE_MS);
    expect_mp_state(MP_SUSPENDED, "it sleeps");
    check_result(control(WAKE, OTHER, 0), 0, "WAKE");
    check_equal(results[1], 1, "it has woken it");
}

static void see_it_wake(void)
{
    if (expect_request(FN_SYSTEM_SUSPEND, "it asks a third time")) {
        check_result(control(ANSWER, OTHER, 0), 0, "it may");
        check_equal((uint64_t)wait_event(), EVENT_WAKE, "its timer wakes it: an event");
        check_equal(results[1], OTHER, "of its vCPU");
    }
}

static void reset_it_once(void)
{
    if (expect_request(FN_SYSTEM_RESET, "it asks for a reset")) {
        check_result(control(ANSWER, OTHER, (uint64_t)RET_DENIED), 0, "refused");
    }
    if (expect_request(FN_SYSTEM_OFF, "it turns itself off")) {
        check_result(control(ANSWER, OTHER, 0), 0, "honoured");
    }
}

static void see_it_off(void)
{
    uint64_t end = timer_now(TIMER_VIRTUAL) + timer_milliseconds(LIMIT_MS);

    while (control(INFO, OTHER, 0) == 0 && results[1] != LIFE_OFF &&
           timer_now(TIMER_VIRTUAL) < end) {
        rest_milliseconds(1);
    }
    expect_life(LIFE_OFF, "it is off");
}

SCENARIO(hyp_control, "hyp-control", "event=INTID", "a VM of hyp that decides for another")
{
    check_identity();
    start_other();
    refuse_sleep();
    let_sleep_and_wake();
    see_it_wake();
    reset_it_once();
    see_it_off();
}

static void sleep_once(const char *text)
{
    struct psci_call call;

    suspend_prepare(&call, SUSPEND_64, (uint64_t)(uintptr_t)entry_point, CONTEXT);
    if (suspend_check_resumed(suspend_call(&call), &call, text)) {
        check_none(suspend_entry_problem(&smp_self()->entry, CONTEXT, false), "as specified");
    }
}

SCENARIO(hyp_controlled, "hyp-controlled", "", "a VM of hyp that another one decides for")
{
    check_equal(psci_version(), PSCI_1_0, "the version of PSCI that was pinned");
    check_result(control(NEXT_EVENT, 0, 0), RET_NOT_SUPPORTED, "the interface is not for this VM");
    check_result(suspend_simply(SUSPEND_64, CONTEXT), RET_DENIED, "the first sleep is DENIED");
    sleep_once("the second one lasts until the other VM ends it");
    suspend_arm(TIMER_VIRTUAL, GLANCE_MS);
    sleep_once("the third one lasts until the timer");
    check_result(psci_call2(FID32(FN_SYSTEM_RESET), 0, 0), RET_DENIED, "a reset is DENIED");
}

/* Answers a request, and says so. */
static void keeper_answer(unsigned *sleeps)
{
    uint64_t vcpu = results[1];
    uint64_t function = results[2];

    if (function != FN_SYSTEM_SUSPEND) {
        remark("it asks to turn off or to be reset: it may");
        check_result(control(ANSWER, vcpu, 0), 0, "answered");
    } else if ((*sleeps)++ == 0) {
        remark("it asks to sleep, entry point 0x%lx: refused", results[3]);
        check_result(control(ANSWER, vcpu, (uint64_t)RET_DENIED), 0, "answered");
    } else {
        remark("it asks to sleep, entry point 0x%lx: honoured", results[3]);
        check_result(control(ANSWER, vcpu, 0), 0, "answered");
        rest_milliseconds(GLANCE_MS);
        if (control(GET_MP_STATE, vcpu, 0) == 0 && results[1] == MP_SUSPENDED) {
            remark("it is asleep");
        }
    }
}

/* For an operating system in the other VM, as in `./dev demo hyp`. */
SCENARIO(hyp_keeper, "hyp-keeper", "event=INTID vm=N",
         "a VM of hyp that starts another, refuses its first sleep and tells what happens")
{
    uint64_t vm = args_number("vm", OTHER);
    uint64_t end = timer_now(TIMER_VIRTUAL) + timer_milliseconds(UINT64_C(5) * LIMIT_MS);
    unsigned sleeps = 0;

    check_result(control(START, vm, 0), 0, "it starts");
    remark("it starts the other VM");
    while (control(INFO, vm, 0) == 0 && results[1] != LIFE_OFF && timer_now(TIMER_VIRTUAL) < end) {
        int64_t event = wait_event();

        if (event == EVENT_REQUEST) {
            keeper_answer(&sleeps);
        } else if (event == EVENT_WAKE) {
            remark("it was woken by an interrupt");
        }
        rest_milliseconds(1);
    }
    check_equal(sleeps, 2, "it has asked twice to sleep");
}
