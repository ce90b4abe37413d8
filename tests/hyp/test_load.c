/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp/core/memory_map.c and load.c: what of the machine's RAM is free, and what is put into it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "load.h"

#define MIB (UINT64_C(1) << 20)

enum { TREE_SIZE = 4096, RAM_SIZE = 4 << 20 };

#define TREE_PA UINT64_C(0x49e00000)
#define FAKE_PA UINT64_C(0x50000000)

static uint8_t tree[TREE_SIZE] __attribute__((aligned(8)));
static uint8_t ram[RAM_SIZE];
static uint8_t modules[8192];
static struct memory_map map;
static uint64_t cleaned;

void *arch_memory(uint64_t pa)
{
    if (pa < FAKE_PA) {
        return modules + pa;
    }
    assert_true(pa - FAKE_PA < RAM_SIZE);
    return ram + (pa - FAKE_PA);
}

void arch_clean(const void *address, uint64_t size)
{
    (void)address;
    cleaned += size;
}

static void put_cells(const char *name, size_t count, const uint32_t *values)
{
    fdt32_t cells[8];

    assert_true(count <= 8);
    for (size_t i = 0; i < count; i++) {
        cells[i] = cpu_to_fdt32(values[i]);
    }
    assert_int_equal(fdt_property(tree, name, cells, (int)(count * sizeof(cells[0]))), 0);
}

#define CELLS(name, ...)                                                                           \
    put_cells(name, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (uint32_t[]){__VA_ARGS__})

static void put_memory(const char *name, uint32_t base, uint32_t size)
{
    assert_int_equal(fdt_begin_node(tree, name), 0);
    assert_int_equal(fdt_property_string(tree, "device_type", "memory"), 0);
    CELLS("reg", 0, base, 0, size);
    assert_int_equal(fdt_end_node(tree), 0);
}

/* RAM from 1 GiB to 2 GiB, and 64 MiB from 3 GiB on; the bundle has 32 MiB at 0x48000000. */
static void make_tree(void)
{
    assert_int_equal(fdt_create(tree, TREE_SIZE), 0);
    assert_int_equal(fdt_add_reservemap_entry(tree, 0x7ff00000, 0x100000), 0);
    assert_int_equal(fdt_finish_reservemap(tree), 0);
    assert_int_equal(fdt_begin_node(tree, ""), 0);
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    put_memory("memory@40000000", 0x40000000, 0x40000000);
    put_memory("memory@c0000000", 0xc0000000, 0x04000000);
    assert_int_equal(fdt_begin_node(tree, "reserved-memory"), 0);
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    assert_int_equal(fdt_property(tree, "ranges", NULL, 0), 0);
    assert_int_equal(fdt_begin_node(tree, "firmware@c3e00000"), 0);
    CELLS("reg", 0, 0xc3e00000, 0, 0x00200000);
    assert_int_equal(fdt_end_node(tree), 0);
    assert_int_equal(fdt_end_node(tree), 0);
    assert_int_equal(fdt_begin_node(tree, "chosen"), 0);
    CELLS("linux,initrd-start", 0, 0x48000000);
    CELLS("linux,initrd-end", 0x4a000000);
    assert_int_equal(fdt_end_node(tree), 0);
    assert_int_equal(fdt_end_node(tree), 0);
    assert_int_equal(fdt_finish(tree), 0);
}

static int setup(void **state)
{
    (void)state;
    make_tree();
    assert_true(memory_map_read(tree, TREE_PA, &map));
    memset(vms, 0, sizeof(vms));
    vm_count = 0;
    cleaned = 0;
    return 0;
}

static void add_vm(uint64_t size)
{
    vms[vm_count].regions[0] = (struct vm_region){.ipa = 0x40000000, .size = size};
    vms[vm_count++].region_count = 1;
}

static void test_map(void **state)
{
    (void)state;
    assert_int_equal(map.ram_count, 2);
    assert_int_equal(map.ram[1].base, 0xc0000000);
    assert_int_equal(map.ram[1].size, 64 * MIB);
    assert_int_equal(map.bundle.base, 0x48000000);
    assert_int_equal(map.bundle.size, 32 * MIB);
    assert_int_equal(map.used_count, 4); /* the tree, the block's entry, the firmware, the bundle */
}

