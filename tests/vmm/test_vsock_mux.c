/* SPDX-License-Identifier: BSD-2-Clause */
/* The multiplexer of vsock, with a guest that this test plays packet by packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/notify.h"
#include "capture.h"
#include "core/loop.h"
#include "drive.h"
#include "fake_delay.h"
#include "host/vsock/vsock_mux.h"
#include "host/vsock/vsock_options.h"
#include "refusal.h"
#include "scratch.h"
#include "service_manager.h"
#include "socket_client.h"

enum {
    CID = 3,
    ROOM = 4096,
    HOST_PORT = (1 << 30) + 1, /* of the first connection from the host */
};

static struct loop *loop;
static struct vsock_mux *mux;
static struct vsock_settings settings;
static unsigned readies;
static uint8_t data[ROOM]; /* of the last packet from the host */
static uint32_t credit;    /* the guest's buffer, as its packets say */
static uint32_t forwarded;

static void on_ready(void *arg)
{
    (void)arg;
    readies++;
}

static bool parse(const char *value)
{
    return vsock_options.rows[0].set(&vsock_options.rows[0], &settings, value);
}

static int enter(void **state)
{
    const struct vsock_guest guest = {NULL, on_ready};

    readies = 0;
    credit = VSOCK_BUFFER;
    forwarded = 0;
    if (scratch_enter(state) != 0 || !parse("v")) {
        return -1;
    }
    loop = loop_create();
    mux = vsock_mux_open(loop, &settings, &guest);
    return mux != NULL ? 0 : -1;
}

static int leave(void **state)
{
    if (mux != NULL) {
        vsock_mux_close(mux);
    }
    loop_destroy(loop);
    return scratch_leave(state);
}

static int client(void)
{
    return socket_client_open(loop, "v");
}

static void say(int fd, const char *text)
{
    socket_client_say(loop, fd, text);
}

static void expect_client(int fd, const char *expected)
{
    char said[256];
    ssize_t count = read(fd, said, sizeof(said) - 1);

    said[count > 0 ? count : 0] = '\0';
    assert_string_equal(said, expected);
}

static void expect_client_end(int fd)
{
    char byte;

    drive_until_idle(loop);
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
}

static bool guest_sends_from(uint32_t guest_port, uint32_t host_port, uint16_t op, uint32_t flags,
                             const void *bytes, uint32_t size)
{
    const struct virtio_vsock_hdr packet = {
        .src_cid = CID,
        .dst_cid = VSOCK_CID_HOST,
        .src_port = guest_port,
        .dst_port = host_port,
        .len = size,
        .type = VIRTIO_VSOCK_TYPE_STREAM,
        .op = op,
        .flags = flags,
        .buf_alloc = credit,
        .fwd_cnt = forwarded,
    };
    const struct iovec parts[2] = {{(void *)(uintptr_t)bytes, size / 2},
                                   {(char *)(uintptr_t)bytes + size / 2, size - size / 2}};

    return vsock_mux_take(mux, &packet, parts, 2);
}

/* Of the connection between port 1024 of the guest and the first of the host's. */
static void guest_sends(uint16_t op, uint32_t flags, const char *text)
{
    assert_true(guest_sends_from(1024, HOST_PORT, op, flags, text,
                                 text != NULL ? (uint32_t)strlen(text) : 0));
    drive_until_idle(loop);
}

static bool guest_gets(struct virtio_vsock_hdr *packet)
{
    const struct iovec part = {data, sizeof(data)};

    return vsock_mux_give(mux, packet, &part, 1);
}

static struct virtio_vsock_hdr guest_expects(uint16_t op)
{
    struct virtio_vsock_hdr packet;

    assert_true(guest_gets(&packet));
    assert_int_equal(packet.op, op);
    assert_int_equal(packet.src_cid, VSOCK_CID_HOST);
    assert_int_equal(packet.dst_cid, CID);
    return packet;
}

static void guest_expects_data(const char *text)
{
    struct virtio_vsock_hdr packet = guest_expects(VIRTIO_VSOCK_OP_RW);

    assert_int_equal(packet.len, strlen(text));
    assert_memory_equal(data, text, packet.len);
}

static void guest_expects_nothing(void)
{
    struct virtio_vsock_hdr packet;

    drive_until_idle(loop);
    assert_false(guest_gets(&packet));
}

