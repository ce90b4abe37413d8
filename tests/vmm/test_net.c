/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's end of a network: passt's stream over a real socket, a passt of ours, and --net. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/report.h"
#include "capture.h"
#include "host/net/frame.h"
#include "host/net/net_options.h"
#include "host/net/net_parts.h"
#include "scratch.h"

enum { PREFIX = 4 };

static struct {
    struct net *net;
    int far;
} link_rig;

static int link_open(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
    link_rig.net = calloc(1, sizeof(*link_rig.net));
    assert_non_null(link_rig.net);
    passt_attach(link_rig.net, pair[0]);
    link_rig.far = pair[1];
    return 0;
}

static int link_close(void **state)
{
    (void)state;
    net_close(link_rig.net);
    if (link_rig.far >= 0) {
        close(link_rig.far);
    }
    return 0;
}

/* The byte at a place of a frame, so that a byte in a wrong place is seen. */
static uint8_t frame_byte(size_t length, size_t at)
{
    return (uint8_t)(at * 7 + length * 13 + (at >> 8));
}

static size_t put_frame(uint8_t *stream, size_t length)
{
    uint32_t prefix = htonl((uint32_t)length);

    memcpy(stream, &prefix, PREFIX);
    for (size_t i = 0; i < length; i++) {
        stream[PREFIX + i] = frame_byte(length, i);
    }
    return PREFIX + length;
}

static void far_send(const void *bytes, size_t size)
{
    assert_int_equal(send(link_rig.far, bytes, size, 0), (ssize_t)size);
}

static void assert_frame(const uint8_t *frame, size_t length)
{
    for (size_t i = 0; i < NET_HEADER_SIZE; i++) {
        assert_int_equal(frame[i], 0);
    }
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(frame[NET_HEADER_SIZE + i], frame_byte(length, i));
    }
}

/* Receives into parts of `part` bytes, which are `room` together; the rest comes from net_rest(). */
static ssize_t receive(uint8_t *frame, size_t room, size_t part)
{
    struct iovec parts[NET_PARTS_MAX];
    unsigned count = 0;

    memset(frame, 0xee, room);
    assert_true(room <= part * NET_PARTS_MAX);
    for (size_t at = 0; at < room && count < NET_PARTS_MAX; at += part) {
        parts[count++] = (struct iovec){frame + at, part < room - at ? part : room - at};
    }
    ssize_t size = net_receive(link_rig.net, parts, count);
    if (size > (ssize_t)room) {
        memcpy(frame + room, net_rest(link_rig.net, room), (size_t)size - room);
    }
    return size;
}

static void expect_frame(size_t length, size_t room, size_t part)
{
    uint8_t frame[NET_FRAME_MAX];

    assert_int_equal(receive(frame, room, part), (ssize_t)(NET_HEADER_SIZE + length));
    assert_frame(frame, length);
}

static void expect_nothing(void)
{
    uint8_t frame[NET_FRAME_MAX];

    assert_int_equal(receive(frame, 2000, 100), 0);
}

static void frames_come_whole(void **state)
{
    uint8_t stream[8192];
    size_t size = put_frame(stream, 60);

    (void)state;
    expect_nothing();
    size += put_frame(stream + size, 1514);
    size += put_frame(stream + size, 14);
    size += put_frame(stream + size, 700);
    far_send(stream, size);
    expect_frame(60, 2000, 2000);
    expect_frame(1514, 2000, 33);
    expect_frame(14, 200, 1);
    expect_frame(700, 2000, 12);
    expect_nothing();
}

