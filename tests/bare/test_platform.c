/* SPDX-License-Identifier: BSD-2-Clause */
/* What the bare-metal guest makes of a machine's device tree: bare/platform_*.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libfdt.h>

#include "bare/platform.h"
#include "bare/platform_idle.h"
#include "bare/smp.h"
#include "guest_blob.h"

static void blob_cpu(uint32_t number, const char *status, const char *method)
{
    blob_node("cpu");
    blob_text("device_type", "cpu");
    blob_cells("reg", number);
    if (status != NULL) {
        blob_text("status", status);
    }
    if (method != NULL) {
        blob_text("enable-method", method);
    }
    blob_end();
}

/* A bus within a bus, as on the Raspberry Pi; stdout-path is an alias with settings. */
static void test_uart_behind_buses(void **state)
{
    (void)state;
    blob_begin();
    blob_cell_counts(2, 1);
    blob_node("aliases");
    blob_text("serial1", "/soc/bus@7e000000/serial@215040");
    blob_end();
    blob_node("chosen");
    blob_text("stdout-path", "serial1:115200n8");
    blob_text("bootargs", "scenario=x");
    blob_end();
    blob_node("soc");
    blob_cell_counts(1, 1);
    blob_cells("ranges", 0x7c000000, 0, 0xfc000000, 0x02000000, 0x7e000000, 0, 0xfe000000,
               0x01800000);
    blob_uart("serial@7e201000", "arm,pl011", 0x7e201000);
    blob_node("bus@7e000000");
    blob_cell_counts(1, 1);
    blob_cells("ranges", 0, 0x7e000000, 0x01000000);
    blob_uart("serial@215040", "brcm,bcm2835-aux-uart", 0x215040);
    blob_end();
    blob_end();
    blob_read();
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
    blob_begin();
    blob_cell_counts(1, 1);
    blob_uart("serial@1000", "acme,uart", 0x1000);
    blob_node("i2c");
    blob_cell_counts(1, 1);
    blob_uart("serial@20", "ns16550a", 0x20); /* no ranges: not for the CPUs */
    blob_end();
    blob_node("narrow");
    blob_cell_counts(1, 1);
    blob_cells("ranges", 0, 0x8000, 0x1800);
    blob_uart("serial@1000", "ns16550a", 0x1000); /* its end lies beyond */
    blob_end();
    blob_node("bus");
    blob_text("status", "disabled");
    blob_cell_counts(1, 1);
    blob_flag("ranges");
    blob_uart("serial@2000", "ns16550a", 0x2000);
    blob_end();
    blob_node("serial@3000");
    blob_text("compatible", "snps,dw-apb-uart");
    blob_text("status", "ok");
    blob_cells("reg", 0x3000, 0x100);
    blob_cells("reg-shift", 2);
    blob_cells("reg-io-width", 4);
    blob_end();
    blob_uart("serial@4000", "arm,pl011", 0x4000);
    blob_read();
    assert_int_equal(platform.uart_kind, PLATFORM_UART_16550);
    assert_int_equal(platform.uart.base, 0x3000);
    assert_int_equal(platform.uart_shift, 2);
    assert_int_equal(platform.uart_width, 4);
}

static void test_no_uart(void **state)
{
    (void)state;
    blob_begin();
    blob_node("chosen");
    blob_text("stdout-path", "serial0"); /* an alias that is not there */
    blob_end();
    blob_read();
    assert_int_equal(platform.uart_kind, PLATFORM_UART_NONE);
    assert_false(platform.psci_present);
    assert_int_equal(platform.gic, PLATFORM_GIC_NONE);
}

/* A path's last part may be without an address; a word that only begins alike is another. */
static void test_stdout_path(void **state)
{
    (void)state;
    blob_begin();
    blob_cell_counts(1, 1);
    blob_uart("serial@1000", "arm,pl011", 0x1000);
    blob_uart("serial-b@2000", "arm,pl011", 0x2000);
    blob_uart("uart@3000", "arm,sbsa-uart", 0x3000);
    blob_node("chosen");
    blob_text("linux,stdout-path", "/uart");
    blob_end();
    blob_read();
    assert_int_equal(platform.uart.base, 0x3000);
    assert_int_equal(platform.uart_kind, PLATFORM_UART_SBSA);
}

static void test_cpus(void **state)
{
    (void)state;
    blob_begin();
    blob_node("cpus");
    blob_cell_counts(2, 0);
    for (uint32_t i = 0; i < 6; i++) {
        static const char *const statuses[] = {NULL, "okay", "disabled", "fail", "fail-x", NULL};
        static const char *const methods[] = {NULL, "psci", NULL, NULL, NULL, "spin-table"};

        blob_node("cpu");
        blob_text("device_type", "cpu");
        blob_cells("reg", i, 0x100 + i);
        if (statuses[i] != NULL) {
            blob_text("status", statuses[i]);
        }
        if (methods[i] != NULL) {
            blob_text("enable-method", methods[i]);
        }
        blob_end();
    }
    blob_end();
    blob_read();
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
    blob_begin();
    blob_node("cpus");
    blob_cell_counts(1, 0);
    blob_cpu(0, NULL, "psci");
    blob_cpu(0x80000001, NULL, "psci"); /* no affinity field has that bit */
    blob_cpu(0x30201, NULL, "psci");
    blob_end();
    blob_read();
    assert_int_equal(cpu_count, 2);
    assert_int_equal(cpus[1].mpidr, 0x30201);
}

