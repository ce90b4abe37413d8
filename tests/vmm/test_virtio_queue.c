/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings that a guest writes: right ones, and each way in which they can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/map.h"
#include "core/memory.h"
#include "dev/virtio/queue.h"

enum {
    SIZE = 8,
    MEMORY = 4 << 20,
    TABLE = 0x1000,
    AVAILABLE = 0x2000,
    USED = 0x3000,
    INDIRECT = 0x4000,
    BUFFERS = 0x10000,
};

static struct memory memory;
static struct queue_state kept;
static struct queue queue;
static struct chain chain;

static uint64_t at(uint64_t offset)
{
    return MAP_RAM_BASE + offset;
}

static void *host(uint64_t offset)
{
    return memory.host + offset;
}

static struct vring_desc *descriptor(unsigned number)
{
    return (struct vring_desc *)host(TABLE) + number;
}

static struct vring_avail *available(void)
{
    return host(AVAILABLE);
}

static struct vring_used *used(void)
{
    return host(USED);
}

static int setup(void **state)
{
    (void)state;
    assert_int_equal(memory_create(&memory, ipa(MAP_RAM_BASE), MEMORY), 0);
    kept = (struct queue_state){
        .descriptors = at(TABLE), .available = at(AVAILABLE), .used = at(USED), .size = SIZE};
    queue_init(&queue, &kept, &memory);
    assert_true(queue_start(&queue, false, true));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    memory_destroy(&memory);
    return 0;
}

static void set(unsigned number, uint64_t address, uint32_t length, unsigned flags, unsigned next)
{
    *descriptor(number) = (struct vring_desc){address, length, (uint16_t)flags, (uint16_t)next};
}

static void publish(unsigned head)
{
    available()->ring[available()->idx % SIZE] = (uint16_t)head;
    available()->idx++;
}

static void expect_fault(const char *part)
{
    assert_int_equal(queue_take(&queue, &chain), -1);
    assert_non_null(strstr(queue.fault, part));
    /* From then on the queue gives nothing, whatever the driver adds. */
    publish(0);
    assert_int_equal(queue_take(&queue, &chain), 0);
    assert_false(queue_has_chain(&queue));
}

static void chain_has_its_parts_in_order(void **state)
{
    (void)state;
    set(0, at(BUFFERS), 16, VRING_DESC_F_NEXT, 3);
    set(3, at(BUFFERS + 100), 5, VRING_DESC_F_NEXT, 1);
    set(1, at(BUFFERS + 200), 7, VRING_DESC_F_WRITE, 0);
    assert_int_equal(queue_take(&queue, &chain), 0);
    publish(0);
    assert_int_equal(queue_take(&queue, &chain), 1);
    assert_int_equal(chain.head, 0);
    assert_int_equal(chain.out_count, 2);
    assert_int_equal(chain.in_count, 1);
    assert_int_equal(chain.out_size, 21);
    assert_int_equal(chain.in_size, 7);
    assert_ptr_equal(chain_out(&chain)[1].iov_base, host(BUFFERS + 100));
    assert_ptr_equal(chain_in(&chain)[0].iov_base, host(BUFFERS + 200));
    assert_int_equal(queue_take(&queue, &chain), 0);
}

static void completed_chain_is_in_the_used_ring(void **state)
{
    (void)state;
    queue_complete(&queue, 5, 99);
    assert_int_equal(used()->idx, 1);
    assert_int_equal(used()->ring[0].id, 5);
    assert_int_equal(used()->ring[0].len, 99);
}

static void indices_wrap(void **state)
{
    (void)state;
    set(0, at(BUFFERS), 1, 0, 0);
    for (unsigned i = 0; i < 0x10000 + SIZE; i++) {
        publish(0);
        assert_int_equal(queue_take(&queue, &chain), 1);
        queue_complete(&queue, chain.head, 0);
    }
    assert_int_equal(used()->idx, SIZE);
}

