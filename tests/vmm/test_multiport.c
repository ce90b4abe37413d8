/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-console with ports: a driver as Linux's on one side, clients of Unix sockets on the other. */
#include <linux/virtio_console.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/map.h"
#include "dev/virtio/multiport.h"
#include "host/port/port_settings.h"
#include "scratch.h"
#include "socket_client.h"
#include "virtio_rig.h"

enum {
    TO_GUEST = 2, /* control queues */
    FROM_GUEST = 3,
    QUEUES = 8, /* of two ports and of port 0, which does not exist */
    SPACE = 4096,
    CONTROL_AT = VIRTIO_RIG_FREE, /* buffers of the driver */
    MESSAGE_AT = CONTROL_AT + SPACE * VIRTIO_RIG_QUEUE_SIZE,
    DATA_AT = MESSAGE_AT + SPACE,
    OUT_AT = DATA_AT + SPACE * 2,
};

static struct virtio_rig rig;
static const struct port_settings settings = {
    .count = 2,
    .at = {{.name = "first", .path = "one"}, {.name = "second", .path = "two"}},
};

static unsigned queue_in(unsigned port)
{
    return 2 + 2 * port;
}

static uint64_t address(uint64_t offset)
{
    return MAP_RAM_BASE + offset;
}

/* As Linux: buffers for control messages first. */
static void start(void)
{
    virtio_rig_start(&rig, QUEUES);
    for (unsigned i = 0; i < VIRTIO_RIG_QUEUE_SIZE; i++) {
        virtio_rig_add(&rig, TO_GUEST,
                       &(struct virtio_rig_buffer){address(CONTROL_AT + i * SPACE), SPACE, true},
                       1);
    }
    virtio_rig_notify(&rig, TO_GUEST);
}

static int enter(void **state)
{
    if (scratch_enter(state) != 0) {
        return -1;
    }
    virtio_rig_create(&rig, "virtio-console", &settings);
    start();
    return 0;
}

static int leave(void **state)
{
    virtio_rig_destroy(&rig);
    return scratch_leave(state);
}

static void tell(uint32_t id, uint16_t event, uint16_t value)
{
    const struct virtio_console_control message = {.id = id, .event = event, .value = value};
    struct vring_used_elem used;

    memcpy(virtio_rig_at(&rig, address(MESSAGE_AT), sizeof(message)), &message, sizeof(message));
    virtio_rig_add(&rig, FROM_GUEST,
                   &(struct virtio_rig_buffer){address(MESSAGE_AT), sizeof(message), false}, 1);
    virtio_rig_notify(&rig, FROM_GUEST);
    assert_true(virtio_rig_used(&rig, FROM_GUEST, &used));
}

/* Checks the next control message, and gives its buffer back. `name`: what follows it. */
static void expect(uint32_t id, uint16_t event, uint16_t value, const char *name)
{
    struct vring_used_elem used;

    assert_true(virtio_rig_used(&rig, TO_GUEST, &used));
    uint64_t at = rig.queues[TO_GUEST].table[used.id].addr;
    const struct virtio_console_control *message = virtio_rig_at(&rig, at, SPACE);
    assert_int_equal(message->id, id);
    assert_int_equal(message->event, event);
    assert_int_equal(message->value, value);
    assert_int_equal(used.len, sizeof(*message) + strlen(name));
    assert_memory_equal(message + 1, name, strlen(name));
    virtio_rig_add(&rig, TO_GUEST, &(struct virtio_rig_buffer){at, SPACE, true}, 1);
    virtio_rig_notify(&rig, TO_GUEST);
}

static void expect_no_message(void)
{
    struct vring_used_elem used;

    virtio_rig_run(&rig);
    assert_false(virtio_rig_used(&rig, TO_GUEST, &used));
}

/* What Linux does when it finds the device. */
static void probe(void)
{
    tell(UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 1);
    expect(1, VIRTIO_CONSOLE_PORT_ADD, 0, "");
    expect(2, VIRTIO_CONSOLE_PORT_ADD, 0, "");
    tell(1, VIRTIO_CONSOLE_PORT_READY, 1);
    expect(1, VIRTIO_CONSOLE_PORT_NAME, 1, "first");
    tell(2, VIRTIO_CONSOLE_PORT_READY, 1);
    expect(2, VIRTIO_CONSOLE_PORT_NAME, 1, "second");
    expect_no_message();
}

