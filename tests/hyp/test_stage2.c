/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp/core/stage2.c: each guest address means what its region says, and nothing else is mapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stage2.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

enum { NOT_MAPPED = 0, IS_MEMORY = 0xf, IS_DEVICE = 0x1 };

#define NO_EXECUTE (UINT64_C(1) << 54)

struct walked {
    unsigned level;
    unsigned kind; /* MemAttr */
    uint64_t pa;
    uint64_t entry;
};

/* As the hardware walks: 4 KiB granule, from level 1 on, 39 bits. */
static struct walked walk(const struct vm *vm, uint64_t ipa)
{
    const uint64_t *table = (const uint64_t *)(uintptr_t)vm->stage2_root;

    for (unsigned level = 1; level <= 3; level++) {
        unsigned shift = 12 + 9 * (3 - level);
        uint64_t entry = table[ipa >> shift & 511];

        if ((entry & 1) == 0) {
            return (struct walked){.level = level, .kind = NOT_MAPPED};
        }
        if (level == 3 || (entry & 2) == 0) {
            uint64_t inside = ipa & ((UINT64_C(1) << shift) - 1);

            assert_true(level != 3 || (entry & 2) != 0);
            assert_int_equal(entry >> 6 & 3, 3);  /* read and write */
            assert_int_equal(entry >> 8 & 3, 3);  /* inner shareable */
            assert_int_equal(entry >> 10 & 1, 1); /* no access flag fault */
            return (struct walked){level, (unsigned)(entry >> 2 & 0xf),
                                   (entry & 0xfffffffff000) + inside, entry};
        }
        table = (const uint64_t *)(uintptr_t)(entry & 0xfffffffff000);
    }
    return (struct walked){0};
}

static void check_mapped(const struct vm *vm, const struct vm_region *region)
{
    const uint64_t offsets[] = {0, 4, region->size / 2, region->size - 4};

    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        struct walked at = walk(vm, region->ipa + offsets[i]);

        assert_int_equal(at.pa, region->pa + offsets[i]);
        assert_int_equal(at.kind, region->is_device ? IS_DEVICE : IS_MEMORY);
        assert_int_equal(at.entry & NO_EXECUTE, region->is_device ? NO_EXECUTE : 0);
    }
    assert_int_equal(walk(vm, region->ipa - 1).kind, NOT_MAPPED);
    assert_int_equal(walk(vm, region->ipa + region->size).kind, NOT_MAPPED);
}

static void test_regions(void **state)
{
    static struct vm vm = {.region_count = 4,
                           .regions = {
                               {GIB, 5 * GIB - 6 * MIB, 510 * MIB, false},
                               {0x09000000, 0x09040000, 4 * KIB, true},
                               {0x09010000, 0x0a000000, 8 * KIB, true},
                               {0x0c000000, 0x20000000, 2 * MIB, true},
                           }};

    (void)state;
    assert_true(stage2_build(&vm));
    for (unsigned i = 0; i < vm.region_count; i++) {
        check_mapped(&vm, &vm.regions[i]);
    }
    assert_int_equal(walk(&vm, 0).kind, NOT_MAPPED);
    assert_int_equal(walk(&vm, (UINT64_C(1) << 39) - 1).kind, NOT_MAPPED);
}

static void test_blocks_are_as_large_as_can_be(void **state)
{
    static struct vm vm = {.region_count = 2,
                           .regions = {{GIB, 4 * GIB, 2 * GIB + 2 * MIB, false},
                                       {8 * GIB, 9 * GIB + 2 * MIB, GIB, false}}};

    (void)state;
    assert_true(stage2_build(&vm));
    assert_int_equal(walk(&vm, GIB).level, 1);
    assert_int_equal(walk(&vm, 3 * GIB - 1).level, 1);
    assert_int_equal(walk(&vm, 3 * GIB).level, 2);
    assert_int_equal(walk(&vm, 8 * GIB).level, 2);
    check_mapped(&vm, &vm.regions[0]);
    check_mapped(&vm, &vm.regions[1]);
}

static void check_each(const struct vm *vm, const struct vm_region *region, uint64_t step)
{
    for (uint64_t offset = 0; offset < region->size; offset += step) {
        assert_int_equal(walk(vm, region->ipa + offset).pa, region->pa + offset);
    }
    check_mapped(vm, region);
}

/* The sum of the two addresses is aligned somewhere, and they are not: RAM below 16 MiB of another VM,
 * a device of many pages, and one whose place in a GiB differs. */
static void test_addresses_that_differ_in_a_block(void **state)
{
    static struct vm vm = {.region_count = 3,
                           .regions = {
                               {GIB, 0xbf000000, 2 * GIB, false},
                               {0x10001000, 0x0a002000, 4 * MIB, true},
                               {0x20200000, 0x10600000, 256 * MIB, true},
                           }};

    (void)state;
    assert_true(stage2_build(&vm));
    check_each(&vm, &vm.regions[0], 2 * MIB);
    check_each(&vm, &vm.regions[1], 4 * KIB);
    check_each(&vm, &vm.regions[2], 2 * MIB);
    assert_int_equal(walk(&vm, GIB).level, 2);
    assert_int_equal(walk(&vm, 0x10200000).level, 3);
}

/* Four VMs of the largest size, none at a whole GiB. */
static void test_the_largest_vms(void **state)
{
    static struct vm most[VM_MAX];

    (void)state;
    for (unsigned i = 0; i < VM_MAX; i++) {
        most[i].region_count = 1;
        most[i].regions[0] = (struct vm_region){GIB, (65 * i + 2) * GIB + 2 * MIB, 64 * GIB, false};
        assert_true(stage2_build(&most[i]));
        check_each(&most[i], &most[i].regions[0], 256 * MIB);
    }
}

static void test_two_vms_share_no_table(void **state)
{
    static struct vm first = {.region_count = 1, .regions = {{GIB, 4 * GIB, 2 * MIB, false}}};
    static struct vm second = {.region_count = 1, .regions = {{GIB, 6 * GIB, 2 * MIB, false}}};

    (void)state;
    assert_true(stage2_build(&first));
    assert_true(stage2_build(&second));
    check_mapped(&first, &first.regions[0]);
    check_mapped(&second, &second.regions[0]);
}

static void test_wrong_regions_are_refused(void **state)
{
    static const struct vm_region wrong[] = {
        {GIB + 1, GIB, 4 * KIB, false},
        {GIB, GIB + 512, 4 * KIB, false},
        {GIB, GIB, 4 * KIB + 4, false},
        {(UINT64_C(1) << 39) - 4 * KIB, GIB, 8 * KIB, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct vm vm = {.region_count = 1, .regions = {wrong[i]}};

        assert_false(stage2_build(&vm));
    }
}

/* The last test: nothing is left after it. */
static void test_tables_run_out(void **state)
{
    struct vm vm = {.region_count = 1, .regions = {{GIB, GIB, 4 * KIB, true}}};

    (void)state;
    while (stage2_table_count() < STAGE2_TABLE_MAX) {
        (void)stage2_build(&vm);
    }
    assert_false(stage2_build(&vm));
    assert_int_equal(stage2_table_count(), STAGE2_TABLE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regions),
        cmocka_unit_test(test_blocks_are_as_large_as_can_be),
        cmocka_unit_test(test_addresses_that_differ_in_a_block),
        cmocka_unit_test(test_the_largest_vms),
        cmocka_unit_test(test_two_vms_share_no_table),
        cmocka_unit_test(test_wrong_regions_are_refused),
        cmocka_unit_test(test_tables_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
