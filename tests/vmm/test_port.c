/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's end of a port, with a guest that this test plays. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "core/loop.h"
#include "drive.h"
#include "host/port/port.h"
#include "host/port/port_internal.h"
#include "host/port/port_options.h"
#include "refusal.h"
#include "scratch.h"
#include "socket_client.h"

static struct loop *loop;
static struct port *port;
static struct port_settings settings;

/* What the guest's end was told, and what it has read. */
static struct {
    unsigned readable;
    unsigned writable;
    unsigned changed;
    size_t room; /* what the guest takes; 0: it stops watching */
    char read[65536];
    size_t count;
} guest;

static ssize_t guest_write(const char *text, size_t size)
{
    /* The cast drops a const that struct iovec has no place for. */
    struct iovec parts[2] = {{(void *)(uintptr_t)text, size / 2},
                             {(void *)(uintptr_t)(text + size / 2), size - size / 2}};

    return port_write(port, parts, 2);
}

static void on_readable(void *arg)
{
    (void)arg;
    guest.readable++;
    if (guest.room == 0) {
        port_watch(port, false);
        return;
    }
    struct iovec part = {guest.read + guest.count, guest.room};
    ssize_t got = port_read(port, &part, 1);
    if (got > 0) {
        guest.count += (size_t)got;
        guest.room -= (size_t)got;
    }
}

static void on_writable(void *arg)
{
    (void)arg;
    guest.writable++;
}

static void on_changed(void *arg)
{
    (void)arg;
    guest.changed++;
}

static const struct port_guest guest_end = {NULL, on_readable, on_writable, on_changed};

static bool parse(const char *value)
{
    return port_options.rows[0].set(&port_options.rows[0], &settings, value);
}

static int enter(void **state)
{
    memset(&guest, 0, sizeof(guest));
    settings = (struct port_settings){0};
    port = NULL;
    loop = loop_create();
    return loop != NULL ? scratch_enter(state) : -1;
}

static int leave(void **state)
{
    port_close(port);
    loop_destroy(loop);
    return scratch_leave(state);
}

static void open_port(void)
{
    assert_true(parse("a.b-c_0=unix:port"));
    port = port_open(loop, &settings.at[0], &guest_end);
    assert_non_null(port);
}

static int client(void)
{
    return socket_client_open(loop, "port");
}

static void say(int fd, const char *text)
{
    socket_client_say(loop, fd, text);
}

static void let_guest_read(size_t room)
{
    guest.room = room;
    port_watch(port, true);
    drive_until_idle(loop);
}

static void expect_read(const char *expected)
{
    guest.read[guest.count] = '\0';
    assert_string_equal(guest.read, expected);
    guest.count = 0;
}

static void expect_client(int fd, const char *expected)
{
    char said[256];
    ssize_t count = read(fd, said, sizeof(said) - 1);

    said[count > 0 ? count : 0] = '\0';
    assert_string_equal(said, expected);
}