static int client(const char *path)
{
    return socket_client_open(rig.loop, path);
}

static void say(int fd, const char *text)
{
    socket_client_say(rig.loop, fd, text);
}

static void expect_client(int fd, const char *expected)
{
    char said[256];
    ssize_t count = read(fd, said, sizeof(said) - 1);

    said[count > 0 ? count : 0] = '\0';
    assert_string_equal(said, expected);
}

/* The guest's program reads into a buffer of so many bytes. */
static void offer(unsigned port, uint32_t size)
{
    virtio_rig_add(&rig, queue_in(port), &(struct virtio_rig_buffer){address(DATA_AT), size, true},
                   1);
    virtio_rig_notify(&rig, queue_in(port));
}

static void expect_data(unsigned port, const char *expected)
{
    struct vring_used_elem used;

    assert_true(virtio_rig_used(&rig, queue_in(port), &used));
    assert_int_equal(used.len, strlen(expected));
    assert_memory_equal(virtio_rig_at(&rig, address(DATA_AT), SPACE), expected, used.len);
}

static void expect_no_data(unsigned port)
{
    struct vring_used_elem used;

    virtio_rig_run(&rig);
    assert_false(virtio_rig_used(&rig, queue_in(port), &used));
}

static void put(unsigned port, const char *text)
{
    uint32_t half = (uint32_t)strlen(text) / 2;
    uint32_t rest = (uint32_t)strlen(text) - half;
    const struct virtio_rig_buffer parts[] = {{address(OUT_AT), half, false},
                                              {address(OUT_AT) + half, rest, false}};

    memcpy(virtio_rig_at(&rig, address(OUT_AT), SPACE), text, strlen(text));
    virtio_rig_add(&rig, queue_in(port) + 1, parts, 2);
    virtio_rig_notify(&rig, queue_in(port) + 1);
}

static bool taken(unsigned port)
{
    struct vring_used_elem used;

    return virtio_rig_used(&rig, queue_in(port) + 1, &used);
}

static void ports_are_added_by_name_and_none_is_a_console(void **state)
{
    (void)state;
    assert_int_equal(virtio_rig_config(&rig, 4, 4), 3);
    probe();
}

