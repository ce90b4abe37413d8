/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-net between a driver of ours and a passt of ours, which is a socket. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_net.h>

#include "base/report.h"
#include "capture.h"
#include "core/map.h"
#include "host/net/net_parts.h"
#include "host/net/net_wake.h"
#include "power/wake.h"
#include "virtio_rig.h"

enum { RECEIVE, SEND, CONTROL, QUEUES, PREFIX = 4, SLOT = 2048 };

static struct virtio_rig rig;
static struct net_settings settings;
static int far;

static const uint8_t guest_mac[] = {0x02, 0, 0, 0, 0, 7};

/* The device's link is a socket of the test. */
int __wrap_net_open(const struct net_settings *asked, struct net **out);
int __wrap_net_open(const struct net_settings *asked, struct net **out)
{
    int pair[2];

    assert_ptr_equal(asked, &settings);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
    struct net *net = calloc(1, sizeof(*net));
    assert_non_null(net);
    passt_attach(net, pair[0]);
    far = pair[1];
    *out = net;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    settings = (struct net_settings){0};
    memcpy(settings.mac, guest_mac, sizeof(guest_mac));
    virtio_rig_create(&rig, "virtio-net", &settings);
    return 0;
}

static int setup_magic(void **state)
{
    (void)state;
    settings = (struct net_settings){.wake.kinds = NET_WAKE_MAGIC};
    memcpy(settings.mac, guest_mac, sizeof(guest_mac));
    virtio_rig_create(&rig, "virtio-net", &settings);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    virtio_rig_destroy(&rig);
    if (far >= 0) {
        close(far);
    }
    return 0;
}

static uint64_t slot(unsigned number)
{
    return MAP_RAM_BASE + VIRTIO_RIG_FREE + (uint64_t)number * SLOT;
}

static void give(unsigned number, uint32_t size)
{
    memset(virtio_rig_at(&rig, slot(number), size), 0xee, size);
    virtio_rig_add(&rig, RECEIVE, &(struct virtio_rig_buffer){slot(number), size, true}, 1);
}

/* A frame to the guest, of which each byte after the addresses is `mark`. */
static void far_send(size_t length, uint8_t mark)
{
    uint8_t stream[PREFIX + 4096];
    uint32_t prefix = htonl((uint32_t)length);

    memcpy(stream, &prefix, PREFIX);
    memset(stream + PREFIX, mark, length);
    memcpy(stream + PREFIX, guest_mac, sizeof(guest_mac));
    assert_int_equal(send(far, stream, PREFIX + length, 0), (ssize_t)(PREFIX + length));
}

/* To all stations. */
static void far_send_noise(void)
{
    uint8_t stream[PREFIX + 60] = {0, 0, 0, 60};

    memset(stream + PREFIX, 0xff, 60);
    assert_int_equal(send(far, stream, sizeof(stream), 0), (ssize_t)sizeof(stream));
}

static void far_send_magic(void)
{
    uint8_t stream[PREFIX + 14 + 102] = {0, 0, 0, 116};

    memset(stream + PREFIX, 0xff, 14 + 6);
    for (size_t i = 0; i < 16; i++) {
        memcpy(stream + PREFIX + 20 + 6 * i, guest_mac, 6);
    }
    assert_int_equal(send(far, stream, sizeof(stream), 0), (ssize_t)sizeof(stream));
}

static void expect_received(unsigned number, size_t length, uint8_t mark)
{
    struct vring_used_elem used = virtio_rig_wait(&rig, RECEIVE);
    const uint8_t *frame = virtio_rig_at(&rig, slot(number), NET_HEADER_SIZE + length);

    assert_int_equal(used.len, NET_HEADER_SIZE + length);
    for (size_t i = 0; i < offsetof(struct virtio_net_hdr_v1, num_buffers); i++) {
        assert_int_equal(frame[i], 0);
    }
    assert_int_equal(frame[10], 1);
    assert_int_equal(frame[11], 0);
    assert_memory_equal(frame + NET_HEADER_SIZE, guest_mac, sizeof(guest_mac));
    for (size_t i = sizeof(guest_mac); i < length; i++) {
        assert_int_equal(frame[NET_HEADER_SIZE + i], mark);
    }
}

static void expect_none_received(void)
{
    struct vring_used_elem used;

    virtio_rig_run(&rig);
    assert_false(virtio_rig_used(&rig, RECEIVE, &used));
}

static void start(void)
{
    virtio_rig_start(&rig, QUEUES);
    virtio_rig_run(&rig);
}

static uint16_t net_status(void)
{
    return (uint16_t)virtio_rig_config(&rig, offsetof(struct virtio_net_config, status), 2);
}

