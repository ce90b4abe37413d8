/* SPDX-License-Identifier: BSD-2-Clause */
/* The bare-metal guest's reading of device trees: check/guest/tree.c and platform_*.c. */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "check/guest/platform.h"
#include "check/guest/platform_idle.h"
#include "check/guest/smp.h"
#include "check/guest/tree.h"
#include "guest_rig.h"

enum { BLOB_SIZE = 8192, CELLS_MAX = 32 };

static uint8_t blob[BLOB_SIZE];

/* A tree in the making. */

static void begin_tree(void)
{
    assert_int_equal(fdt_create(blob, sizeof(blob)), 0);
    assert_int_equal(fdt_finish_reservemap(blob), 0);
    assert_int_equal(fdt_begin_node(blob, ""), 0);
}

static void begin(const char *name)
{
    assert_int_equal(fdt_begin_node(blob, name), 0);
}

static void end(void)
{
    assert_int_equal(fdt_end_node(blob), 0);
}

static void text(const char *name, const char *value)
{
    assert_int_equal(fdt_property(blob, name, value, (int)strlen(value) + 1), 0);
}

static void put_cells(const char *name, size_t count, const uint32_t *values)
{
    uint32_t cells[CELLS_MAX];

    assert_true(count <= CELLS_MAX);
    for (size_t i = 0; i < count; i++) {
        cells[i] = htobe32(values[i]);
    }
    assert_int_equal(fdt_property(blob, name, cells, (int)(count * sizeof(cells[0]))), 0);
}

#define cells(name, ...)                                                                           \
    put_cells(name, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (uint32_t[]){__VA_ARGS__})

static void flag(const char *name)
{
    assert_int_equal(fdt_property(blob, name, NULL, 0), 0);
}

static void cell_counts(uint32_t address, uint32_t size)
{
    cells("#address-cells", address);
    cells("#size-cells", size);
}

static void read_tree(void)
{
    end();
    assert_int_equal(fdt_finish(blob), 0);
    assert_int_equal(fdt_check_full(blob, sizeof(blob)), 0);
    assert_true(guest_rig_read(blob, fdt_totalsize(blob)));
}

static void add_uart(const char *name, const char *compatible, uint32_t address)
{
    begin(name);
    text("compatible", compatible);
    cells("reg", address, 0x1000);
    end();
}

static void add_cpu(uint32_t number, const char *status, const char *method)
{
    begin("cpu");
    text("device_type", "cpu");
    cells("reg", number);
    if (status != NULL) {
        text("status", status);
    }
    if (method != NULL) {
        text("enable-method", method);
    }
    end();
}

/* Tests. */

/* A bus within a bus, as on the Raspberry Pi; stdout-path is an alias with settings. */
static void test_uart_behind_buses(void **state)
{
    (void)state;
    begin_tree();
    cell_counts(2, 1);
    begin("aliases");
    text("serial1", "/soc/bus@7e000000/serial@215040");
    end();
    begin("chosen");
    text("stdout-path", "serial1:115200n8");
    text("bootargs", "scenario=x");
    end();
    begin("soc");
    cell_counts(1, 1);
    cells("ranges", 0x7c000000, 0, 0xfc000000, 0x02000000, 0x7e000000, 0, 0xfe000000, 0x01800000);
    add_uart("serial@7e201000", "arm,pl011", 0x7e201000);
    begin("bus@7e000000");
    cell_counts(1, 1);
    cells("ranges", 0, 0x7e000000, 0x01000000);
    add_uart("serial@215040", "brcm,bcm2835-aux-uart", 0x215040);
    end();
    end();
    read_tree();
    assert_int_equal(platform.uart_kind, PLATFORM_UART_16550);
    assert_int_equal(platform.uart.base, 0xfe215040);
    assert_int_equal(platform.uart_shift, 2);
    assert_int_equal(platform.uart_width, 4);
    assert_string_equal(platform.bootargs, "scenario=x");
}

