/* SPDX-License-Identifier: BSD-2-Clause */
/* The console: its watch for wake-ups, its end, and its use by several threads. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "console_rig.h"
#include "device_rig.h"
#include "drive.h"
#include "scratch.h"

/* --- Watching for wake-ups. --- */

static void watch_notices_without_room_and_keeps_the_bytes(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig_start("stdio");
    assert_false(console_pending(rig.console));
    rig_watch(true);
    drive_until_idle(rig.loop);
    assert_int_equal(rig.notices, 0);
    rig_give("wake");
    drive_until_idle(rig.loop);
    assert_int_equal(rig.notices, 1);
    assert_true(console_pending(rig.console));
    rig_give("up");
    drive_until_idle(rig.loop);
    assert_int_equal(rig.notices, 2);
    rig_watch(false);
    assert_false(console_pending(rig.console));
    rig_make_room(100);
    rig_expect_guest("wakeup");
    assert_int_equal(rig.notices, 2);
}

static void input_from_before_the_watch_is_noticed(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig_give("early");
    rig_start("stdio");
    rig_watch(true);
    drive_until_idle(rig.loop);
    assert_int_equal(rig.notices, 1);
}

/* The console reads ahead from a terminal, so it has the byte before the watch begins. */
static void byte_read_ahead_is_pending_until_it_is_delivered(void **state)
{
    (void)state;
    rig_terminal();
    rig_start("stdio");
    rig_give("k\001x");
    drive_until(rig.loop, rig_has_quit, NULL);
    assert_true(console_pending(rig.console));
    rig_make_room(1);
    rig_expect_guest("k");
    assert_false(console_pending(rig.console));
}

static void unread_byte_wakes_once(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig_give("stale");
    rig_start("stdio");
    rig_watch(true);
    drive_until_idle(rig.loop);
    rig_watch(false);
    rig_watch(true);
    assert_false(console_pending(rig.console));
    drive_until_idle(rig.loop);
    assert_int_equal(rig.notices, 1);
    rig_give("!");
    drive_until_idle(rig.loop);
    assert_int_equal(rig.notices, 2);
}

static void escape_keys_do_not_wake(void **state)
{
    (void)state;
    rig_terminal();
    rig_start("stdio");
    rig_watch(true);
    rig_give("\001c\001x");
    drive_until(rig.loop, rig_has_quit, NULL);
    assert_int_equal(rig.notices, 0);
    assert_false(console_pending(rig.console));
}

static void watch_over_a_full_ring_does_not_spin(void **state)
{
    static char flood[3 * RING];
    int left;

    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig_start("stdio");
    rig_watch(true);
    memset(flood, 'x', sizeof(flood));
    assert_int_equal(write(rig.in, flood, sizeof(flood)), sizeof(flood));
    drive_until_idle(rig.loop);
    assert_int_equal(ioctl(STDIN_FILENO, FIONREAD, &left), 0);
    assert_int_equal(left, 2 * RING);
    rig_make_room(3 * RING);
    drive_until_idle(rig.loop);
    assert_int_equal(rig.received_count, 3 * RING);
}

static void watch_reads_a_file_ahead_once(void **state)
{
    (void)state;
    scratch_write("input", "0123456789", 10);
    rig_become(open("input", O_RDONLY), STDIN_FILENO);
    rig_pipe_output();
    rig_start("stdio");
    rig_watch(true);
    drive_until_idle(rig.loop);
    assert_int_equal(rig.notices, 1);
    rig_make_room(20);
    rig_expect_guest("0123456789");
}

/* --- The end, and threads. --- */

static void *read_to_the_end(void *arg)
{
    size_t *count = arg;
    ssize_t got;

    while ((got = read(rig.out, rig.output + *count, sizeof(rig.output) - *count)) > 0) {
        *count += (size_t)got;
    }
    return NULL;
}

static void last_output_gets_through_a_slow_pipe(void **state)
{
    pthread_t thread;
    size_t read_count = 0;

    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    assert_int_equal(fcntl(rig.out, F_SETFL, 0), 0);
    rig_start("stdio");
    size_t count = rig_put_until_refused();
    assert_int_equal(pthread_create(&thread, NULL, read_to_the_end, &read_count), 0);
    rig_end();
    close(STDOUT_FILENO);
    pthread_join(thread, NULL);
    assert_int_equal(read_count, count);
}

static void end_does_not_wait_for_ever(void **state)
{
    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    rig_start("stdio");
    rig_put_until_refused();
    rig.no_patience = true;
    rig_end();
}

enum { WRITER_COUNT = 2, WRITER_BYTES = 60000 };

