/* SPDX-License-Identifier: BSD-2-Clause */
/* The GPIO controller and its keys. The delay after which a key is released passes if the test says so. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "dev/bus.h"
#include "dev/node.h"
#include "device_rig.h"
#include "fake_delay.h"

enum {
    DIR = 0x400,
    IS = 0x404,
    IBE = 0x408,
    IEV = 0x40C,
    IE = 0x410,
    RIS = 0x414,
    MIS = 0x418,
    IC = 0x41C,
    AFSEL = 0x420,
};

enum { POWER = 1 << 3, SLEEP = 1 << 4, ALL = 0xff };

static struct device_rig rig;

static void let_delay_pass(void)
{
    assert_true(fake_delay.set > 0);
    fake_delay.set = 0;
    fake_delay.passed(fake_delay.arg);
}

static int setup(void **state)
{
    (void)state;
    fake_delay.error = 0;
    device_rig_create(&rig, "pl061", NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    device_rig_destroy(&rig);
    assert_null(fake_delay.passed);
    return 0;
}

static void assert_register(uint64_t offset, uint32_t expected)
{
    uint32_t value = device_rig_read(&rig, offset);

    if (value != expected) {
        fail_msg("register 0x%03x is 0x%x, not 0x%x", (unsigned)offset, value, expected);
    }
}

/* The data register of some lines. */
static uint64_t data(unsigned lines)
{
    return (uint64_t)lines * 4;
}

static bool press(enum device_key key)
{
    if (!rig.cls->hears(rig.device, key)) {
        return false;
    }
    rig.cls->press(rig.device, key);
    return true;
}

/* As Linux's gpio-keys do it: an interrupt at both edges. */
static void listen_to(unsigned lines)
{
    device_rig_write(&rig, DIR, 0);
    device_rig_write(&rig, IBE, lines);
    device_rig_write(&rig, IC, lines);
    device_rig_write(&rig, IE, lines);
}

static void reset_values_match_the_manual(void **state)
{
    static const struct {
        uint64_t offset;
        uint32_t value;
    } expected[] = {
        {0, 0},        {0x3FC, 0},    {DIR, 0},      {IS, 0},       {IBE, 0},      {IEV, 0},
        {IE, 0},       {RIS, 0},      {MIS, 0},      {IC, 0},       {AFSEL, 0},    {0x424, 0},
        {0xFDC, 0},    {0xFE0, 0x61}, {0xFE4, 0x10}, {0xFE8, 0x04}, {0xFEC, 0x00}, {0xFF0, 0x0D},
        {0xFF4, 0xF0}, {0xFF8, 0x05}, {0xFFC, 0xB1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_register(expected[i].offset, expected[i].value);
    }
}

static void registers_have_a_bit_for_each_line(void **state)
{
    static const uint64_t plain[] = {DIR, IS, IBE, IEV, IE, AFSEL};

    (void)state;
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        device_rig_write(&rig, plain[i], 0xFFFFFFA5);
        assert_register(plain[i], 0xA5);
        device_rig_write(&rig, plain[i], 0);
    }
    device_rig_write(&rig, RIS, ALL);
    device_rig_write(&rig, MIS, ALL);
    device_rig_write(&rig, 0xFE0, 0);
    assert_register(RIS, 0);
    assert_register(0xFE0, 0x61);
    assert_int_equal(device_rig_changes(&rig), 0);
}

/* The address selects the lines that an access concerns (3.3.1). */
static void data_is_masked_by_the_address(void **state)
{
    (void)state;
    device_rig_write(&rig, DIR, ALL);
    device_rig_write(&rig, data(0x0F), 0xFF);
    assert_register(data(ALL), 0x0F);
    device_rig_write(&rig, data(0x03), 0);
    assert_register(data(ALL), 0x0C);
    assert_register(data(0x04), 0x04);
    assert_register(data(0), 0);
    /* An input has the level that it is driven to, whatever is written. */
    device_rig_write(&rig, DIR, 0x0F);
    device_rig_write(&rig, data(ALL), 0xF5);
    assert_register(data(ALL), 0x05);
    device_rig_write(&rig, DIR, 0);
    assert_register(data(ALL), 0);
}

static void nobody_listens_at_the_start(void **state)
{
    (void)state;
    assert_false(press(DEVICE_KEY_POWER));
    assert_false(press(DEVICE_KEY_SLEEP));
    listen_to(SLEEP);
    assert_false(press(DEVICE_KEY_POWER));
    /* An output is no key. */
    device_rig_write(&rig, DIR, SLEEP);
    assert_false(press(DEVICE_KEY_SLEEP));
    assert_register(data(ALL), 0);
    assert_false(rig.line);
}

