/* SPDX-License-Identifier: BSD-2-Clause */
/* The MMIO transport, with virtio-rng as the device, or one whose stop lasts until the test ends it. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>

#include "capture.h"
#include "core/activity.h"
#include "core/map.h"
#include "dev/virtio/virtio.h"
#include "virtio_rig.h"

enum { BUFFER = VIRTIO_RIG_FREE, LENGTH = 64 };

static struct virtio_rig rig;

static int setup(void **state)
{
    (void)state;
    virtio_rig_create(&rig, "virtio-rng", NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    virtio_rig_destroy(&rig);
    return 0;
}

static uint64_t buffer(void)
{
    return MAP_RAM_BASE + BUFFER;
}

static void ask(uint32_t length)
{
    virtio_rig_add(&rig, 0, &(struct virtio_rig_buffer){buffer(), length, true}, 1);
}

static void identity_is_that_of_version_2(void **state)
{
    (void)state;
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_VERSION), 2);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_RNG);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_STATUS), 0);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
}

static void buffer_is_filled_and_the_driver_told(void **state)
{
    static const uint8_t zero[LENGTH];

    (void)state;
    uint64_t active = activity_count();
    virtio_rig_start(&rig, 1);
    ask(LENGTH);
    virtio_rig_notify(&rig, 0);
    struct vring_used_elem used = virtio_rig_wait(&rig, 0);
    assert_int_equal(used.id, 0);
    assert_int_equal(used.len, LENGTH);
    assert_int_equal(activity_count() - active, 1);
    assert_memory_not_equal(virtio_rig_at(&rig, buffer(), LENGTH), zero, LENGTH);
    assert_int_equal(rig.pulses, 1);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
    virtio_rig_write(&rig, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

/* A guest cannot hold the main thread by what it asks for. */
static void huge_buffer_is_filled_in_part(void **state)
{
    (void)state;
    virtio_rig_start(&rig, 1);
    ask(VIRTIO_RIG_MEMORY - BUFFER);
    virtio_rig_notify(&rig, 0);
    assert_int_equal(virtio_rig_wait(&rig, 0).len, 256);
}

static void nothing_happens_before_the_driver_is_ready(void **state)
{
    struct vring_used_elem used;

    (void)state;
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_NOTIFY, 77);
    virtio_rig_run(&rig);
    virtio_rig_start(&rig, 1);
    virtio_rig_reset(&rig);
    ask(LENGTH);
    virtio_rig_notify(&rig, 0);
    assert_false(virtio_rig_used(&rig, 0, &used));
    assert_int_equal(rig.pulses, 0);
}

static void driver_without_version_1_is_not_accepted(void **state)
{
    (void)state;
    virtio_rig_write(&rig, VIRTIO_MMIO_STATUS, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_STATUS), 3);
}

static void feature_that_was_not_offered_is_not_accepted(void **state)
{
    (void)state;
    for (unsigned half = 0; half < 2; half++) {
        virtio_rig_write(&rig, VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
        virtio_rig_write(&rig, VIRTIO_MMIO_DRIVER_FEATURES, UINT32_MAX);
    }
    virtio_rig_write(&rig, VIRTIO_MMIO_STATUS, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_STATUS), 3);
}

static void features_have_two_halves(void **state)
{
    (void)state;
    virtio_rig_write(&rig, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_DEVICE_FEATURES), 0);
    virtio_rig_start(&rig, 1);
    assert_int_equal(rig.features, VIRTIO_COMMON_FEATURES);
}

static void reset_clears_all_and_the_device_starts_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        virtio_rig_start(&rig, 1);
        ask(LENGTH);
        virtio_rig_notify(&rig, 0);
        assert_int_equal(virtio_rig_wait(&rig, 0).len, LENGTH);
        virtio_rig_reset(&rig);
        assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_QUEUE_READY), 0);
        assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    }
    /* The queues' descriptors and two more: nothing was opened for each start. */
    int fd = dup(STDOUT_FILENO);
    assert_in_range(fd, 0, 20);
    close(fd);
}

static void machine_reset_clears_the_state(void **state)
{
    struct virtio_state zero;

    (void)state;
    memset(&zero, 0, sizeof(zero));
    virtio_rig_start(&rig, 1);
    ask(LENGTH);
    rig.cls->reset(rig.device);
    assert_memory_equal(device_state(rig.cls, rig.device), &zero, sizeof(zero));
}

