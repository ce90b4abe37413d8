/* SPDX-License-Identifier: BSD-2-Clause */
/* Which frames wake a guest: real ones, as a guest and its neighbours send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/report.h"
#include "capture.h"
#include "host/net/net_wake.h"

#define GUEST 0x52, 0x54, 0x00, 0x12, 0x34, 0x56
#define OTHER 0x02, 0x11, 0x22, 0x33, 0x44, 0x55
#define EVERY 0xff, 0xff, 0xff, 0xff, 0xff, 0xff

#define ARP(operation, sender, target)                                                             \
    0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, operation, OTHER, 192, 168, 1, sender, 0, 0, 0, 0, 0, 0,   \
        192, 168, 1, target

#define ADDRESS(last) 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last
#define NO_ADDRESS    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

#define NEIGHBOUR(type, source, target)                                                            \
    0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 58, 255, source, ADDRESS(0x99), type, 0, 0, 0, 0, 0, 0, 0,   \
        target

static const uint8_t arp_request_for_7[] = {EVERY, OTHER, ARP(1, 3, 7)};
static const uint8_t arp_request_for_8[] = {EVERY, OTHER, ARP(1, 3, 8)};
static const uint8_t arp_reply_from_7[] = {OTHER, GUEST, ARP(2, 7, 3)};
static const uint8_t arp_reply_for_7[] = {EVERY, OTHER, ARP(2, 3, 7)};
static const uint8_t solicits_7[] = {0x33, 0x33, 0xff,  0,
                                     0,    7,    OTHER, NEIGHBOUR(135, ADDRESS(3), ADDRESS(7))};
static const uint8_t solicits_8[] = {0x33, 0x33, 0xff,  0,
                                     0,    8,    OTHER, NEIGHBOUR(135, ADDRESS(3), ADDRESS(8))};
static const uint8_t tries_7[] = {0x33, 0x33, 0xff,  0,
                                  0,    7,    GUEST, NEIGHBOUR(135, NO_ADDRESS, ADDRESS(7))};
static const uint8_t advertises_8[] = {0x33, 0x33, 0,     0,
                                       0,    1,    GUEST, NEIGHBOUR(136, ADDRESS(7), ADDRESS(8))};
static const uint8_t udp_to_guest[] = {GUEST, OTHER, 0x08, 0x00,
                                       /* IPv4: UDP from 192.168.1.3 to .7 */
                                       0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 168, 1, 3,
                                       192, 168, 1, 7,
                                       /* from port 4000 to 53 */
                                       0x0f, 0xa0, 0, 53, 0, 8, 0, 0};
static const uint8_t udp_to_every[] = {EVERY, OTHER, 0x08, 0x00, 0x45, 0,   0,   28, 0, 0,   0,
                                       0,     64,    17,   0,    0,    192, 168, 1,  3, 192, 168,
                                       1,     255,   0x0f, 0xa0, 0,    67,  0,   8,  0, 0};

static struct net_station station;

static int forget(void **state)
{
    static const uint8_t mac[] = {GUEST};

    (void)state;
    station = (struct net_station){0};
    memcpy(station.mac, mac, sizeof(mac));
    return 0;
}

#define WAKES(kinds, frame) net_wake_matches(kinds, NULL, &station, frame, sizeof(frame))
#define LEARN(frame)        net_station_learn(&station, frame, sizeof(frame))

static void every_kind_is_named(void **state)
{
    struct net_wake wake = {0};

    (void)state;
    assert_int_equal(net_wake_add(&wake, "unicast"), 7);
    assert_int_equal(net_wake_add(&wake, "arp,irq"), 3);
    assert_int_equal(net_wake_add(&wake, "magic"), 5);
    assert_int_equal(wake.kinds, NET_WAKE_UNICAST | NET_WAKE_ARP | NET_WAKE_MAGIC);
    assert_int_equal(net_wake_add(&wake, "any"), 3);
    assert_int_equal(net_wake_add(&wake, "bpf:tcp port 22, really"), 23);
    assert_string_equal(wake.expression, "tcp port 22, really");
    assert_int_equal(net_wake_add(&wake, ""), 0);
    assert_int_equal(net_wake_add(&wake, "anything"), 0);
    assert_int_equal(net_wake_add(&wake, "bpf"), 0);
}

static void unicast_is_what_goes_to_the_guest(void **state)
{
    (void)state;
    assert_true(WAKES(NET_WAKE_UNICAST, udp_to_guest));
    assert_false(WAKES(NET_WAKE_UNICAST, udp_to_every));
    assert_false(WAKES(NET_WAKE_UNICAST, arp_request_for_7));
    assert_false(WAKES(NET_WAKE_UNICAST, arp_reply_from_7));
}

static void every_question_counts_until_the_address_is_known(void **state)
{
    (void)state;
    assert_true(WAKES(NET_WAKE_ARP, arp_request_for_7));
    assert_true(WAKES(NET_WAKE_ARP, arp_request_for_8));
    assert_false(WAKES(NET_WAKE_ARP, arp_reply_for_7));
    LEARN(arp_reply_from_7);
    assert_true(WAKES(NET_WAKE_ARP, arp_request_for_7));
    assert_false(WAKES(NET_WAKE_ARP, arp_request_for_8));
    assert_false(WAKES(NET_WAKE_ARP, arp_reply_for_7));
    assert_false(WAKES(NET_WAKE_ARP, udp_to_guest));
}