/* What Linux does: interrupt, acknowledge, and after some debouncing a look at the line. */
static void a_press_is_seen_and_ends(void **state)
{
    (void)state;
    listen_to(POWER | SLEEP);
    assert_true(press(DEVICE_KEY_POWER));
    assert_true(rig.line);
    assert_int_equal(rig.spi, 7);
    assert_register(MIS, POWER);
    device_rig_write(&rig, IC, POWER);
    assert_false(rig.line);
    assert_int_equal(fake_delay.set, 0);
    assert_register(data(POWER), POWER);
    assert_true(fake_delay.set >= 100000000);
    let_delay_pass();
    assert_true(rig.line);
    assert_register(RIS, POWER);
    device_rig_write(&rig, IC, POWER);
    assert_register(data(POWER), 0);
    assert_false(rig.line);
    assert_int_equal(fake_delay.set, 0);
}

/* Later looks do not hold the key any longer. */
static void only_the_first_look_sets_the_delay(void **state)
{
    (void)state;
    listen_to(SLEEP);
    assert_true(press(DEVICE_KEY_SLEEP));
    assert_register(data(POWER), 0);
    assert_int_equal(fake_delay.set, 0);
    assert_register(data(ALL), SLEEP);
    assert_true(fake_delay.set > 0);
    fake_delay.set = 1;
    assert_register(data(SLEEP), SLEEP);
    assert_true(press(DEVICE_KEY_SLEEP)); /* It is down already. */
    assert_int_equal(fake_delay.set, 1);
    let_delay_pass();
    assert_register(data(SLEEP), 0);
}

/* A guest that is paused or on its way to sleep finds the key down, however late it looks. */
static void a_key_stays_down_until_it_is_seen(void **state)
{
    (void)state;
    listen_to(POWER | SLEEP);
    assert_true(press(DEVICE_KEY_SLEEP));
    assert_register(data(SLEEP), SLEEP);
    assert_true(press(DEVICE_KEY_POWER));
    let_delay_pass();
    assert_register(data(SLEEP), 0);
    assert_int_equal(fake_delay.set, 0);
    assert_register(data(POWER), POWER);
    let_delay_pass();
    assert_register(data(ALL), 0);
}

static void edges_are_those_that_the_guest_chose(void **state)
{
    (void)state;
    device_rig_write(&rig, IE, POWER);
    device_rig_write(&rig, IEV, POWER); /* rising */
    assert_true(press(DEVICE_KEY_POWER));
    assert_register(RIS, POWER);
    device_rig_write(&rig, IC, ALL);
    assert_register(data(POWER), POWER);
    let_delay_pass();
    assert_register(RIS, 0);

    device_rig_write(&rig, IEV, 0); /* falling */
    assert_true(press(DEVICE_KEY_POWER));
    assert_register(RIS, 0);
    assert_register(data(POWER), POWER);
    let_delay_pass();
    assert_register(RIS, POWER);
    assert_true(rig.line);
}

static void levels_are_not_latched(void **state)
{
    (void)state;
    device_rig_write(&rig, IS, POWER);
    assert_register(RIS, POWER); /* low is its level */
    device_rig_write(&rig, IEV, POWER);
    device_rig_write(&rig, IE, POWER);
    assert_register(RIS, 0);
    assert_true(press(DEVICE_KEY_POWER));
    assert_true(rig.line);
    device_rig_write(&rig, IC, POWER);
    assert_true(rig.line);
    assert_register(data(POWER), POWER);
    let_delay_pass();
    assert_false(rig.line);
    assert_register(RIS, 0);
}

static void masked_interrupts_are_raw_status_only(void **state)
{
    (void)state;
    listen_to(POWER);
    assert_true(press(DEVICE_KEY_POWER));
    device_rig_write(&rig, IE, 0);
    assert_false(rig.line);
    assert_register(RIS, POWER);
    assert_register(MIS, 0);
    device_rig_write(&rig, IE, POWER);
    assert_true(rig.line);
}

static void reset_releases_keys(void **state)
{
    (void)state;
    listen_to(POWER);
    device_rig_write(&rig, AFSEL, 1);
    device_rig_write(&rig, IS, 1);
    assert_true(press(DEVICE_KEY_POWER));
    assert_register(data(POWER), POWER);
    assert_true(device_rig_changes(&rig) > 0);
    rig.cls->reset(rig.device);
    assert_int_equal(fake_delay.set, 0);
    assert_int_equal(device_rig_changes(&rig), 0);
    assert_false(rig.line);
    assert_false(press(DEVICE_KEY_POWER));
}

static void state_is_all_there_is(void **state)
{
    struct device_rig other;

    (void)state;
    listen_to(POWER);
    assert_true(press(DEVICE_KEY_POWER));
    device_rig_create(&other, "pl061", NULL, NULL);
    device_rig_copy_state(&other, &rig);
    assert_int_equal(device_rig_read(&other, data(POWER)), POWER);
    assert_int_equal(device_rig_read(&other, MIS), POWER);
    device_rig_destroy(&other);
}

/* 8-byte and unaligned accesses follow the rules of primecell.h. */
static void wide_accesses_are_two(void **state)
{
    (void)state;
    rig.cls->write(rig.device, DIR, 8, UINT64_C(0x2200000011));
    assert_register(DIR, 0x11);
    assert_register(IS, 0x22);
    assert_int_equal(rig.cls->read(rig.device, DIR, 8), UINT64_C(0x2200000011));
    assert_int_equal(rig.cls->read(rig.device, IS, 1), 0x22);
}