/* However the stream is cut, the same frames come out, in parts of any size. */
static void frames_come_in_pieces(void **state)
{
    uint8_t stream[512];
    size_t size = put_frame(stream, 80);

    (void)state;
    size += put_frame(stream + size, 14);
    size += put_frame(stream + size, 90);
    for (size_t step = 1; step < 100; step++) {
        const size_t lengths[] = {80, 14, 90};
        unsigned got = 0;

        for (size_t at = 0; at < size; at += step) {
            uint8_t frame[NET_FRAME_MAX];
            size_t room = (at + step) % 70;
            ssize_t come;

            far_send(stream + at, step < size - at ? step : size - at);
            while ((come = receive(frame, room, 7)) > 0) {
                size_t length = (size_t)come - NET_HEADER_SIZE;

                assert_true(got < 3 && length == lengths[got]);
                assert_frame(frame, length);
                got++;
            }
            assert_int_equal(come, 0);
        }
        assert_int_equal(got, 3);
    }
}

static void a_frame_may_be_larger_than_the_parts(void **state)
{
    static uint8_t stream[PREFIX + 65535];

    (void)state;
    for (size_t room = 0; room <= 40; room++) {
        far_send(stream, put_frame(stream, 65535));
        expect_frame(65535, room, 9);
    }
    expect_nothing();
}

static void a_frame_is_put_back_whole(void **state)
{
    uint8_t stream[1024];
    uint8_t frame[100];
    const struct iovec parts = {frame, sizeof(frame)};
    size_t size = put_frame(stream, 300);

    (void)state;
    size += put_frame(stream + size, 40);
    far_send(stream, size);
    assert_false(net_has_kept(link_rig.net));
    ssize_t got = net_receive(link_rig.net, &parts, 1);
    assert_int_equal(got, NET_HEADER_SIZE + 300);
    net_put_back(link_rig.net, &parts, 1, (size_t)got);
    assert_true(net_has_kept(link_rig.net));
    expect_frame(300, 2000, 64);
    assert_false(net_has_kept(link_rig.net));
    expect_frame(40, 2000, 64);
}

static void a_frame_that_is_looked_at_stays(void **state)
{
    uint8_t stream[1024];
    const uint8_t *frame;
    size_t size = put_frame(stream, 300);

    (void)state;
    assert_int_equal(net_peek(link_rig.net, &frame), 0);
    size += put_frame(stream + size, 40);
    far_send(stream, 10);
    assert_int_equal(net_peek(link_rig.net, &frame), 0);
    far_send(stream + 10, size - 10);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(net_peek(link_rig.net, &frame), NET_HEADER_SIZE + 300);
        assert_frame(frame, 300);
    }
    expect_frame(300, 64, 64);
    assert_int_equal(net_peek(link_rig.net, &frame), NET_HEADER_SIZE + 40);
    net_drop(link_rig.net);
    assert_int_equal(net_peek(link_rig.net, &frame), 0);
}

static int send_frame(size_t length, size_t part)
{
    static uint8_t frame[NET_FRAME_MAX];
    struct iovec parts[NET_PARTS_MAX];
    unsigned count = 0;
    size_t size = NET_HEADER_SIZE + length;

    for (size_t i = 0; i < length; i++) {
        frame[NET_HEADER_SIZE + i] = frame_byte(length, i);
    }
    assert_true(size <= part * NET_PARTS_MAX);
    for (size_t at = 0; at < size && count < NET_PARTS_MAX; at += part) {
        parts[count++] = (struct iovec){frame + at, part < size - at ? part : size - at};
    }
    return net_send(link_rig.net, parts, count, size);
}

static void expect_stream(size_t length)
{
    static uint8_t expected[PREFIX + NET_FRAME_MAX];
    static uint8_t got[PREFIX + NET_FRAME_MAX];
    size_t size = put_frame(expected, length);

    for (size_t at = 0; at < size;) {
        ssize_t step = recv(link_rig.far, got + at, size - at, MSG_DONTWAIT);
        if (step < 0) {
            assert_int_equal(errno, EAGAIN);
            assert_int_equal(net_flush(link_rig.net) & ~-EAGAIN, 0);
            continue;
        }
        at += (size_t)step;
    }
    assert_memory_equal(got, expected, size);
}

static void frames_go_whole(void **state)
{
    (void)state;
    assert_int_equal(send_frame(14, 1), 0);
    assert_int_equal(send_frame(1514, 100), 0);
    assert_int_equal(send_frame(1514, 4000), 0);
    expect_stream(14);
    expect_stream(1514);
    expect_stream(1514);
}