static void bytes_go_both_ways(void **state)
{
    struct stat status;

    (void)state;
    open_port();
    assert_int_equal(stat("port", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_false(port_is_open(port));
    int fd = client();
    assert_true(port_is_open(port));
    assert_int_equal(guest.changed, 1);
    assert_int_equal(guest_write("hello", 5), 5);
    expect_client(fd, "hello");
    let_guest_read(100);
    say(fd, "good day");
    expect_read("good day");
    close(fd);
    drive_until_idle(loop);
    assert_false(port_is_open(port));
    assert_int_equal(guest.changed, 2);
    port_close(port);
    port = NULL;
    assert_int_equal(scratch_entry_count(), 0);
}

/* A guest that has no room, or is asleep, finds the bytes afterwards, also if the client has gone. */
static void bytes_wait_for_the_guest(void **state)
{
    (void)state;
    open_port();
    int fd = client();
    say(fd, "one two");
    close(fd);
    drive_until_idle(loop);
    assert_int_equal(guest.readable, 0);
    assert_true(port_is_open(port));
    let_guest_read(4);
    assert_true(port_is_open(port));
    expect_read("one ");
    let_guest_read(100);
    expect_read("two");
    assert_false(port_is_open(port));
}

static void a_client_that_says_nothing_may_go(void **state)
{
    (void)state;
    open_port();
    close(client());
    drive_until_idle(loop);
    assert_false(port_is_open(port));
    assert_int_equal(guest.changed, 2);
}

static void a_client_that_writes_no_more_still_reads(void **state)
{
    (void)state;
    open_port();
    int fd = client();
    let_guest_read(100);
    say(fd, "question");
    assert_true(fd >= 0 && shutdown(fd, SHUT_WR) == 0);
    drive_until_idle(loop);
    assert_true(port_is_open(port));
    assert_int_equal(guest_write("answer", 6), 6);
    expect_client(fd, "answer");
    close(fd);
    drive_until_idle(loop);
    assert_false(port_is_open(port));
}

static void clients_are_served_in_turn(void **state)
{
    (void)state;
    open_port();
    int first = client();
    int second = client();
    let_guest_read(100);
    say(second, "second");
    expect_read("");
    say(first, "first ");
    expect_read("first ");
    close(first);
    drive_until_idle(loop);
    expect_read("second");
    assert_true(port_is_open(port));
    assert_int_equal(guest.changed, 3);
    close(second);
}

/* All that the guest writes arrives once the client reads, and nothing is kept in between. */
static void a_client_that_does_not_read_holds_the_guest(void **state)
{
    static char bytes[4096];
    size_t sent = 0;
    size_t got = 0;
    ssize_t put;

    (void)state;
    open_port();
    int fd = client();
    while ((put = guest_write(bytes, sizeof(bytes))) > 0) {
        sent += (size_t)put;
        assert_true(sent < (64u << 20));
    }
    assert_int_equal(put, -EAGAIN);
    drive_until_idle(loop);
    assert_int_equal(guest.writable, 0);
    for (ssize_t count; (count = read(fd, bytes, sizeof(bytes))) > 0;) {
        got += (size_t)count;
    }
    assert_int_equal(got, sent);
    drive_until_idle(loop);
    assert_int_equal(guest.writable, 1);
    close(fd);
    assert_int_equal(guest_write("dropped", 7), 7);
    drive_until_idle(loop);
    assert_int_equal(guest_write("dropped", 7), 7);
}

/* The client goes while the guest waits for it. */
static void a_blocked_guest_goes_on_without_its_client(void **state)
{
    static char bytes[4096];

    (void)state;
    open_port();
    int fd = client();
    while (guest_write(bytes, sizeof(bytes)) > 0) {
    }
    close(fd);
    drive_until_idle(loop);
    assert_int_equal(guest.writable, 1);
    assert_int_equal(guest_write("dropped", 7), 7);
    assert_false(port_is_open(port));
}

static void expect_no_port(const char *value, const char *line)
{
    refusal_expect(&port_options, &settings, value, line);
}

static void wrong_options_get_one_line(void **state)
{
    (void)state;
    expect_no_port("a", "dormouse: --port a: not a port; give NAME=unix:PATH\n");
    expect_no_port("a=unix:", "dormouse: --port a=unix:: not a port; give NAME=unix:PATH\n");
    expect_no_port("=unix:x",
                   "dormouse: --port =unix:x: a port's name has letters, digits, '.', '_' and "
                   "'-'\n");
    expect_no_port("a/b=unix:x",
                   "dormouse: --port a/b=unix:x: a port's name has letters, digits, '.', '_' and "
                   "'-'\n");
    assert_true(parse("a=unix:x"));
    expect_no_port("a=unix:y", "dormouse: --port a=unix:y: another port has this name\n");
    expect_no_port("b=unix:x", "dormouse: --port b=unix:x: another port has this path\n");
    static const char *const others[] = {"b=unix:b", "c=unix:c", "d=unix:d", "e=unix:e",
                                         "f=unix:f", "g=unix:g", "h=unix:h"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_true(parse(others[i]));
    }
    expect_no_port("i=unix:i", "dormouse: --port i=unix:i: a guest has at most 8 ports\n");
    assert_false(port_settings_add_client(&settings, "i", NULL));
}

static void a_path_in_use_is_left_alone(void **state)
{
    struct capture capture;
    char said[512];

    (void)state;
    open_port();
    capture_begin(&capture, STDERR_FILENO);
    assert_null(port_open(loop, &settings.at[0], &guest_end));
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, "dormouse: --port port: another program already listens there\n");
    close(client());
}

/* A part of dormouse as the client. */
static struct {
    struct port_link *link;
    char log[256];
    size_t takes;
    unsigned sent;
} part;

static void on_attached(void *arg, struct port_link *link)
{
    (void)arg;
    part.link = link;
}

static void on_opened(void *arg, bool open)
{
    size_t used = strlen(part.log);

    (void)arg;
    (void)snprintf(part.log + used, sizeof(part.log) - used, "%s", open ? "+" : "-");
}

static size_t on_receive(void *arg, const void *bytes, size_t count)
{
    size_t taken = count < part.takes ? count : part.takes;

    (void)arg;
    strncat(part.log, bytes, taken);
    part.takes -= taken;
    return taken;
}

static void on_sent(void *arg)
{
    (void)arg;
    part.sent++;
}

static const struct port_client part_client = {NULL, on_attached, on_opened, on_receive, on_sent};

static void open_internal(void)
{
    memset(&part, 0, sizeof(part));
    part.takes = 100;
    assert_true(port_settings_add_client(&settings, "part", &part_client));
    assert_false(port_settings_add_client(&settings, "part", &part_client));
    port = port_open(loop, port_settings_find(&settings, "part"), &guest_end);
    assert_non_null(port);
    assert_non_null(part.link);
    assert_true(port_is_open(port));
}

static void a_part_of_dormouse_can_be_the_client(void **state)
{
    (void)state;
    open_internal();
    port_tell_guest_open(port, true);
    drive_until_idle(loop);
    assert_int_equal(guest_write("ping", 4), 4);
    assert_int_equal(port_link_send(part.link, "pong", 4), 4);
    drive_until_idle(loop);
    assert_int_equal(guest.readable, 0);
    let_guest_read(100);
    expect_read("pong");
    port_tell_guest_open(port, false);
    port_tell_guest_open(port, true);
    drive_until_idle(loop);
    assert_string_equal(part.log, "+ping-+");
    port_close(port);
    port = NULL;
    assert_null(part.link);
}

static void a_part_can_leave_bytes_in_the_queue(void **state)
{
    (void)state;
    open_internal();
    part.takes = 3;
    assert_int_equal(guest_write("abcdef", 6), 3);
    assert_int_equal(guest_write("def", 3), -EAGAIN);
    part.takes = 100;
    drive_until_idle(loop);
    assert_int_equal(guest.writable, 0);
    port_link_resume(part.link);
    drive_until_idle(loop);
    assert_int_equal(guest.writable, 1);
    assert_int_equal(guest_write("def", 3), 3);
    assert_string_equal(part.log, "abcdef");
}

static void a_part_keeps_a_bounded_number_of_bytes(void **state)
{
    static char bytes[PORT_LINK_SIZE + 1];

    (void)state;
    open_internal();
    assert_int_equal(port_link_send(part.link, bytes, sizeof(bytes)), PORT_LINK_SIZE);
    assert_int_equal(port_link_waiting(part.link), PORT_LINK_SIZE);
    drive_until_idle(loop);
    assert_int_equal(part.sent, 0);
    let_guest_read(10);
    assert_int_equal(part.sent, 1);
    port_link_forget(part.link);
    assert_int_equal(port_link_waiting(part.link), 0);
}

/* A guest can name its whole memory again and again. */
static void a_part_gets_a_bounded_number_of_bytes_at_once(void **state)
{
    enum { TURN = 64 << 10, TURNS = 4 };
    static char bytes[TURNS * TURN];
    struct iovec parts[] = {{bytes, sizeof(bytes)}, {bytes, sizeof(bytes)}};

    (void)state;
    open_internal();
    part.takes = SIZE_MAX;
    for (unsigned i = 1; i <= TURNS; i++) {
        assert_int_equal(port_write(port, parts, 2), TURN);
        assert_int_equal(port_write(port, parts, 2), -EAGAIN);
        drive_until_idle(loop);
        assert_int_equal(guest.writable, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_go_both_ways, enter, leave),
        cmocka_unit_test_setup_teardown(bytes_wait_for_the_guest, enter, leave),
        cmocka_unit_test_setup_teardown(a_client_that_says_nothing_may_go, enter, leave),
        cmocka_unit_test_setup_teardown(a_client_that_writes_no_more_still_reads, enter, leave),
        cmocka_unit_test_setup_teardown(clients_are_served_in_turn, enter, leave),
        cmocka_unit_test_setup_teardown(a_client_that_does_not_read_holds_the_guest, enter, leave),
        cmocka_unit_test_setup_teardown(a_blocked_guest_goes_on_without_its_client, enter, leave),
        cmocka_unit_test_setup_teardown(wrong_options_get_one_line, enter, leave),
        cmocka_unit_test_setup_teardown(a_path_in_use_is_left_alone, enter, leave),
        cmocka_unit_test_setup_teardown(a_part_of_dormouse_can_be_the_client, enter, leave),
        cmocka_unit_test_setup_teardown(a_part_can_leave_bytes_in_the_queue, enter, leave),
        cmocka_unit_test_setup_teardown(a_part_keeps_a_bounded_number_of_bytes, enter, leave),
        cmocka_unit_test_setup_teardown(a_part_gets_a_bounded_number_of_bytes_at_once, enter,
                                        leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