/* A connection from the host to port 1024. */
static int connected_client(void)
{
    int fd = client();

    say(fd, "CONNECT 1024\n");
    struct virtio_vsock_hdr packet = guest_expects(VIRTIO_VSOCK_OP_REQUEST);
    assert_int_equal(packet.dst_port, 1024);
    assert_int_equal(packet.src_port, HOST_PORT);
    assert_int_equal(packet.buf_alloc, VSOCK_BUFFER);
    guest_sends(VIRTIO_VSOCK_OP_RESPONSE, 0, NULL);
    expect_client(fd, "OK 1073741825\n");
    guest_expects_nothing();
    return fd;
}

static void a_client_reaches_the_guest(void **state)
{
    (void)state;
    int fd = connected_client();
    say(fd, "hello");
    guest_expects_data("hello");
    guest_sends(VIRTIO_VSOCK_OP_RW, 0, "good day");
    expect_client(fd, "good day");
    guest_expects_nothing();
    guest_sends(VIRTIO_VSOCK_OP_SHUTDOWN, VIRTIO_VSOCK_SHUTDOWN_SEND, NULL);
    assert_int_equal(read(fd, data, 1), 0);
    say(fd, "last words");
    guest_expects_data("last words");
    guest_sends(VIRTIO_VSOCK_OP_SHUTDOWN, VIRTIO_VSOCK_SHUTDOWN_SEND | VIRTIO_VSOCK_SHUTDOWN_RCV,
                NULL);
    (void)guest_expects(VIRTIO_VSOCK_OP_RST);
    expect_client_end(fd);
    guest_expects_nothing();
}

/* The line may come in pieces, and what follows it is for the guest. */
static void a_line_in_pieces_is_a_line(void **state)
{
    (void)state;
    int fd = client();
    say(fd, "CONN");
    guest_expects_nothing();
    say(fd, "ECT 1024\nhello");
    (void)guest_expects(VIRTIO_VSOCK_OP_REQUEST);
    guest_expects_nothing();
    guest_sends(VIRTIO_VSOCK_OP_RESPONSE, 0, NULL);
    guest_expects_data("hello");
    close(fd);
}

static void wrong_lines_end_the_connection(void **state)
{
    static const char *const lines[] = {
        "HELLO 1024\n",
        "CONNECT\n",
        "CONNECT \n",
        "CONNECT 12x4\n",
        "CONNECT -1\n",
        "CONNECT 4294967295\n",
        "CONNECT 99999999999999\n",
        "CONNECT 00000000000000000000000000000001\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        int fd = client();

        say(fd, lines[i]);
        guest_expects_nothing();
        char byte;
        assert_true(read(fd, &byte, 1) <= 0);
        close(fd);
        drive_until_idle(loop);
    }
}

static void a_refused_client_is_hung_up_on(void **state)
{
    (void)state;
    int fd = client();
    say(fd, "CONNECT 1024\n");
    (void)guest_expects(VIRTIO_VSOCK_OP_REQUEST);
    guest_sends(VIRTIO_VSOCK_OP_RST, 0, NULL);
    expect_client_end(fd);
    guest_expects_nothing();
}

/* The client ends its side, gets the rest, and goes. */
static void a_client_can_end_one_side(void **state)
{
    (void)state;
    int fd = connected_client();
    say(fd, "question");
    assert_true(fd >= 0 && shutdown(fd, SHUT_WR) == 0);
    drive_until_idle(loop);
    guest_expects_data("question");
    struct virtio_vsock_hdr packet = guest_expects(VIRTIO_VSOCK_OP_SHUTDOWN);
    assert_int_equal(packet.flags, VIRTIO_VSOCK_SHUTDOWN_SEND);
    guest_sends(VIRTIO_VSOCK_OP_RW, 0, "answer");
    expect_client(fd, "answer");
    close(fd);
    drive_until_idle(loop);
    packet = guest_expects(VIRTIO_VSOCK_OP_SHUTDOWN);
    assert_int_equal(packet.flags, VIRTIO_VSOCK_SHUTDOWN_SEND | VIRTIO_VSOCK_SHUTDOWN_RCV);
    guest_sends(VIRTIO_VSOCK_OP_RST, 0, NULL);
    guest_expects_nothing();
}

