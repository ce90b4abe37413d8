/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest_blob.h"

#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "guest_rig.h"

enum { CELLS_MAX = 32 };

uint8_t blob[BLOB_SIZE];

void blob_begin(void)
{
    assert_int_equal(fdt_create(blob, sizeof(blob)), 0);
    assert_int_equal(fdt_finish_reservemap(blob), 0);
    assert_int_equal(fdt_begin_node(blob, ""), 0);
}

void blob_node(const char *name)
{
    assert_int_equal(fdt_begin_node(blob, name), 0);
}

void blob_end(void)
{
    assert_int_equal(fdt_end_node(blob), 0);
}

void blob_text(const char *name, const char *value)
{
    assert_int_equal(fdt_property(blob, name, value, (int)strlen(value) + 1), 0);
}

void blob_put_cells(const char *name, size_t count, const uint32_t *values)
{
    uint32_t cells[CELLS_MAX];

    assert_true(count <= CELLS_MAX);
    for (size_t i = 0; i < count; i++) {
        cells[i] = htobe32(values[i]);
    }
    assert_int_equal(fdt_property(blob, name, cells, (int)(count * sizeof(cells[0]))), 0);
}

void blob_flag(const char *name)
{
    assert_int_equal(fdt_property(blob, name, NULL, 0), 0);
}

void blob_cell_counts(uint32_t address, uint32_t size)
{
    blob_cells("#address-cells", address);
    blob_cells("#size-cells", size);
}

void blob_read(void)
{
    blob_end();
    assert_int_equal(fdt_finish(blob), 0);
    assert_int_equal(fdt_check_full(blob, sizeof(blob)), 0);
    assert_true(guest_rig_read(blob, fdt_totalsize(blob)));
}

void blob_uart(const char *name, const char *compatible, uint32_t address)
{
    blob_node(name);
    blob_text("compatible", compatible);
    blob_cells("reg", address, 0x1000);
    blob_end();
}

void blob_domain(const char *name, uint32_t phandle, uint32_t parent, uint32_t idle)
{
    blob_node(name);
    blob_cells("#power-domain-cells", 0);
    blob_cells("phandle", phandle);
    if (parent != 0) {
        blob_cells("power-domains", parent);
    }
    if (idle != 0) {
        blob_cells("domain-idle-states", idle);
    }
    blob_end();
}

void blob_state(const char *compatible, uint32_t phandle)
{
    blob_node(compatible);
    blob_text("compatible", compatible);
    blob_cells("arm,psci-suspend-param", 0x40000000 + phandle);
    blob_cells("phandle", phandle);
    blob_end();
}

void blob_of_domains(void)
{
    blob_begin();
    blob_node("cpus");
    blob_cell_counts(1, 0);
    for (uint32_t i = 0; i < 3; i++) {
        blob_node("cpu");
        blob_text("device_type", "cpu");
        blob_cells("reg", i);
        blob_cells("cpu-idle-states", 20);
        blob_cells("power-domains", 30, 7, 8, 31 + i / 2);
        assert_int_equal(fdt_property(blob, "power-domain-names", "perf\0psci", 10), 0);
        blob_end();
    }
    blob_state("arm,idle-state", 20);
    blob_state("domain-idle-state", 21);
    blob_end();
    blob_node("perf");
    blob_cells("#power-domain-cells", 2);
    blob_cells("phandle", 30);
    blob_end();
    blob_node("psci");
    blob_text("compatible", "arm,psci-1.0");
    blob_domain("pd0", 31, 33, 21);
    blob_domain("pd1", 32, 33, 21);
    blob_domain("system", 33, 33, 22); /* its own parent: nothing to loop about */
    blob_state("domain-idle-state", 22);
    blob_end();
}
