/* SPDX-License-Identifier: BSD-2-Clause */
/* The generation ID: what keeps it, what changes it, and when the guest is told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>
#include <libfdt.h>

#include "dev/node.h"
#include "device_rig.h"

enum { ID_SIZE = 16, PAGE = 64 << 10 };

static struct device_rig rig;
static bool no_random_numbers;

ssize_t __real_getrandom(void *bytes, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags)
{
    if (no_random_numbers) {
        errno = EAGAIN;
        return -1;
    }
    return __real_getrandom(bytes, size, flags);
}

static int setup(void **state)
{
    (void)state;
    device_rig_create(&rig, "vmgenid", NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    no_random_numbers = false;
    device_rig_destroy(&rig);
    return 0;
}

static void read_id(struct device_rig *of, uint8_t id[ID_SIZE])
{
    for (uint64_t at = 0; at < ID_SIZE; at += sizeof(uint32_t)) {
        uint32_t word = device_rig_read(of, at);

        memcpy(id + at, &word, sizeof(word));
    }
}

static void assert_same(bool same, struct device_rig *one, struct device_rig *other)
{
    uint8_t first[ID_SIZE];
    uint8_t second[ID_SIZE];

    read_id(one, first);
    read_id(other, second);
    assert_int_equal(memcmp(first, second, ID_SIZE) == 0, same);
}

static void each_vm_has_its_own(void **state)
{
    struct device_rig other;

    (void)state;
    device_rig_create(&other, "vmgenid", NULL, NULL);
    assert_same(false, &rig, &other);
    device_rig_destroy(&other);
}

static void guest_cannot_change_it(void **state)
{
    uint8_t before[ID_SIZE];
    uint8_t after[ID_SIZE];

    (void)state;
    read_id(&rig, before);
    for (uint64_t at = 0; at < ID_SIZE; at += sizeof(uint32_t)) {
        device_rig_write(&rig, at, UINT32_MAX);
    }
    read_id(&rig, after);
    assert_memory_equal(before, after, ID_SIZE);
    assert_int_equal(device_rig_read(&rig, ID_SIZE), 0);
    assert_int_equal(rig.cls->read(rig.device, PAGE - 8, 8), 0);
}

/* The VM has the same past as before. */
static void reset_and_restore_keep_it(void **state)
{
    struct device_rig restored;

    (void)state;
    rig.cls->reset(rig.device);
    assert_int_equal(device_rig_changes(&rig), 0);
    device_rig_create(&restored, "vmgenid", NULL, NULL);
    device_rig_copy_state(&restored, &rig);
    assert_same(true, &rig, &restored);
    assert_false(restored.line);
    device_rig_destroy(&restored);
}

/* As in a clone: the device of a guest that sleeps, whose interrupts are held. */
static void create_asleep(struct device_rig *clone)
{
    device_rig_create(clone, "vmgenid", NULL, NULL);
    irq_hold(&rig.irq);
    device_rig_copy_state(clone, &rig);
}

static void wake_up(struct device_rig *clone)
{
    irq_release(&clone->irq);
    assert_true(clone->line);
    clone->cls->sleep_ends(clone->device);
    assert_false(clone->line);
}

static void clones_differ_and_are_told_awake(void **state)
{
    struct device_rig clones[2];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        create_asleep(&clones[i]);
        assert_int_equal(clones[i].cls->fork(clones[i].device), 0);
        assert_false(clones[i].line);
        assert_same(false, &clones[i], &rig);
    }
    assert_same(false, &clones[0], &clones[1]);
    for (unsigned i = 0; i < 2; i++) {
        wake_up(&clones[i]);
        device_rig_destroy(&clones[i]);
    }
}

/* It has not woken yet, and was told nothing. */
static void clone_that_is_saved_is_told_later(void **state)
{
    struct device_rig clone;
    struct device_rig restored;

    (void)state;
    create_asleep(&clone);
    assert_int_equal(clone.cls->fork(clone.device), 0);
    device_rig_create(&restored, "vmgenid", NULL, NULL);
    device_rig_copy_state(&restored, &clone);
    assert_same(true, &clone, &restored);
    wake_up(&restored);
    device_rig_destroy(&restored);
    device_rig_destroy(&clone);
}

