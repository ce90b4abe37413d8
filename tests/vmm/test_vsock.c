/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-vsock: packets between the rings and the multiplexer, and a client that waits for a guest. */
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_vsock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "core/map.h"
#include "host/vsock/vsock_settings.h"
#include "scratch.h"
#include "socket_client.h"
#include "virtio_rig.h"

enum {
    TO_GUEST,
    FROM_GUEST,
    QUEUES = 3,
    HEADER = sizeof(struct virtio_vsock_hdr),
    SPACE = 4096,
    IN_AT = VIRTIO_RIG_FREE,
    OUT_AT = IN_AT + SPACE,
};

static struct virtio_rig rig;
static const struct vsock_settings settings = {.path = "v", .cid = 77};

static uint64_t address(uint64_t offset)
{
    return MAP_RAM_BASE + offset;
}

static int enter(void **state)
{
    if (scratch_enter(state) != 0) {
        return -1;
    }
    virtio_rig_create(&rig, "virtio-vsock", &settings);
    return 0;
}

static int leave(void **state)
{
    virtio_rig_destroy(&rig);
    return scratch_leave(state);
}

static int client(void)
{
    return socket_client_open(rig.loop, "v");
}

static void say(int fd, const char *text)
{
    socket_client_say(rig.loop, fd, text);
}

/* Old drivers give the header a buffer of its own. */
static void offer(void)
{
    const struct virtio_rig_buffer parts[] = {{address(IN_AT), HEADER, true},
                                              {address(IN_AT) + HEADER, SPACE - HEADER, true}};

    virtio_rig_add(&rig, TO_GUEST, parts, 2);
    virtio_rig_notify(&rig, TO_GUEST);
}

static struct virtio_vsock_hdr get(uint16_t op)
{
    struct vring_used_elem used;
    struct virtio_vsock_hdr packet;

    assert_true(virtio_rig_used(&rig, TO_GUEST, &used));
    memcpy(&packet, virtio_rig_at(&rig, address(IN_AT), HEADER), HEADER);
    assert_int_equal(used.len, HEADER + packet.len);
    assert_int_equal(packet.op, op);
    return packet;
}

static void put(uint32_t host_port, uint16_t op, const char *text)
{
    const struct virtio_vsock_hdr packet = {
        .src_cid = settings.cid,
        .dst_cid = VSOCK_CID_HOST,
        .src_port = 22,
        .dst_port = host_port,
        .len = (uint32_t)strlen(text),
        .type = VIRTIO_VSOCK_TYPE_STREAM,
        .op = op,
        .buf_alloc = SPACE,
    };
    struct vring_used_elem used;

    uint8_t *at = virtio_rig_at(&rig, address(OUT_AT), SPACE);
    memcpy(at, &packet, HEADER);
    memcpy(at + HEADER, text, packet.len);
    virtio_rig_add(&rig, FROM_GUEST,
                   &(struct virtio_rig_buffer){address(OUT_AT), HEADER + packet.len, false}, 1);
    virtio_rig_notify(&rig, FROM_GUEST);
    assert_true(virtio_rig_used(&rig, FROM_GUEST, &used));
}

static void expect_client(int fd, const char *expected)
{
    char said[64];
    ssize_t count = read(fd, said, sizeof(said) - 1);

    said[count > 0 ? count : 0] = '\0';
    assert_string_equal(said, expected);
}

static void a_client_reaches_the_guest(void **state)
{
    (void)state;
    virtio_rig_start(&rig, QUEUES);
    assert_int_equal(virtio_rig_config(&rig, 0, 8), 77);
    int fd = client();
    say(fd, "CONNECT 22\n");
    assert_int_equal(rig.wakes, 0);
    offer();
    struct virtio_vsock_hdr packet = get(VIRTIO_VSOCK_OP_REQUEST);
    assert_int_equal(packet.dst_cid, 77);
    assert_int_equal(packet.dst_port, 22);
    put(packet.src_port, VIRTIO_VSOCK_OP_RESPONSE, "");
    expect_client(fd, "OK 1073741825\n");
    say(fd, "hello");
    offer();
    assert_int_equal(get(VIRTIO_VSOCK_OP_RW).len, 5);
    assert_memory_equal(virtio_rig_at(&rig, address(IN_AT) + HEADER, 5), "hello", 5);
    put(packet.src_port, VIRTIO_VSOCK_OP_RW, "good day");
    expect_client(fd, "good day");
    close(fd);
}

/* The request of a client that comes while the guest sleeps wakes it, and follows the driver. */
static void a_client_wakes_a_guest(void **state)
{
    (void)state;
    virtio_rig_start(&rig, QUEUES);
    offer();
    assert_false(rig.cls->wake_pending(rig.device));
    virtio_rig_reset(&rig);
    virtio_rig_run(&rig);
    assert_int_equal(rig.wakes, 0);
    int fd = client();
    say(fd, "CONNECT 2");
    assert_int_equal(rig.wakes, 0);
    say(fd, "2\n");
    assert_true(rig.wakes > 0);
    assert_true(rig.cls->wake_pending(rig.device));
    virtio_rig_start(&rig, QUEUES);
    assert_false(rig.cls->wake_pending(rig.device));
    offer();
    assert_int_equal(get(VIRTIO_VSOCK_OP_REQUEST).dst_port, 22);
    /* The guest goes to sleep again before it answers. */
    virtio_rig_reset(&rig);
    assert_true(rig.cls->wake_pending(rig.device));
    virtio_rig_start(&rig, QUEUES);
    offer();
    struct virtio_vsock_hdr packet = get(VIRTIO_VSOCK_OP_REQUEST);
    put(packet.src_port, VIRTIO_VSOCK_OP_RESPONSE, "");
    expect_client(fd, "OK 1073741825\n");
    close(fd);
    virtio_rig_reset(&rig);
    virtio_rig_run(&rig);
    assert_false(rig.cls->wake_pending(rig.device));
}

