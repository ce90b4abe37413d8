/* SPDX-License-Identifier: BSD-2-Clause */
/* Which vCPUs may start: what the vCPUs' threads ask, and what the main thread reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "psci/admission.h"

enum { VCPUS = 4, ADMITTED = 2 };

static struct admission *create(void)
{
    struct admission *admission = admission_create(VCPUS, ADMITTED);

    assert_non_null(admission);
    return admission;
}

static void expect_refused(struct admission *admission, unsigned vcpu)
{
    unsigned refused;

    assert_true(admission_next_refused(admission, &refused));
    assert_int_equal(refused, vcpu);
}

static void expect_none_refused(struct admission *admission)
{
    unsigned refused;

    assert_false(admission_next_refused(admission, &refused));
}

static void first_vcpus_are_admitted(void **state)
{
    struct admission *admission = create();

    (void)state;
    for (unsigned i = 0; i < VCPUS; i++) {
        assert_int_equal(admission_has(admission, i), i < ADMITTED);
        assert_int_equal(admission_ask(admission, i), i < ADMITTED);
    }
    admission_admit(admission, 3);
    assert_true(admission_ask(admission, 3));
    admission_withdraw(admission, 1);
    assert_false(admission_ask(admission, 1));
    admission_destroy(admission);
    admission_destroy(NULL);
}

/* However often the guest tries; again after the vCPU was admitted in between. */
static void refusal_is_reported_once(void **state)
{
    struct admission *admission = create();

    (void)state;
    expect_none_refused(admission);
    admission_ask(admission, 3);
    admission_ask(admission, 2);
    admission_ask(admission, 3);
    expect_refused(admission, 2);
    admission_ask(admission, 2); /* Before the search has ended. */
    expect_refused(admission, 3);
    expect_none_refused(admission);
    admission_ask(admission, 3);
    expect_none_refused(admission);
    admission_admit(admission, 3);
    admission_withdraw(admission, 3);
    admission_ask(admission, 3);
    expect_refused(admission, 3);
    expect_none_refused(admission);
    admission_destroy(admission);
}

static void withdrawn_vcpu_leaves_once(void **state)
{
    struct admission *admission = create();

    (void)state;
    assert_false(admission_saw_off(NULL, 0));
    assert_false(admission_saw_off(admission, 1)); /* It may come on again. */
    admission_withdraw(admission, 1);
    assert_true(admission_is_leaving(admission, 1));
    assert_false(admission_is_leaving(admission, 0));
    assert_false(admission_saw_off(admission, 0));
    assert_true(admission_saw_off(admission, 1));
    assert_false(admission_is_leaving(admission, 1));
    assert_false(admission_saw_off(admission, 1));
    admission_admit(admission, 1);
    admission_withdraw(admission, 1);
    admission_admit(admission, 1); /* It was on all the time and stays. */
    assert_false(admission_saw_off(admission, 1));
    admission_destroy(admission);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_vcpus_are_admitted),
        cmocka_unit_test(refusal_is_reported_once),
        cmocka_unit_test(withdrawn_vcpu_leaves_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
