/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-blk behind vhost-user, with a back-end in a thread. */
#include <dirent.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/report.h"
#include "capture.h"
#include "config/config.h"
#include "core/map.h"
#include "drive.h"
#include "host/disk/disk_options.h"
#include "host/disk/disk_settings.h"
#include "host/vhost_user/vhost_link.h"
#include "scratch.h"
#include "vhost_backend.h"
#include "virtio_rig.h"

#define BUFFER (MAP_RAM_BASE + VIRTIO_RIG_FREE)

enum { SECTOR = 512, ROOM = 3 * SECTOR, TEXT = 512 };

static struct virtio_rig rig;
static struct vhost_backend *backend;
static struct disk_settings settings;
static bool impatient; /* waits end soon, as if their time had passed */
static int64_t passed_ms;

int64_t __real_clock_now_ms(void);
int64_t __wrap_clock_now_ms(void);
int __real_poll(struct pollfd *pollers, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *pollers, nfds_t count, int timeout);

int64_t __wrap_clock_now_ms(void)
{
    return __real_clock_now_ms() + __atomic_load_n(&passed_ms, __ATOMIC_RELAXED);
}

int __wrap_poll(struct pollfd *pollers, nfds_t count, int timeout)
{
    if (!impatient) {
        return __real_poll(pollers, count, timeout);
    }
    int ready = __real_poll(pollers, count, timeout < 20 ? timeout : 20);
    if (ready == 0) {
        __atomic_add_fetch(&passed_ms, timeout == 1 ? 500 : timeout, __ATOMIC_RELAXED);
    }
    return ready;
}

static int setup(void **state)
{
    impatient = false;
    backend = NULL;
    settings = (struct disk_settings){.value = "socket", .vhost_user = true, .queues = 2};
    return scratch_enter(state);
}

static int teardown(void **state)
{
    return scratch_leave(state);
}

static int try_open(const struct vhost_backend_plan *plan)
{
    backend = vhost_backend_start("socket", plan);
    return virtio_rig_try_create_shared(&rig, "vhost-user-blk", &settings);
}

static void open_with(const struct vhost_backend_plan *plan)
{
    assert_int_equal(try_open(plan), 0);
}

static void close_all(void)
{
    virtio_rig_destroy(&rig);
    vhost_backend_join(backend);
}

static struct vhost_backend_plan plan_with(enum vhost_backend_sin sin, uint32_t at)
{
    struct vhost_backend_plan plan = vhost_backend_obeys;

    plan.sin = sin;
    plan.at = at;
    return plan;
}

static void add_read(unsigned queue)
{
    const struct virtio_blk_outhdr header = {.type = VIRTIO_BLK_T_IN};
    const struct virtio_rig_buffer buffers[] = {
        {BUFFER, sizeof(header), false},
        {BUFFER + SECTOR, SECTOR, true},
        {BUFFER + UINT64_C(2) * SECTOR, 1, true},
    };

    memset(virtio_rig_at(&rig, BUFFER, ROOM), 0xee, ROOM);
    memcpy(virtio_rig_at(&rig, BUFFER, sizeof(header)), &header, sizeof(header));
    virtio_rig_add(&rig, queue, buffers, 3);
}

static void read_sector(unsigned queue)
{
    add_read(queue);
    virtio_rig_notify(&rig, queue);
    assert_int_equal(virtio_rig_wait(&rig, queue).len, SECTOR + 1);
    const uint8_t *bytes = virtio_rig_at(&rig, BUFFER + SECTOR, SECTOR + 1);
    assert_int_equal(bytes[0], VHOST_BACKEND_BYTE);
    assert_int_equal(bytes[SECTOR - 1], VHOST_BACKEND_BYTE);
    assert_int_equal(bytes[SECTOR], VIRTIO_BLK_S_OK);
}