static void sleep_begins(bool counted)
{
    virtio_rig_reset(&rig);
    rig.cls->sleep_begins(rig.device, counted);
}

static void wake_up(void)
{
    rig.cls->sleep_ends(rig.device);
    start();
}

static void configuration_has_the_mac_address(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(guest_mac); i++) {
        assert_int_equal(virtio_rig_config(&rig, i, 1), guest_mac[i]);
    }
    assert_int_equal(net_status(), VIRTIO_NET_S_LINK_UP);
    assert_int_equal(rig.cls->wake_source, WAKE_NET);
}

static void frames_come(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < 4; i++) {
        give(i, SLOT);
    }
    virtio_rig_notify(&rig, RECEIVE);
    far_send(60, 1);
    far_send(1514, 2);
    expect_received(0, 60, 1);
    expect_received(1, 1514, 2);
    assert_true(rig.pulses > 0);
    far_send(60, 3);
    expect_received(2, 60, 3);
    expect_none_received();
}

/* Frames that come while the driver has no buffers stay in the socket, in order. */
static void frames_wait_for_buffers(void **state)
{
    (void)state;
    far_send(60, 1);
    start();
    far_send(61, 2);
    far_send(62, 3);
    virtio_rig_run(&rig);
    for (unsigned i = 0; i < 3; i++) {
        give(i, SLOT);
        virtio_rig_notify(&rig, RECEIVE);
        expect_received(i, 60 + i, (uint8_t)(1 + i));
    }
    expect_none_received();
}

/* Buffers of 100 bytes: a frame is spread over as many as it needs. */
static void a_frame_takes_several_buffers(void **state)
{
    (void)state;
    start();
    far_send(388, 9);
    for (unsigned i = 0; i < 4; i++) {
        expect_none_received();
        give(i, 100);
        virtio_rig_notify(&rig, RECEIVE);
    }
    for (unsigned i = 0; i < 4; i++) {
        struct vring_used_elem used = virtio_rig_wait(&rig, RECEIVE);
        assert_int_equal(used.len, 100);
        const uint8_t *part = virtio_rig_at(&rig, slot(i), 100);
        assert_int_equal(part[99], 9);
    }
    const uint8_t *first = virtio_rig_at(&rig, slot(0), 100);
    assert_int_equal(first[10], 4);
    assert_memory_equal(first + NET_HEADER_SIZE, guest_mac, sizeof(guest_mac));
}

/* All that the ring can hold is too little: the frame is dropped, and the next ones come. */
static void a_frame_that_never_fits_is_dropped(void **state)
{
    struct vring_used_elem used;

    (void)state;
    start();
    for (unsigned i = 0; i < VIRTIO_RIG_QUEUE_SIZE; i++) {
        give(i, 100);
    }
    virtio_rig_notify(&rig, RECEIVE);
    far_send(4000, 1);
    far_send(60, 2);
    expect_received(0, 60, 2);
    assert_false(virtio_rig_used(&rig, RECEIVE, &used));
}

static void without_mergeable_buffers_a_frame_has_one(void **state)
{
    (void)state;
    rig.features = ~(UINT64_C(1) << VIRTIO_NET_F_MRG_RXBUF);
    start();
    give(0, 100);
    give(1, 100);
    virtio_rig_notify(&rig, RECEIVE);
    far_send(89, 1);
    far_send(88, 2);
    expect_received(0, 88, 2);
}

static void a_buffer_without_room_for_the_header_breaks_the_device(void **state)
{
    struct capture capture;
    char said[512];

    (void)state;
    start();
    give(0, NET_HEADER_SIZE - 1);
    capture_begin(&capture, STDERR_FILENO);
    virtio_rig_notify(&rig, RECEIVE);
    far_send(60, 1);
    expect_none_received();
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said, "virtio-net: the guest's driver is at fault"));
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET,
                     VIRTIO_CONFIG_S_NEEDS_RESET);
    virtio_rig_reset(&rig);
    start();
    give(0, SLOT);
    virtio_rig_notify(&rig, RECEIVE);
    expect_received(0, 60, 1);
}

static void put(unsigned number, size_t length, uint8_t mark)
{
    uint8_t *frame = virtio_rig_at(&rig, slot(number), NET_HEADER_SIZE + length);

    memset(frame, 0, NET_HEADER_SIZE);
    memset(frame + NET_HEADER_SIZE, mark, length);
    const struct virtio_rig_buffer parts[] = {
        {slot(number), 20, false},
        {slot(number) + 20, (uint32_t)(NET_HEADER_SIZE + length - 20), false},
    };
    virtio_rig_add(&rig, SEND, parts, 2);
}