static void reset_ends_the_interrupt(void **state)
{
    (void)state;
    assert_int_equal(rig.cls->fork(rig.device), 0);
    assert_true(rig.line);
    rig.cls->reset(rig.device);
    assert_false(rig.line);
}

static void without_random_numbers_nothing_changes(void **state)
{
    struct device *none = NULL;

    (void)state;
    no_random_numbers = true;
    assert_int_equal(rig.cls->fork(rig.device), -EAGAIN);
    assert_int_equal(device_rig_changes(&rig), 0);
    assert_false(rig.line);
    assert_int_equal(rig.cls->create(&rig.env, &none), -EAGAIN);
    assert_null(none);
}

static struct device_rom shown;
static int show_error;

static int show_rom(void *arg, const struct device_rom *rom, bool show)
{
    assert_ptr_equal(arg, &shown);
    assert_true(show);
    shown = *rom;
    return show_error;
}

/* What the guest reads without leaving KVM is what the device has. */
static void guest_reads_a_page(void **state)
{
    struct device_env env = rig.env;
    struct device *device = NULL;

    (void)state;
    env.show_rom = show_rom;
    env.rom_arg = &shown;
    show_error = 0;
    assert_int_equal(rig.cls->create(&env, &device), 0);
    assert_int_equal(shown.offset, 0);
    assert_int_equal(shown.size, PAGE);
    assert_int_equal((uintptr_t)shown.host % (4 << 10), 0);
    assert_memory_equal(shown.host, device_state(rig.cls, device), ID_SIZE);
    assert_int_equal(rig.cls->fork(device), 0);
    assert_memory_equal(shown.host, device_state(rig.cls, device), ID_SIZE);
    rig.cls->destroy(device);
    show_error = -ENOSPC;
    assert_int_equal(rig.cls->create(&env, &device), -ENOSPC);
}

static void assert_cells(const void *tree, int node, const char *name, const uint32_t *expected,
                         int count)
{
    int size;
    const fdt32_t *cells = fdt_getprop(tree, node, name, &size);

    assert_non_null(cells);
    assert_int_equal(size, count * (int)sizeof(*cells));
    for (int i = 0; i < count; i++) {
        assert_int_equal(fdt32_to_cpu(cells[i]), expected[i]);
    }
}

/* Linux's binding microsoft,vmgenid.yaml: an edge-triggered interrupt, and 16 bytes. */
static void node_is_that_of_the_binding(void **state)
{
    static const uint32_t reg[] = {0, 0x09100000, 0, ID_SIZE};
    static const uint32_t interrupts[] = {NODE_INTERRUPT_SPI, 10, NODE_INTERRUPT_EDGE_RISING};
    char bytes[1024];
    struct tree tree = {.fdt = bytes};

    (void)state;
    assert_int_equal(fdt_create(bytes, sizeof(bytes)), 0);
    assert_int_equal(fdt_finish_reservemap(bytes), 0);
    node_begin(&tree, "");
    rig.cls->describe(&rig.instance, &tree);
    node_end(&tree);
    assert_int_equal(tree.error, 0);
    assert_int_equal(fdt_finish(bytes), 0);
    int node = fdt_path_offset(bytes, "/rng@9100000");
    assert_int_equal(fdt_node_check_compatible(bytes, node, "microsoft,vmgenid"), 0);
    assert_cells(bytes, node, "reg", reg, 4);
    assert_cells(bytes, node, "interrupts", interrupts, 3);
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
        TEST(each_vm_has_its_own),
        TEST(guest_cannot_change_it),
        TEST(reset_and_restore_keep_it),
        TEST(clones_differ_and_are_told_awake),
        TEST(clone_that_is_saved_is_told_later),
        TEST(reset_ends_the_interrupt),
        TEST(without_random_numbers_nothing_changes),
        TEST(guest_reads_a_page),
        TEST(node_is_that_of_the_binding),
        TEST(any_saved_state_does_no_harm),
    };

    return cmocka_run_group_tests_name("vmgenid", tests, NULL, NULL);
}