static void chain_that_is_put_back_comes_again(void **state)
{
    (void)state;
    set(2, at(BUFFERS), 1, 0, 0);
    publish(2);
    assert_int_equal(queue_take(&queue, &chain), 1);
    queue_put_back(&queue);
    assert_true(queue_has_chain(&queue));
    assert_int_equal(queue_take(&queue, &chain), 1);
    assert_int_equal(chain.head, 2);
}

static void fill_indirect(unsigned count)
{
    struct vring_desc *table = host(INDIRECT);

    for (unsigned i = 0; i < count; i++) {
        table[i] = (struct vring_desc){at(BUFFERS + i), 1, VRING_DESC_F_NEXT, (uint16_t)(i + 1)};
    }
    table[count - 1].flags = 0;
}

static void indirect_table_is_followed(void **state)
{
    (void)state;
    fill_indirect(QUEUE_SIZE_MAX);
    set(0, at(INDIRECT), QUEUE_SIZE_MAX * sizeof(struct vring_desc), VRING_DESC_F_INDIRECT, 0);
    publish(0);
    assert_int_equal(queue_take(&queue, &chain), 1);
    assert_int_equal(chain.out_count, QUEUE_SIZE_MAX);
}

static void indirect_table_may_lie_at_an_odd_address(void **state)
{
    const struct vring_desc one = {at(BUFFERS), 9, 0, 0};

    (void)state;
    memcpy(host(INDIRECT + 3), &one, sizeof(one));
    set(0, at(INDIRECT + 3), sizeof(one), VRING_DESC_F_INDIRECT, 0);
    publish(0);
    assert_int_equal(queue_take(&queue, &chain), 1);
    assert_int_equal(chain.out_size, 9);
}

/* 2.7.5.3.2: a device must handle descriptors of the ring before the indirect one. */
static void indirect_table_may_end_a_chain(void **state)
{
    (void)state;
    fill_indirect(2);
    set(0, at(BUFFERS + 50), 4, VRING_DESC_F_NEXT, 1);
    set(1, at(INDIRECT), 2 * sizeof(struct vring_desc), VRING_DESC_F_INDIRECT, 0);
    publish(0);
    assert_int_equal(queue_take(&queue, &chain), 1);
    assert_int_equal(chain.out_count, 3);
}

static void loop_of_descriptors_is_a_fault(void **state)
{
    (void)state;
    set(0, at(BUFFERS), 1, VRING_DESC_F_NEXT, 1);
    set(1, at(BUFFERS), 1, VRING_DESC_F_NEXT, 0);
    publish(0);
    expect_fault("loop");
}

static void head_beyond_the_ring_is_a_fault(void **state)
{
    (void)state;
    publish(SIZE);
    expect_fault("too large");
}

static void next_beyond_the_ring_is_a_fault(void **state)
{
    (void)state;
    set(0, at(BUFFERS), 1, VRING_DESC_F_NEXT, 0xffff);
    publish(0);
    expect_fault("too large");
}

static void buffer_outside_of_ram_is_a_fault(void **state)
{
    static const struct {
        uint64_t address;
        uint32_t length;
    } bad[] = {
        {0, 16},
        {MAP_RAM_BASE - 1, 2},
        {MAP_RAM_BASE + MEMORY - 1, 2},
        {MAP_RAM_BASE, UINT32_MAX},
        {UINT64_MAX, 1},
        {MAP_RAM_BASE, 0},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        teardown(state);
        setup(state);
        set(0, bad[i].address, bad[i].length, 0, 0);
        publish(0);
        expect_fault("not in RAM");
    }
}

static void readable_buffer_after_a_writable_one_is_a_fault(void **state)
{
    (void)state;
    set(0, at(BUFFERS), 1, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1);
    set(1, at(BUFFERS), 1, 0, 0);
    publish(0);
    expect_fault("follows");
}

static void runaway_index_is_a_fault(void **state)
{
    (void)state;
    set(0, at(BUFFERS), 1, 0, 0);
    available()->idx = SIZE + 1;
    expect_fault("ran away");
}