/* A driver that negotiated and went no further finds that its choice still counts. */
static void restored_features_are_those_of_the_driver(void **state)
{
    struct virtio_state saved;

    (void)state;
    virtio_rig_write(&rig, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    virtio_rig_write(&rig, VIRTIO_MMIO_DRIVER_FEATURES, 1); /* VIRTIO_F_VERSION_1 */
    virtio_rig_write(&rig, VIRTIO_MMIO_STATUS, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
    memcpy(&saved, device_state(rig.cls, rig.device), sizeof(saved));
    rig.cls->reset(rig.device);
    assert_true(rig.cls->restore(rig.device, &saved));
    assert_true(virtio_has((const struct virtio *)rig.device, VIRTIO_F_VERSION_1));
    saved.driver_features = UINT64_MAX;
    assert_false(rig.cls->restore(rig.device, &saved));
    saved.driver_features = 0;
    assert_false(rig.cls->restore(rig.device, &saved));
}

static void queue_that_the_driver_disables_is_left_alone(void **state)
{
    struct vring_used_elem used;

    (void)state;
    virtio_rig_start(&rig, 1);
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_SEL, 0);
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_READY, 0);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_QUEUE_READY), 0);
    ask(LENGTH);
    virtio_rig_notify(&rig, 0);
    assert_false(virtio_rig_used(&rig, 0, &used));
}

/* Writes the fault's line, or nothing, to `text`. */
static void break_rules(char *text, size_t size)
{
    struct capture capture;

    ask(0); /* an empty buffer */
    capture_begin(&capture, STDERR_FILENO);
    virtio_rig_notify(&rig, 0);
    capture_end(&capture, text, size);
}

static void driver_at_fault_gets_needs_reset_and_one_line(void **state)
{
    char text[512];
    const uint32_t broken = VIRTIO_CONFIG_S_NEEDS_RESET;

    (void)state;
    virtio_rig_start(&rig, 1);
    break_rules(text, sizeof(text));
    assert_non_null(strstr(text, "virtio-rng: the guest's driver is at fault: a buffer is empty"));
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_STATUS) & broken, broken);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_CONFIG);
    virtio_rig_reset(&rig);
    virtio_rig_start(&rig, 1);
    ask(LENGTH);
    virtio_rig_notify(&rig, 0);
    assert_int_equal(virtio_rig_wait(&rig, 0).len, LENGTH);
    break_rules(text, sizeof(text));
    assert_string_equal(text, "");
}

static void only_whole_words_reach_registers(void **state)
{
    (void)state;
    assert_int_equal(rig.cls->read(rig.device, VIRTIO_MMIO_MAGIC_VALUE, 8), 0);
    assert_int_equal(rig.cls->read(rig.device, VIRTIO_MMIO_MAGIC_VALUE, 1), 0);
    assert_int_equal(rig.cls->read(rig.device, VIRTIO_MMIO_MAGIC_VALUE + 2, 4), 0);
    rig.cls->write(rig.device, VIRTIO_MMIO_STATUS, 1, 1);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_STATUS), 0);
    /* virtio-rng has no configuration space. */
    assert_int_equal(virtio_rig_config(&rig, 0, 8), 0);
    virtio_rig_write(&rig, VIRTIO_MMIO_CONFIG, 1);
}

static void doorbell_is_what_the_machine_asks_kvm_for(void **state)
{
    struct doorbell doorbell;

    (void)state;
    assert_true(rig.cls->doorbell(rig.device, 0, &doorbell));
    assert_int_equal(doorbell.offset, VIRTIO_MMIO_QUEUE_NOTIFY);
    assert_int_equal(doorbell.size, 4);
    assert_int_equal(doorbell.value, 0);
    virtio_rig_start(&rig, 1);
    ask(LENGTH);
    assert_int_equal(write(doorbell.fd, &(uint64_t){1}, sizeof(uint64_t)), sizeof(uint64_t));
    assert_int_equal(virtio_rig_wait(&rig, 0).len, LENGTH);
}

/* KVM takes the acknowledgement of used buffers alone: the next interrupt comes without it. */
static void acknowledgements_need_not_come(void **state)
{
    struct doorbell doorbell;

    (void)state;
    assert_true(rig.cls->doorbell(rig.device, 1, &doorbell));
    assert_int_equal(doorbell.offset, VIRTIO_MMIO_INTERRUPT_ACK);
    assert_int_equal(doorbell.size, 4);
    assert_int_equal(doorbell.value, VIRTIO_MMIO_INT_VRING);
    assert_true(doorbell.fd >= 0);
    assert_false(rig.cls->doorbell(rig.device, 2, &doorbell));
    rig.features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1);
    virtio_rig_start(&rig, 1);
    for (unsigned i = 1; i <= 3; i++) {
        ask(LENGTH);
        virtio_rig_notify(&rig, 0);
        assert_int_equal(virtio_rig_wait(&rig, 0).len, LENGTH);
        assert_int_equal(rig.pulses, i);
        assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_INTERRUPT_STATUS),
                         VIRTIO_MMIO_INT_VRING);
    }
    virtio_rig_write(&rig, VIRTIO_MMIO_STATUS, 0);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

