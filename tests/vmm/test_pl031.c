/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RTC with a clock that the test sets: by --wrap the linker puts functions of the test in place
 * of clock_gettime(), timerfd_create() and timerfd_settime(). The timer is an eventfd, which
 * expires when the test says so.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/loop.h"
#include "dev/pl031.h"
#include "device_rig.h"
#include "drive.h"

enum {
    DR = 0x00,
    MR = 0x04,
    LR = 0x08,
    CR = 0x0C,
    IMSC = 0x10,
    RIS = 0x14,
    MIS = 0x18,
    ICR = 0x1C
};

#define WRAP INT64_C(0x100000000)

/* When the host was booted, and the constant fractions of a second of its two clocks. */
enum { BOOT_DATE = 1699990000, BOOT_NS = 300000000, DATE_NS = 999999999 };

static struct {
    bool real;
    time_t now;     /* the host's date */
    time_t stepped; /* the part of it that comes from steps; the rest is time that has passed */
    int fd;
    time_t armed; /* 0, or the date without steps */
    int flags;
} fake;

static struct loop *loop;
static struct device_rig rig;

int __real_clock_gettime(clockid_t id, struct timespec *time);
int __wrap_clock_gettime(clockid_t id, struct timespec *time);
int __real_timerfd_create(int clock, int flags);
int __wrap_timerfd_create(int clock, int flags);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *setting,
                           struct itimerspec *old);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *setting,
                           struct itimerspec *old);

int __wrap_clock_gettime(clockid_t id, struct timespec *time)
{
    if (!fake.real && id == CLOCK_REALTIME) {
        *time = (struct timespec){.tv_sec = fake.now, .tv_nsec = DATE_NS};
        return 0;
    }
    if (!fake.real && id == CLOCK_BOOTTIME) {
        *time =
            (struct timespec){.tv_sec = fake.now - fake.stepped - BOOT_DATE, .tv_nsec = BOOT_NS};
        return 0;
    }
    return __real_clock_gettime(id, time);
}

int __wrap_timerfd_create(int clock, int flags)
{
    assert_int_equal(clock, CLOCK_BOOTTIME);
    assert_int_equal(flags, TFD_NONBLOCK | TFD_CLOEXEC);
    fake.fd =
        fake.real ? __real_timerfd_create(clock, flags) : eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fake.fd;
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *setting,
                           struct itimerspec *old)
{
    if (fake.real) {
        return __real_timerfd_settime(fd, flags, setting, old);
    }
    fake.armed = 0;
    fake.flags = flags;
    if (setting->it_value.tv_sec != 0) {
        /* Sets the time to the start of a second. */
        assert_int_equal(setting->it_value.tv_nsec, 1000000000 - (DATE_NS - BOOT_NS));
        fake.armed = setting->it_value.tv_sec + BOOT_DATE + 1;
    }
    return 0;
}

/* Makes the timer's descriptor readable, with or without an alarm, and runs the loop. */
static void timer_event(void)
{
    const uint64_t one = 1;

    assert_int_equal(write(fake.fd, &one, sizeof(one)), sizeof(one));
    drive_until_idle(loop);
}

static int setup(void **state)
{
    (void)state;
    fake.real = false;
    fake.now = 1700000000;
    fake.stepped = 0;
    loop = loop_create();
    device_rig_create(&rig, "pl031", loop, NULL);
    return 0;
}