static void bad_indirect_tables_are_faults(void **state)
{
    static const struct {
        uint64_t address;
        uint32_t length;
        unsigned flags;
        const char *fault;
    } bad[] = {
        {MAP_RAM_BASE + INDIRECT, 0, VRING_DESC_F_INDIRECT, "length"},
        {MAP_RAM_BASE + INDIRECT, 17, VRING_DESC_F_INDIRECT, "length"},
        {MAP_RAM_BASE + INDIRECT, 16 * (QUEUE_SIZE_MAX + 1), VRING_DESC_F_INDIRECT, "length"},
        {MAP_RAM_BASE + MEMORY, 16, VRING_DESC_F_INDIRECT, "not in RAM"},
        {MAP_RAM_BASE + INDIRECT, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, "must not"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        teardown(state);
        setup(state);
        set(0, bad[i].address, bad[i].length, bad[i].flags, 0);
        publish(0);
        expect_fault(bad[i].fault);
    }
}

static void nested_indirect_table_is_a_fault(void **state)
{
    struct vring_desc *table = host(INDIRECT);

    (void)state;
    *table = (struct vring_desc){at(INDIRECT), 16, VRING_DESC_F_INDIRECT, 0};
    set(0, at(INDIRECT), 16, VRING_DESC_F_INDIRECT, 0);
    publish(0);
    expect_fault("must not");
}

static void indirect_descriptor_without_the_feature_is_a_fault(void **state)
{
    (void)state;
    kept.ready = 0;
    assert_true(queue_start(&queue, false, false));
    fill_indirect(1);
    set(0, at(INDIRECT), 16, VRING_DESC_F_INDIRECT, 0);
    publish(0);
    expect_fault("must not");
}

static void rings_outside_of_ram_or_odd_do_not_start(void **state)
{
    static const struct queue_state bad[] = {
        {.descriptors = 8, .available = 0, .used = 0, .size = SIZE},
        {.descriptors = TABLE + 8, .available = AVAILABLE, .used = USED, .size = SIZE},
        {.descriptors = TABLE, .available = AVAILABLE + 1, .used = USED, .size = SIZE},
        {.descriptors = TABLE, .available = AVAILABLE, .used = USED + 2, .size = SIZE},
        {.descriptors = TABLE, .available = AVAILABLE, .used = MEMORY - 4, .size = SIZE},
        {.descriptors = TABLE, .available = AVAILABLE, .used = USED, .size = 0},
        {.descriptors = TABLE, .available = AVAILABLE, .used = USED, .size = 12},
        {.descriptors = TABLE, .available = AVAILABLE, .used = USED, .size = 2 * QUEUE_SIZE_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        kept = bad[i];
        kept.descriptors += MAP_RAM_BASE;
        kept.available += MAP_RAM_BASE;
        kept.used += MAP_RAM_BASE;
        queue_init(&queue, &kept, &memory);
        assert_false(queue_start(&queue, false, true));
        assert_non_null(queue.fault);
        assert_int_equal(kept.ready, 0);
        assert_int_equal(queue_take(&queue, &chain), 0);
        queue_complete(&queue, 0, 0); /* touches nothing */
    }
}

static void driver_is_told_unless_it_wants_no_interrupt(void **state)
{
    (void)state;
    queue_complete(&queue, 0, 0);
    assert_true(queue_wants_interrupt(&queue));
    available()->flags = VRING_AVAIL_F_NO_INTERRUPT;
    queue_complete(&queue, 0, 0);
    assert_false(queue_wants_interrupt(&queue));
}

static void event_index_says_when_the_driver_is_told(void **state)
{
    uint16_t *wish = &available()->ring[SIZE];

    (void)state;
    kept.ready = 0;
    assert_true(queue_start(&queue, true, true));
    *wish = 2;
    queue_complete(&queue, 0, 0);
    assert_true(queue_wants_interrupt(&queue)); /* the first time nothing is known */
    queue_complete(&queue, 0, 0);
    assert_false(queue_wants_interrupt(&queue));
    queue_complete(&queue, 0, 0);
    assert_true(queue_wants_interrupt(&queue));
    queue_complete(&queue, 0, 0);
    assert_false(queue_wants_interrupt(&queue));
}

static void wish_for_a_notification_is_in_the_ring(void **state)
{
    (void)state;
    queue_spare_notification(&queue);
    assert_int_equal(used()->flags, VRING_USED_F_NO_NOTIFY);
    assert_false(queue_ask_notification(&queue));
    assert_int_equal(used()->flags, 0);
    set(0, at(BUFFERS), 1, 0, 0);
    publish(0);
    assert_true(queue_ask_notification(&queue));
    kept.ready = 0;
    assert_true(queue_start(&queue, true, true));
    assert_int_equal(queue_take(&queue, &chain), 1);
    assert_false(queue_ask_notification(&queue));
    uint16_t wish;
    memcpy(&wish, &used()->ring[SIZE], sizeof(wish));
    assert_int_equal(wish, 1);
}

static void stopped_queue_is_all_zero(void **state)
{
    const struct queue_state zero = {0};

    (void)state;
    queue_complete(&queue, 0, 0);
    queue_stop(&queue);
    assert_memory_equal(&kept, &zero, sizeof(zero));
    assert_int_equal(queue_take(&queue, &chain), 0);
    assert_false(queue_wants_interrupt(&queue));
    assert_false(queue_ask_notification(&queue));
}

static void parts_are_copied_across_their_borders(void **state)
{
    uint8_t a[3] = {1, 2, 3};
    uint8_t b[4] = {4, 5, 6, 7};
    const struct iovec parts[] = {{a, sizeof(a)}, {b, sizeof(b)}};
    uint8_t bytes[8] = {0};

    (void)state;
    assert_int_equal(parts_read(parts, 2, 2, bytes, 3), 3);
    assert_memory_equal(bytes, "\3\4\5", 3);
    assert_int_equal(parts_read(parts, 2, 5, bytes, 8), 2);
    assert_int_equal(parts_read(parts, 2, 7, bytes, 8), 0);
    assert_int_equal(parts_write(parts, 2, 1, "xyz", 3), 3);
    assert_memory_equal(a, "\1xy", 3);
    assert_memory_equal(b, "z\5\6\7", 4);
}

int main(void)
{
#define WITH_QUEUE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_QUEUE(chain_has_its_parts_in_order),
        WITH_QUEUE(completed_chain_is_in_the_used_ring),
        WITH_QUEUE(indices_wrap),
        WITH_QUEUE(chain_that_is_put_back_comes_again),
        WITH_QUEUE(indirect_table_is_followed),
        WITH_QUEUE(indirect_table_may_lie_at_an_odd_address),
        WITH_QUEUE(indirect_table_may_end_a_chain),
        WITH_QUEUE(loop_of_descriptors_is_a_fault),
        WITH_QUEUE(head_beyond_the_ring_is_a_fault),
        WITH_QUEUE(next_beyond_the_ring_is_a_fault),
        WITH_QUEUE(buffer_outside_of_ram_is_a_fault),
        WITH_QUEUE(readable_buffer_after_a_writable_one_is_a_fault),
        WITH_QUEUE(runaway_index_is_a_fault),
        WITH_QUEUE(bad_indirect_tables_are_faults),
        WITH_QUEUE(nested_indirect_table_is_a_fault),
        WITH_QUEUE(indirect_descriptor_without_the_feature_is_a_fault),
        WITH_QUEUE(rings_outside_of_ram_or_odd_do_not_start),
        WITH_QUEUE(driver_is_told_unless_it_wants_no_interrupt),
        WITH_QUEUE(event_index_says_when_the_driver_is_told),
        WITH_QUEUE(wish_for_a_notification_is_in_the_ring),
        WITH_QUEUE(stopped_queue_is_all_zero),
        WITH_QUEUE(parts_are_copied_across_their_borders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