static void create_fails_without_a_timer(void **state)
{
    struct device *device = NULL;

    (void)state;
    fake_delay.error = -EMFILE;
    assert_int_equal(rig.cls->create(&rig.env, &device), -EMFILE);
    assert_null(device);
    fake_delay.error = 0;
}

/* The release of the sleep key must not wake the guest that it has put to sleep. */
static void a_sleeping_guest_hears_no_key(void **state)
{
    struct bus bus = {.count = 1};

    (void)state;
    bus.devices[0].instance = rig.instance;
    irq_init(&bus.devices[0].irq, rig.instance.spi, rig.irq.drive, &rig);
    rig.env.irq = &bus.devices[0].irq;
    assert_int_equal(rig.cls->create(&rig.env, &bus.devices[0].device), 0);
    bus_write(&bus, ipa(0x09030000 + IBE), 4, SLEEP);
    bus_write(&bus, ipa(0x09030000 + IE), 4, SLEEP);
    assert_false(bus_hears(&bus, DEVICE_KEY_POWER));
    assert_true(bus_hears(&bus, DEVICE_KEY_SLEEP));
    bus_press(&bus, DEVICE_KEY_POWER);
    bus_press(&bus, DEVICE_KEY_SLEEP);
    bus_write(&bus, ipa(0x09030000 + IC), 4, SLEEP);
    assert_int_equal(bus_read(&bus, ipa(0x09030000 + data(ALL)), 4), SLEEP);
    bus_hold(&bus, ~0u);
    let_delay_pass();
    assert_false(rig.line);
    assert_int_equal(bus_wakes_pending(&bus), 0);
    bus_release(&bus);
    assert_true(rig.line);
    rig.cls->destroy(bus.devices[0].device);
}

static uint32_t cell(const void *tree, const char *path, const char *name, int index)
{
    int size;
    int node = fdt_path_offset(tree, path);
    const fdt32_t *cells = fdt_getprop(tree, node, name, &size);

    assert_non_null(cells);
    assert_in_range(index, 0, size / (int)sizeof(*cells) - 1);
    return fdt32_to_cpu(cells[index]);
}

static void assert_key(const void *tree, const char *path, uint32_t line, uint32_t code,
                       bool wakeup)
{
    int node = fdt_path_offset(tree, path);

    assert_true(node >= 0);
    assert_int_equal(cell(tree, path, "gpios", 0), cell(tree, "/pl061@9030000", "phandle", 0));
    assert_int_equal(cell(tree, path, "gpios", 1), line);
    assert_int_equal(cell(tree, path, "gpios", 2), 0);
    assert_int_equal(cell(tree, path, "linux,code", 0), code);
    assert_int_equal(fdt_getprop(tree, node, "wakeup-source", NULL) != NULL, wakeup);
}

static void describes_itself_and_its_keys(void **state)
{
    static const struct device_rig_node expected = {
        .path = "/pl061@9030000",
        .compatible = "arm,pl061/arm,primecell",
        .clock_names = "apb_pclk",
        .base = 0x09030000,
        .spi = 7,
    };
    char bytes[2048];
    struct tree tree = {.fdt = bytes};

    (void)state;
    device_rig_check_node(&rig, &expected);
    assert_int_equal(fdt_create(bytes, sizeof(bytes)), 0);
    assert_int_equal(fdt_finish_reservemap(bytes), 0);
    node_begin(&tree, "");
    rig.cls->describe(&rig.instance, &tree);
    node_end(&tree);
    assert_int_equal(tree.error, 0);
    assert_int_equal(fdt_finish(bytes), 0);
    assert_int_equal(cell(bytes, "/pl061@9030000", "#gpio-cells", 0), 2);
    assert_int_equal(
        fdt_node_check_compatible(bytes, fdt_path_offset(bytes, "/gpio-keys"), "gpio-keys"), 0);
    assert_key(bytes, "/gpio-keys/power", 3, 116, true);
    assert_key(bytes, "/gpio-keys/sleep", 4, 142, false);
}

static void any_saved_state_does_no_harm(void **state)
{
    (void)state;
    device_rig_try_states(&rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_saved_state_does_no_harm),
        TEST(reset_values_match_the_manual),
        TEST(registers_have_a_bit_for_each_line),
        TEST(data_is_masked_by_the_address),
        TEST(nobody_listens_at_the_start),
        TEST(a_press_is_seen_and_ends),
        TEST(only_the_first_look_sets_the_delay),
        TEST(a_key_stays_down_until_it_is_seen),
        TEST(edges_are_those_that_the_guest_chose),
        TEST(levels_are_not_latched),
        TEST(masked_interrupts_are_raw_status_only),
        TEST(reset_releases_keys),
        TEST(state_is_all_there_is),
        TEST(wide_accesses_are_two),
        TEST(create_fails_without_a_timer),
        TEST(a_sleeping_guest_hears_no_key),
        TEST(describes_itself_and_its_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
