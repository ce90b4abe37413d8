/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "dev/instances.h"
#include "dev/node.h"

/* Finds the fixed device of that name. */
static struct device_instance find(const char *name)
{
    struct instances devices = {0};

    instances_add_fixed(&devices);
    for (unsigned i = 0; i < devices.count; i++) {
        if (strcmp(devices.at[i].cls->name, name) == 0) {
            return devices.at[i];
        }
    }
    fail_msg("no device %s", name);
    return (struct device_instance){0};
}

static void drive(void *arg, uint32_t spi, bool level)
{
    struct device_rig *rig = arg;

    rig->spi = spi;
    atomic_store(&rig->line, level);
}

static void tell(void *arg)
{
    ((struct device_rig *)arg)->tells++;
}

static void wake(void *arg)
{
    ((struct device_rig *)arg)->wakes++;
}

void device_rig_create(struct device_rig *rig, const char *name, struct loop *loop,
                       struct console *console)
{
    memset(rig, 0, sizeof(*rig));
    rig->instance = find(name);
    rig->cls = rig->instance.cls;
    irq_init(&rig->irq, rig->instance.spi, drive, rig);
    rig->env = (struct device_env){.loop = loop,
                                   .console = console,
                                   .irq = &rig->irq,
                                   .wake = wake,
                                   .wake_arg = rig,
                                   .changed = tell,
                                   .changed_arg = rig};
    assert_int_equal(rig->cls->create(&rig->env, &rig->device), 0);
    assert_in_range(rig->cls->state_size, 1, sizeof(rig->fresh));
    memcpy(rig->fresh, device_state(rig->cls, rig->device), rig->cls->state_size);
}

unsigned device_rig_changes(const struct device_rig *rig)
{
    const uint8_t *state = device_state(rig->cls, rig->device);
    unsigned count = rig->irq.state.level + rig->irq.state.held;

    for (size_t i = 0; i < rig->cls->state_size; i++) {
        count += state[i] != rig->fresh[i];
    }
    return count;
}

void device_rig_copy_state(struct device_rig *to, const struct device_rig *from)
{
    assert_ptr_equal(to->cls, from->cls);
    irq_restore(&to->irq, &from->irq.state);
    assert_true(to->cls->restore(to->device, device_state(from->cls, from->device)));
}

void device_rig_try_states(struct device_rig *rig)
{
    static const uint8_t values[] = {1, 2, 3, 16, 17, 0x7f, 0x80, 0xff};
    uint8_t state[DEVICE_RIG_STATE_MAX];
    size_t size = rig->cls->state_size;

    assert_true(size <= sizeof(state));
    for (size_t i = 0; i < size * sizeof(values); i++) {
        memcpy(state, device_state(rig->cls, rig->device), size);
        state[i / sizeof(values)] = values[i % sizeof(values)];
        (void)rig->cls->restore(rig->device, state);
        for (uint64_t offset = 0; offset < 0x1000; offset += 4) {
            (void)device_rig_read(rig, offset);
        }
        rig->cls->reset(rig->device);
    }
}

void device_rig_destroy(struct device_rig *rig)
{
    rig->cls->destroy(rig->device);
}

uint32_t device_rig_read(struct device_rig *rig, uint64_t offset)
{
    return (uint32_t)rig->cls->read(rig->device, offset, sizeof(uint32_t));
}

void device_rig_write(struct device_rig *rig, uint64_t offset, uint32_t value)
{
    rig->cls->write(rig->device, offset, sizeof(value), value);
}

static uint32_t cell(const void *tree, int node, const char *name, int index)
{
    int length;
    const fdt32_t *cells = fdt_getprop(tree, node, name, &length);

    assert_non_null(cells);
    assert_true(index < length / (int)sizeof(*cells));
    return fdt32_to_cpu(cells[index]);
}

static void check_strings(const void *tree, int node, const char *name, const char *expected)
{
    char list[64];
    int length;
    const char *strings = fdt_getprop(tree, node, name, &length);

    assert_non_null(strings);
    assert_int_equal(length, strlen(expected) + 1);
    memcpy(list, strings, (size_t)length);
    for (int i = 0; i < length - 1; i++) {
        list[i] = list[i] == '\0' ? '/' : list[i];
    }
    assert_string_equal(list, expected);
}

void device_rig_check_node(const struct device_rig *rig, const struct device_rig_node *expected)
{
    char bytes[1024];
    struct tree tree = {.fdt = bytes};
    int clock_count = 1;

    assert_int_equal(fdt_create(bytes, sizeof(bytes)), 0);
    assert_int_equal(fdt_finish_reservemap(bytes), 0);
    node_begin(&tree, "");
    rig->cls->describe(&rig->instance, &tree);
    node_end(&tree);
    assert_int_equal(tree.error, 0);
    assert_int_equal(fdt_finish(bytes), 0);

    int node = fdt_path_offset(bytes, expected->path);
    assert_true(node >= 0);
    check_strings(bytes, node, "compatible", expected->compatible);
    check_strings(bytes, node, "clock-names", expected->clock_names);
    assert_int_equal(cell(bytes, node, "reg", 0), expected->base >> 32);
    assert_int_equal(cell(bytes, node, "reg", 1), expected->base & UINT32_MAX);
    assert_int_equal(cell(bytes, node, "reg", 2), 0);
    assert_int_equal(cell(bytes, node, "reg", 3), 0x1000);
    assert_int_equal(cell(bytes, node, "interrupts", 0), 0);
    assert_int_equal(cell(bytes, node, "interrupts", 1), expected->spi);
    assert_int_equal(cell(bytes, node, "interrupts", 2), 4);
    for (const char *at = expected->clock_names; (at = strchr(at, '/')) != NULL; at++) {
        clock_count++;
    }
    for (int i = 0; i < clock_count; i++) {
        assert_int_equal(cell(bytes, node, "clocks", i), NODE_PHANDLE_APB_CLOCK);
    }
}