/* Without /chosen the first that is known, there, and reachable. */
static void test_first_uart(void **state)
{
    (void)state;
    begin_tree();
    cell_counts(1, 1);
    add_uart("serial@1000", "acme,uart", 0x1000);
    begin("i2c");
    cell_counts(1, 1);
    add_uart("serial@20", "ns16550a", 0x20); /* no ranges: not for the CPUs */
    end();
    begin("narrow");
    cell_counts(1, 1);
    cells("ranges", 0, 0x8000, 0x1800);
    add_uart("serial@1000", "ns16550a", 0x1000); /* its end lies beyond */
    end();
    begin("bus");
    text("status", "disabled");
    cell_counts(1, 1);
    flag("ranges");
    add_uart("serial@2000", "ns16550a", 0x2000);
    end();
    begin("serial@3000");
    text("compatible", "snps,dw-apb-uart");
    text("status", "ok");
    cells("reg", 0x3000, 0x100);
    cells("reg-shift", 2);
    cells("reg-io-width", 4);
    end();
    add_uart("serial@4000", "arm,pl011", 0x4000);
    read_tree();
    assert_int_equal(platform.uart_kind, PLATFORM_UART_16550);
    assert_int_equal(platform.uart.base, 0x3000);
    assert_int_equal(platform.uart_shift, 2);
    assert_int_equal(platform.uart_width, 4);
}

static void test_no_uart(void **state)
{
    (void)state;
    begin_tree();
    begin("chosen");
    text("stdout-path", "serial0"); /* which nobody is */
    end();
    read_tree();
    assert_int_equal(platform.uart_kind, PLATFORM_UART_NONE);
    assert_false(platform.psci_present);
    assert_int_equal(platform.gic, PLATFORM_GIC_NONE);
}

/* A path's last part may be without an address; a word that only begins alike is another. */
static void test_stdout_path(void **state)
{
    (void)state;
    begin_tree();
    cell_counts(1, 1);
    add_uart("serial@1000", "arm,pl011", 0x1000);
    add_uart("serial-b@2000", "arm,pl011", 0x2000);
    add_uart("uart@3000", "arm,sbsa-uart", 0x3000);
    begin("chosen");
    text("linux,stdout-path", "/uart");
    end();
    read_tree();
    assert_int_equal(platform.uart.base, 0x3000);
    assert_int_equal(platform.uart_kind, PLATFORM_UART_SBSA);
}

static void test_cpus(void **state)
{
    (void)state;
    begin_tree();
    begin("cpus");
    cell_counts(2, 0);
    for (uint32_t i = 0; i < 6; i++) {
        static const char *const statuses[] = {NULL, "okay", "disabled", "fail", "fail-x", NULL};
        static const char *const methods[] = {NULL, "psci", NULL, NULL, NULL, "spin-table"};

        begin("cpu");
        text("device_type", "cpu");
        cells("reg", i, 0x100 + i);
        if (statuses[i] != NULL) {
            text("status", statuses[i]);
        }
        if (methods[i] != NULL) {
            text("enable-method", methods[i]);
        }
        end();
    }
    end();
    read_tree();
    assert_int_equal(cpu_count, 3);
    assert_int_equal(cpus[0].mpidr, 0x100);
    assert_int_equal(cpus[1].mpidr, 0x100000101);
    assert_int_equal(cpus[2].mpidr, 0x500000105);
    assert_false(cpus[0].other_method);
    assert_false(cpus[1].other_method);
    assert_true(cpus[2].other_method);
}

static void test_cpus_with_one_cell(void **state)
{
    (void)state;
    begin_tree();
    begin("cpus");
    cell_counts(1, 0);
    add_cpu(0, NULL, "psci");
    add_cpu(0x80000001, NULL, "psci"); /* no affinity field has that bit */
    add_cpu(0x30201, NULL, "psci");
    end();
    read_tree();
    assert_int_equal(cpu_count, 2);
    assert_int_equal(cpus[1].mpidr, 0x30201);
}