static void a_client_that_gives_up_does_not_wake(void **state)
{
    (void)state;
    int fd = client();
    say(fd, "CONNECT 22\n");
    assert_true(rig.cls->wake_pending(rig.device));
    close(fd);
    virtio_rig_run(&rig);
    assert_false(rig.cls->wake_pending(rig.device));
}

/* Answers have no room, so packets wait; both go on when there is room. */
static void a_guest_that_takes_no_answers_waits(void **state)
{
    struct vring_used_elem used;
    unsigned taken = 0;

    (void)state;
    virtio_rig_start(&rig, QUEUES);
    for (bool more = true; more; taken += more) {
        const struct virtio_vsock_hdr packet = {.src_cid = 77, .op = VIRTIO_VSOCK_OP_RW};

        memcpy(virtio_rig_at(&rig, address(OUT_AT), HEADER), &packet, HEADER);
        virtio_rig_add(&rig, FROM_GUEST,
                       &(struct virtio_rig_buffer){address(OUT_AT), HEADER, false}, 1);
        virtio_rig_notify(&rig, FROM_GUEST);
        more = virtio_rig_used(&rig, FROM_GUEST, &used);
        assert_true(taken < 1000);
    }
    offer();
    (void)get(VIRTIO_VSOCK_OP_RST);
    assert_true(virtio_rig_used(&rig, FROM_GUEST, &used));
}

/* Buffers for answers are there, and nothing of the guest's tells of them again. */
static void packets_that_waited_follow_the_answers(void **state)
{
    enum { ANSWERS = 8, WAITING = 12 };
    const struct virtio_vsock_hdr packet = {.src_cid = 77, .op = VIRTIO_VSOCK_OP_RW};
    const struct virtio_rig_buffer out = {address(OUT_AT), HEADER, false};
    struct vring_used_elem used;
    unsigned taken = 0;

    (void)state;
    virtio_rig_start(&rig, QUEUES);
    memcpy(virtio_rig_at(&rig, address(OUT_AT), HEADER), &packet, HEADER);
    do {
        assert_true(++taken < 1000);
        virtio_rig_add(&rig, FROM_GUEST, &out, 1);
        virtio_rig_notify(&rig, FROM_GUEST);
    } while (virtio_rig_used(&rig, FROM_GUEST, &used));
    for (unsigned i = 0; i < ANSWERS; i++) {
        virtio_rig_add(&rig, TO_GUEST, &(struct virtio_rig_buffer){address(IN_AT), HEADER, true},
                       1);
    }
    for (unsigned i = 1; i < WAITING; i++) {
        virtio_rig_add(&rig, FROM_GUEST, &out, 1);
    }
    virtio_rig_notify(&rig, FROM_GUEST);
    for (unsigned i = 0; i < ANSWERS; i++) {
        assert_true(virtio_rig_used(&rig, FROM_GUEST, &used));
        (void)get(VIRTIO_VSOCK_OP_RST);
    }
    assert_false(virtio_rig_used(&rig, FROM_GUEST, &used));
}

static void short_packets_are_dropped_and_short_buffers_break_the_device(void **state)
{
    struct vring_used_elem used;
    struct capture capture;
    char said[256];

    (void)state;
    virtio_rig_start(&rig, QUEUES);
    virtio_rig_add(&rig, FROM_GUEST,
                   &(struct virtio_rig_buffer){address(OUT_AT), HEADER - 1, false}, 1);
    virtio_rig_notify(&rig, FROM_GUEST);
    assert_true(virtio_rig_used(&rig, FROM_GUEST, &used));
    capture_begin(&capture, STDERR_FILENO);
    virtio_rig_add(&rig, TO_GUEST, &(struct virtio_rig_buffer){address(IN_AT), HEADER - 1, true},
                   1);
    virtio_rig_notify(&rig, TO_GUEST);
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said, "virtio-vsock: the guest's driver is at fault: a buffer is too "
                                 "small for a packet's header;"));
    assert_true((virtio_rig_read(&rig, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_client_reaches_the_guest, enter, leave),
        cmocka_unit_test_setup_teardown(a_client_wakes_a_guest, enter, leave),
        cmocka_unit_test_setup_teardown(a_client_that_gives_up_does_not_wake, enter, leave),
        cmocka_unit_test_setup_teardown(a_guest_that_takes_no_answers_waits, enter, leave),
        cmocka_unit_test_setup_teardown(packets_that_waited_follow_the_answers, enter, leave),
        cmocka_unit_test_setup_teardown(
            short_packets_are_dropped_and_short_buffers_break_the_device, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