/* Which of the interrupts are the GIC's, however they are written down. */
static void test_interrupts(void **state)
{
    (void)state;
    blob_begin();
    blob_cell_counts(1, 1);
    blob_cells("interrupt-parent", 1);
    blob_node("gic");
    blob_text("compatible", "arm,gic-400");
    blob_cells("#interrupt-cells", 3);
    blob_cells("reg", 0x1000, 0x1000, 0x2000, 0x2000);
    blob_cells("phandle", 1);
    blob_end();
    blob_node("expander");
    blob_cells("#interrupt-cells", 2);
    blob_cells("phandle", 2);
    blob_end();
    blob_node("rtc");
    blob_text("compatible", "arm,pl031");
    blob_cells("reg", 0x3000, 0x1000);
    blob_cells("interrupts-extended", 1, 0, 7, 4);
    blob_end();
    blob_node("serial");
    blob_text("compatible", "arm,pl011");
    blob_cells("reg", 0x4000, 0x1000);
    blob_cells("interrupt-parent", 2);
    blob_cells("interrupts", 3, 4);
    blob_end();
    blob_node("timer");
    blob_text("compatible", "arm,armv8-timer");
    blob_cells("interrupts", 1, 11, 4, 1, 14, 4, 1, 10, 4);
    assert_int_equal(fdt_property(blob, "interrupt-names", "virt\0phys\0hyp-phys", 19), 0);
    blob_flag("always-on");
    blob_end();
    blob_read();
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
    blob_begin();
    blob_node("psci");
    blob_text("compatible", "arm,psci");
    blob_text("method", "smc");
    blob_cells("cpu_suspend", 0x95c1ba5e);
    blob_cells("cpu_off", 0x95c1ba5f);
    blob_cells("cpu_on", 0x95c1ba60);
    blob_cells("migrate", 0x95c1ba61);
    blob_end();
    blob_read();
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
    blob_begin();
    blob_cell_counts(2, 2);
    blob_node("memory@0");
    blob_text("device_type", "memory");
    blob_cells("reg", 0, 0x1000, 0, 0x1000, 0, 0x8000, 0, 0, 0, 0x10000, 0, 0x2000);
    blob_end();
    blob_node("memory@1");
    blob_text("device_type", "memory");
    blob_cells("reg", (uint32_t)(first >> 32), (uint32_t)first, 0, 0x4000000);
    blob_end();
    blob_node("reserved-memory");
    blob_cell_counts(2, 2);
    blob_flag("ranges");
    blob_node("firmware");
    blob_cells("reg", (uint32_t)((first + 0x800000) >> 32), (uint32_t)(first + 0x800000), 0,
               0x1000);
    blob_end();
    blob_node("other");
    blob_cells("reg", (uint32_t)(first >> 32), (uint32_t)first, 0, 0x1000);
    blob_end();
    blob_end();
    blob_read();
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
    blob_begin();
    blob_node("cpus");
    blob_cell_counts(1, 0);
    for (uint32_t i = 0; i < 2; i++) {
        blob_node("cpu");
        blob_text("device_type", "cpu");
        blob_cells("reg", i);
        if (i == 0) {
            blob_cells("cpu-idle-states", 12, 11, 99);
        } else {
            blob_cells("cpu-idle-states", 11);
        }
        blob_end();
    }
    blob_node("idle-states");
    for (uint32_t i = 10; i < 13; i++) {
        static const char *const names[] = {"unused", "light", "deep"};

        blob_node(names[i - 10]);
        blob_text("compatible", "arm,idle-state");
        blob_cells("arm,psci-suspend-param", 0x10000 + i);
        blob_cells("phandle", i);
        if (i == 12) {
            blob_flag("local-timer-stop");
        }
        blob_end();
    }
    blob_end();
    blob_end();
    blob_read();
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

/* CPUs that name their cluster's domain, after one that is nothing to PSCI; a system around them.
 */
static void test_idle_of_domains(void **state)
{
    (void)state;
    blob_of_domains();
    blob_read();
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

/* A domain that two CPUs name is around them, whatever its states are of. */
static void test_shared_domain(void **state)
{
    (void)state;
    blob_begin();
    blob_node("cpus");
    blob_cell_counts(1, 0);
    for (uint32_t i = 0; i < 3; i++) {
        blob_node("cpu");
        blob_text("device_type", "cpu");
        blob_cells("reg", i);
        blob_cells("power-domains", 31 + i / 2);
        blob_end();
    }
    blob_state("arm,idle-state", 20);
    blob_end();
    blob_node("psci");
    blob_domain("pd0", 31, 0, 20);
    blob_domain("pd1", 32, 0, 20);
    blob_end();
    blob_read();
    assert_int_equal(platform_idle(0)->level, 0);
    assert_int_equal(platform_domain(0, 0), PLATFORM_NO_DOMAIN);
    assert_int_equal(platform_domain(0, 1), 0);
    assert_int_equal(platform_domain(1, 1), 0);
    assert_int_equal(platform_domain(2, 0), 0);
    assert_int_equal(platform_domain(2, 1), PLATFORM_NO_DOMAIN);
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