/* --- A device that takes long to stop. --- */

static sem_t stop_begins;
static sem_t stop_may_end;
static unsigned notifications;

struct device {
    struct virtio virtio;
};

static void slow_stop(struct device *device)
{
    (void)device;
    sem_post(&stop_begins);
    sem_wait(&stop_may_end);
}

static void slow_notified(struct device *device, unsigned queue)
{
    (void)device;
    (void)queue;
    notifications++;
}

static const struct virtio_type slow_type = {
    .name = "virtio-slow",
    .id = VIRTIO_ID_RNG,
    .stop = slow_stop,
    .notified = slow_notified,
};

static int slow_create(const struct device_env *env, struct device **out)
{
    const struct virtio_setup slow = {.type = &slow_type, .queue_count = 2};

    *out = calloc(1, sizeof(**out));
    return *out == NULL ? -ENOMEM : virtio_open(&(*out)->virtio, env, &slow);
}

static void slow_destroy(struct device *device)
{
    virtio_close(&device->virtio);
    free(device);
}

static const struct device_class slow_class = {
    .name = "virtio-slow",
    .create = slow_create,
    .destroy = slow_destroy,
    VIRTIO_CLASS_MEMBERS,
};
DEVICE_REGISTER(slow_class);

static int setup_slow(void **state)
{
    (void)state;
    sem_init(&stop_begins, 0, 0);
    sem_init(&stop_may_end, 0, 0);
    virtio_rig_create(&rig, "virtio-slow", NULL);
    virtio_rig_start(&rig, 2);
    virtio_rig_run(&rig);
    notifications = 0;
    return 0;
}

static void *reset_device(void *arg)
{
    (void)arg;
    virtio_rig_write(&rig, VIRTIO_MMIO_STATUS, 0);
    return NULL;
}

static void *disable_queue(void *arg)
{
    (void)arg;
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_SEL, 1);
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_READY, 0);
    return NULL;
}

/* Rings both queues while a vCPU's thread stops the device. The loop comes back all the same. */
static void ring_during(void *(*stop)(void *arg))
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, stop, NULL), 0);
    sem_wait(&stop_begins);
    virtio_ring((struct virtio *)rig.device, 0);
    virtio_ring((struct virtio *)rig.device, 1);
    virtio_rig_run(&rig);
    assert_int_equal(notifications, 0);
    sem_post(&stop_may_end);
    pthread_join(thread, NULL);
    virtio_rig_run(&rig);
}

static void reset_that_takes_long_does_not_hold_the_loop(void **state)
{
    (void)state;
    ring_during(reset_device);
    assert_int_equal(notifications, 0);
}

static void doorbell_during_a_stop_counts_after_it(void **state)
{
    (void)state;
    ring_during(disable_queue);
    assert_int_equal(notifications, 1); /* queue 0; queue 1 is disabled */
}

int main(void)
{
#define WITH_DEVICE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_DEVICE(identity_is_that_of_version_2),
        WITH_DEVICE(buffer_is_filled_and_the_driver_told),
        WITH_DEVICE(huge_buffer_is_filled_in_part),
        WITH_DEVICE(nothing_happens_before_the_driver_is_ready),
        WITH_DEVICE(driver_without_version_1_is_not_accepted),
        WITH_DEVICE(feature_that_was_not_offered_is_not_accepted),
        WITH_DEVICE(features_have_two_halves),
        WITH_DEVICE(reset_clears_all_and_the_device_starts_again),
        WITH_DEVICE(machine_reset_clears_the_state),
        WITH_DEVICE(restored_features_are_those_of_the_driver),
        WITH_DEVICE(queue_that_the_driver_disables_is_left_alone),
        WITH_DEVICE(driver_at_fault_gets_needs_reset_and_one_line),
        WITH_DEVICE(only_whole_words_reach_registers),
        WITH_DEVICE(doorbell_is_what_the_machine_asks_kvm_for),
        WITH_DEVICE(acknowledgements_need_not_come),
#define WITH_SLOW(test) cmocka_unit_test_setup_teardown(test, setup_slow, teardown)
        WITH_SLOW(reset_that_takes_long_does_not_hold_the_loop),
        WITH_SLOW(doorbell_during_a_stop_counts_after_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