static void bytes_go_both_ways(void **state)
{
    (void)state;
    probe();
    int fd = client("two");
    expect(2, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
    assert_int_equal(multiport_in_guest(rig.device), 0);
    unsigned tells = rig.tells;
    tell(2, VIRTIO_CONSOLE_PORT_OPEN, 1);
    assert_int_equal(rig.tells, tells + 1);
    assert_int_equal(multiport_in_guest(rig.device), 1 << 1);
    tell(2, VIRTIO_CONSOLE_PORT_OPEN, 1);
    assert_int_equal(rig.tells, tells + 1);
    assert_int_equal(multiport_take_changes(rig.device), 1 << 1);
    assert_int_equal(multiport_take_changes(rig.device), 0);
    offer(2, SPACE);
    say(fd, "hello");
    expect_data(2, "hello");
    put(2, "good day");
    assert_true(taken(2));
    expect_client(fd, "good day");
    close(fd);
    virtio_rig_run(&rig);
    expect(2, VIRTIO_CONSOLE_PORT_OPEN, 0, "");
    put(2, "no client reads");
    assert_true(taken(2));
}

/* Linux drops what comes for a port that no program has open, and what comes without a buffer. */
static void bytes_wait_for_a_program_and_for_buffers(void **state)
{
    (void)state;
    probe();
    int fd = client("one");
    expect(1, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
    say(fd, "one two three");
    offer(1, 4);
    expect_no_data(1);
    tell(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    expect_data(1, "one ");
    expect_no_data(1);
    offer(1, 4);
    expect_data(1, "two ");
    tell(1, VIRTIO_CONSOLE_PORT_OPEN, 0);
    offer(1, SPACE);
    expect_no_data(1);
    tell(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    expect_data(1, "three");
    close(fd);
}

/*
 * After a sleep Linux says that the ports are ready, and open if they were; not that the device is.
 * What came meanwhile is there.
 */
static void ports_survive_a_sleep(void **state)
{
    (void)state;
    probe();
    int fd = client("one");
    expect(1, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
    tell(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    for (unsigned i = 0; i < 10; i++) {
        virtio_rig_reset(&rig);
        virtio_rig_run(&rig);
        say(fd, "wake up");
        start();
        expect_no_message();
        tell(1, VIRTIO_CONSOLE_PORT_READY, 1);
        expect(1, VIRTIO_CONSOLE_PORT_NAME, 1, "first");
        expect(1, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
        offer(1, SPACE);
        expect_no_data(1);
        tell(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
        expect_data(1, "wake up");
        put(1, "good morning");
        assert_true(taken(1));
        expect_client(fd, "good morning");
    }
    close(fd);
}

/* A program of the guest must see that the client is another one. */
static void a_change_of_clients_is_told(void **state)
{
    (void)state;
    probe();
    int fd = client("one");
    expect(1, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
    int next = client("one");
    expect_no_message();
    close(fd);
    virtio_rig_run(&rig);
    expect(1, VIRTIO_CONSOLE_PORT_OPEN, 0, "");
    expect(1, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
    expect_no_message();
    close(next);
}

/* What the client has not taken stays in the guest's queue, and none of it is sent twice. */
static void a_client_that_does_not_read_holds_the_guest(void **state)
{
    char text[SPACE];
    unsigned sent = 0;
    size_t got = 0;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    probe();
    int fd = client("one");
    do {
        put(1, text);
        sent++;
        assert_true(sent < 10000);
    } while (taken(1));
    virtio_rig_run(&rig);
    assert_false(taken(1));
    for (ssize_t count; (count = read(fd, text, sizeof(text))) > 0;) {
        got += (size_t)count;
        virtio_rig_run(&rig);
    }
    assert_true(taken(1));
    assert_int_equal(got, sent * (sizeof(text) - 1));
    close(fd);
}

/* A driver that gives no buffers for control messages gets them later, and holds nothing. */
static void messages_wait_for_buffers(void **state)
{
    (void)state;
    virtio_rig_reset(&rig);
    virtio_rig_start(&rig, QUEUES);
    for (unsigned i = 0; i < 100; i++) {
        tell(UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 1);
        tell(1, VIRTIO_CONSOLE_PORT_READY, 1);
    }
    for (unsigned i = 0; i < VIRTIO_RIG_QUEUE_SIZE; i++) {
        virtio_rig_add(&rig, TO_GUEST,
                       &(struct virtio_rig_buffer){address(CONTROL_AT + i * SPACE), SPACE, true},
                       1);
    }
    virtio_rig_notify(&rig, TO_GUEST);
    expect(1, VIRTIO_CONSOLE_PORT_ADD, 0, "");
    expect(1, VIRTIO_CONSOLE_PORT_NAME, 1, "first");
    expect(2, VIRTIO_CONSOLE_PORT_ADD, 0, "");
    expect_no_message();
}

static void nonsense_is_ignored(void **state)
{
    (void)state;
    probe();
    tell(0, VIRTIO_CONSOLE_PORT_READY, 1);
    tell(3, VIRTIO_CONSOLE_PORT_OPEN, 1);
    tell(UINT32_MAX, VIRTIO_CONSOLE_PORT_READY, 1);
    tell(1, 99, 1);
    tell(1, VIRTIO_CONSOLE_PORT_READY, 0);
    tell(UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 0);
    virtio_rig_add(&rig, FROM_GUEST, &(struct virtio_rig_buffer){address(MESSAGE_AT), 3, false}, 1);
    virtio_rig_notify(&rig, FROM_GUEST);
    virtio_rig_add(&rig, 0, &(struct virtio_rig_buffer){address(DATA_AT), SPACE, true}, 1);
    virtio_rig_notify(&rig, 0);
    virtio_rig_add(&rig, 1, &(struct virtio_rig_buffer){address(DATA_AT), SPACE, false}, 1);
    virtio_rig_notify(&rig, 1);
    expect_no_message();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ports_are_added_by_name_and_none_is_a_console, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(bytes_go_both_ways, enter, leave),
        cmocka_unit_test_setup_teardown(bytes_wait_for_a_program_and_for_buffers, enter, leave),
        cmocka_unit_test_setup_teardown(ports_survive_a_sleep, enter, leave),
        cmocka_unit_test_setup_teardown(a_change_of_clients_is_told, enter, leave),
        cmocka_unit_test_setup_teardown(a_client_that_does_not_read_holds_the_guest, enter, leave),
        cmocka_unit_test_setup_teardown(messages_wait_for_buffers, enter, leave),
        cmocka_unit_test_setup_teardown(nonsense_is_ignored, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
