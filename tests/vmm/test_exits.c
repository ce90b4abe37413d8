/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits that wait for the main thread together, as real exits.c and the real power controller
 * decide them. In place of the threads is a list of exits; a board is only counted.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capture.h"
#include "core/backing.h"
#include "machine/exits.h"
#include "machine/parts.h"

enum { VCPUS = 2 };

struct fixture {
    struct machine machine;
    struct config config;
    struct psci_backend_ops ops;
    struct vcpu *pointers[VCPUS];
    struct vcpu_exit waiting[VCPUS];
    unsigned next;
    unsigned count;
    unsigned boards; /* built after the first */
};

static struct fixture f;

/* --- In place of the threads and of KVM. --- */

void vcpus_pause(struct vcpus *vcpus)
{
    (void)vcpus;
}

bool vcpus_have_exit(const struct vcpus *vcpus)
{
    (void)vcpus;
    return f.next < f.count;
}

bool vcpus_next_exit(struct vcpus *vcpus, unsigned *index, struct vcpu_exit *exit)
{
    if (!vcpus_have_exit(vcpus)) {
        return false;
    }
    *index = f.next;
    *exit = f.waiting[f.next++];
    return true;
}

void vcpu_describe_failure(struct vcpu *vcpu, const struct vcpu_exit *exit, char *text, size_t size)
{
    (void)vcpu;
    (void)exit;
    strncpy(text, "it failed", size);
}

/* --- In place of the rest of the machine. --- */

int board_power_on(struct machine *machine)
{
    f.boards++;
    power_start(&machine->power);
    power_go_on(&machine->power);
    return 0;
}

void board_power_off(struct machine *machine)
{
    (void)machine;
    f.next = f.count; /* The exits that wait end with the threads. */
}

void machine_tell_idle(struct machine *machine)
{
    (void)machine;
}

void machine_tell_vcpu(struct machine *machine, enum power_news_kind kind, unsigned vcpu)
{
    (void)machine;
    (void)kind;
    (void)vcpu;
}

void machine_end(struct machine *machine, int status)
{
    machine->ended = true;
    machine->status = status;
}

void machine_end_by_error(struct machine *machine, const char *text, int status)
{
    (void)text;
    machine_end(machine, status);
}

void machine_fail(struct machine *machine, int error)
{
    (void)error;
    machine_end(machine, STATUS_ERROR);
}

void machine_quit_by_signal(struct machine *machine, int number)
{
    machine_end(machine, STATUS_SIGNAL + number);
}

int machine_wake(struct machine *machine, unsigned source)
{
    return power_wake(&machine->power, (enum wake_source)source);
}

/* --- In place of the driver and of the PSCI backend. --- */

static void fake_pause(void *driver)
{
    (void)driver;
}

static void fake_tell(void *driver, const struct power_news *news)
{
    (void)driver;
    (void)news;
}

static int fake_honour(void *backend, unsigned vcpu)
{
    (void)backend;
    (void)vcpu;
    return 0;
}

static const struct power_ops fake_ops = {
    .pause = fake_pause,
    .resume = fake_pause,
    .tell = fake_tell,
};

static const struct power_psci_ops fake_psci = {.honour = fake_honour};

static int set_up(void **state)
{
    const struct power_options options = {
        .ops = &fake_ops,
        .psci = &fake_psci,
        .cpu_count = VCPUS,
        .policy = SUSPEND_HONOUR,
    };

    (void)state;
    f = (struct fixture){.config = {.cpu_count = VCPUS}};
    f.machine.config = &f.config;
    f.machine.status = -1;
    f.machine.board.vcpu = f.pointers;
    f.machine.power = (struct power){.on = NULL};
    assert_int_equal(memory_create(&f.machine.memory, ipa(0), 1 << 20), 0);
    assert_int_equal(power_init(&f.machine.power, &options), 0);
    power_start(&f.machine.power);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    power_destroy(&f.machine.power);
    memory_destroy(&f.machine.memory);
    return 0;
}

static void add_power(enum power_exit why)
{
    f.waiting[f.count++] = (struct vcpu_exit){.kind = VCPU_EXIT_POWER, .power = why};
}

static void add_failure(void)
{
    f.waiting[f.count++] = (struct vcpu_exit){.kind = VCPU_EXIT_FAILED};
}

/* --- Tests. --- */

static void failure_ends_the_machine(void **state)
{
    (void)state;
    add_failure();
    assert_false(exits_catch_up(&f.machine));
    assert_int_equal(f.machine.status, STATUS_GUEST);
}

/* The host is at fault, and the line says which file: but only as long as memory is read from it. */
static void failure_to_read_the_image_names_it(void **state)
{
    struct backing backing = {.fd = 0, .path = (char[]){"vm.saved"}};
    struct capture capture;
    char text[1024];

    (void)state;
    add_failure();
    f.waiting[0].error = EFAULT;
    f.machine.memory.backing = &backing;
    capture_begin(&capture, 2);
    assert_false(exits_catch_up(&f.machine));
    capture_end(&capture, text, sizeof(text));
    f.machine.memory.backing = NULL;
    assert_int_equal(f.machine.status, STATUS_ERROR);
    assert_non_null(
        strstr(text, "image vm.saved: cannot read the guest's memory from it; the VM ends"));
}