static void expect_sent(size_t length, uint8_t mark)
{
    uint8_t stream[PREFIX + 4096];
    size_t at = 0;

    while (at < PREFIX + length) {
        ssize_t got = recv(far, stream + at, PREFIX + length - at, MSG_DONTWAIT);
        if (got < 0) {
            assert_int_equal(errno, EAGAIN);
            virtio_rig_run(&rig);
            continue;
        }
        at += (size_t)got;
    }
    assert_int_equal(stream[2] << 8 | stream[3], length);
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(stream[PREFIX + i], mark);
    }
}

static void frames_go(void **state)
{
    (void)state;
    start();
    put(0, 60, 1);
    put(1, 1514, 2);
    virtio_rig_notify(&rig, SEND);
    expect_sent(60, 1);
    expect_sent(1514, 2);
    assert_int_equal(virtio_rig_wait(&rig, SEND).len, 0);
    (void)virtio_rig_wait(&rig, SEND);
}

/* The driver has rung, and resets the device before the main thread comes to send. */
static void frames_go_also_before_a_reset(void **state)
{
    (void)state;
    start();
    put(0, 60, 1);
    put(1, 1514, 2);
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_NOTIFY, SEND);
    virtio_rig_reset(&rig);
    expect_sent(60, 1);
    expect_sent(1514, 2);
}

/* The device stops when passt takes no more, and goes on when it does; nothing is lost. */
static void frames_wait_for_a_slow_passt(void **state)
{
    struct vring_used_elem used;
    unsigned sent = 0;

    (void)state;
    start();
    do {
        put(0, 1514, (uint8_t)sent++);
        virtio_rig_notify(&rig, SEND);
    } while (virtio_rig_used(&rig, SEND, &used) && sent < 10000);
    assert_true(sent < 10000);
    for (unsigned i = 0; i < sent; i++) {
        expect_sent(1514, (uint8_t)i);
    }
    (void)virtio_rig_wait(&rig, SEND);
}

static void senseless_frames_are_taken_and_not_sent(void **state)
{
    uint8_t byte;

    (void)state;
    start();
    virtio_rig_add(&rig, SEND, &(struct virtio_rig_buffer){slot(0), 1, false}, 1);
    virtio_rig_add(&rig, SEND, &(struct virtio_rig_buffer){slot(0), 100000, false}, 1);
    virtio_rig_add(&rig, SEND, &(struct virtio_rig_buffer){slot(0), 100, true}, 1);
    virtio_rig_notify(&rig, SEND);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(virtio_rig_wait(&rig, SEND).len, 0);
    }
    assert_int_equal(recv(far, &byte, 1, MSG_DONTWAIT), -1);
}

static uint8_t command(uint8_t class, uint8_t number)
{
    uint8_t *bytes = virtio_rig_at(&rig, slot(0), 3);
    const struct virtio_rig_buffer parts[] = {{slot(0), 2, false}, {slot(0) + 2, 1, true}};

    bytes[0] = class;
    bytes[1] = number;
    bytes[2] = 0xee;
    virtio_rig_add(&rig, CONTROL, parts, 2);
    virtio_rig_notify(&rig, CONTROL);
    assert_int_equal(virtio_rig_wait(&rig, CONTROL).len, 1);
    return bytes[2];
}

static void other_commands_are_refused(void **state)
{
    (void)state;
    start();
    assert_int_equal(command(VIRTIO_NET_CTRL_RX, 0), VIRTIO_NET_ERR);
    assert_int_equal(command(VIRTIO_NET_CTRL_ANNOUNCE, 1), VIRTIO_NET_ERR);
    /* And one without a word, or without room for an answer. */
    virtio_rig_add(&rig, CONTROL, &(struct virtio_rig_buffer){slot(0), 1, false}, 1);
    virtio_rig_notify(&rig, CONTROL);
    assert_int_equal(virtio_rig_wait(&rig, CONTROL).len, 0);
}

static void a_dead_passt_takes_the_link_down(void **state)
{
    struct capture capture;
    char said[512];

    (void)state;
    start();
    give(0, SLOT);
    virtio_rig_notify(&rig, RECEIVE);
    uint32_t generation = virtio_rig_read(&rig, VIRTIO_MMIO_CONFIG_GENERATION);
    capture_begin(&capture, STDERR_FILENO);
    close(far);
    far = -1;
    virtio_rig_run(&rig);
    put(1, 60, 1);
    virtio_rig_notify(&rig, SEND);
    (void)virtio_rig_wait(&rig, SEND);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, "dormouse: --net user: passt has ended; the guest's network link is "
                              "down from now on\n");
    assert_int_equal(net_status(), 0);
    assert_int_not_equal(virtio_rig_read(&rig, VIRTIO_MMIO_CONFIG_GENERATION), generation);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_CONFIG,
                     VIRTIO_MMIO_INT_CONFIG);
}