static int setup_real(void **state)
{
    (void)state;
    fake.real = true;
    loop = loop_create();
    device_rig_create(&rig, "pl031", loop, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    device_rig_destroy(&rig);
    loop_destroy(loop);
    return 0;
}

static void assert_register(uint64_t offset, uint32_t expected)
{
    uint32_t value = device_rig_read(&rig, offset);

    if (value != expected) {
        fail_msg("register 0x%03x is 0x%x, not 0x%x", (unsigned)offset, value, expected);
    }
}

static void assert_alarm(bool raised)
{
    assert_register(RIS, raised);
    assert_int_equal(rig.line, raised && device_rig_read(&rig, IMSC) != 0);
}

static void reset_values_match_the_manual(void **state)
{
    static const struct {
        uint64_t offset;
        uint32_t value;
    } expected[] = {
        {MR, 0},       {LR, 0},       {CR, 1},       {IMSC, 0},     {RIS, 0},      {MIS, 0},
        {ICR, 0},      {0x20, 0},     {0xFDC, 0},    {0xFE0, 0x31}, {0xFE4, 0x10}, {0xFE8, 0x14},
        {0xFEC, 0x00}, {0xFF0, 0x0D}, {0xFF4, 0xF0}, {0xFF8, 0x05}, {0xFFC, 0xB1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_register(expected[i].offset, expected[i].value);
    }
}

static void time_is_the_hosts_until_the_guest_sets_it(void **state)
{
    int32_t ahead;

    (void)state;
    assert_false(pl031_ahead(rig.device, &ahead));
    assert_register(DR, 1700000000);
    fake.now += 5;
    assert_register(DR, 1700000005);
    device_rig_write(&rig, LR, 42);
    assert_register(LR, 42);
    assert_register(DR, 42);
    fake.now += 10;
    assert_register(DR, 52);
    assert_register(LR, 42);
    device_rig_write(&rig, LR, 1700000115);
    assert_true(pl031_ahead(rig.device, &ahead));
    assert_int_equal(ahead, 100);
    device_rig_write(&rig, LR, 1699999915);
    assert_true(pl031_ahead(rig.device, &ahead));
    assert_int_equal(ahead, -100);
    assert_int_equal(rig.tells, 3);
}

static void time_wraps_at_32_bits(void **state)
{
    (void)state;
    device_rig_write(&rig, LR, UINT32_MAX);
    fake.now += 3;
    assert_register(DR, 2);
    fake.now = WRAP + 7;
    rig.cls->reset(rig.device);
    device_rig_write(&rig, LR, 7);
    assert_register(DR, 7);
}

/* What another process saved: an alarm that passes while no process has the VM goes off at the restore. */
static void alarm_passes_while_saved(void **state)
{
    struct device_rig other;

    (void)state;
    device_rig_write(&rig, IMSC, 1);
    device_rig_write(&rig, MR, 1700000060);
    device_rig_create(&other, "pl031", loop, NULL);
    fake.now += 59;
    device_rig_copy_state(&other, &rig);
    assert_int_equal(fake.armed, 1700000060);
    assert_int_equal(device_rig_read(&other, RIS), 0);
    assert_false(other.cls->wake_pending(other.device));
    fake.now += 1;
    device_rig_copy_state(&other, &rig);
    assert_int_equal(device_rig_read(&other, RIS), 1);
    assert_true(other.line);
    assert_true(other.cls->wake_pending(other.device));
    device_rig_destroy(&other);
}

static void restored_clock_keeps_what_the_guest_set(void **state)
{
    struct device_rig other;

    (void)state;
    device_rig_write(&rig, LR, 1000);
    fake.now += 100;
    device_rig_create(&other, "pl031", loop, NULL);
    device_rig_copy_state(&other, &rig);
    assert_int_equal(device_rig_read(&other, DR), 1100);
    device_rig_destroy(&other);
}

static void any_saved_state_does_no_harm(void **state)
{
    (void)state;
    device_rig_try_states(&rig);
}

static void clock_cannot_be_stopped_and_ids_not_written(void **state)
{
    (void)state;
    device_rig_write(&rig, CR, 0);
    assert_register(CR, 1);
    device_rig_write(&rig, DR, 5);
    assert_register(DR, 1700000000);
    device_rig_write(&rig, 0xFE0, 0);
    assert_register(0xFE0, 0x31);
    device_rig_write(&rig, RIS, 1);
    assert_register(RIS, 0);
}

static void alarm_is_an_absolute_time_of_the_host(void **state)
{
    (void)state;
    device_rig_write(&rig, LR, 1000);
    device_rig_write(&rig, MR, 1060);
    assert_register(MR, 1060);
    assert_int_equal(fake.armed, 1700000060);
    assert_int_equal(fake.flags, TFD_TIMER_ABSTIME);
    assert_alarm(false);
}

static void alarm_raises_the_line_and_wakes(void **state)
{
    (void)state;
    device_rig_write(&rig, IMSC, 1);
    device_rig_write(&rig, MR, 1700000003);
    assert_false(rig.cls->wake_pending(rig.device));
    fake.now += 3;
    timer_event();
    assert_alarm(true);
    assert_register(MIS, 1);
    assert_int_equal(rig.spi, 2);
    assert_int_equal(rig.wakes, 1);
    assert_true(rig.cls->wake_pending(rig.device));
    assert_int_equal(fake.armed, 0);

    device_rig_write(&rig, ICR, 0xFFFFFFFE);
    assert_alarm(true);
    device_rig_write(&rig, ICR, 1);
    assert_alarm(false);
    assert_false(rig.cls->wake_pending(rig.device));
}

static void masked_alarm_is_raw_status_only(void **state)
{
    (void)state;
    device_rig_write(&rig, MR, 1700000001);
    fake.now += 1;
    timer_event();
    assert_register(RIS, 1);
    assert_register(MIS, 0);
    assert_false(rig.line);
    assert_int_equal(rig.wakes, 0);
    assert_false(rig.cls->wake_pending(rig.device));
    device_rig_write(&rig, IMSC, 1);
    assert_true(rig.line);
    assert_true(rig.cls->wake_pending(rig.device));
}

/* This is the vCPU's thread, which must not call wake(). */
static void alarm_set_to_now_goes_off_at_once(void **state)
{
    (void)state;
    device_rig_write(&rig, IMSC, 1);
    device_rig_write(&rig, MR, 1700000000);
    assert_alarm(true);
    assert_int_equal(rig.wakes, 0);
    assert_true(rig.cls->wake_pending(rig.device));
}

static void alarm_in_the_past_waits_for_the_wrap(void **state)
{
    (void)state;
    device_rig_write(&rig, MR, 1699999999);
    assert_int_equal(fake.armed, 1700000000 + WRAP - 1);
    assert_alarm(false);
}

static void alarm_after_the_wrap_is_seconds_ahead(void **state)
{
    (void)state;
    device_rig_write(&rig, LR, UINT32_MAX - 1);
    device_rig_write(&rig, MR, 3);
    assert_int_equal(fake.armed, 1700000005);
}

static void setting_the_clock_moves_the_alarm(void **state)
{
    (void)state;
    device_rig_write(&rig, MR, 1700000100);
    device_rig_write(&rig, LR, 1700000090);
    assert_int_equal(fake.armed, 1700000010);
    device_rig_write(&rig, LR, 1700000100);
    assert_alarm(true);
}

static void clock_set_without_an_alarm_arms_nothing(void **state)
{
    (void)state;
    fake.armed = 0;
    device_rig_write(&rig, LR, 0);
    assert_int_equal(fake.armed, 0);
    assert_alarm(false);
}

/* The host's date is stepped, far forwards or backwards. */
static void step_host(time_t seconds)
{
    fake.now += seconds;
    fake.stepped += seconds;
}

static void step_of_the_host_clock_moves_neither_time_nor_alarm(void **state)
{
    static const time_t steps[] = {3600, -3600, -7200, 1000000};

    (void)state;
    device_rig_write(&rig, IMSC, 1);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        uint32_t start = device_rig_read(&rig, DR);

        device_rig_write(&rig, MR, start + 8);
        time_t armed = fake.armed;
        step_host(steps[i]);
        timer_event(); /* Without an alarm. */
        assert_register(DR, start);
        assert_int_equal(fake.armed, armed);
        fake.now += 7;
        timer_event();
        assert_alarm(false);
        fake.now += 1;
        timer_event();
        assert_alarm(true);
        assert_int_equal(rig.wakes, i + 1);
        assert_register(DR, start + 8);
        device_rig_write(&rig, ICR, 1);
    }
}

/* The guest reads it again after its start. */
static void reset_takes_the_hosts_date(void **state)
{
    (void)state;
    step_host(3600);
    assert_register(DR, 1700000000);
    rig.cls->reset(rig.device);
    assert_register(DR, 1700003600);
    device_rig_write(&rig, LR, 42);
    step_host(3600);
    rig.cls->reset(rig.device);
    assert_register(DR, 42);
}

static void alarm_goes_off_once(void **state)
{
    (void)state;
    device_rig_write(&rig, IMSC, 1);
    device_rig_write(&rig, MR, 1700000001);
    fake.now += 1;
    timer_event();
    device_rig_write(&rig, ICR, 1);
    fake.now += 100;
    timer_event();
    assert_alarm(false);
    assert_int_equal(rig.wakes, 1);
}

/* The timer has expired, but a vCPU sets another alarm before the loop runs. */
static void cancelled_alarm_stays_silent(void **state)
{
    (void)state;
    device_rig_write(&rig, IMSC, 1);
    device_rig_write(&rig, MR, 1700000001);
    fake.now += 1;
    device_rig_write(&rig, MR, 1700000060);
    timer_event();
    assert_alarm(false);
    assert_int_equal(rig.wakes, 0);
    assert_int_equal(fake.armed, 1700000060);
}

static void reset_keeps_the_time_and_nothing_else(void **state)
{
    (void)state;
    device_rig_write(&rig, LR, 5000);
    device_rig_write(&rig, IMSC, 1);
    device_rig_write(&rig, MR, 5000);
    assert_true(rig.line);
    device_rig_write(&rig, MR, 5010);
    rig.cls->reset(rig.device);
    assert_false(rig.line);
    assert_int_equal(fake.armed, 0);
    reset_values_match_the_manual(NULL);
    fake.now += 10;
    timer_event();
    assert_alarm(false);
    assert_register(DR, 5010);
}

static void reset_leaves_the_state_of_a_new_device(void **state)
{
    (void)state;
    assert_int_equal(device_rig_changes(&rig), 0);
    device_rig_write(&rig, IMSC, 1);
    device_rig_write(&rig, MR, 1700000060);
    fake.now += 60;
    timer_event();
    assert_true(device_rig_changes(&rig) > 4);
    rig.cls->reset(rig.device);
    assert_int_equal(device_rig_changes(&rig), 0);
}

/* The guest sets the clock to its present value: only the fact that it was set stays. */
static void reset_keeps_that_the_guest_has_set_the_time(void **state)
{
    (void)state;
    device_rig_write(&rig, LR, device_rig_read(&rig, DR));
    assert_true(device_rig_changes(&rig) > 1);
    rig.cls->reset(rig.device);
    assert_int_equal(device_rig_changes(&rig), 1);
}

static void narrow_accesses_reach_the_register(void **state)
{
    (void)state;
    rig.cls->write(rig.device, MR, 2, 0xABCD1234);
    assert_register(MR, 0x1234);
    assert_int_equal(rig.cls->read(rig.device, MR + 1, 1), 0x12);
    rig.cls->write(rig.device, MR, 8, UINT64_C(0x0000002A00000001));
    assert_register(MR, 1);
    assert_register(LR, 42);
}

static void device_tree_node_follows_the_binding(void **state)
{
    static const struct device_rig_node expected = {
        .path = "/pl031@9010000",
        .compatible = "arm,pl031/arm,primecell",
        .clock_names = "apb_pclk",
        .base = 0x9010000,
        .spi = 2,
    };

    (void)state;
    device_rig_check_node(&rig, &expected);
}

static bool woken(void *arg)
{
    return ((const struct device_rig *)arg)->wakes > 0;
}

/* With the kernel's clock and timer: at most a second. */
static void real_alarm_goes_off_in_its_second(void **state)
{
    (void)state;
    device_rig_write(&rig, IMSC, 1);
    device_rig_write(&rig, MR, (uint32_t)time(NULL) + 1);
    drive_until(loop, woken, &rig);
    assert_int_equal(device_rig_read(&rig, DR), device_rig_read(&rig, MR));
    assert_alarm(true);
}

enum { RACE_ROUNDS = 3000 };

/* A vCPU that sets alarms to this second and the last, masks, unmasks and clears. */
static void *reprogram(void *arg)
{
    for (unsigned i = 0; i < RACE_ROUNDS; i++) {
        device_rig_write(&rig, MR, device_rig_read(&rig, DR) - i % 2);
        device_rig_write(&rig, IMSC, i % 3 != 0);
        device_rig_write(&rig, LR, 1000 + i);
        device_rig_write(&rig, ICR, 1);
    }
    device_rig_write(&rig, IMSC, 0);
    atomic_store((atomic_bool *)arg, true);
    return NULL;
}

static bool is_done(void *arg)
{
    const uint64_t one = 1;

    /* The timer's event comes at any moment. */
    assert_int_equal(write(fake.fd, &one, sizeof(one)), sizeof(one));
    return atomic_load((atomic_bool *)arg);
}

static void vcpu_and_timer_race(void **state)
{
    atomic_bool done = false;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, reprogram, &done), 0);
    drive_until(loop, is_done, &done);
    pthread_join(thread, NULL);
    drive_until_idle(loop);
    assert_false(rig.line);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(alarm_passes_while_saved),
        TEST(restored_clock_keeps_what_the_guest_set),
        TEST(any_saved_state_does_no_harm),
        TEST(reset_values_match_the_manual),
        TEST(time_is_the_hosts_until_the_guest_sets_it),
        TEST(time_wraps_at_32_bits),
        TEST(clock_cannot_be_stopped_and_ids_not_written),
        TEST(alarm_is_an_absolute_time_of_the_host),
        TEST(alarm_raises_the_line_and_wakes),
        TEST(masked_alarm_is_raw_status_only),
        TEST(alarm_set_to_now_goes_off_at_once),
        TEST(alarm_in_the_past_waits_for_the_wrap),
        TEST(alarm_after_the_wrap_is_seconds_ahead),
        TEST(setting_the_clock_moves_the_alarm),
        TEST(clock_set_without_an_alarm_arms_nothing),
        TEST(step_of_the_host_clock_moves_neither_time_nor_alarm),
        TEST(reset_takes_the_hosts_date),
        TEST(alarm_goes_off_once),
        TEST(cancelled_alarm_stays_silent),
        TEST(reset_keeps_the_time_and_nothing_else),
        TEST(reset_leaves_the_state_of_a_new_device),
        TEST(reset_keeps_that_the_guest_has_set_the_time),
        TEST(narrow_accesses_reach_the_register),
        TEST(device_tree_node_follows_the_binding),
        TEST(vcpu_and_timer_race),
        cmocka_unit_test_setup_teardown(real_alarm_goes_off_in_its_second, setup_real, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