/* Which of the interrupts are the GIC's, however they are written down. */
static void test_interrupts(void **state)
{
    (void)state;
    begin_tree();
    cell_counts(1, 1);
    cells("interrupt-parent", 1);
    begin("gic");
    text("compatible", "arm,gic-400");
    cells("#interrupt-cells", 3);
    cells("reg", 0x1000, 0x1000, 0x2000, 0x2000);
    cells("phandle", 1);
    end();
    begin("expander");
    cells("#interrupt-cells", 2);
    cells("phandle", 2);
    end();
    begin("rtc");
    text("compatible", "arm,pl031");
    cells("reg", 0x3000, 0x1000);
    cells("interrupts-extended", 1, 0, 7, 4);
    end();
    begin("serial");
    text("compatible", "arm,pl011");
    cells("reg", 0x4000, 0x1000);
    cells("interrupt-parent", 2);
    cells("interrupts", 3, 4);
    end();
    begin("timer");
    text("compatible", "arm,armv8-timer");
    cells("interrupts", 1, 11, 4, 1, 14, 4, 1, 10, 4);
    assert_int_equal(fdt_property(blob, "interrupt-names", "virt\0phys\0hyp-phys", 19), 0);
    flag("always-on");
    end();
    read_tree();
    assert_int_equal(platform.gic, PLATFORM_GIC_V2);
    assert_int_equal(platform.gicd.base, 0x1000);
    assert_int_equal(platform.gicc.base, 0x2000);
    assert_int_equal(platform.rtc_intid, 39);
    assert_int_equal(platform.uart_intid, 0);
    assert_int_equal(platform.virtual_timer_intid, 27);
    assert_int_equal(platform.physical_timer_intid, 30);
    assert_true(platform.timer_always_on);
}

static void test_psci_0_1(void **state)
{
    (void)state;
    begin_tree();
    begin("psci");
    text("compatible", "arm,psci");
    text("method", "smc");
    cells("cpu_suspend", 0x95c1ba5e);
    cells("cpu_off", 0x95c1ba5f);
    cells("cpu_on", 0x95c1ba60);
    cells("migrate", 0x95c1ba61);
    end();
    read_tree();
    assert_false(platform.psci_present);
    assert_true(platform.psci_0_1_present);
    assert_true(platform.psci_smc);
    assert_int_equal(platform.psci_0_1.cpu_suspend, 0x95c1ba5e);
    assert_int_equal(platform.psci_0_1.cpu_off, 0x95c1ba5f);
    assert_int_equal(platform.psci_0_1.cpu_on, 0x95c1ba60);
    assert_int_equal(platform.psci_0_1.migrate, 0x95c1ba61);
}

/* Several banks in several nodes; scratch memory keeps clear of what is reserved. */
static void test_memory(void **state)
{
    uint64_t image = (uint64_t)(uintptr_t)image_end;
    uint64_t first = (image + 0x200000) & ~UINT64_C(0x1fffff);

    (void)state;
    begin_tree();
    cell_counts(2, 2);
    begin("memory@0");
    text("device_type", "memory");
    cells("reg", 0, 0x1000, 0, 0x1000, 0, 0x8000, 0, 0, 0, 0x10000, 0, 0x2000);
    end();
    begin("memory@1");
    text("device_type", "memory");
    cells("reg", (uint32_t)(first >> 32), (uint32_t)first, 0, 0x4000000);
    end();
    begin("reserved-memory");
    cell_counts(2, 2);
    flag("ranges");
    begin("firmware");
    cells("reg", (uint32_t)((first + 0x800000) >> 32), (uint32_t)(first + 0x800000), 0, 0x1000);
    end();
    begin("other");
    cells("reg", (uint32_t)(first >> 32), (uint32_t)first, 0, 0x1000);
    end();
    end();
    read_tree();
    assert_int_equal(platform.ram_count, 3);
    assert_int_equal(platform_ram_end(), first + 0x4000000);
    assert_true(platform_ram_contains(0x10000, 0x2000));
    assert_false(platform_ram_contains(0x11000, 0x2000));

    struct region scratch = platform_scratch();
    assert_int_equal(scratch.size, 0x800000);
    assert_int_equal(scratch.base, first + 0xa00000);
}

/* Idle states, each of a list of CPUs. */
static void test_idle_of_cpus(void **state)
{
    (void)state;
    begin_tree();
    begin("cpus");
    cell_counts(1, 0);
    for (uint32_t i = 0; i < 2; i++) {
        begin("cpu");
        text("device_type", "cpu");
        cells("reg", i);
        if (i == 0) {
            cells("cpu-idle-states", 12, 11, 99);
        } else {
            cells("cpu-idle-states", 11);
        }
        end();
    }
    begin("idle-states");
    for (uint32_t i = 10; i < 13; i++) {
        static const char *const names[] = {"unused", "light", "deep"};

        begin(names[i - 10]);
        text("compatible", "arm,idle-state");
        cells("arm,psci-suspend-param", 0x10000 + i);
        cells("phandle", i);
        if (i == 12) {
            flag("local-timer-stop");
        }
        end();
    }
    end();
    end();
    read_tree();
    assert_int_equal(platform_idle_count(), 2);
    assert_string_equal(platform_idle(0)->name, "light");
    assert_int_equal(platform_idle(0)->value, 0x1000b);
    assert_int_equal(platform_idle(0)->level, 0);
    assert_false(platform_idle(0)->timer_stops);
    assert_true(platform_idle(1)->timer_stops);
    assert_true(platform_cpu_idles(0, 0) && platform_cpu_idles(0, 1));
    assert_true(platform_cpu_idles(1, 0));
    assert_false(platform_cpu_idles(1, 1));
    assert_int_equal(platform_domain(0, 1), PLATFORM_NO_DOMAIN);
}