/* The guest first gets the frame that wakes it, and then the frames that came after that. */
static void the_waking_frame_comes_first(void **state)
{
    (void)state;
    start();
    sleep_begins(true);
    assert_false(rig.cls->wake_pending(rig.device));
    far_send_noise();
    far_send_noise();
    virtio_rig_run(&rig);
    assert_int_equal(rig.wakes, 0);
    far_send(60, 1);
    far_send_noise();
    far_send(61, 2);
    virtio_rig_run(&rig);
    assert_int_equal(rig.wakes, 1);
    assert_true(rig.cls->wake_pending(rig.device));
    wake_up();
    for (unsigned i = 0; i < 3; i++) {
        give(i, SLOT);
    }
    virtio_rig_notify(&rig, RECEIVE);
    expect_received(0, 60, 1);
    assert_int_equal(virtio_rig_wait(&rig, RECEIVE).len, NET_HEADER_SIZE + 60); /* the noise */
    expect_received(2, 61, 2);
}

/* It came after the driver's reset and before the sleep. */
static void a_frame_before_the_sleep_wakes_at_once(void **state)
{
    (void)state;
    start();
    give(0, SLOT);
    virtio_rig_notify(&rig, RECEIVE);
    virtio_rig_reset(&rig);
    far_send_noise();
    far_send(60, 1);
    virtio_rig_run(&rig);
    assert_int_equal(rig.wakes, 0);
    rig.cls->sleep_begins(rig.device, true);
    assert_true(rig.cls->wake_pending(rig.device));
    wake_up();
    give(0, SLOT);
    virtio_rig_notify(&rig, RECEIVE);
    expect_received(0, 60, 1);
}

static void a_network_that_does_not_count_keeps_everything(void **state)
{
    (void)state;
    start();
    sleep_begins(false);
    far_send_noise();
    far_send(60, 1);
    virtio_rig_run(&rig);
    assert_false(rig.cls->wake_pending(rig.device));
    assert_int_equal(rig.wakes, 0);
    wake_up();
    give(0, SLOT);
    give(1, SLOT);
    virtio_rig_notify(&rig, RECEIVE);
    (void)virtio_rig_wait(&rig, RECEIVE);
    expect_received(1, 60, 1);
}

/* A frame wakes a guest that never takes it once, not each time. */
static void a_frame_that_is_not_taken_wakes_once(void **state)
{
    (void)state;
    start();
    sleep_begins(true);
    far_send(60, 1);
    virtio_rig_run(&rig);
    assert_int_equal(rig.wakes, 1);
    wake_up(); /* without a buffer */
    sleep_begins(true);
    assert_false(rig.cls->wake_pending(rig.device));
    virtio_rig_run(&rig);
    assert_int_equal(rig.wakes, 1);
    far_send(60, 2);
    virtio_rig_run(&rig);
    assert_int_equal(rig.wakes, 2);
    rig.cls->sleep_ends(rig.device);
}

/* No driver has asked for the network, so no frame is for it. */
static void a_guest_without_a_driver_is_not_woken(void **state)
{
    (void)state;
    sleep_begins(true);
    far_send(60, 1);
    virtio_rig_run(&rig);
    assert_false(rig.cls->wake_pending(rig.device));
    assert_int_equal(rig.wakes, 0);
    rig.cls->sleep_ends(rig.device);
}

static void a_flood_that_wakes_nobody_is_looked_at_in_turns(void **state)
{
    (void)state;
    start();
    sleep_begins(true);
    for (unsigned i = 0; i < 200; i++) {
        far_send_noise();
    }
    far_send(60, 1);
    assert_false(rig.cls->wake_pending(rig.device));
    virtio_rig_run(&rig);
    assert_int_equal(rig.wakes, 1);
    wake_up();
    give(0, SLOT);
    virtio_rig_notify(&rig, RECEIVE);
    expect_received(0, 60, 1);
}

static void only_a_magic_packet_wakes(void **state)
{
    (void)state;
    start();
    sleep_begins(true);
    far_send(60, 1);
    far_send_noise();
    virtio_rig_run(&rig);
    assert_int_equal(rig.wakes, 0);
    far_send_magic();
    virtio_rig_run(&rig);
    assert_int_equal(rig.wakes, 1);
    rig.cls->sleep_ends(rig.device);
}