/* A client that has gone has left bytes, which the guest gets as it has room for them. */
static void bytes_of_a_client_that_has_gone_arrive(void **state)
{
    (void)state;
    credit = 5;
    int fd = connected_client();
    say(fd, "hello you");
    close(fd);
    drive_until_idle(loop);
    guest_expects_data("hello");
    guest_expects_nothing();
    forwarded = 5;
    guest_sends(VIRTIO_VSOCK_OP_CREDIT_UPDATE, 0, NULL);
    guest_expects_data(" you");
    (void)guest_expects(VIRTIO_VSOCK_OP_SHUTDOWN);
    guest_sends(VIRTIO_VSOCK_OP_RW, 0, "the client has gone");
    guest_sends(VIRTIO_VSOCK_OP_SHUTDOWN, VIRTIO_VSOCK_SHUTDOWN_SEND | VIRTIO_VSOCK_SHUTDOWN_RCV,
                NULL);
    (void)guest_expects(VIRTIO_VSOCK_OP_RST);
    guest_expects_nothing();
}

/* Nothing is lost, and the guest cannot send more than it has credit for. */
static void a_client_that_does_not_read_holds_the_guest(void **state)
{
    static uint8_t block[ROOM];
    size_t sent = 0;
    size_t got = 0;
    uint32_t known = 0;

    (void)state;
    int fd = connected_client();
    /* Until the client's socket is full and all credit is used. */
    for (struct virtio_vsock_hdr packet;;) {
        while (guest_gets(&packet)) {
            known = packet.fwd_cnt;
        }
        if (sent - known > VSOCK_BUFFER - ROOM) {
            break;
        }
        assert_true(guest_sends_from(1024, HOST_PORT, VIRTIO_VSOCK_OP_RW, 0, block, ROOM));
        sent += ROOM;
    }
    guest_sends(VIRTIO_VSOCK_OP_CREDIT_REQUEST, 0, NULL);
    assert_true(guest_expects(VIRTIO_VSOCK_OP_CREDIT_UPDATE).fwd_cnt >= known);
    guest_sends(VIRTIO_VSOCK_OP_SHUTDOWN, VIRTIO_VSOCK_SHUTDOWN_SEND, NULL);
    for (ssize_t count; (count = read(fd, block, sizeof(block))) > 0;) {
        got += (size_t)count;
        drive_until_idle(loop);
    }
    assert_int_equal(got, sent);
    close(fd);
}

static void more_than_the_credit_is_a_reset(void **state)
{
    static uint8_t block[ROOM];
    struct virtio_vsock_hdr packet;

    (void)state;
    int fd = connected_client();
    unsigned sent = 0;
    do {
        assert_true(guest_sends_from(1024, HOST_PORT, VIRTIO_VSOCK_OP_RW, 0, block, ROOM));
        assert_true(++sent < 1000);
    } while (!guest_gets(&packet) || packet.op != VIRTIO_VSOCK_OP_RST);
    close(fd);
    guest_expects_nothing();
}

static int listening(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                listen(fd, 1) == 0);
    return fd;
}

static void the_guest_reaches_a_program(void **state)
{
    (void)state;
    int server = listening("v_52");
    assert_true(guest_sends_from(99, 52, VIRTIO_VSOCK_OP_REQUEST, 0, NULL, 0));
    struct virtio_vsock_hdr packet = guest_expects(VIRTIO_VSOCK_OP_RESPONSE);
    assert_int_equal(packet.src_port, 52);
    assert_int_equal(packet.dst_port, 99);
    int fd = server < 0 ? -1 : accept(server, NULL, NULL);
    assert_true(guest_sends_from(99, 52, VIRTIO_VSOCK_OP_RW, 0, "hello", 5));
    expect_client(fd, "hello");
    say(fd, "good day");
    guest_expects_data("good day");
    assert_true(guest_sends_from(99, 52, VIRTIO_VSOCK_OP_RST, 0, NULL, 0));
    expect_client_end(fd);
    close(server);
    assert_true(guest_sends_from(99, 52, VIRTIO_VSOCK_OP_REQUEST, 0, NULL, 0));
    (void)guest_expects(VIRTIO_VSOCK_OP_RST);
    guest_expects_nothing();
}

