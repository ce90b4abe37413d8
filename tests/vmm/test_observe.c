/* SPDX-License-Identifier: BSD-2-Clause */
/* When the kernel as backend is asked which vCPUs are on. In place of vmm/kvm are two counters. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/loop.h"
#include "psci/backend.h"

enum { VCPUS = 2 };

struct vcpu {
    bool counts;
    uint64_t hypercalls;
    bool off;
};

struct fixture {
    struct loop *loop;
    struct delay end;
    struct power power;
    struct psci_backend backend;
    struct vcpu vcpu[VCPUS];
    struct vcpu *pointers[VCPUS];
    int looks;   /* at all vCPUs, paused */
    int changes; /* reported */
    int failure;
    int fail_with;
};

void vcpu_count_hypercalls(struct vcpu *vcpu)
{
    vcpu->counts = true;
}

uint64_t vcpu_hypercall_count(struct vcpu *vcpu)
{
    return vcpu->counts ? vcpu->hypercalls : 0;
}

static void fake_pause(void *driver)
{
    struct fixture *f = driver;

    f->looks++;
}

static void fake_resume(void *driver)
{
    (void)driver;
}

static void fake_tell(void *driver, const struct power_news *news)
{
    struct fixture *f = driver;

    f->changes += news->kind == POWER_NEWS_VCPU_ON || news->kind == POWER_NEWS_VCPU_OFF;
}

static int fake_is_off(void *arg, unsigned vcpu)
{
    const struct fixture *f = arg;

    return f->fail_with != 0 ? f->fail_with : f->vcpu[vcpu].off;
}

static void on_failure(void *arg, int error)
{
    struct fixture *f = arg;

    f->failure = error;
    loop_stop(f->loop);
}

static void end_loop(void *arg)
{
    struct fixture *f = arg;

    loop_stop(f->loop);
}

/* Long enough for a look, which comes every 100 ms; it may be longer. */
static void run_loop(struct fixture *f)
{
    delay_set(&f->end, INT64_C(200000000));
    assert_int_equal(loop_run(f->loop), 0);
}

static void start(struct fixture *f)
{
    static const struct power_ops ops = {
        .pause = fake_pause, .resume = fake_resume, .tell = fake_tell};
    static const struct power_psci_ops psci_ops = {.is_off = fake_is_off};

    memset(f, 0, sizeof(*f));
    f->loop = loop_create();
    assert_non_null(f->loop);
    assert_int_equal(delay_open(&f->end, f->loop, end_loop, f), 0);
    const struct power_options options = {
        .ops = &ops, .driver = f, .psci = &psci_ops, .backend = f, .cpu_count = VCPUS};
    assert_int_equal(power_init(&f->power, &options), 0);
    for (unsigned i = 0; i < VCPUS; i++) {
        f->vcpu[i].off = i != 0;
        f->pointers[i] = &f->vcpu[i];
    }
    f->backend.vcpu = f->pointers;
    f->backend.observer =
        (struct psci_observer){.power = &f->power, .loop = f->loop, .fail = on_failure, .arg = f};
    assert_int_equal(observe_open(&f->backend, VCPUS), 0);
    observe_forget(&f->backend);
    power_start(&f->power);
    f->changes = 0;
}

static void finish(struct fixture *f)
{
    observe_close(&f->backend);
    power_destroy(&f->power);
    delay_close(&f->end);
    loop_destroy(f->loop);
}

/* A guest without hypercalls is never stopped; one with them is, once. */
static void only_hypercalls_cause_a_look(void **state)
{
    struct fixture f;

    (void)state;
    start(&f);
    observe_set(&f.backend, true);
    assert_true(f.vcpu[0].counts && f.vcpu[1].counts);
    run_loop(&f);
    assert_int_equal(f.looks, 0);
    f.vcpu[0].hypercalls = 1;
    f.vcpu[1].off = false;
    while (f.looks == 0) {
        run_loop(&f);
    }
    assert_int_equal(f.changes, 1);
    run_loop(&f);
    assert_int_equal(f.looks, 1);
    finish(&f);
}

static void none_while_the_guest_sleeps(void **state)
{
    struct fixture f;

    (void)state;
    start(&f);
    observe_set(&f.backend, true);
    f.vcpu[0].hypercalls = 1;
    observe_set(&f.backend, false);
    run_loop(&f);
    assert_int_equal(f.looks, 0);
    observe_set(&f.backend, true);
    while (f.looks == 0) {
        run_loop(&f);
    }
    finish(&f);
}

/* A reboot makes new vCPUs, which count from 0 and must be asked to. */
static void new_vm_counts_anew(void **state)
{
    struct fixture f;

    (void)state;
    start(&f);
    observe_set(&f.backend, true);
    f.vcpu[0].hypercalls = 5;
    while (f.looks == 0) {
        run_loop(&f);
    }
    observe_set(&f.backend, false);
    f.vcpu[0] = (struct vcpu){.hypercalls = 5};
    observe_forget(&f.backend);
    observe_set(&f.backend, true);
    assert_true(f.vcpu[0].counts);
    while (f.looks == 1) {
        run_loop(&f);
    }
    finish(&f);
}

static void error_reaches_the_observer(void **state)
{
    struct fixture f;

    (void)state;
    start(&f);
    f.vcpu[0].hypercalls = 1;
    f.fail_with = -EIO;
    observe_set(&f.backend, true);
    while (f.failure == 0) {
        run_loop(&f);
    }
    assert_int_equal(f.failure, -EIO);
    finish(&f);
}

static void closed_one_is_ignored(void **state)
{
    struct psci_backend backend = {0};

    (void)state;
    observe_forget(&backend);
    observe_set(&backend, true);
    observe_set(&backend, false);
    observe_close(&backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_hypercalls_cause_a_look),
        cmocka_unit_test(none_while_the_guest_sleeps),
        cmocka_unit_test(new_vm_counts_anew),
        cmocka_unit_test(error_reaches_the_observer),
        cmocka_unit_test(closed_one_is_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
