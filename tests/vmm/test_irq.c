/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dev/irq.h"

/* The changes that the GIC has seen, and whether one of them changed nothing. */
struct gic {
    uint32_t spi;
    bool level;
    unsigned changes;
    bool repeated;
};

static void drive(void *arg, uint32_t spi, bool level)
{
    struct gic *gic = arg;

    gic->spi = spi;
    gic->repeated = gic->repeated || gic->level == level;
    gic->level = level;
    gic->changes++;
}

static void only_changes_reach_the_gic(void **state)
{
    struct gic gic = {0};
    struct irq_line line;

    (void)state;
    irq_init(&line, 7, drive, &gic);
    irq_set(&line, false);
    assert_int_equal(gic.changes, 0);
    irq_set(&line, true);
    irq_set(&line, true);
    assert_int_equal(gic.changes, 1);
    assert_true(gic.level);
    assert_int_equal(gic.spi, 7);
    irq_set(&line, false);
    assert_int_equal(gic.changes, 2);
    assert_false(gic.level);
}

static void held_line_looks_low_and_shows_its_level_when_released(void **state)
{
    struct gic gic = {0};
    struct irq_line line;

    (void)state;
    irq_init(&line, 1, drive, &gic);
    irq_set(&line, true);
    irq_hold(&line);
    assert_false(gic.level);
    irq_hold(&line);
    assert_int_equal(gic.changes, 2);
    irq_release(&line);
    assert_true(gic.level);
    irq_release(&line);
    assert_int_equal(gic.changes, 3);
}

static void level_driven_while_held_appears_at_the_release(void **state)
{
    struct gic gic = {0};
    struct irq_line line;

    (void)state;
    irq_init(&line, 1, drive, &gic);
    irq_hold(&line);
    irq_set(&line, true);
    assert_int_equal(gic.changes, 0);
    irq_release(&line);
    assert_true(gic.level);
}

static void pulse_while_held_is_never_seen(void **state)
{
    struct gic gic = {0};
    struct irq_line line;

    (void)state;
    irq_init(&line, 1, drive, &gic);
    irq_hold(&line);
    irq_set(&line, true);
    irq_set(&line, false);
    irq_release(&line);
    assert_int_equal(gic.changes, 0);
}

enum { RACE_ROUNDS = 20000 };

static void *toggle(void *arg)
{
    struct irq_line *line = arg;

    for (unsigned i = 0; i < RACE_ROUNDS; i++) {
        irq_set(line, i % 2 == 0);
    }
    irq_set(line, true);
    return NULL;
}

static void device_and_hold_on_two_threads_agree_in_the_end(void **state)
{
    struct gic gic = {0};
    struct irq_line line;
    pthread_t thread;

    (void)state;
    irq_init(&line, 1, drive, &gic);
    assert_int_equal(pthread_create(&thread, NULL, toggle, &line), 0);
    for (unsigned i = 0; i < RACE_ROUNDS; i++) {
        irq_hold(&line);
        irq_release(&line);
    }
    pthread_join(thread, NULL);
    assert_true(gic.level);
    assert_false(gic.repeated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_changes_reach_the_gic),
        cmocka_unit_test(held_line_looks_low_and_shows_its_level_when_released),
        cmocka_unit_test(level_driven_while_held_appears_at_the_release),
        cmocka_unit_test(pulse_while_held_is_never_seen),
        cmocka_unit_test(device_and_hold_on_two_threads_agree_in_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