/* What belongs to no connection is answered by a reset, up to what there is room for. */
static void strays_are_reset(void **state)
{
    unsigned taken = 0;

    (void)state;
    guest_sends(VIRTIO_VSOCK_OP_RST, 0, NULL);
    guest_expects_nothing();
    while (guest_sends_from(1, 2, VIRTIO_VSOCK_OP_RW, 0, "x", 1)) {
        assert_true(++taken < 1000);
    }
    for (unsigned i = 0; i < taken; i++) {
        struct virtio_vsock_hdr packet = guest_expects(VIRTIO_VSOCK_OP_RST);

        assert_int_equal(packet.src_port, 2);
        assert_int_equal(packet.dst_port, 1);
    }
    guest_expects_nothing();
    assert_true(guest_sends_from(1, 2, VIRTIO_VSOCK_OP_RW, 0, "x", 1));
}

static void wrong_packets_are_reset(void **state)
{
    static const uint16_t ops[] = {VIRTIO_VSOCK_OP_INVALID, VIRTIO_VSOCK_OP_REQUEST,
                                   VIRTIO_VSOCK_OP_RESPONSE, 99};

    (void)state;
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        int fd = client();

        say(fd, "CONNECT 1024\n");
        struct virtio_vsock_hdr packet = guest_expects(VIRTIO_VSOCK_OP_REQUEST);
        assert_true(guest_sends_from(1024, packet.src_port, VIRTIO_VSOCK_OP_RESPONSE, 0, NULL, 0));
        assert_true(guest_sends_from(1024, packet.src_port, ops[i], 0, NULL, 0));
        (void)guest_expects(VIRTIO_VSOCK_OP_RST);
        guest_expects_nothing();
        close(fd);
    }
}

/* Connections end with the guest's device; a client that waits for its OK stays. */
static void a_reset_keeps_those_who_wait(void **state)
{
    (void)state;
    int open = connected_client();
    int asked = client();
    say(asked, "CONNECT 7\n");
    assert_int_equal(guest_expects(VIRTIO_VSOCK_OP_REQUEST).dst_port, 7);
    assert_false(vsock_mux_is_asking(mux));
    int held = client();
    say(held, "CONNECT 8\n");
    assert_true(vsock_mux_is_asking(mux));
    unsigned before = readies;
    vsock_mux_forget(mux);
    drive_until_idle(loop);
    assert_true(readies > before);
    assert_true(vsock_mux_is_asking(mux));
    expect_client_end(open);
    uint32_t ports = guest_expects(VIRTIO_VSOCK_OP_REQUEST).dst_port;
    ports += guest_expects(VIRTIO_VSOCK_OP_REQUEST).dst_port;
    assert_int_equal(ports, 7 + 8);
    guest_expects_nothing();
    close(held);
    drive_until_idle(loop);
    (void)guest_expects(VIRTIO_VSOCK_OP_RST);
    vsock_mux_forget(mux);
    close(asked);
    drive_until_idle(loop);
    assert_false(vsock_mux_is_asking(mux));
    guest_expects_nothing();
}

static void connections_are_bounded(void **state)
{
    int fds[VSOCK_CONNECTIONS_MAX];

    (void)state;
    for (unsigned i = 0; i < VSOCK_CONNECTIONS_MAX; i++) {
        fds[i] = client();
    }
    int more = client();
    say(more, "CONNECT 1024\n");
    int server = listening("v_52");
    assert_true(guest_sends_from(99, 52, VIRTIO_VSOCK_OP_REQUEST, 0, NULL, 0));
    (void)guest_expects(VIRTIO_VSOCK_OP_RST);
    guest_expects_nothing();
    close(fds[0]);
    drive_until_idle(loop);
    (void)guest_expects(VIRTIO_VSOCK_OP_REQUEST);
    for (unsigned i = 1; i < VSOCK_CONNECTIONS_MAX; i++) {
        close(fds[i]);
    }
    close(more);
    close(server);
}