/* A vCPU: each byte is its number and a count; a refused byte is tried again. */
static void *write_many(void *arg)
{
    unsigned number = *(const uint8_t *)arg;

    for (unsigned i = 0; i < WRITER_BYTES; i++) {
        while (!console_put(rig.console, (uint8_t)(number << 6 | i % 61))) {
        }
    }
    return NULL;
}

static bool all_is_written(void *arg)
{
    size_t all = (size_t)WRITER_COUNT * WRITER_BYTES;

    (void)arg;
    return rig_has_output(&all);
}

static void vcpus_and_loop_race_on_a_slow_pipe(void **state)
{
    uint8_t numbers[WRITER_COUNT] = {1, 2};
    unsigned seen[WRITER_COUNT + 1] = {0};
    pthread_t threads[WRITER_COUNT];

    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    assert_true(fcntl(STDOUT_FILENO, F_SETPIPE_SZ, RING) >= (int)RING);
    rig_start("stdio");
    for (unsigned i = 0; i < WRITER_COUNT; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &numbers[i]), 0);
    }
    rig.output_count = 0;
    drive_until(rig.loop, all_is_written, NULL);
    for (unsigned i = 0; i < WRITER_COUNT; i++) {
        pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < rig.output_count; i++) {
        unsigned number = (uint8_t)rig.output[i] >> 6;

        assert_true(number >= 1 && number <= WRITER_COUNT);
        assert_int_equal(rig.output[i] & 0x3F, seen[number]++ % 61);
    }
}

/* --- With the real UART. --- */

enum { ECHO_BYTES = 30000, UART_DR = 0, UART_FR = 0x18, UART_LCR_H = 0x2C, UART_IMSC = 0x38 };

static struct device_rig uart;

/* A guest's driver: waits for the interrupt line, reads all bytes and writes them back. */
static void *echo(void *arg)
{
    (void)arg;
    for (unsigned count = 0; count < ECHO_BYTES;) {
        while (atomic_load(&uart.line) && (device_rig_read(&uart, UART_FR) & 0x10) == 0) {
            uint32_t byte = device_rig_read(&uart, UART_DR);

            while ((device_rig_read(&uart, UART_FR) & 0x20) != 0) {
            }
            device_rig_write(&uart, UART_DR, byte);
            count++;
        }
    }
    return NULL;
}

static size_t fed;

/* Writes to the pipe in pieces of all sizes, and reads the result only now and then. */
static bool feed_and_read(void *arg)
{
    size_t all = ECHO_BYTES;
    uint8_t piece[97];
    size_t count = 1 + fed % sizeof(piece);

    (void)arg;
    count = count < ECHO_BYTES - fed ? count : ECHO_BYTES - fed;
    for (size_t i = 0; i < count; i++) {
        piece[i] = (uint8_t)((fed + i) % 251);
    }
    ssize_t written = count > 0 ? write(rig.in, piece, count) : 0;
    fed += written > 0 ? (size_t)written : 0;
    return rig_has_output(&all);
}

static void uart_echoes_everything_through_slow_pipes(void **state)
{
    pthread_t thread;

    (void)state;
    rig_pipe_input();
    rig_pipe_output();
    assert_int_equal(fcntl(rig.in, F_SETFL, O_NONBLOCK), 0);
    assert_true(fcntl(STDOUT_FILENO, F_SETPIPE_SZ, RING) >= (int)RING);
    rig_start("stdio");
    device_rig_create(&uart, "pl011", rig.loop, rig.console);
    device_rig_write(&uart, UART_LCR_H, 0x70);
    device_rig_write(&uart, UART_IMSC, 0x50);
    fed = 0;
    rig.output_count = 0;
    assert_int_equal(pthread_create(&thread, NULL, echo, NULL), 0);
    drive_until(rig.loop, feed_and_read, NULL);
    pthread_join(thread, NULL);
    device_rig_destroy(&uart);
    assert_int_equal(rig.output_count, ECHO_BYTES);
    for (size_t i = 0; i < ECHO_BYTES; i++) {
        assert_int_equal((uint8_t)rig.output[i], i % 251);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(watch_notices_without_room_and_keeps_the_bytes),
        RIG_TEST(input_from_before_the_watch_is_noticed),
        RIG_TEST(byte_read_ahead_is_pending_until_it_is_delivered),
        RIG_TEST(unread_byte_wakes_once),
        RIG_TEST(escape_keys_do_not_wake),
        RIG_TEST(watch_over_a_full_ring_does_not_spin),
        RIG_TEST(watch_reads_a_file_ahead_once),
        RIG_TEST(last_output_gets_through_a_slow_pipe),
        RIG_TEST(end_does_not_wait_for_ever),
        RIG_TEST(vcpus_and_loop_race_on_a_slow_pipe),
        RIG_TEST(uart_echoes_everything_through_slow_pipes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