/* A socket that is full takes a part of a frame; its rest follows, and no frame is torn. */
static void a_full_socket_tears_no_frame(void **state)
{
    unsigned sent = 0;
    unsigned got = 0;
    int error;

    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        while ((error = send_frame(60000 - 100 * (sent % 50), 4000)) == 0) {
            sent++;
        }
        assert_int_equal(error, -EAGAIN);
        for (; got < sent; got++) {
            expect_stream(60000 - 100 * (got % 50));
        }
    }
    assert_true(sent > 40);
}

static void a_senseless_frame_is_not_sent(void **state)
{
    uint8_t byte;

    (void)state;
    assert_int_equal(send_frame(0, 4000), 0);
    assert_int_equal(send_frame(13, 4000), 0);
    struct iovec parts = {&byte, SIZE_MAX / 2};
    assert_int_equal(net_send(link_rig.net, &parts, 1, SIZE_MAX / 2), 0);
    assert_int_equal(recv(link_rig.far, &byte, 1, MSG_DONTWAIT), -1);
}

/* Runs `call`, and checks that it reports one line with this text. */
static void expect_line(void (*call)(void), const char *text)
{
    struct capture capture;
    char said[512];

    capture_begin(&capture, STDERR_FILENO);
    call();
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said, text));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static void receive_fails(void)
{
    uint8_t frame[NET_FRAME_MAX];

    assert_true(receive(frame, 100, 100) < 0);
    assert_true(receive(frame, 100, 100) < 0);
    assert_true(send_frame(60, 60) < 0);
    assert_true(net_flush(link_rig.net) < 0);
}

static void send_fails(void)
{
    assert_true(send_frame(60, 60) < 0);
    assert_true(send_frame(60, 60) < 0);
}

static void a_dead_passt_is_reported_once(void **state)
{
    (void)state;
    close(link_rig.far);
    link_rig.far = -1;
    expect_line(receive_fails, "passt has ended; the guest's network link is down");
}

static void a_dead_passt_is_found_by_sending(void **state)
{
    (void)state;
    close(link_rig.far);
    link_rig.far = -1;
    expect_line(send_fails, "passt has ended");
}

/* What passt sent before its end still comes. */
static void the_last_frames_of_a_dead_passt_come(void **state)
{
    uint8_t stream[200];

    (void)state;
    far_send(stream, put_frame(stream, 100));
    close(link_rig.far);
    link_rig.far = -1;
    expect_frame(100, 2000, 2000);
    expect_line(receive_fails, "passt has ended");
}

static void an_impossible_length_ends_the_link(void **state)
{
    static const uint32_t lengths[] = {0, 13, NET_FRAME_MAX - NET_HEADER_SIZE + 1, UINT32_MAX};

    (void)state;
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint32_t prefix = htonl(lengths[i]);

        far_send(&prefix, sizeof(prefix));
        expect_line(receive_fails, "passt sent a frame of an impossible length");
        link_close(NULL);
        link_open(NULL);
    }
}

/* A program in the current folder that is found as passt. */
static void put_passt(const char *script)
{
    scratch_write("passt", script, strlen(script));
    assert_int_equal(chmod("passt", 0755), 0);
}

static struct net_settings settings;

static void open_link(void)
{
    assert_int_equal(net_open(&settings, &link_rig.net), -REPORTED);
}

static int enter_with_path(void **state)
{
    char here[512];
    char path[2048];

    assert_int_equal(scratch_enter(state), 0);
    assert_non_null(getcwd(here, sizeof(here)));
    snprintf(path, sizeof(path), "%s:/usr/bin:/bin", here);
    setenv("PATH", path, 1);
    settings = (struct net_settings){0};
    return 0;
}

static void passt_is_missing(void **state)
{
    (void)state;
    setenv("PATH", "/nonexistent", 1);
    expect_line(open_link, "--net user: there is no program passt; install the package passt");
}