/* The guest's own service manager. */
static void guest_notifies(uint32_t port, const char *text)
{
    assert_true(guest_sends_from(port, 9999, VIRTIO_VSOCK_OP_REQUEST, 0, NULL, 0));
    (void)guest_expects(VIRTIO_VSOCK_OP_RESPONSE);
    assert_true(guest_sends_from(port, 9999, VIRTIO_VSOCK_OP_RW, 0, text, (uint32_t)strlen(text)));
    assert_true(guest_sends_from(port, 9999, VIRTIO_VSOCK_OP_SHUTDOWN,
                                 VIRTIO_VSOCK_SHUTDOWN_SEND | VIRTIO_VSOCK_SHUTDOWN_RCV, NULL, 0));
    drive_until_idle(loop);
    (void)guest_expects(VIRTIO_VSOCK_OP_RST);
}

static int enter_service(void **state)
{
    const struct vsock_guest guest = {NULL, on_ready};

    if (enter(state) != 0) {
        return -1;
    }
    vsock_mux_close(mux);
    service_manager_open();
    if (!notify_open() || !parse("v,ready=9999")) {
        return -1;
    }
    mux = vsock_mux_open(loop, &settings, &guest);
    return mux != NULL ? 0 : -1;
}

static int leave_service(void **state)
{
    notify_close();
    service_manager_close();
    return leave(state);
}

static void the_guest_says_that_it_is_ready(void **state)
{
    (void)state;
    guest_notifies(100, "X_SYSTEMD_UNIT_ACTIVE=basic.target");
    service_manager_expect("X_SYSTEMD_UNIT_ACTIVE=basic.target");
    guest_notifies(101, "STATUS=Startup finished.\nREADY=1");
    service_manager_expect("READY=1");
    guest_notifies(102, "READY=1\n");
    service_manager_expect_silence();
}

/* It may be hostile: it can neither end the service nor fill the log of the host. */
static void the_guest_says_nothing_else(void **state)
{
    char longer[400];

    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    memcpy(longer, "X_SYSTEMD_UNIT_ACTIVE=", strlen("X_SYSTEMD_UNIT_ACTIVE="));
    guest_notifies(100, "STOPPING=1\nMAINPID=1\nWATCHDOG=trigger\nERRNO=5\nREADY=2\nXREADY=1");
    guest_notifies(101, "X_SYSTEMD_UNIT_ACTIVE=a\033[31m");
    guest_notifies(102, longer);
    guest_notifies(103, "");
    service_manager_expect_silence();
    for (unsigned i = 0; i < 64; i++) {
        guest_notifies(200 + i, "X_SYSTEMD_UNIT_ACTIVE=a.service");
        service_manager_expect("X_SYSTEMD_UNIT_ACTIVE=a.service");
    }
    guest_notifies(300, "X_SYSTEMD_UNIT_ACTIVE=a.service");
    service_manager_expect_silence();
}

/* Connections that stay open are eight at most; others of the guest's still work. */
static void speakers_are_bounded(void **state)
{
    int server = listening("v_52");

    (void)state;
    for (uint32_t port = 0; port < 8; port++) {
        assert_true(guest_sends_from(port, 9999, VIRTIO_VSOCK_OP_REQUEST, 0, NULL, 0));
        (void)guest_expects(VIRTIO_VSOCK_OP_RESPONSE);
    }
    assert_true(guest_sends_from(8, 9999, VIRTIO_VSOCK_OP_REQUEST, 0, NULL, 0));
    (void)guest_expects(VIRTIO_VSOCK_OP_RST);
    assert_true(guest_sends_from(8, 52, VIRTIO_VSOCK_OP_REQUEST, 0, NULL, 0));
    (void)guest_expects(VIRTIO_VSOCK_OP_RESPONSE);
    assert_true(guest_sends_from(3, 9999, VIRTIO_VSOCK_OP_RST, 0, NULL, 0));
    drive_until_idle(loop);
    guest_notifies(9, "READY=1");
    service_manager_expect("READY=1");
    close(server);
}

/* A socket of the service manager's, for port 22. */
static int enter_door(void **state)
{
    const struct vsock_guest guest = {NULL, on_ready};

    if (enter(state) != 0) {
        return -1;
    }
    vsock_mux_close(mux);
    settings.door_count = 1;
    settings.doors[0] = (struct vsock_door_settings){.fd = listening("door"), .port = 22};
    mux = vsock_mux_open(loop, &settings, &guest);
    return mux != NULL ? 0 : -1;
}