/* The guest tells its neighbours where it is. */
static void a_wake_asks_for_an_announcement(void **state)
{
    (void)state;
    start();
    assert_int_equal(net_status(), VIRTIO_NET_S_LINK_UP);
    sleep_begins(true);
    rig.cls->sleep_ends(rig.device);
    unsigned pulses = rig.pulses;
    start();
    assert_int_equal(net_status(), VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
    assert_true(rig.pulses > pulses);
    assert_int_equal(command(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK),
                     VIRTIO_NET_OK);
    assert_int_equal(net_status(), VIRTIO_NET_S_LINK_UP);
    virtio_rig_reset(&rig);
    start();
    assert_int_equal(net_status(), VIRTIO_NET_S_LINK_UP);
}

static void a_passt_that_dies_asleep_wakes_nobody(void **state)
{
    struct capture capture;
    char said[512];

    (void)state;
    start();
    sleep_begins(true);
    capture_begin(&capture, STDERR_FILENO);
    close(far);
    far = -1;
    virtio_rig_run(&rig);
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said, "passt has ended"));
    assert_int_equal(rig.wakes, 0);
    rig.cls->sleep_ends(rig.device);
    start();
    assert_int_equal(net_status() & VIRTIO_NET_S_LINK_UP, 0);
}

/* If it uses the network. */
static void a_restored_guest_is_announced(void **state)
{
    static const uint8_t expected[PREFIX + 60] = {
        0, 0, 0,    60,   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0,    0,
        0, 7, 0x80, 0x35, 0,    1,    8,    0,    6,    4,    0,    3, 0x02, 0,
        0, 0, 0,    7,    0,    0,    0,    0,    0x02, 0,    0,    0, 0,    7,
    };
    _Alignas(max_align_t) uint8_t saved[4096];
    uint8_t frame[sizeof(expected) + 1];

    (void)state;
    assert_true(rig.cls->state_size <= sizeof(saved));
    memcpy(saved, (const uint8_t *)rig.device + rig.cls->state_offset, rig.cls->state_size);
    assert_true(rig.cls->restore(rig.device, saved));
    assert_int_equal(recv(far, frame, sizeof(frame), MSG_DONTWAIT), -1);
    start();
    sleep_begins(true);
    memcpy(saved, (const uint8_t *)rig.device + rig.cls->state_offset, rig.cls->state_size);
    assert_true(rig.cls->restore(rig.device, saved));
    assert_int_equal(recv(far, frame, sizeof(frame), MSG_DONTWAIT), (ssize_t)sizeof(expected));
    assert_memory_equal(frame, expected, sizeof(expected));
}

/* Neither memory nor a frame is lost when the driver comes and goes. */
static void the_driver_may_come_and_go(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        start();
        give(0, SLOT);
        virtio_rig_notify(&rig, RECEIVE);
        if (i % 3 == 0) {
            virtio_rig_reset(&rig);
            far_send(60, (uint8_t)i);
            start();
            give(0, SLOT);
            virtio_rig_notify(&rig, RECEIVE);
        } else {
            far_send(60, (uint8_t)i);
        }
        expect_received(0, 60, (uint8_t)i);
        virtio_rig_reset(&rig);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(configuration_has_the_mac_address),
        TEST(frames_come),
        TEST(frames_wait_for_buffers),
        TEST(a_frame_takes_several_buffers),
        TEST(a_frame_that_never_fits_is_dropped),
        TEST(without_mergeable_buffers_a_frame_has_one),
        TEST(a_buffer_without_room_for_the_header_breaks_the_device),
        TEST(frames_go),
        TEST(frames_go_also_before_a_reset),
        TEST(frames_wait_for_a_slow_passt),
        TEST(senseless_frames_are_taken_and_not_sent),
        TEST(other_commands_are_refused),
        TEST(a_dead_passt_takes_the_link_down),
        TEST(the_waking_frame_comes_first),
        TEST(a_frame_before_the_sleep_wakes_at_once),
        TEST(a_network_that_does_not_count_keeps_everything),
        TEST(a_frame_that_is_not_taken_wakes_once),
        TEST(a_guest_without_a_driver_is_not_woken),
        TEST(a_flood_that_wakes_nobody_is_looked_at_in_turns),
        cmocka_unit_test_setup_teardown(only_a_magic_packet_wakes, setup_magic, teardown),
        TEST(a_wake_asks_for_an_announcement),
        TEST(a_passt_that_dies_asleep_wakes_nobody),
        TEST(a_restored_guest_is_announced),
        TEST(the_driver_may_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