static void add_domain(const char *name, uint32_t phandle, uint32_t parent, uint32_t idle)
{
    begin(name);
    cells("#power-domain-cells", 0);
    cells("phandle", phandle);
    if (parent != 0) {
        cells("power-domains", parent);
    }
    if (idle != 0) {
        cells("domain-idle-states", idle);
    }
    end();
}

static void add_state(const char *compatible, uint32_t phandle)
{
    begin(compatible);
    text("compatible", compatible);
    cells("arm,psci-suspend-param", 0x40000000 + phandle);
    cells("phandle", phandle);
    end();
}

/* CPUs that name their cluster's domain, after one that is nothing to PSCI; a system around them.
 */
static void test_idle_of_domains(void **state)
{
    (void)state;
    begin_tree();
    begin("cpus");
    cell_counts(1, 0);
    for (uint32_t i = 0; i < 3; i++) {
        begin("cpu");
        text("device_type", "cpu");
        cells("reg", i);
        cells("cpu-idle-states", 20);
        cells("power-domains", 30, 7, 8, 31 + i / 2);
        assert_int_equal(fdt_property(blob, "power-domain-names", "perf\0psci", 10), 0);
        end();
    }
    add_state("arm,idle-state", 20);
    add_state("domain-idle-state", 21);
    end();
    begin("perf");
    cells("#power-domain-cells", 2);
    cells("phandle", 30);
    end();
    begin("psci");
    text("compatible", "arm,psci-1.0");
    add_domain("pd0", 31, 33, 21);
    add_domain("pd1", 32, 33, 21);
    add_domain("system", 33, 33, 22); /* its own parent: nothing to loop about */
    add_state("domain-idle-state", 22);
    end();
    read_tree();
    assert_int_equal(platform_idle_count(), 3);
    assert_int_equal(platform_idle(0)->level, 0);
    assert_int_equal(platform_idle(1)->level, 1);
    assert_int_equal(platform_idle(2)->level, 2);
    assert_int_equal(platform_domain(0, 0), PLATFORM_NO_DOMAIN);
    assert_int_equal(platform_domain(0, 1), 0);
    assert_int_equal(platform_domain(1, 1), 0);
    assert_int_equal(platform_domain(2, 1), 1);
    assert_int_equal(platform_domain(0, 2), platform_domain(2, 2));
}

/* What lies deeper than the reader looks, and does not keep it from what comes after. */
static void test_deep_nodes(void **state)
{
    (void)state;
    begin_tree();
    cell_counts(1, 1);
    for (unsigned i = 0; i < 2 * TREE_DEPTH_MAX; i++) {
        begin("deep");
    }
    text("compatible", "arm,psci-1.0");
    for (unsigned i = 0; i < 2 * TREE_DEPTH_MAX; i++) {
        end();
    }
    add_uart("serial@1000", "arm,pl011", 0x1000);
    read_tree();
    assert_false(platform.psci_present);
    assert_int_equal(platform.uart.base, 0x1000);
}

/* A domain that two CPUs name is around them, whatever its states are of. */
static void test_shared_domain(void **state)
{
    (void)state;
    begin_tree();
    begin("cpus");
    cell_counts(1, 0);
    for (uint32_t i = 0; i < 3; i++) {
        begin("cpu");
        text("device_type", "cpu");
        cells("reg", i);
        cells("power-domains", 31 + i / 2);
        end();
    }
    add_state("arm,idle-state", 20);
    end();
    begin("psci");
    add_domain("pd0", 31, 0, 20);
    add_domain("pd1", 32, 0, 20);
    end();
    read_tree();
    assert_int_equal(platform_idle(0)->level, 0);
    assert_int_equal(platform_domain(0, 0), PLATFORM_NO_DOMAIN);
    assert_int_equal(platform_domain(0, 1), 0);
    assert_int_equal(platform_domain(1, 1), 0);
    assert_int_equal(platform_domain(2, 0), 0);
    assert_int_equal(platform_domain(2, 1), PLATFORM_NO_DOMAIN);
}