static int leave_door(void **state)
{
    int result = leave(state);

    close(settings.doors[0].fd);
    settings.door_count = 0;
    return result;
}

static void door_leads_to_its_port(void **state)
{
    int fd = socket_client_open(loop, "door");

    (void)state;
    drive_until_idle(loop);
    assert_true(readies > 0);
    assert_true(vsock_mux_is_asking(mux));
    struct virtio_vsock_hdr packet = guest_expects(VIRTIO_VSOCK_OP_REQUEST);
    assert_int_equal(packet.dst_port, 22);
    assert_true(guest_sends_from(22, packet.src_port, VIRTIO_VSOCK_OP_RESPONSE, 0, NULL, 0));
    assert_true(guest_sends_from(22, packet.src_port, VIRTIO_VSOCK_OP_RW, 0, "SSH", 3));
    expect_client(fd, "SSH"); /* No line before. */
    say(fd, "hello");
    guest_expects_data("hello");
    close(fd);
}

/* The guest has just been started for this client: its program does not listen yet. */
static void refused_client_of_a_door_waits(void **state)
{
    int fd = socket_client_open(loop, "door");
    struct virtio_vsock_hdr packet;

    (void)state;
    drive_until_idle(loop);
    for (unsigned i = 0; i < VSOCK_REFUSALS_MAX; i++) {
        packet = guest_expects(VIRTIO_VSOCK_OP_REQUEST);
        assert_true(guest_sends_from(22, packet.src_port, VIRTIO_VSOCK_OP_RST, 0, NULL, 0));
        guest_expects_nothing();
        assert_true(vsock_mux_is_asking(mux));
        assert_int_equal(fake_delay.set, 1000000000);
        fake_delay.passed(fake_delay.arg);
    }
    packet = guest_expects(VIRTIO_VSOCK_OP_REQUEST);
    assert_true(guest_sends_from(22, packet.src_port, VIRTIO_VSOCK_OP_RST, 0, NULL, 0));
    expect_client_end(fd);
    assert_false(vsock_mux_is_asking(mux));
}

static void client_of_a_door_that_goes_is_forgotten(void **state)
{
    int fd = socket_client_open(loop, "door");

    (void)state;
    drive_until_idle(loop);
    struct virtio_vsock_hdr packet = guest_expects(VIRTIO_VSOCK_OP_REQUEST);
    assert_true(guest_sends_from(22, packet.src_port, VIRTIO_VSOCK_OP_RST, 0, NULL, 0));
    close(fd);
    drive_until_idle(loop);
    fake_delay.passed(fake_delay.arg);
    guest_expects_nothing();
    assert_false(vsock_mux_is_asking(mux));
}

/* Doors and the socket share the connections there may be. */
static void clients_of_a_door_are_bounded(void **state)
{
    int fds[VSOCK_CONNECTIONS_MAX];

    (void)state;
    for (unsigned i = 0; i < VSOCK_CONNECTIONS_MAX; i++) {
        fds[i] = socket_client_open(loop, "door");
        drive_until_idle(loop);
        (void)guest_expects(VIRTIO_VSOCK_OP_REQUEST);
    }
    int more = socket_client_open(loop, "door");
    guest_expects_nothing();
    close(fds[0]);
    drive_until_idle(loop);
    (void)guest_expects(VIRTIO_VSOCK_OP_RST);
    drive_until_idle(loop);
    (void)guest_expects(VIRTIO_VSOCK_OP_REQUEST);
    for (unsigned i = 1; i < VSOCK_CONNECTIONS_MAX; i++) {
        close(fds[i]);
    }
    close(more);
}

static bool inherit(const char *name, const char *path)
{
    struct inherited inherited = {.count = 1, .at = {{.fd = 3}}};
    struct vsock_settings inheriting = {.cid = 3};

    (void)snprintf(inherited.at[0].name, sizeof(inherited.at[0].name), "%s", name);
    (void)snprintf(inheriting.path, sizeof(inheriting.path), "%s", path);
    return vsock_settings_inherit(&inheriting, &inherited) && inheriting.door_count == 1 &&
           inheriting.doors[0].port == 4294967294u;
}