static void passt_cannot_run(void **state)
{
    (void)state;
    put_passt("#!/nonexistent/interpreter\n");
    assert_int_equal(chmod("passt", 0644), 0);
    setenv("PATH", ".", 1);
    expect_line(open_link, "--net user: cannot start passt: Permission denied");
}

/* This one sends back what it gets. */
/* The passt of the test sends back what it gets. */
static void wait_for_frame(void)
{
    struct pollfd ready = {.fd = net_fd(link_rig.net), .events = POLLIN};

    assert_int_equal(poll(&ready, 1, 60000), 1);
}

/* The first that passt gets is the guest's address. */
static void passt_is_started(void **state)
{
    uint8_t first[NET_ANNOUNCE_SIZE];
    char words[256];

    (void)state;
    put_passt("#!/bin/sh\necho \"$@\" >words\nexec cat <&3 >&3\n");
    settings.mac[5] = 7;
    settings.forward_count = 2;
    strcpy(settings.forwards[0].spec, "2222:22");
    settings.forwards[1].udp = true;
    strcpy(settings.forwards[1].spec, "127.0.0.1/53:53");
    assert_int_equal(net_open(&settings, &link_rig.net), 0);
    assert_false(net_has_offloads(link_rig.net));
    assert_int_equal(net_mtu(link_rig.net), 0);
    wait_for_frame();
    assert_int_equal(receive(first, sizeof(first), sizeof(first)), (ssize_t)sizeof(first));
    assert_memory_equal(first + NET_HEADER_SIZE + NET_MAC_SIZE, settings.mac, NET_MAC_SIZE);
    assert_int_equal(send_frame(100, 100), 0);
    wait_for_frame();
    expect_frame(100, 2000, 2000);
    FILE *file = scratch_open("words", "r");
    assert_non_null(fgets(words, sizeof(words), file));
    fclose(file);
    assert_string_equal(words, "--foreground --quiet --fd 3 -t 2222:22 -u 127.0.0.1/53:53\n");
    net_close(link_rig.net);
}

static void a_tap_must_exist(void **state)
{
    struct capture capture;
    char said[512];

    (void)state;
    strcpy(settings.tap, "no-such-tap");
    if (access("/dev/net/tun", R_OK | W_OK) == 0 && geteuid() == 0) {
        skip(); /* It would be created. */
    }
    capture_begin(&capture, STDERR_FILENO);
    open_link();
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said, "--net tap=no-such-tap: "));
}

static bool take(struct net_list *list, const char *value)
{
    return net_options.rows[0].set(&net_options.rows[0], list, value);
}

static void options_are_read(void **state)
{
    static const uint8_t mac[] = {0x52, 0x54, 0x00, 0xab, 0xCD, 0xef};
    struct net_list list = {0};

    (void)state;
    assert_true(take(&list, "user"));
    assert_true(take(&list, "tap=vnet0,mac=52:54:00:ab:CD:ef"));
    assert_true(
        take(&list, "user,forward=tcp:2222:22,forward=udp:127.0.0.1/53,mac=02:00:00:00:00:01"));
    assert_int_equal(list.count, 3);
    assert_string_equal(list.at[0].tap, "");
    assert_false(list.at[0].mac_given);
    assert_string_equal(list.at[1].tap, "vnet0");
    assert_memory_equal(list.at[1].mac, mac, sizeof(mac));
    assert_int_equal(list.at[2].forward_count, 2);
    assert_string_equal(list.at[2].forwards[0].spec, "2222:22");
    assert_false(list.at[2].forwards[0].udp);
    assert_string_equal(list.at[2].forwards[1].spec, "127.0.0.1/53:53");
    assert_true(list.at[2].forwards[1].udp);
    assert_true(take(&list, "none"));
    assert_int_equal(list.count, 0);
}

static const char *wrong;
static struct net_list wrong_list;

static void take_wrong(void)
{
    assert_false(take(&wrong_list, wrong));
}