static void neighbours_are_known_by_what_the_guest_says(void **state)
{
    (void)state;
    assert_false(WAKES(NET_WAKE_ARP, solicits_7));
    LEARN(tries_7);
    assert_true(WAKES(NET_WAKE_ARP, solicits_7));
    assert_false(WAKES(NET_WAKE_ARP, solicits_8));
    LEARN(advertises_8);
    assert_true(WAKES(NET_WAKE_ARP, solicits_8));
    assert_false(WAKES(NET_WAKE_ARP, advertises_8));
    forget(NULL);
    LEARN(solicits_7); /* Its source is known then, not its target. */
    assert_false(WAKES(NET_WAKE_ARP, solicits_7));
}

/* Also of a router that has more addresses than there are places: the last ones are known. */
static void the_latest_addresses_are_kept(void **state)
{
    uint8_t reply[sizeof(arp_reply_from_7)];
    uint8_t request[sizeof(arp_request_for_7)];

    (void)state;
    for (unsigned address = 1; address <= 20; address++) {
        memcpy(reply, arp_reply_from_7, sizeof(reply));
        reply[31] = (uint8_t)address;
        LEARN(reply);
        LEARN(reply);
    }
    for (unsigned address = 1; address <= 20; address++) {
        memcpy(request, arp_request_for_7, sizeof(request));
        request[41] = (uint8_t)address;
        assert_int_equal(WAKES(NET_WAKE_ARP, request), address > 20 - NET_ADDRESSES_MAX);
    }
}

static void short_frames_match_nothing(void **state)
{
    const unsigned kinds = NET_WAKE_UNICAST | NET_WAKE_ARP | NET_WAKE_MAGIC;

    (void)state;
    LEARN(tries_7);
    /* On the heap, so that a sanitizer sees a read after the end. */
    for (size_t size = 1; size < sizeof(solicits_7); size++) {
        uint8_t *frame = malloc(size);

        assert_non_null(frame);
        memcpy(frame, solicits_7, size);
        assert_false(net_wake_matches(kinds, NULL, &station, frame, size));
        net_station_learn(&station, frame, size);
        free(frame);
    }
    for (size_t size = 1; size < sizeof(arp_request_for_7); size++) {
        uint8_t *frame = malloc(size);

        assert_non_null(frame);
        memcpy(frame, arp_request_for_7, size);
        assert_false(net_wake_matches(kinds, NULL, &station, frame, size));
        net_station_learn(&station, frame, size);
        free(frame);
    }
    assert_true(WAKES(NET_WAKE_ARP, arp_request_for_8)); /* Nothing was learnt. */
}

static void a_magic_packet_is_found_anywhere(void **state)
{
    static const uint8_t mac[] = {GUEST};
    uint8_t frame[400];

    (void)state;
    for (size_t at = 14; at + 102 <= sizeof(frame); at += 13) {
        memset(frame, 0xff, sizeof(frame));
        for (size_t i = 0; i < 16; i++) {
            memcpy(frame + at + 6 + 6 * i, mac, 6);
        }
        assert_true(WAKES(NET_WAKE_MAGIC, frame));
        assert_false(net_wake_matches(NET_WAKE_MAGIC, NULL, &station, frame, at + 101));
        frame[at + 50] ^= 1;
        assert_false(WAKES(NET_WAKE_MAGIC, frame));
    }
    assert_false(WAKES(NET_WAKE_MAGIC, udp_to_guest));
}

static void any_frame_is_any_frame(void **state)
{
    (void)state;
    assert_true(WAKES(NET_WAKE_ANY, udp_to_every));
    assert_true(WAKES(NET_WAKE_ANY, arp_reply_from_7));
}

static bool selects(const char *expression, const uint8_t *frame, size_t size)
{
    struct net_program *program = NULL;

    assert_int_equal(net_program_compile(expression, &program), 0);
    bool matches = net_wake_matches(NET_WAKE_BPF, program, &station, frame, size);
    net_program_free(program);
    return matches;
}

static void expressions_are_those_of_tcpdump(void **state)
{
    (void)state;
    assert_true(selects("udp port 53", udp_to_guest, sizeof(udp_to_guest)));
    assert_false(selects("udp port 53", udp_to_every, sizeof(udp_to_every)));
    assert_false(selects("tcp", udp_to_guest, sizeof(udp_to_guest)));
    assert_true(selects("arp or icmp6", arp_request_for_7, sizeof(arp_request_for_7)));
    assert_true(selects("", udp_to_every, sizeof(udp_to_every)));
    /* A frame that ends before what the expression asks for. */
    assert_false(selects("udp port 53", udp_to_guest, 30));
    assert_false(WAKES(NET_WAKE_BPF, udp_to_guest));
}

static void a_wrong_expression_gives_one_line(void **state)
{
    struct net_program *program = NULL;
    struct capture capture;
    char said[512];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    int error = net_program_compile("tcp prot 22", &program);
    capture_end(&capture, said, sizeof(said));
    assert_int_equal(error, -REPORTED);
    assert_null(program);
    assert_string_equal(said,
                        "dormouse: --wake net=bpf:tcp prot 22: can't parse filter expression: "
                        "syntax error\n");
}

#define TEST(test) cmocka_unit_test_setup(test, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_is_named),
        TEST(unicast_is_what_goes_to_the_guest),
        TEST(every_question_counts_until_the_address_is_known),
        TEST(neighbours_are_known_by_what_the_guest_says),
        TEST(the_latest_addresses_are_kept),
        TEST(short_frames_match_nothing),
        TEST(a_magic_packet_is_found_anywhere),
        TEST(any_frame_is_any_frame),
        TEST(expressions_are_those_of_tcpdump),
        TEST(a_wrong_expression_gives_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
