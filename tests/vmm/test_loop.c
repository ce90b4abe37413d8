/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/loop.h"
#include "drive.h"

enum { PROBE_COUNT = 4 };

/* A source on an eventfd, and its action when it is called. */
struct probe {
    struct loop_source *source;
    void (*then)(struct probe *probe);
    int fd;
    unsigned calls;
};

static struct loop *loop;
static struct probe probes[PROBE_COUNT];

static void on_ready(void *arg, uint32_t events)
{
    struct probe *probe = arg;
    uint64_t count;

    assert_int_equal(events & EPOLLIN, EPOLLIN);
    assert_int_equal(read(probe->fd, &count, sizeof(count)), sizeof(count));
    probe->calls++;
    if (probe->then != NULL) {
        probe->then(probe);
    }
}

static void fire(const struct probe *probe)
{
    const uint64_t one = 1;

    assert_int_equal(write(probe->fd, &one, sizeof(one)), sizeof(one));
}

static void fire_all(void)
{
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        fire(&probes[i]);
    }
}

static unsigned call_count(void)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        sum += probes[i].calls;
    }
    return sum;
}

static int setup(void **state)
{
    (void)state;
    loop = loop_create();
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

        probes[i] = (struct probe){.fd = fd};
        probes[i].source = loop_add(loop, fd, EPOLLIN, on_ready, &probes[i]);
    }
    return loop == NULL || probes[PROBE_COUNT - 1].source == NULL;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        loop_remove(probes[i].source);
        close(probes[i].fd);
    }
    loop_destroy(loop);
    return 0;
}

static void every_ready_source_is_called(void **state)
{
    (void)state;
    fire_all();
    drive_until_idle(loop);
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        assert_int_equal(probes[i].calls, 1);
    }
}

static void stop_now(struct probe *probe)
{
    (void)probe;
    loop_stop(loop);
}

static void stop_ends_the_batch_and_loses_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        probes[i].then = stop_now;
    }
    fire_all();
    for (unsigned i = 1; i <= PROBE_COUNT; i++) {
        assert_int_equal(loop_run(loop), 0);
        assert_int_equal(call_count(), i);
    }
}

static void stop_loses_no_edge(void **state)
{
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        loop_watch(probes[i].source, EPOLLIN | EPOLLET);
    }
    stop_ends_the_batch_and_loses_nothing(state);
}

static void stop_before_the_run_ends_it_at_once(void **state)
{
    (void)state;
    fire_all();
    loop_stop(loop);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(call_count(), 0);
}

static void remove_all(struct probe *probe)
{
    (void)probe;
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        loop_remove(probes[i].source);
        probes[i].source = NULL;
    }
}

/* All are ready in one batch, and the first one that is called removes all, including itself. */
static void removed_source_is_not_called_in_the_same_batch(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        probes[i].then = remove_all;
    }
    fire_all();
    drive_until_idle(loop);
    assert_int_equal(call_count(), 1);
}

static void replace_all(struct probe *probe)
{
    remove_all(probe);
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        probes[i].then = NULL;
        probes[i].source = loop_add(loop, probes[i].fd, EPOLLIN, on_ready, &probes[i]);
    }
}

/* Pending events of the old sources must not be delivered to the new ones, and none of the new ones' be lost. */
static void replaced_sources_are_called_once_each(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        probes[i].then = replace_all;
    }
    fire_all();
    drive_until_idle(loop);
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        assert_int_equal(probes[i].calls, 1);
    }
}

static void rest_all(struct probe *probe)
{
    (void)probe;
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        loop_watch(probes[i].source, 0);
    }
}

static void disabled_source_is_not_called_in_the_same_batch(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        probes[i].then = rest_all;
    }
    fire_all();
    drive_until_idle(loop);
    assert_int_equal(call_count(), 1);

    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        probes[i].then = NULL;
        loop_watch(probes[i].source, EPOLLIN);
    }
    drive_until_idle(loop);
    assert_int_equal(call_count(), PROBE_COUNT);
}

static void count_call(void *arg, uint32_t events)
{
    (void)events;
    ++*(unsigned *)arg;
}

static void hang_up_of_a_disabled_source_is_ignored(void **state)
{
    unsigned calls = 0;
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct loop_source *source = loop_add(loop, ends[0], 0, count_call, &calls);
    close(ends[1]);
    drive_until_idle(loop);
    assert_int_equal(calls, 0);

    loop_watch(source, EPOLLIN);
    loop_watch(source, 0);
    drive_until_idle(loop);
    assert_int_equal(calls, 0);
    loop_remove(source);
    close(ends[0]);
}

static void regular_file_is_refused_with_eperm(void **state)
{
    unsigned calls = 0;
    int fd = memfd_create("file", MFD_CLOEXEC);

    (void)state;
    assert_true(fd >= 0);
    errno = 0;
    assert_null(loop_add(loop, fd, 0, count_call, &calls));
    assert_int_equal(errno, EPERM);
    close(fd);
}

static void interrupted_wait_goes_on_and_a_failed_one_ends_the_run(void **state)
{
    (void)state;
    fire_all();
    drive_fail_wait(EINTR);
    drive_until_idle(loop);
    assert_int_equal(call_count(), PROBE_COUNT);
    drive_fail_wait(EBADF);
    assert_int_equal(loop_run(loop), -EBADF);
}

static void *watch_from_elsewhere(void *arg)
{
    loop_watch(arg, EPOLLIN);
    return NULL;
}

static bool was_called(void *arg)
{
    return ((const struct probe *)arg)->calls > 0;
}

static void watch_from_another_thread_reaches_a_waiting_loop(void **state)
{
    pthread_t thread;

    (void)state;
    loop_watch(probes[0].source, 0);
    fire(&probes[0]);
    drive_until_idle(loop);
    assert_int_equal(probes[0].calls, 0);
    assert_int_equal(pthread_create(&thread, NULL, watch_from_elsewhere, probes[0].source), 0);
    drive_until(loop, was_called, &probes[0]);
    pthread_join(thread, NULL);
}

enum { RACE_ROUNDS = 5000 };

static void *flip_watch(void *arg)
{
    struct probe *probe = arg;

    for (unsigned i = 0; i < RACE_ROUNDS; i++) {
        loop_watch(probe->source, 0);
        fire(probe);
        loop_watch(probe->source, EPOLLIN);
    }
    fire(&probes[1]);
    return NULL;
}

static void watch_races_the_dispatch(void **state)
{
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, flip_watch, &probes[0]), 0);
    drive_until(loop, was_called, &probes[1]);
    pthread_join(thread, NULL);
    drive_until_idle(loop);
    uint64_t left;
    assert_int_equal(read(probes[0].fd, &left, sizeof(left)), -1);
    assert_true(probes[0].calls > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_ready_source_is_called, setup, teardown),
        cmocka_unit_test_setup_teardown(stop_ends_the_batch_and_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(stop_loses_no_edge, setup, teardown),
        cmocka_unit_test_setup_teardown(stop_before_the_run_ends_it_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(removed_source_is_not_called_in_the_same_batch, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(replaced_sources_are_called_once_each, setup, teardown),
        cmocka_unit_test_setup_teardown(disabled_source_is_not_called_in_the_same_batch, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(hang_up_of_a_disabled_source_is_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(regular_file_is_refused_with_eperm, setup, teardown),
        cmocka_unit_test_setup_teardown(interrupted_wait_goes_on_and_a_failed_one_ends_the_run,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(watch_from_another_thread_reaches_a_waiting_loop, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(watch_races_the_dispatch, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
