/* SPDX-License-Identifier: BSD-2-Clause */
/* How the conformance image waits for cores: what came too late is known to have come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bare/timer.h"
#include "check/image/hand.h"
#include "check/image/wake.h"
#include "check/image/watch.h"

/* ---- Two cores: the first carries the script, of the second something is seen at a time ------ */

enum { WORKER = 1, CORES = 2 };

#define MILLISECOND UINT64_C(1000)

struct cpu cpus[CPU_MAX];
uint32_t cpu_count = CORES;
struct hand hands[CPU_MAX];

static uint64_t now;        /* microseconds */
static uint64_t comes_at;   /* what the worker's call comes to; 0: not by itself */
static uint64_t comes_with; /* x0 */
static bool interrupt_wakes;
static uint64_t slept; /* microseconds */

uint64_t timer_frequency(void)
{
    return 1000 * MILLISECOND;
}

uint64_t timer_now(enum timer timer)
{
    (void)timer;
    now += MILLISECOND / 10;
    if (comes_at != 0 && now >= comes_at) {
        comes_at = 0;
        hands[WORKER].event = (struct event){.kind = EVENT_RETURNED, .x0 = comes_with};
        hands[WORKER].events++;
    }
    return now;
}

void wake_pause(void)
{
}

void wake_sleep(uint64_t microseconds)
{
    now += microseconds;
    slept += microseconds;
}

void wake_send(const struct cpu *cpu)
{
    assert_ptr_equal(cpu, &cpus[WORKER]);
    if (interrupt_wakes) {
        comes_at = now;
    }
}

int64_t smp_affinity(const struct cpu *cpu)
{
    (void)cpu;
    return AFFINITY_ON;
}

struct hand *hand_self(void)
{
    return &hands[0];
}

bool hand_has_event(const struct hand *hand)
{
    return hand->events != hand->seen;
}

void hand_take_event(struct hand *hand, struct event *event)
{
    hand->seen = hand->events;
    hand->state = HAND_IDLE;
    hand->expected = false;
    *event = hand->event;
}

void hand_call(struct hand *hand, const struct guest_call *call, uint64_t not_before)
{
    hand->call = *call;
    hand->not_before = not_before;
    hand->state = HAND_BUSY;
    hand->taken = ++hand->orders;
}

/* The script stays where it is: the worker makes all calls. */
void hand_move(struct hand *to)
{
    (void)to;
    fail();
}

void hand_call_here(struct hand *self, const struct guest_call *call, uint64_t not_before,
                    struct event *event)
{
    (void)self;
    (void)call;
    (void)not_before;
    (void)event;
    fail();
}

/* ---- The worker goes to sleep --------------------------------------------------------------- */

static const struct guest_call suspend = {.function = FID64(FN_SYSTEM_SUSPEND)};

static enum event_kind call_suspend(void)
{
    struct event event;

    watch_call(WORKER, &suspend, &event);
    return event.kind;
}

static enum event_kind await(void)
{
    struct event event;

    watch_await(WORKER, &event);
    return event.kind;
}

static int begin(void **state)
{
    static const struct machine machine = {.cpu_count = CORES};

    (void)state;
    for (unsigned i = 0; i < CORES; i++) {
        cpus[i].mpidr = i;
        hands[i] = (struct hand){.cpu = &cpus[i], .state = HAND_IDLE};
    }
    now = 0;
    comes_at = 0;
    comes_with = 0;
    interrupt_wakes = false;
    slept = 0;
    watch_prepare(&machine);
    watch_patiently(1);
    (void)watch_was_hasty();
    return 0;
}

static void a_call_that_returns_in_time(void **state)
{
    (void)state;
    comes_at = 50 * MILLISECOND;
    assert_int_equal(call_suspend(), EVENT_RETURNED);
    assert_false(watch_was_hasty());
}

static void one_that_comes_by_itself_was_late(void **state)
{
    (void)state;
    comes_at = 150 * MILLISECOND;
    assert_int_equal(call_suspend(), EVENT_NONE);
    assert_false(watch_was_hasty());
    assert_int_equal(await(), EVENT_RETURNED);
    assert_true(watch_was_hasty());
    assert_false(watch_was_hasty());
}

static void one_that_nobody_took_was_late_too(void **state)
{
    (void)state;
    comes_at = 150 * MILLISECOND;
    assert_int_equal(call_suspend(), EVENT_NONE);
    watch_pass(100 * MILLISECOND);
    assert_true(watch_was_hasty());
}

static void a_sleeper_that_is_woken_was_not_late(void **state)
{
    (void)state;
    interrupt_wakes = true;
    assert_int_equal(call_suspend(), EVENT_NONE);
    watch_interrupt(WORKER);
    assert_int_equal(await(), EVENT_RETURNED);
    assert_false(watch_was_hasty());
}

/* A refusal is no wake: the interrupt that happened to come before it has nothing to do with it. */
static void a_refusal_is_late_whatever_came_before_it(void **state)
{
    (void)state;
    comes_at = 250 * MILLISECOND;
    comes_with = (uint64_t)RET_DENIED;
    assert_int_equal(call_suspend(), EVENT_NONE);
    assert_int_equal(await(), EVENT_NONE);
    watch_interrupt(WORKER);
    assert_int_equal(await(), EVENT_RETURNED);
    assert_true(watch_was_hasty());
}

/* The fake counts what is slept; what is left of the time was polled. */
static void time_that_passes_is_slept(void **state)
{
    uint64_t since = now;

    (void)state;
    watch_pass(100 * MILLISECOND);
    assert_true(now - since >= 100 * MILLISECOND);
    assert_true(slept > (now - since) * 9 / 10);
}

/* A core that does not come, too; how soon it is seen is another matter. */
static void waiting_for_a_core_is_mostly_sleep(void **state)
{
    uint64_t since = now;

    (void)state;
    assert_int_equal(call_suspend(), EVENT_NONE);
    assert_true(slept > (now - since) / 2);
}

static void patience_sees_it(void **state)
{
    (void)state;
    watch_patiently(20);
    comes_at = 250 * MILLISECOND;
    comes_with = (uint64_t)RET_DENIED;
    assert_int_equal(call_suspend(), EVENT_RETURNED);
    assert_false(watch_was_hasty());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_call_that_returns_in_time, begin),
        cmocka_unit_test_setup(one_that_comes_by_itself_was_late, begin),
        cmocka_unit_test_setup(one_that_nobody_took_was_late_too, begin),
        cmocka_unit_test_setup(a_sleeper_that_is_woken_was_not_late, begin),
        cmocka_unit_test_setup(a_refusal_is_late_whatever_came_before_it, begin),
        cmocka_unit_test_setup(time_that_passes_is_slept, begin),
        cmocka_unit_test_setup(waiting_for_a_core_is_mostly_sleep, begin),
        cmocka_unit_test_setup(patience_sees_it, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
