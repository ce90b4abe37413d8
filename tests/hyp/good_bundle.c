/* SPDX-License-Identifier: BSD-2-Clause */
#include "good_bundle.h"

#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

static uint8_t *tree;

static void put_bytes(const char *name, const void *bytes, size_t size)
{
    assert_int_equal(fdt_property(tree, name, bytes, (int)size), 0);
}

static void put_number(const char *name, uint64_t value)
{
    uint64_t bytes = htobe64(value);

    put_bytes(name, &bytes, sizeof(bytes));
}

static void put_cells(const char *name, size_t count, const uint32_t *values)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(count <= 16);
    }
    uint32_t cells[16];

    for (size_t i = 0; i < count; i++) {
        cells[i] = htobe32(values[i]);
    }
    put_bytes(name, cells, count * sizeof(cells[0]));
}

#define CELLS(name, ...)                                                                           \
    put_cells(name, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (uint32_t[]){__VA_ARGS__})

static void begin(const char *name)
{
    assert_int_equal(fdt_begin_node(tree, name), 0);
}

static void end(void)
{
    assert_int_equal(fdt_end_node(tree), 0);
}

static void module(const char *name, uint64_t offset, uint64_t load)
{
    begin(name);
    put_number("offset", offset);
    put_number("size", 4096);
    put_number("load", load);
}

static void device(const char *name, uint32_t ipa, uint32_t intid)
{
    begin(name);
    CELLS("reg", 0, ipa, 0, 0x1000);
    CELLS("interrupts", intid);
}

static void first_vm(void)
{
    static const char enable[] = "system-suspend\0os-initiated";

    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    put_bytes("label", "first", 6);
    CELLS("cores", 1, 3);
    put_number("memory", 64 << 20);
    put_number("entry", 0x40200000);
    put_number("argument", 0x40300000);
    put_bytes("suspend", "control", 8);
    put_bytes("enable", enable, sizeof(enable));
    CELLS("psci-version", 0x10001);
    CELLS("power-states", 1, 0, 2, 0xff, 0x10002, 0, 1, 0xff);
    CELLS("clusters", 0, 1);
    device("device@9000000", 0x09000000, 33);
    put_number("pa", 0x09000000);
    end();
    device("device@9010000", 0x09010000, 34);
    put_bytes("emulate", "pl031", 6);
    end();
    module("module@0", GOOD_MODULE, 0x40200000);
    put_number("room", 8192);
    end();
    module("module@1", GOOD_MODULE + 4096, 0x40300000);
    end();
}

static void second_vm(void)
{
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    CELLS("cores", 0);
    put_number("memory", 2 << 20);
    put_number("entry", 0x40000000);
    put_bytes("control", NULL, 0);
    CELLS("control-interrupt", 46);
    device("device@9000000", 0x09000000, 40);
    put_number("pa", 0x09040000);
    end();
    module("module@0", GOOD_MODULE, 0x40000000);
    end();
}

void good_bundle(uint8_t bytes[GOOD_BUNDLE_SIZE])
{
    tree = bytes;
    memset(bytes, 0, GOOD_BUNDLE_SIZE);
    assert_int_equal(fdt_create(tree, GOOD_MODULE), 0);
    assert_int_equal(fdt_finish_reservemap(tree), 0);
    begin("");
    put_bytes("compatible", "dormouse,hyp-vms", 17);
    begin("vm@0");
    first_vm();
    end();
    begin("vm@1");
    second_vm();
    end();
    end();
    assert_int_equal(fdt_finish(tree), 0);
}