static uint64_t offered(void)
{
    virtio_rig_write(&rig, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    uint64_t high = virtio_rig_read(&rig, VIRTIO_MMIO_DEVICE_FEATURES);
    virtio_rig_write(&rig, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    return high << 32 | virtio_rig_read(&rig, VIRTIO_MMIO_DEVICE_FEATURES);
}

static bool is_told(void *arg)
{
    (void)arg;
    return rig.pulses > 0;
}

static bool needs_reset(void *arg)
{
    (void)arg;
    return (virtio_rig_read(&rig, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET) != 0;
}

static unsigned count_lines(const char *text)
{
    unsigned lines = 0;

    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

static void expect_line(const char *text, const char *words)
{
    if (count_lines(text) != 1 || strstr(text, words) == NULL ||
        strstr(text, "--disk vhost-user=socket: ") == NULL) {
        fail_msg("not one line with '%s': %s", words, text);
    }
}

static unsigned count_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    if (folder == NULL) {
        fail_msg("cannot list the open files");
        return 0;
    }
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

static void only_what_both_know_is_offered(void **state)
{
    (void)state;
    open_with(&vhost_backend_obeys);
    assert_int_equal(offered(), UINT64_C(1) << 32 | UINT64_C(1) << 29 | UINT64_C(1) << 28 |
                                    UINT64_C(1) << VIRTIO_BLK_F_FLUSH |
                                    UINT64_C(1) << VIRTIO_BLK_F_MQ |
                                    UINT64_C(1) << VIRTIO_BLK_F_SEG_MAX);
    virtio_rig_start(&rig, 1);
    assert_int_equal(vhost_backend_features(backend), rig.features | UINT64_C(1) << 30);
    close_all();
}

static void back_end_without_indices_of_events_is_taken(void **state)
{
    struct vhost_backend_plan plan = vhost_backend_obeys;

    (void)state;
    plan.features = UINT64_C(1) << 32 | UINT64_C(1) << 30;
    plan.protocol = UINT64_C(1) << 9;
    open_with(&plan);
    assert_int_equal(offered(), UINT64_C(1) << 32);
    virtio_rig_start(&rig, 1);
    read_sector(0);
    assert_int_equal(vhost_backend_count(backend, VHOST_GET_QUEUE_NUM), 0);
    close_all();
}

static void configuration_space_is_the_back_ends(void **state)
{
    (void)state;
    open_with(&vhost_backend_obeys);
    assert_int_equal(virtio_rig_config(&rig, 0, 8), 0x80);
    assert_int_equal(virtio_rig_config(&rig, 60, 4), 0);
    close_all();
}

/* The least of what the back-end, its configuration space (3) and the operator say. */
static void number_of_queues_is_the_least(void **state)
{
    static const struct {
        uint64_t back_end;
        unsigned wanted;
        unsigned expected;
    } cases[] = {{4, 2, 2}, {4, 9, 3}, {2, 9, 2}, {UINT64_MAX, 9, 3}, {4, 0, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vhost_backend_plan plan = vhost_backend_obeys;

        plan.queue_count = cases[i].back_end;
        settings.queues = cases[i].wanted;
        open_with(&plan);
        assert_int_equal(virtio_rig_config(&rig, offsetof(struct virtio_blk_config, num_queues), 2),
                         cases[i].expected);
        close_all();
    }
}

static void request_goes_to_the_back_end_and_comes_back(void **state)
{
    (void)state;
    open_with(&vhost_backend_obeys);
    virtio_rig_start(&rig, 2);
    read_sector(0);
    drive_until(rig.loop, is_told, NULL);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
    virtio_rig_write(&rig, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    read_sector(1);
    close_all();
}

static void chains_from_before_the_start_are_served(void **state)
{
    (void)state;
    open_with(&vhost_backend_obeys);
    virtio_rig_start(&rig, 1);
    virtio_rig_reset(&rig);
    virtio_rig_start(&rig, 1);
    add_read(0);
    /* As if another queue had been disabled: this one continues, without a new notification. */
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_SEL, 0);
    virtio_rig_notify(&rig, 0);
    virtio_rig_wait(&rig, 0);
    close_all();
}

static void other_queue_continues_where_it_was(void **state)
{
    (void)state;
    open_with(&vhost_backend_obeys);
    virtio_rig_start(&rig, 2);
    for (unsigned i = 0; i < 5; i++) {
        read_sector(0);
    }
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_SEL, 1);
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_READY, 0);
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_QUEUE_READY), 0);
    assert_int_equal(vhost_backend_count(backend, VHOST_SET_VRING_NUM), 3);
    assert_int_equal(vhost_backend_base(backend, 0), 5);
    read_sector(0);
    assert_int_equal(vhost_backend_base(backend, 0), 6);
    close_all();
}

static void resets_leave_nothing_behind(void **state)
{
    enum { RESETS = 10000 };

    (void)state;
    open_with(&vhost_backend_obeys);
    virtio_rig_start(&rig, 1);
    read_sector(0);
    unsigned files = count_files();
    for (unsigned i = 0; i < RESETS; i++) {
        virtio_rig_reset(&rig);
        virtio_rig_start(&rig, 1);
    }
    read_sector(0);
    assert_int_equal(vhost_backend_count(backend, VHOST_GET_VRING_BASE), RESETS);
    assert_int_equal(count_files(), files);
    close_all();
}

static void reset_waits_for_what_is_under_way(void **state)
{
    struct vhost_backend_plan plan = vhost_backend_obeys;

    (void)state;
    plan.late = true;
    open_with(&plan);
    virtio_rig_start(&rig, 1);
    add_read(0);
    virtio_rig_notify(&rig, 0);
    while (vhost_backend_base(backend, 0) == 0) {
        (void)usleep(1000);
    }
    assert_int_equal(*(uint8_t *)virtio_rig_at(&rig, BUFFER + SECTOR, 1), 0xee);
    virtio_rig_reset(&rig);
    assert_int_equal(*(uint8_t *)virtio_rig_at(&rig, BUFFER + SECTOR, 1), VHOST_BACKEND_BYTE);
    close_all();
}

static void reset_without_a_start_asks_nothing(void **state)
{
    (void)state;
    open_with(&vhost_backend_obeys);
    virtio_rig_reset(&rig);
    rig.cls->reset(rig.device);
    assert_int_equal(vhost_backend_count(backend, VHOST_GET_VRING_BASE), 0);
    assert_int_equal(vhost_backend_count(backend, VHOST_SET_MEM_TABLE), 1);
    close_all();
}

/* Memory is shared for such a disk only. */
static void option_names_a_socket(void **state)
{
    const struct option_row *row = &disk_options.rows[0];
    struct config config = {.disks.count = 0};

    (void)state;
    assert_true(row->set(row, &config.disks, "file"));
    assert_true(row->set(row, &config.disks, "./vhost-user=file"));
    assert_false(config_has_back_ends(&config));
    assert_true(row->set(row, &config.disks, "vhost-user=a,,b"));
    assert_true(config_has_back_ends(&config));
    char *name = disk_name(&config.disks.at[2]);
    assert_string_equal(name, "a,b");
    free(name);
}

static void nobody_there_is_one_line(void **state)
{
    struct capture capture;
    char text[TEXT];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    int error = virtio_rig_try_create_shared(&rig, "vhost-user-blk", &settings);
    capture_end(&capture, text, sizeof(text));
    assert_int_equal(error, -REPORTED);
    expect_line(text, "No such file or directory");
    virtio_rig_destroy(&rig);
}

struct sin_case {
    enum vhost_backend_sin sin;
    uint32_t at;
    const char *words;
};

static const struct sin_case opening_sins[] = {
    {VHOST_CLOSES, VHOST_SET_OWNER, "it has closed the connection"},
    {VHOST_CLOSES, VHOST_GET_FEATURES, "it has closed the connection (GET_FEATURES)"},
    {VHOST_CUTS_HEADER, VHOST_GET_FEATURES, "it has closed the connection (GET_FEATURES)"},
    {VHOST_CUTS_PAYLOAD, VHOST_GET_FEATURES, "it has closed the connection (GET_FEATURES)"},
    {VHOST_SAYS_NOTHING, VHOST_GET_FEATURES, "it does not answer within 10 s (GET_FEATURES)"},
    {VHOST_ANSWERS_OTHER, VHOST_GET_FEATURES, "it answers something else (GET_FEATURES)"},
    {VHOST_NO_REPLY_FLAG, VHOST_GET_FEATURES, "not a reply of version 1 (GET_FEATURES)"},
    {VHOST_WRONG_VERSION, VHOST_GET_FEATURES, "not a reply of version 1 (GET_FEATURES)"},
    {VHOST_HUGE_SIZE, VHOST_GET_FEATURES, "its answer has a wrong size (GET_FEATURES)"},
    {VHOST_SHORT_SIZE, VHOST_GET_FEATURES, "its answer has a wrong size (GET_FEATURES)"},
    {VHOST_ALL_ZEROS, VHOST_GET_FEATURES, "it lacks VIRTIO_F_VERSION_1"},
    {VHOST_ALL_ZEROS, VHOST_GET_PROTOCOL_FEATURES, "it has no configuration space"},
    {VHOST_ALL_ZEROS, VHOST_GET_QUEUE_NUM, "it has no queues"},
    {VHOST_SHORT_SIZE, VHOST_GET_CONFIG, "its answer has a wrong size (GET_CONFIG)"},
    {VHOST_HUGE_SIZE, VHOST_GET_CONFIG, "its answer has a wrong size (GET_CONFIG)"},
    {VHOST_ALL_ONES, VHOST_GET_CONFIG, "it answers something else (GET_CONFIG)"},
    {VHOST_CUTS_PAYLOAD, VHOST_GET_CONFIG, "it has closed the connection (GET_CONFIG)"},
    {VHOST_ALL_ONES, VHOST_SET_MEM_TABLE, "it refuses (SET_MEM_TABLE)"},
    {VHOST_SAYS_NOTHING, VHOST_SET_MEM_TABLE, "it does not answer within 10 s (SET_MEM_TABLE)"},
};

static void hostile_back_end_cannot_be_opened(void **state)
{
    unsigned files = count_files();

    (void)state;
    for (size_t i = 0; i < sizeof(opening_sins) / sizeof(opening_sins[0]); i++) {
        struct vhost_backend_plan plan = plan_with(opening_sins[i].sin, opening_sins[i].at);
        struct capture capture;
        char text[TEXT];

        impatient = opening_sins[i].sin == VHOST_SAYS_NOTHING;
        capture_begin(&capture, STDERR_FILENO);
        int error = try_open(&plan);
        capture_end(&capture, text, sizeof(text));
        assert_int_equal(error, -REPORTED);
        expect_line(text, opening_sins[i].words);
        close_all();
    }
    assert_int_equal(count_files(), files);
}

static const struct sin_case running_sins[] = {
    {VHOST_CLOSES, VHOST_SET_FEATURES, "it has closed the connection (SET_FEATURES)"},
    {VHOST_ALL_ONES, VHOST_SET_FEATURES, "it refuses (SET_FEATURES)"},
    {VHOST_CLOSES, VHOST_SET_VRING_NUM, "it has closed the connection"},
    {VHOST_CLOSES, VHOST_SET_VRING_KICK, "it has closed the connection"},
    {VHOST_ALL_ONES, VHOST_SET_VRING_ENABLE, "it refuses (SET_VRING_ENABLE)"},
    {VHOST_SHORT_SIZE, VHOST_SET_VRING_ENABLE, "its answer has a wrong size"},
    {VHOST_SAYS_NOTHING, VHOST_SET_VRING_ENABLE, "it does not answer within 10 s"},
    {VHOST_CLOSES, VHOST_GET_VRING_BASE, "it has closed the connection (GET_VRING_BASE)"},
    {VHOST_CUTS_HEADER, VHOST_GET_VRING_BASE, "it has closed the connection (GET_VRING_BASE)"},
    {VHOST_CUTS_PAYLOAD, VHOST_GET_VRING_BASE, "it has closed the connection (GET_VRING_BASE)"},
    {VHOST_SAYS_NOTHING, VHOST_GET_VRING_BASE, "it does not answer within 10 s (GET_VRING_BASE)"},
    {VHOST_ANSWERS_OTHER, VHOST_GET_VRING_BASE, "it answers something else"},
    {VHOST_NO_REPLY_FLAG, VHOST_GET_VRING_BASE, "not a reply of version 1"},
    {VHOST_HUGE_SIZE, VHOST_GET_VRING_BASE, "its answer has a wrong size"},
    {VHOST_SHORT_SIZE, VHOST_GET_VRING_BASE, "its answer has a wrong size"},
    {VHOST_ALL_ONES, VHOST_GET_VRING_BASE, "its answer makes no sense"},
    {VHOST_ALL_ZEROS, VHOST_GET_VRING_BASE, "requests under way do not end within 10 s"},
};

/* The VM goes on; the device comes back broken after each reset; one line tells it. */
static void run_with_sin(const struct sin_case *sin)
{
    struct vhost_backend_plan plan = plan_with(sin->sin, sin->at);
    struct capture capture;
    char text[TEXT];

    impatient = false;
    capture_begin(&capture, STDERR_FILENO);
    open_with(&plan);
    impatient = true;
    virtio_rig_start(&rig, 1);
    if (sin->at == VHOST_GET_VRING_BASE) {
        read_sector(0);
    }
    virtio_rig_reset(&rig);
    virtio_rig_run(&rig);
    for (unsigned i = 0; i < 3; i++) {
        virtio_rig_start(&rig, 1);
        assert_true(needs_reset(NULL));
        virtio_rig_reset(&rig);
    }
    virtio_rig_run(&rig);
    capture_end(&capture, text, sizeof(text));
    expect_line(text, sin->words);
    close_all();
}

static void hostile_back_end_breaks_its_device_only(void **state)
{
    unsigned files = count_files();

    (void)state;
    for (size_t i = 0; i < sizeof(running_sins) / sizeof(running_sins[0]); i++) {
        run_with_sin(&running_sins[i]);
    }
    assert_int_equal(count_files(), files);
}

static void files_that_nobody_asked_for_are_closed(void **state)
{
    struct vhost_backend_plan plan = plan_with(VHOST_SENDS_FILES, VHOST_GET_CONFIG);

    (void)state;
    open_with(&plan);
    unsigned files = count_files();
    close_all();
    open_with(&vhost_backend_obeys);
    assert_int_equal(count_files(), files);
    close_all();
}

static void expect_end(void (*end)(struct vhost_backend *backend), const char *words)
{
    struct capture capture;
    char text[TEXT];

    open_with(&vhost_backend_obeys);
    virtio_rig_start(&rig, 1);
    read_sector(0);
    capture_begin(&capture, STDERR_FILENO);
    end(backend);
    drive_until(rig.loop, needs_reset, NULL);
    virtio_rig_run(&rig);
    capture_end(&capture, text, sizeof(text));
    expect_line(text, words);
    assert_true((virtio_rig_read(&rig, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_CONFIG) !=
                0);
    virtio_rig_reset(&rig);
    close_all();
}

static void dead_back_end_is_one_line(void **state)
{
    (void)state;
    expect_end(vhost_backend_kill, "it has closed the connection; the guest's requests");
}

static void error_in_a_ring_is_one_line(void **state)
{
    (void)state;
    expect_end(vhost_backend_complain, "it reports an error in a ring; the guest's requests");
}

/* The eventfd is the same open file on both sides. */
static void back_end_cannot_make_a_read_wait(void **state)
{
    (void)state;
    open_with(&vhost_backend_obeys);
    virtio_rig_start(&rig, 1);
    vhost_backend_block_calls(backend);
    for (unsigned i = 0; i < 3; i++) {
        read_sector(0);
        virtio_rig_run(&rig);
    }
    close_all();
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_what_both_know_is_offered),
        TEST(back_end_without_indices_of_events_is_taken),
        TEST(configuration_space_is_the_back_ends),
        TEST(number_of_queues_is_the_least),
        TEST(request_goes_to_the_back_end_and_comes_back),
        TEST(chains_from_before_the_start_are_served),
        TEST(other_queue_continues_where_it_was),
        TEST(resets_leave_nothing_behind),
        TEST(reset_waits_for_what_is_under_way),
        TEST(reset_without_a_start_asks_nothing),
        TEST(option_names_a_socket),
        TEST(nobody_there_is_one_line),
        TEST(hostile_back_end_cannot_be_opened),
        TEST(hostile_back_end_breaks_its_device_only),
        TEST(files_that_nobody_asked_for_are_closed),
        TEST(dead_back_end_is_one_line),
        TEST(error_in_a_ring_is_one_line),
        TEST(back_end_cannot_make_a_read_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