static void door_has_the_name_of_a_port(void **state)
{
    static const char *const wrong[] = {"",          "vsock-", "vsock-0", "vsock-4294967295",
                                        "vsock-22x", "qmp"};
    struct capture capture;
    char said[2048];

    (void)state;
    assert_true(inherit("vsock-4294967294", "v"));
    capture_begin(&capture, STDERR_FILENO);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(inherit(wrong[i], "v"));
    }
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said,
                           "dormouse: LISTEN_FDS: the service manager gives a socket with the "
                           "name 'qmp'; its unit needs FileDescriptorName=vsock-PORT\n"));
    capture_begin(&capture, STDERR_FILENO);
    assert_false(inherit("vsock-4294967294", ""));
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said,
                        "dormouse: LISTEN_FDS: the service manager gives a socket for the guest's "
                        "vsock, and there is none; give --vsock as well\n");
}

static void expect_no_vsock(const char *value, const char *line)
{
    refusal_expect(&vsock_options, &settings, value, line);
}

#define WORDS                                                                                      \
    "only ',cid=N' (3 to 4294967294) and ',ready=PORT' (1 to 4294967294) may follow the path\n"

static void wrong_options_get_one_line(void **state)
{
    (void)state;
    expect_no_vsock("", "dormouse: --vsock : the path has 1 to 96 characters\n");
    expect_no_vsock("v,x", "dormouse: --vsock v,x: " WORDS);
    expect_no_vsock("v,cid=2", "dormouse: --vsock v,cid=2: " WORDS);
    expect_no_vsock("v,ready=0", "dormouse: --vsock v,ready=0: " WORDS);
    expect_no_vsock("v,ready=4294967295", "dormouse: --vsock v,ready=4294967295: " WORDS);
    expect_no_vsock("v,ready=1x", "dormouse: --vsock v,ready=1x: " WORDS);
    assert_true(parse("w,cid=4294967294"));
    assert_string_equal(settings.path, "w");
    assert_int_equal(settings.cid, 4294967294u);
    assert_int_equal(settings.ready_port, 0);
    assert_true(parse("w,ready=9999,cid=5"));
    assert_int_equal(settings.cid, 5);
    assert_int_equal(settings.ready_port, 9999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_client_reaches_the_guest, enter, leave),
        cmocka_unit_test_setup_teardown(a_line_in_pieces_is_a_line, enter, leave),
        cmocka_unit_test_setup_teardown(wrong_lines_end_the_connection, enter, leave),
        cmocka_unit_test_setup_teardown(a_refused_client_is_hung_up_on, enter, leave),
        cmocka_unit_test_setup_teardown(a_client_can_end_one_side, enter, leave),
        cmocka_unit_test_setup_teardown(bytes_of_a_client_that_has_gone_arrive, enter, leave),
        cmocka_unit_test_setup_teardown(a_client_that_does_not_read_holds_the_guest, enter, leave),
        cmocka_unit_test_setup_teardown(more_than_the_credit_is_a_reset, enter, leave),
        cmocka_unit_test_setup_teardown(the_guest_reaches_a_program, enter, leave),
        cmocka_unit_test_setup_teardown(strays_are_reset, enter, leave),
        cmocka_unit_test_setup_teardown(wrong_packets_are_reset, enter, leave),
        cmocka_unit_test_setup_teardown(a_reset_keeps_those_who_wait, enter, leave),
        cmocka_unit_test_setup_teardown(connections_are_bounded, enter, leave),
        cmocka_unit_test_setup_teardown(the_guest_says_that_it_is_ready, enter_service,
                                        leave_service),
        cmocka_unit_test_setup_teardown(the_guest_says_nothing_else, enter_service, leave_service),
        cmocka_unit_test_setup_teardown(speakers_are_bounded, enter_service, leave_service),
        cmocka_unit_test_setup_teardown(door_leads_to_its_port, enter_door, leave_door),
        cmocka_unit_test_setup_teardown(refused_client_of_a_door_waits, enter_door, leave_door),
        cmocka_unit_test_setup_teardown(client_of_a_door_that_goes_is_forgotten, enter_door,
                                        leave_door),
        cmocka_unit_test_setup_teardown(clients_of_a_door_are_bounded, enter_door, leave_door),
        cmocka_unit_test_setup_teardown(door_has_the_name_of_a_port, enter_door, leave_door),
        cmocka_unit_test_setup_teardown(wrong_options_get_one_line, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