static void test_no_map(void **state)
{
    (void)state;
    memset(tree, 0, sizeof(tree));
    assert_false(memory_map_read(tree, TREE_PA, &map));
    assert_int_equal(fdt_create_empty_tree(tree, TREE_SIZE), 0);
    assert_false(memory_map_read(tree, TREE_PA, &map));
}

static void test_ranges_are_limited(void **state)
{
    (void)state;
    for (unsigned i = map.used_count; i < MEMORY_RANGE_MAX; i++) {
        assert_true(memory_map_use(&map, i, 1));
    }
    assert_false(memory_map_use(&map, 1, 1));
    assert_true(memory_map_use(&map, 1, 0)); /* nothing */
}

/* From the top: below the firmware, then where there is room, never over what is used. */
static void test_places(void **state)
{
    (void)state;
    add_vm(32 * MIB);
    add_vm(32 * MIB);
    add_vm(512 * MIB);
    assert_null(load_place(&map));
    assert_int_equal(vms[0].regions[0].pa, 0xc1e00000);
    assert_int_equal(vms[1].regions[0].pa, 0x7de00000);
    assert_int_equal(vms[2].regions[0].pa, 0x5de00000);
}

/* Below the bundle, and in gaps that are filled to the last byte. */
static void test_little_room(void **state)
{
    (void)state;
    add_vm(800 * MIB);
    add_vm(128 * MIB);
    add_vm(62 * MIB);
    add_vm(62 * MIB);
    assert_null(load_place(&map));
    assert_int_equal(vms[0].regions[0].pa, 0x4de00000);
    assert_int_equal(vms[1].regions[0].pa, 0x40000000);
    assert_int_equal(vms[2].regions[0].pa, 0xc0000000);
    assert_int_equal(vms[3].regions[0].pa, 0x4a000000);
}

/* hyp has no addresses for RAM from 512 GiB on. */
static void test_ram_that_cannot_be_mapped(void **state)
{
    (void)state;
    map.ram[1] = (struct memory_range){(UINT64_C(1) << 39) - 64 * MIB, 1024 * MIB};
    add_vm(32 * MIB);
    add_vm(64 * MIB);
    assert_null(load_place(&map));
    assert_int_equal(vms[0].regions[0].pa, (UINT64_C(1) << 39) - 32 * MIB);
    assert_int_equal(vms[1].regions[0].pa, 0x7be00000);
    map.ram[1].base = UINT64_C(1) << 40;
    assert_null(load_place(&map));
    assert_int_equal(vms[0].regions[0].pa, 0x7de00000);
}

static void test_no_room(void **state)
{
    (void)state;
    add_vm(64 * MIB);
    add_vm(1024 * MIB);
    assert_ptr_equal(load_place(&map), &vms[1]);
}

static void test_load(void **state)
{
    (void)state;
    add_vm(RAM_SIZE);
    vms[0].regions[0].pa = FAKE_PA;
    vms[0].module_count = 1;
    vms[0].modules[0] = (struct vm_module){.pa = 100, .size = 200, .ipa = 0x40001000, .room = 300};
    memset(modules, 0x5a, sizeof(modules));
    memset(ram, 0xa5, sizeof(ram));
    load_vm(&vms[0], false);
    assert_int_equal(ram[0xfff], 0xa5);
    assert_int_equal(ram[0x1000], 0x5a);
    assert_int_equal(ram[0x10c7], 0x5a);
    assert_int_equal(ram[0x10c8], 0);
    assert_int_equal(ram[0x112b], 0);
    assert_int_equal(ram[0x112c], 0xa5); /* a reset keeps the rest */
    assert_int_equal(cleaned, 300);
    load_vm(&vms[0], true);
    assert_int_equal(ram[0xfff], 0);
    assert_int_equal(ram[0x1000], 0x5a);
    assert_int_equal(ram[0x112c], 0);
    assert_int_equal(ram[RAM_SIZE - 1], 0);
    assert_int_equal(cleaned, 300 + RAM_SIZE + 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_map, setup),
        cmocka_unit_test_setup(test_no_map, setup),
        cmocka_unit_test_setup(test_ranges_are_limited, setup),
        cmocka_unit_test_setup(test_places, setup),
        cmocka_unit_test_setup(test_little_room, setup),
        cmocka_unit_test_setup(test_ram_that_cannot_be_mapped, setup),
        cmocka_unit_test_setup(test_no_room, setup),
        cmocka_unit_test_setup(test_load, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
