/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-balloon: pages return to the host, whatever the driver names. */
#include "dev/virtio/balloon.h"

#include <linux/virtio_balloon.h>
#include <linux/virtio_mmio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/map.h"
#include "drive.h"
#include "virtio_rig.h"

enum {
    INFLATE,
    DEFLATE,
    REPORT,
    QUEUES,
    PAGE = 4096,
    LIST_AT = VIRTIO_RIG_FREE,
    PAGES_AT = LIST_AT + 16 * PAGE, /* pages that the guest gives */
    PAGE_COUNT = 64,
    ALL_PAGES = PAGE_COUNT * PAGE,
};

static struct virtio_rig rig;
static unsigned changes;

static void on_changed(void *arg)
{
    (void)arg;
    changes++;
}

static int enter(void **state)
{
    (void)state;
    changes = 0;
    virtio_rig_create(&rig, "virtio-balloon", NULL);
    balloon_watch(rig.device, on_changed, NULL);
    virtio_rig_start(&rig, QUEUES);
    memset(virtio_rig_at(&rig, MAP_RAM_BASE + PAGES_AT, ALL_PAGES), 'x', ALL_PAGES);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    virtio_rig_destroy(&rig);
    return 0;
}

/* Whether the page still has what the guest has written. */
static bool is_kept(unsigned page)
{
    const uint8_t *bytes =
        virtio_rig_at(&rig, MAP_RAM_BASE + PAGES_AT + (uint64_t)page * PAGE, PAGE);

    assert_true(bytes[0] == 'x' || bytes[0] == 0);
    assert_int_equal(bytes[0], bytes[PAGE - 1]);
    return bytes[0] == 'x';
}

static uint32_t number(unsigned page)
{
    return (uint32_t)((MAP_RAM_BASE + PAGES_AT) / PAGE) + page;
}

static void name_pages(unsigned queue, const uint32_t *pages, unsigned count)
{
    struct vring_used_elem used;

    memcpy(virtio_rig_at(&rig, MAP_RAM_BASE + LIST_AT, count * sizeof(*pages)), pages,
           count * sizeof(*pages));
    virtio_rig_add(&rig, queue,
                   &(struct virtio_rig_buffer){MAP_RAM_BASE + LIST_AT,
                                               (uint32_t)(count * sizeof(*pages)), false},
                   1);
    virtio_rig_notify(&rig, queue);
    assert_true(virtio_rig_used(&rig, queue, &used));
}

static void given_pages_return_to_the_host(void **state)
{
    const uint32_t pages[] = {number(3), number(5), number(4), number(9), number(8), number(20)};

    (void)state;
    name_pages(INFLATE, pages, 6);
    for (unsigned i = 0; i < PAGE_COUNT; i++) {
        bool given = (i >= 3 && i <= 5) || i == 8 || i == 9 || i == 20;

        assert_int_equal(is_kept(i), !given);
    }
    name_pages(DEFLATE, pages, 6);
    assert_true(is_kept(0));
}

static void pages_outside_of_memory_are_ignored(void **state)
{
    const uint32_t pages[] = {
        0,         UINT32_MAX,     1,
        number(1), UINT32_MAX - 1, (uint32_t)((MAP_RAM_BASE + VIRTIO_RIG_MEMORY) / PAGE)};

    (void)state;
    name_pages(INFLATE, pages, 6);
    assert_true(is_kept(0));
    assert_false(is_kept(1));
    assert_true(is_kept(2));
}

static void reported_memory_returns_to_the_host(void **state)
{
    const struct virtio_rig_buffer parts[] = {
        {MAP_RAM_BASE + PAGES_AT + PAGE, 2 * PAGE, true},
        /* One whole page is in it. */
        {MAP_RAM_BASE + PAGES_AT + UINT64_C(6) * PAGE + 1, 2 * PAGE, true},
    };
    struct vring_used_elem used;

    (void)state;
    virtio_rig_add(&rig, REPORT, parts, 2);
    virtio_rig_notify(&rig, REPORT);
    assert_true(virtio_rig_used(&rig, REPORT, &used));
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(is_kept(i), i != 1 && i != 2 && i != 7);
    }
}

/* All are served, one in a turn of the loop. */
static void many_requests_are_served(void **state)
{
    struct vring_used_elem used;

    (void)state;
    for (unsigned i = 0; i < VIRTIO_RIG_QUEUE_SIZE; i++) {
        virtio_rig_add(&rig, DEFLATE, &(struct virtio_rig_buffer){MAP_RAM_BASE + LIST_AT, 4, false},
                       1);
    }
    virtio_rig_notify(&rig, DEFLATE);
    for (unsigned i = 0; i < VIRTIO_RIG_QUEUE_SIZE; i++) {
        assert_true(virtio_rig_used(&rig, DEFLATE, &used));
    }
}

static bool has_changed(void *arg)
{
    (void)arg;
    return changes > 0;
}

static void the_operator_asks_and_learns(void **state)
{
    const uint64_t actual = VIRTIO_MMIO_CONFIG + offsetof(struct virtio_balloon_config, actual);

    (void)state;
    unsigned pulses = rig.pulses;
    balloon_ask(rig.device, UINT64_C(10) * PAGE);
    assert_true(rig.pulses > pulses);
    assert_int_equal(virtio_rig_config(&rig, 0, 4), 10);
    assert_int_equal(balloon_given(rig.device), 0);
    for (uint32_t i = 1; i <= 7; i++) {
        virtio_rig_write(&rig, actual, i);
    }
    virtio_rig_write(&rig, VIRTIO_MMIO_CONFIG, 99); /* not the driver's */
    assert_int_equal(virtio_rig_config(&rig, 0, 4), 10);
    assert_int_equal(balloon_given(rig.device), 7 * PAGE);
    drive_until(rig.loop, has_changed, NULL);
    virtio_rig_run(&rig);
    assert_int_equal(changes, 1);
    /* The wish stays over a sleep; a new driver has given nothing. */
    virtio_rig_reset(&rig);
    assert_int_equal(virtio_rig_config(&rig, 0, 4), 10);
    assert_int_equal(balloon_given(rig.device), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(given_pages_return_to_the_host, enter, leave),
        cmocka_unit_test_setup_teardown(pages_outside_of_memory_are_ignored, enter, leave),
        cmocka_unit_test_setup_teardown(reported_memory_returns_to_the_host, enter, leave),
        cmocka_unit_test_setup_teardown(many_requests_are_served, enter, leave),
        cmocka_unit_test_setup_teardown(the_operator_asks_and_learns, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