/* A small tree that has something of everything, for the next two. */
static size_t small_tree(void)
{
    test_idle_of_domains(NULL);
    return fdt_totalsize(blob);
}

/* Whatever is cut off: nothing behind the end is looked at. */
static void test_truncated(void **state)
{
    size_t size = small_tree();

    (void)state;
    for (size_t cut = size - 1; cut >= 40; cut--) {
        (void)guest_rig_read(blob, cut);
    }
    assert_false(guest_rig_read(blob, 40));
}

/* The same tree with its structure at the very end, cut off after so many bytes. */
static size_t structure_last(uint8_t *to, uint32_t cut)
{
    uint32_t strings = fdt_off_mem_rsvmap(blob) + sizeof(struct fdt_reserve_entry);
    uint32_t structure = (strings + fdt_size_dt_strings(blob) + 3) / 4 * 4;

    memcpy(to, blob, strings);
    memcpy(to + strings, (uint8_t *)blob + fdt_off_dt_strings(blob), fdt_size_dt_strings(blob));
    memcpy(to + structure, (uint8_t *)blob + fdt_off_dt_struct(blob), cut);
    fdt_set_off_dt_strings(to, strings);
    fdt_set_off_dt_struct(to, structure);
    fdt_set_size_dt_struct(to, cut);
    return structure + cut;
}

static void test_truncated_structure(void **state)
{
    static uint8_t other[BLOB_SIZE];

    (void)state;
    (void)small_tree();
    for (uint32_t cut = fdt_size_dt_struct(blob); cut > 0; cut -= 4) {
        assert_true(guest_rig_read(other, structure_last(other, cut)));
        assert_true(cut < fdt_size_dt_struct(blob) || platform_idle_count() == 3);
    }
}

/* Texts that nothing ends, as the last thing there is. */
static void test_unended_text(void **state)
{
    static uint8_t other[BLOB_SIZE];
    static const char *const names[] = {"compatible", "status", "device_type"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        begin_tree();
        begin("arm,pl011");
        assert_int_equal(fdt_property(blob, names[i], "okaycpu,arm,pl01", 16), 0);
        end();
        end();
        assert_int_equal(fdt_finish(blob), 0);
        assert_true(guest_rig_read(other, structure_last(other, fdt_size_dt_struct(blob) - 12)));
    }
}

static void test_damaged(void **state)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    size_t size = small_tree();

    (void)state;
    for (size_t i = 0; i < size; i++) {
        uint8_t right = blob[i];

        for (size_t k = 0; k < sizeof(values); k++) {
            blob[i] = values[k];
            (void)guest_rig_read(blob, size);
        }
        blob[i] = right;
    }
    assert_true(guest_rig_read(blob, size));
    assert_int_equal(platform_idle_count(), 3);
}

static void test_no_tree(void **state)
{
    struct tree_node node;

    (void)state;
    assert_false(tree_open(NULL, &node));
    assert_int_equal(tree_size(NULL), 0);
    memset(blob, 0xd0, sizeof(blob));
    assert_false(tree_open(blob, &node));
    (void)small_tree();
    assert_true(tree_open(blob, &node));
    fdt_set_totalsize(blob, TREE_SIZE_MAX + 4);
    assert_false(tree_open(blob, &node));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uart_behind_buses),
        cmocka_unit_test(test_first_uart),
        cmocka_unit_test(test_no_uart),
        cmocka_unit_test(test_stdout_path),
        cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_cpus_with_one_cell),
        cmocka_unit_test(test_interrupts),
        cmocka_unit_test(test_psci_0_1),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_idle_of_cpus),
        cmocka_unit_test(test_idle_of_domains),
        cmocka_unit_test(test_shared_domain),
        cmocka_unit_test(test_deep_nodes),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_truncated_structure),
        cmocka_unit_test(test_unended_text),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_no_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
