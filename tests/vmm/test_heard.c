/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guest does by itself, as operators hear of it: the real heard.c, with devices of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dev/pl031.h"
#include "dev/virtio/multiport.h"
#include "fake_delay.h"
#include "machine/parts.h"

#define SECOND INT64_C(1000000000)

static const struct config config = {.qmp = "socket"};
static struct machine machine;
static int64_t now;
static unsigned in_guest;
static unsigned changes;
static bool has_ports;
static bool clock_is_set;
static int32_t ahead;
static char told[256];

int64_t __wrap_clock_now_ns(void);
int64_t __wrap_clock_now_ns(void)
{
    return now;
}

/* Devices are only handed on. */
struct device *__wrap_bus_device(const struct bus *bus, const char *name);
struct device *__wrap_bus_device(const struct bus *bus, const char *name)
{
    static char devices[2];

    assert_ptr_equal(bus, &machine.bus);
    if (strcmp(name, "pl031") == 0) {
        return (struct device *)&devices[0];
    }
    assert_string_equal(name, "virtio-console");
    return has_ports ? (struct device *)&devices[1] : NULL;
}

unsigned __wrap_multiport_in_guest(struct device *device);
unsigned __wrap_multiport_in_guest(struct device *device)
{
    assert_non_null(device);
    return in_guest;
}

unsigned __wrap_multiport_take_changes(struct device *device);
unsigned __wrap_multiport_take_changes(struct device *device)
{
    unsigned set = changes;

    assert_non_null(device);
    changes = 0;
    return set;
}

bool __wrap_pl031_ahead(struct device *device, int32_t *seconds);
bool __wrap_pl031_ahead(struct device *device, int32_t *seconds)
{
    assert_non_null(device);
    *seconds = ahead;
    return clock_is_set;
}

static void note(const char *what, int value)
{
    size_t used = strlen(told);

    (void)snprintf(told + used, sizeof(told) - used, "%s:%d ", what, value);
}

void __wrap_qmp_tell_port(struct qmp *qmp, const char *port, bool open);
void __wrap_qmp_tell_port(struct qmp *qmp, const char *port, bool open)
{
    (void)qmp;
    note(port, open);
}

void __wrap_qmp_tell_clock(struct qmp *qmp, int32_t seconds);
void __wrap_qmp_tell_clock(struct qmp *qmp, int32_t seconds)
{
    (void)qmp;
    note("clock", seconds);
}

static int enter(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof(machine));
    machine.config = &config;
    machine.ports = (struct port_settings){.count = 2, .at = {{.name = "a"}, {.name = "b"}}};
    now = 100 * SECOND;
    in_guest = 0;
    changes = 0;
    has_ports = true;
    clock_is_set = false;
    ahead = 0;
    told[0] = '\0';
    return heard_open(&machine);
}

static int leave(void **state)
{
    (void)state;
    heard_close(&machine);
    return 0;
}

/* Notes a change, and lets the time pass until operators hear of it. */
static void change(void)
{
    heard_note(&machine);
    assert_true(fake_delay.set > 0);
    now += fake_delay.set;
    fake_delay.set = 0;
    fake_delay.passed(fake_delay.arg);
}

static void expect(const char *expected)
{
    assert_string_equal(told, expected);
    told[0] = '\0';
}

static void ports_are_told_when_they_change(void **state)
{
    (void)state;
    in_guest = changes = 1 << 1;
    change();
    expect("b:1 ");
    change();
    expect("");
    in_guest = 1 << 0;
    changes = 1 << 0 | 1 << 1;
    change();
    expect("a:1 b:0 ");
    changes = 1 << 0; /* It was closed and opened again. */
    change();
    expect("a:1 ");
    changes = 1 << 0;
    has_ports = false;
    change();
    expect("");
}

static void clock_is_told_when_the_guest_has_set_it(void **state)
{
    (void)state;
    ahead = 7;
    change();
    expect("");
    clock_is_set = true;
    change();
    expect("clock:7 ");
    change();
    expect("");
    ahead = -7;
    change();
    expect("clock:-7 ");
}

/* At once, then not before a second has passed, however often the guest does something. */
static void a_busy_guest_is_heard_once_a_second(void **state)
{
    (void)state;
    heard_note(&machine);
    assert_int_equal(fake_delay.set, 1);
    for (unsigned i = 0; i < 100; i++) {
        fake_delay.set = 0;
        heard_note(&machine);
        assert_int_equal(fake_delay.set, 0);
    }
    fake_delay.passed(fake_delay.arg);
    now += SECOND / 4;
    heard_note(&machine);
    assert_int_equal(fake_delay.set, SECOND / 4 * 3);
    fake_delay.passed(fake_delay.arg);
    now += 5 * SECOND;
    heard_note(&machine);
    assert_int_equal(fake_delay.set, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ports_are_told_when_they_change),
        TEST(clock_is_told_when_the_guest_has_set_it),
        TEST(a_busy_guest_is_heard_once_a_second),
    };

    return cmocka_run_group_tests_name("heard", tests, NULL, NULL);
}
