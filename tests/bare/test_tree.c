/* SPDX-License-Identifier: BSD-2-Clause */
/* The bare-metal guest's reader of device trees, bare/tree.c, given trees that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "bare/platform.h"
#include "bare/platform_idle.h"
#include "bare/tree.h"
#include "guest_blob.h"
#include "guest_rig.h"

static size_t domains_read(void)
{
    blob_of_domains();
    blob_read();
    assert_int_equal(platform_idle_count(), 3);
    return fdt_totalsize(blob);
}

/* What lies deeper than the reader looks, and does not keep it from what comes after. */
static void test_deep_nodes(void **state)
{
    (void)state;
    blob_begin();
    blob_cell_counts(1, 1);
    for (unsigned i = 0; i < 2 * TREE_DEPTH_MAX; i++) {
        blob_node("deep");
    }
    blob_text("compatible", "arm,psci-1.0");
    for (unsigned i = 0; i < 2 * TREE_DEPTH_MAX; i++) {
        blob_end();
    }
    blob_uart("serial@1000", "arm,pl011", 0x1000);
    blob_read();
    assert_false(platform.psci_present);
    assert_int_equal(platform.uart.base, 0x1000);
}

/* Whatever is cut off: nothing behind the end is looked at. */
static void test_truncated(void **state)
{
    size_t size = domains_read();

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
    (void)domains_read();
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
        blob_begin();
        blob_node("arm,pl011");
        assert_int_equal(fdt_property(blob, names[i], "okaycpu,arm,pl01", 16), 0);
        blob_end();
        blob_end();
        assert_int_equal(fdt_finish(blob), 0);
        assert_true(guest_rig_read(other, structure_last(other, fdt_size_dt_struct(blob) - 12)));
    }
}

static void test_damaged(void **state)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    size_t size = domains_read();

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
    (void)domains_read();
    assert_true(tree_open(blob, &node));
    fdt_set_totalsize(blob, TREE_SIZE_MAX + 4);
    assert_false(tree_open(blob, &node));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deep_nodes),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_truncated_structure),
        cmocka_unit_test(test_unended_text),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_no_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