static void failure_after_the_image_was_read(void **state)
{
    struct backing backing = {.fd = -1, .path = (char[]){"vm.saved"}};

    (void)state;
    add_failure();
    f.waiting[0].error = EFAULT;
    f.machine.memory.backing = &backing;
    assert_false(exits_catch_up(&f.machine));
    f.machine.memory.backing = NULL;
    assert_int_equal(f.machine.status, STATUS_GUEST);
}

/* What a guest does after its SYSTEM_OFF or SYSTEM_RESET has no effect, and so has a failure. */
static void failure_after_off_has_no_effect(void **state)
{
    (void)state;
    add_power(POWER_EXIT_OFF);
    add_failure();
    assert_false(exits_catch_up(&f.machine));
    assert_int_equal(f.machine.status, STATUS_OFF);
}

static void failure_after_reset_has_no_effect(void **state)
{
    (void)state;
    add_power(POWER_EXIT_RESET);
    add_failure();
    assert_true(exits_catch_up(&f.machine));
    assert_false(f.machine.ended);
    assert_int_equal(f.boards, 1);
    assert_int_equal(f.machine.power.state, POWER_RUNNING);
}

/* The first of two that end the machine stands. */
static void off_after_reset_has_no_effect(void **state)
{
    (void)state;
    add_power(POWER_EXIT_RESET);
    add_power(POWER_EXIT_OFF);
    assert_true(exits_catch_up(&f.machine));
    assert_int_equal(f.boards, 1);
}

static void failure_after_off_leaves_a_machine_that_stays(void **state)
{
    (void)state;
    f.config.no_shutdown = true;
    add_power(POWER_EXIT_OFF);
    add_failure();
    assert_true(exits_catch_up(&f.machine));
    assert_int_equal(f.machine.power.state, POWER_ENDED);
    assert_true(f.machine.power.stopped);
    /* A wake of a machine that is off wakes nothing, and starts nothing. */
    assert_int_equal(exits_wake(&f.machine), POWER_WAKE_AWAKE);
    assert_int_equal(f.boards, 0);
}

/* The operator asked for a reboot, of which the guest knows nothing but a shutdown. */
static void machine_starts_again_after_off(void **state)
{
    (void)state;
    f.config.no_shutdown = true;
    f.machine.again = true;
    add_power(POWER_EXIT_OFF);
    add_failure();
    assert_true(exits_catch_up(&f.machine));
    assert_int_equal(f.boards, 1);
    assert_int_equal(f.machine.power.state, POWER_RUNNING);
    assert_false(f.machine.power.stopped);
    /* Once. */
    f.next = f.count = 0;
    add_power(POWER_EXIT_OFF);
    assert_true(exits_catch_up(&f.machine));
    assert_int_equal(f.boards, 1);
    assert_int_equal(f.machine.power.state, POWER_ENDED);
}

/* A guest that resets itself meanwhile has done what was asked for. */
static void reset_is_a_reboot(void **state)
{
    (void)state;
    f.machine.again = true;
    add_power(POWER_EXIT_RESET);
    assert_true(exits_catch_up(&f.machine));
    f.next = f.count = 0;
    add_power(POWER_EXIT_OFF);
    assert_false(exits_catch_up(&f.machine));
    assert_int_equal(f.machine.status, STATUS_OFF);
}

static void a_terminated_machine_does_not_start_again(void **state)
{
    (void)state;
    f.machine.again = true;
    f.machine.terminated = true;
    add_power(POWER_EXIT_OFF);
    assert_false(exits_catch_up(&f.machine));
    assert_int_equal(f.machine.status, STATUS_OFF);
}

/* After a SIGTERM, which the guest was told of, the end is the end, whatever the options say. */
static void a_terminated_machine_does_not_stay(void **state)
{
    (void)state;
    f.config.no_shutdown = true;
    f.machine.terminated = true;
    add_power(POWER_EXIT_OFF);
    assert_false(exits_catch_up(&f.machine));
    assert_int_equal(f.machine.status, STATUS_OFF);
}

static void a_terminated_machine_does_not_reboot(void **state)
{
    (void)state;
    f.machine.terminated = true;
    add_power(POWER_EXIT_RESET);
    assert_false(exits_catch_up(&f.machine));
    assert_int_equal(f.machine.status, STATUS_SIGNAL + SIGTERM);
    assert_int_equal(f.boards, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(failure_ends_the_machine),
        TEST(failure_to_read_the_image_names_it),
        TEST(failure_after_the_image_was_read),
        TEST(failure_after_off_has_no_effect),
        TEST(failure_after_reset_has_no_effect),
        TEST(off_after_reset_has_no_effect),
        TEST(failure_after_off_leaves_a_machine_that_stays),
        TEST(machine_starts_again_after_off),
        TEST(reset_is_a_reboot),
        TEST(a_terminated_machine_does_not_start_again),
        TEST(a_terminated_machine_does_not_stay),
        TEST(a_terminated_machine_does_not_reboot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