static void wrong_options_are_refused(void **state)
{
    static const char *const values[][2] = {
        {"", "'' is not a network"},
        {"usermode", "'usermode' is not a network"},
        {"tap=", "'tap=' is not a network"},
        {"tap=a/b", "'tap=a/b' is not a network"},
        {"tap=sixteen-letters-", "is not a network"},
        {"user,", "'' cannot follow"},
        {"user,mtu=9000", "'mtu=9000' cannot follow"},
        {"user,mac=", "is not the MAC address"},
        {"user,mac=52:54:00:12:34:5", "is not the MAC address"},
        {"user,mac=52:54:00:12:34:5g", "is not the MAC address"},
        {"user,mac=52-54-00-12-34-56", "is not the MAC address"},
        {"user,mac=01:00:5e:00:00:01", "is not the MAC address"},
        {"user,mac=00:00:00:00:00:00", "is not the MAC address"},
        {"user,forward=2222", "is not a port"},
        {"user,forward=tcp:0", "is not a port"},
        {"user,forward=tcp:65536", "is not a port"},
        {"user,forward=tcp:1:2:3", "is not a port"},
        {"user,forward=tcp:/22", "is not a port"},
        {"user,forward=tcp:22:", "is not a port"},
        {"tap=t0,forward=tcp:22", "is not a port"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        wrong = values[i][0];
        expect_line(take_wrong, values[i][1]);
    }
    assert_int_equal(wrong_list.count, 0);
}

static void networks_are_limited(void **state)
{
    (void)state;
    wrong_list = (struct net_list){0};
    for (unsigned i = 0; i < NET_DEVICES_MAX; i++) {
        assert_true(take(&wrong_list, "user"));
    }
    wrong = "user";
    expect_line(take_wrong, "at most 8 networks");
}

static void macs_are_stable_and_differ(void **state)
{
    struct net_list one = {0};
    struct net_list other = {0};
    struct net_list again = {0};

    (void)state;
    assert_true(take(&one, "user") && take(&one, "user") && take(&one, "tap=t0") &&
                take(&one, "user,mac=02:11:22:33:44:55"));
    other = again = one;
    net_choose_macs(&one, "web");
    net_choose_macs(&again, "web");
    net_choose_macs(&other, "db");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(one.at[i].mac[0] & 3, 2);
        assert_memory_equal(one.at[i].mac, again.at[i].mac, NET_MAC_SIZE);
        assert_memory_not_equal(one.at[i].mac, other.at[i].mac, NET_MAC_SIZE);
        assert_memory_not_equal(one.at[i].mac, one.at[(i + 1) % 3].mac, NET_MAC_SIZE);
    }
    assert_int_equal(one.at[3].mac[5], 0x55);
    /* So that an update of dormouse does not change the address of a guest. */
    static const uint8_t web[] = {0x9a, 0x09, 0x2e, 0x0f, 0xb7, 0x66};
    assert_memory_equal(one.at[0].mac, web, sizeof(web));
}

#define LINK(test)  cmocka_unit_test_setup_teardown(test, link_open, link_close)
#define START(test) cmocka_unit_test_setup_teardown(test, enter_with_path, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK(frames_come_whole),
        LINK(frames_come_in_pieces),
        LINK(a_frame_may_be_larger_than_the_parts),
        LINK(a_frame_is_put_back_whole),
        LINK(a_frame_that_is_looked_at_stays),
        LINK(frames_go_whole),
        LINK(a_full_socket_tears_no_frame),
        LINK(a_senseless_frame_is_not_sent),
        LINK(a_dead_passt_is_reported_once),
        LINK(a_dead_passt_is_found_by_sending),
        LINK(the_last_frames_of_a_dead_passt_come),
        LINK(an_impossible_length_ends_the_link),
        START(passt_is_missing),
        START(passt_cannot_run),
        START(passt_is_started),
        START(a_tap_must_exist),
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(networks_are_limited),
        cmocka_unit_test(macs_are_stable_and_differ),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
