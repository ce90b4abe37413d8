/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-blk: what a driver asks for, rightly or wrongly, and what the file has then. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>

#include "capture.h"
#include "core/map.h"
#include "host/disk/disk.h"
#include "scratch.h"
#include "virtio_rig.h"

enum {
    IMAGE_SIZE = 4 << 20,
    SECTORS = IMAGE_SIZE / 512,
    HEADER = 16,
    PATTERN = 0x5a,
    STATUS_UNSET = 0xee,
    MESSAGE_SIZE = 1024,
};

/* Where the test's buffers are in guest memory. */
#define AT_HEADER (MAP_RAM_BASE + VIRTIO_RIG_FREE)
#define AT_STATUS (AT_HEADER + 0x1000)
#define AT_DATA   (AT_HEADER + 0x10000)

static struct virtio_rig rig;
static struct disk_settings settings;
static bool flush_fails;

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fdatasync(int fd)
{
    if (flush_fails) {
        errno = EIO;
        return -1;
    }
    return __real_fdatasync(fd);
}

static void start(const struct disk_settings *wanted)
{
    settings = *wanted;
    virtio_rig_create(&rig, "virtio-blk", &settings);
    virtio_rig_start(&rig, settings.queues > 0 ? settings.queues : 1);
}

static int setup(void **state)
{
    int error = scratch_enter(state);

    scratch_write("image", "", 0);
    return error != 0 ? error : truncate("image", IMAGE_SIZE);
}

static int setup_disk(void **state)
{
    int error = setup(state);

    start(&(struct disk_settings){.value = "image", .serial = "S-123"});
    return error;
}

static int teardown(void **state)
{
    virtio_rig_destroy(&rig);
    return scratch_leave(state);
}

/* --- A driver. --- */

static void put_header(uint32_t type, uint64_t sector)
{
    struct virtio_blk_outhdr header = {.type = type, .sector = sector};

    memcpy(virtio_rig_at(&rig, AT_HEADER, HEADER), &header, HEADER);
    *(uint8_t *)virtio_rig_at(&rig, AT_STATUS, 1) = STATUS_UNSET;
}

static uint8_t *data(size_t size)
{
    return virtio_rig_at(&rig, AT_DATA, size);
}

static uint8_t status(void)
{
    return *(uint8_t *)virtio_rig_at(&rig, AT_STATUS, 1);
}

/* Sends a chain and waits for its end. Returns how much the device says that it wrote. */
static uint32_t send_chain(unsigned queue, const struct virtio_rig_buffer *buffers, unsigned count)
{
    uint16_t head = virtio_rig_add(&rig, queue, buffers, count);

    virtio_rig_notify(&rig, queue);
    struct vring_used_elem used = virtio_rig_wait(&rig, queue);
    assert_int_equal(used.id, head);
    return used.len;
}

/* Data that the device writes, or reads; of no length if it has none. Returns the status. */
static uint8_t ask(unsigned queue, uint32_t type, uint64_t sector, uint32_t length, bool writes)
{
    const struct virtio_rig_buffer buffers[] = {
        {AT_HEADER, HEADER, false}, {AT_DATA, length, writes}, {AT_STATUS, 1, true}};
    const struct virtio_rig_buffer bare[] = {buffers[0], buffers[2]};

    put_header(type, sector);
    if (length > 0) {
        send_chain(queue, buffers, 3);
    } else {
        send_chain(queue, bare, 2);
    }
    return status();
}

static uint8_t ask_space(uint32_t type, uint64_t sector, uint32_t count, uint32_t flags)
{
    struct virtio_blk_discard_write_zeroes range = {
        .sector = sector, .num_sectors = count, .flags = flags};

    memcpy(data(sizeof(range)), &range, sizeof(range));
    return ask(0, type, 0, sizeof(range), false);
}

static void assert_file(off_t offset, uint8_t value, size_t size)
{
    uint8_t bytes[4096];
    int fd = open("image", O_RDONLY);

    assert_true(fd >= 0 && size <= sizeof(bytes));
    assert_int_equal(pread(fd, bytes, size, offset), size);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(bytes[i], value);
    }
    close(fd);
}

/* --- The tests. --- */

static void the_configuration_says_what_the_disk_is(void **state)
{
    (void)state;
    assert_int_equal(virtio_rig_read(&rig, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_BLOCK);
    assert_int_equal(virtio_rig_config(&rig, 0, 4), SECTORS);
    assert_int_equal(virtio_rig_config(&rig, offsetof(struct virtio_blk_config, seg_max), 4), 254);
    assert_int_equal(virtio_rig_config(&rig, offsetof(struct virtio_blk_config, blk_size), 4), 512);
    assert_int_equal(virtio_rig_config(&rig, offsetof(struct virtio_blk_config, wce), 1), 1);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    memset(data(4096), PATTERN, 4096);
    assert_int_equal(ask(0, VIRTIO_BLK_T_OUT, 8, 4096, false), VIRTIO_BLK_S_OK);
    assert_file(INT64_C(8) * 512, PATTERN, 4096);
    memset(data(4096), 0, 4096);
    assert_int_equal(ask(0, VIRTIO_BLK_T_IN, 8, 4096, true), VIRTIO_BLK_S_OK);
    assert_int_equal(data(4096)[4095], PATTERN);
    assert_int_equal(ask(0, VIRTIO_BLK_T_FLUSH, 0, 0, false), VIRTIO_BLK_S_OK);
    assert_true(rig.pulses >= 1);
}

/* A driver may cut a request where it likes (2.6.4): header and data in one, status with the data. */
static void a_request_may_be_cut_anywhere(void **state)
{
    const struct virtio_rig_buffer out[] = {{AT_HEADER, 7, false},
                                            {AT_HEADER + 7, 9 + 100, false},
                                            {AT_HEADER + 116, 412, false},
                                            {AT_STATUS, 1, true}};
    const struct virtio_rig_buffer in[] = {
        {AT_HEADER, HEADER, false}, {AT_DATA, 1, true}, {AT_DATA + 1, 511 + 1, true}};

    (void)state;
    put_header(VIRTIO_BLK_T_OUT, 1);
    memset(virtio_rig_at(&rig, AT_HEADER + HEADER, 512), PATTERN, 512);
    assert_int_equal(send_chain(0, out, 4), 1);
    assert_int_equal(status(), VIRTIO_BLK_S_OK);
    assert_file(512, PATTERN, 512);
    put_header(VIRTIO_BLK_T_IN, 1);
    memset(data(513), STATUS_UNSET, 513);
    assert_int_equal(send_chain(0, in, 3), 513);
    assert_int_equal(data(513)[0], PATTERN);
    assert_int_equal(data(513)[511], PATTERN);
    assert_int_equal(data(513)[512], VIRTIO_BLK_S_OK);
}

static void the_serial_is_given(void **state)
{
    (void)state;
    memset(data(20), 0xff, 20);
    assert_int_equal(ask(0, VIRTIO_BLK_T_GET_ID, 0, 20, true), VIRTIO_BLK_S_OK);
    assert_memory_equal(data(20), "S-123\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    memset(data(20), 0xff, 20);
    assert_int_equal(ask(0, VIRTIO_BLK_T_GET_ID, 0, 3, true), VIRTIO_BLK_S_OK);
    assert_memory_equal(data(20), "S-1\xff", 4);
}

static void space_is_discarded_and_zeroed(void **state)
{
    struct stat before;
    struct stat after;

    (void)state;
    memset(data(65536), PATTERN, 65536);
    assert_int_equal(ask(0, VIRTIO_BLK_T_OUT, 0, 65536, false), VIRTIO_BLK_S_OK);
    assert_int_equal(ask(0, VIRTIO_BLK_T_FLUSH, 0, 0, false), VIRTIO_BLK_S_OK);
    assert_int_equal(stat("image", &before), 0);
    assert_int_equal(ask_space(VIRTIO_BLK_T_DISCARD, 0, 128, 0), VIRTIO_BLK_S_OK);
    assert_int_equal(stat("image", &after), 0);
    assert_true(after.st_blocks < before.st_blocks);
    memset(data(4096), PATTERN, 4096);
    assert_int_equal(ask(0, VIRTIO_BLK_T_OUT, 0, 4096, false), VIRTIO_BLK_S_OK);
    assert_int_equal(ask_space(VIRTIO_BLK_T_WRITE_ZEROES, 1, 2, 0), VIRTIO_BLK_S_OK);
    assert_file(0, PATTERN, 512);
    assert_file(512, 0, 1024);
    assert_file(1536, PATTERN, 2560);
    assert_int_equal(ask_space(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP),
                     VIRTIO_BLK_S_OK);
    assert_file(0, 0, 4096);
}

struct bad_space {
    uint64_t sector;
    uint32_t type;
    uint32_t count;
    uint32_t flags;
    uint8_t status;
};

static void wrong_requests_get_an_error_as_their_status(void **state)
{
    static const struct bad_space spaces[] = {
        {SECTORS, VIRTIO_BLK_T_DISCARD, 1, 0, VIRTIO_BLK_S_IOERR},
        {UINT64_MAX, VIRTIO_BLK_T_DISCARD, 2, 0, VIRTIO_BLK_S_IOERR},
        {0, VIRTIO_BLK_T_DISCARD, UINT32_MAX, 0, VIRTIO_BLK_S_IOERR},
        {0, VIRTIO_BLK_T_DISCARD, 1, 1, VIRTIO_BLK_S_UNSUPP},
        {0, VIRTIO_BLK_T_WRITE_ZEROES, 1, 2, VIRTIO_BLK_S_UNSUPP},
        {SECTORS - 1, VIRTIO_BLK_T_WRITE_ZEROES, 2, 0, VIRTIO_BLK_S_IOERR},
        {0, VIRTIO_BLK_T_WRITE_ZEROES, 0, 0, VIRTIO_BLK_S_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        const struct bad_space *bad = &spaces[i];

        assert_int_equal(ask_space(bad->type, bad->sector, bad->count, bad->flags), bad->status);
    }
    assert_int_equal(ask(0, VIRTIO_BLK_T_IN, SECTORS, 512, true), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask(0, VIRTIO_BLK_T_IN, SECTORS - 1, 1024, true), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask(0, VIRTIO_BLK_T_OUT, UINT64_MAX, 512, false), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask(0, VIRTIO_BLK_T_OUT, UINT64_MAX / 512 + 1, 512, false),
                     VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask(0, VIRTIO_BLK_T_IN, 0, 513, true), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask(0, VIRTIO_BLK_T_IN, 0, 0, true), VIRTIO_BLK_S_OK);
    assert_int_equal(ask(0, VIRTIO_BLK_T_DISCARD, 0, 15, false), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask(0, VIRTIO_BLK_T_DISCARD, 0, 32, false), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask(0, 99, 0, 512, true), VIRTIO_BLK_S_UNSUPP);
    assert_int_equal(ask(0, VIRTIO_BLK_T_IN, SECTORS - 1, 512, true), VIRTIO_BLK_S_OK);
}

static void a_short_header_gets_an_error(void **state)
{
    const struct virtio_rig_buffer buffers[] = {{AT_HEADER, 15, false}, {AT_STATUS, 1, true}};
    const struct virtio_rig_buffer none[] = {{AT_STATUS, 1, true}};

    (void)state;
    put_header(VIRTIO_BLK_T_FLUSH, 0);
    send_chain(0, buffers, 2);
    assert_int_equal(status(), VIRTIO_BLK_S_IOERR);
    put_header(VIRTIO_BLK_T_FLUSH, 0);
    send_chain(0, none, 1);
    assert_int_equal(status(), VIRTIO_BLK_S_IOERR);
}

/* The second request is never looked at. */
static void a_request_without_a_status_breaks_the_device(void **state)
{
    const struct virtio_rig_buffer buffers[] = {{AT_HEADER, HEADER, false}};
    char text[MESSAGE_SIZE];
    struct capture capture;

    (void)state;
    put_header(VIRTIO_BLK_T_FLUSH, 0);
    virtio_rig_add(&rig, 0, buffers, 1);
    virtio_rig_add(&rig, 0, buffers, 1);
    capture_begin(&capture, 2);
    virtio_rig_notify(&rig, 0);
    capture_end(&capture, text, sizeof(text));
    assert_non_null(strstr(text, "no room for its status"));
    assert_true(virtio_rig_read(&rig, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
    virtio_rig_reset(&rig);
    virtio_rig_start(&rig, 1);
    assert_int_equal(ask(0, VIRTIO_BLK_T_FLUSH, 0, 0, false), VIRTIO_BLK_S_OK);
}

static void a_disk_that_is_only_read_says_so(void **state)
{
    (void)state;
    start(&(struct disk_settings){.value = "image", .read_only = true});
    assert_true(virtio_rig_read(&rig, VIRTIO_MMIO_DEVICE_FEATURES) & 1u << VIRTIO_BLK_F_RO);
    assert_false(virtio_rig_read(&rig, VIRTIO_MMIO_DEVICE_FEATURES) & 1u << VIRTIO_BLK_F_DISCARD);
    assert_int_equal(ask(0, VIRTIO_BLK_T_OUT, 0, 512, false), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask_space(VIRTIO_BLK_T_WRITE_ZEROES, 0, 1, 0), VIRTIO_BLK_S_IOERR);
    assert_int_equal(ask(0, VIRTIO_BLK_T_IN, 0, 512, true), VIRTIO_BLK_S_OK);
}

static void each_queue_is_served(void **state)
{
    (void)state;
    start(&(struct disk_settings){.value = "image", .queues = 3});
    assert_true(virtio_rig_read(&rig, VIRTIO_MMIO_DEVICE_FEATURES) & 1u << VIRTIO_BLK_F_MQ);
    assert_int_equal(virtio_rig_config(&rig, offsetof(struct virtio_blk_config, num_queues), 2), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ask(i, VIRTIO_BLK_T_IN, i, 512, true), VIRTIO_BLK_S_OK);
    }
}

/* All queues full at once, several times: more requests than the device takes at a time. */
static void a_full_queue_is_served_to_its_end(void **state)
{
    enum { ROUNDS = 20, EACH = VIRTIO_RIG_QUEUE_SIZE, QUEUES = 8 };
    const struct virtio_rig_buffer buffers[] = {{AT_HEADER, HEADER, false}, {AT_STATUS, 1, true}};

    (void)state;
    start(&(struct disk_settings){.value = "image", .queues = QUEUES});
    assert_true(QUEUES * EACH > DISK_REQUESTS_MAX);
    put_header(VIRTIO_BLK_T_FLUSH, 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < QUEUES; i++) {
            uint16_t head = virtio_rig_add(&rig, i, buffers, 2);

            for (unsigned k = 1; k < EACH; k++) {
                virtio_rig_publish(&rig, i, head);
            }
        }
        for (unsigned i = 0; i < QUEUES; i++) {
            virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_NOTIFY, i);
        }
        for (unsigned i = 0; i < QUEUES * EACH; i++) {
            virtio_rig_wait(&rig, i % QUEUES);
        }
    }
}

/* Whatever the host reads or writes for a driver has ended while the device is still, and no more begins. */
static void nothing_is_under_way_while_it_is_still(void **state)
{
    enum { ROUNDS = 50, EACH = 4, SIZE = 1 << 20 };
    const struct virtio_rig_buffer buffers[] = {
        {AT_HEADER, HEADER, false}, {AT_DATA, SIZE, true}, {AT_STATUS, 1, true}};
    struct device_disk disk;

    (void)state;
    put_header(VIRTIO_BLK_T_IN, 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint16_t head = virtio_rig_add(&rig, 0, buffers, 3);

        for (unsigned i = 1; i < EACH; i++) {
            virtio_rig_publish(&rig, 0, head);
        }
        virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
        virtio_rig_run(&rig);
        rig.cls->be_still(rig.device, true);
        rig.cls->disk(rig.device, &disk);
        assert_int_equal(disk.under_way, 0);
        memset(data(SIZE), PATTERN, SIZE);
        assert_int_equal(data(SIZE)[SIZE - 1], PATTERN);
        rig.cls->be_still(rig.device, false);
        for (unsigned i = 0; i < EACH; i++) {
            virtio_rig_wait(&rig, 0);
        }
        assert_int_equal(status(), VIRTIO_BLK_S_OK);
    }
}

/* What was under way at a reset neither comes later nor is lost from the disk's count. */
static void resets_take_back_what_is_under_way(void **state)
{
    enum { RESETS = 200, SIZE = 1 << 20 };
    const struct virtio_rig_buffer buffers[] = {
        {AT_HEADER, HEADER, false}, {AT_DATA, SIZE, true}, {AT_STATUS, 1, true}};
    struct vring_used_elem used;

    (void)state;
    for (unsigned i = 0; i < RESETS; i++) {
        put_header(VIRTIO_BLK_T_IN, i % 8);
        virtio_rig_add(&rig, 0, buffers, 3);
        virtio_rig_add(&rig, 0, buffers, 3);
        virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
        if (i % 2 == 0) {
            virtio_rig_run(&rig);
        }
        virtio_rig_reset(&rig);
        memset(data(SIZE), PATTERN, SIZE);
        virtio_rig_start(&rig, 1);
        assert_false(virtio_rig_used(&rig, 0, &used));
        assert_int_equal(data(SIZE)[0], PATTERN);
        assert_int_equal(data(SIZE)[SIZE - 1], PATTERN);
    }
    assert_int_equal(ask(0, VIRTIO_BLK_T_IN, 0, 4096, true), VIRTIO_BLK_S_OK);
}

/* The driver's choice survives its reset, which a sleep is, and not the machine's. */
static void the_write_cache_is_the_drivers_choice(void **state)
{
    const uint64_t wce = offsetof(struct virtio_blk_config, wce);

    (void)state;
    rig.cls->write(rig.device, VIRTIO_MMIO_CONFIG + wce, 1, 0);
    assert_int_equal(virtio_rig_config(&rig, wce, 1), 0);
    assert_int_equal(ask(0, VIRTIO_BLK_T_OUT, 0, 512, false), VIRTIO_BLK_S_OK);
    rig.cls->write(rig.device, VIRTIO_MMIO_CONFIG, 1, 0);
    assert_int_equal(virtio_rig_config(&rig, 0, 4), SECTORS);
    virtio_rig_reset(&rig);
    assert_int_equal(virtio_rig_config(&rig, wce, 1), 0);
    rig.cls->reset(rig.device);
    assert_int_equal(virtio_rig_config(&rig, wce, 1), 1);
}

/* What the operator sees of the disk. */
static struct device_disk described(void)
{
    struct device_disk disk;

    rig.cls->disk(rig.device, &disk);
    return disk;
}

/* RLIMIT_FSIZE makes writes fail. One line, however often they do. */
static void a_failing_host_is_reported_once(void **state)
{
    char text[MESSAGE_SIZE];
    struct capture capture;

    (void)state;
    capture_begin(&capture, 2);
    scratch_limit_files(65536);
    uint8_t bad = 0;
    for (unsigned i = 0; i < 20; i++) {
        bad |= ask(0, VIRTIO_BLK_T_OUT, 1024, 512, false) == VIRTIO_BLK_S_IOERR ? 1 : 2;
        bad |= described().error == EFBIG ? 1 : 2;
        bad |= ask(0, VIRTIO_BLK_T_OUT, 0, 512, false) == VIRTIO_BLK_S_OK ? 1 : 2;
    }
    scratch_limit_files(RLIM_INFINITY);
    capture_end(&capture, text, sizeof(text));
    assert_int_equal(bad, 1);
    assert_non_null(strstr(text, "--disk image: cannot write at byte 524288: File too large; the "
                                 "guest gets an I/O error"));
    assert_int_equal(rig.failures, 1);
    assert_false(rig.failure_pauses);
    assert_int_equal(described().error, 0);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_int_equal(ask(0, VIRTIO_BLK_T_OUT, 1024, 512, false), VIRTIO_BLK_S_OK);
}

static void run_until_failures(unsigned count)
{
    enum { PATIENCE_MS = 60000 };

    for (unsigned i = 0; i < PATIENCE_MS && rig.failures < count; i++) {
        virtio_rig_run(&rig);
        usleep(1000);
    }
}

/* Writes of a PATTERN that fail on the host stop the machine: `count` of them, until the first failure is told. */
static void fail_writes(unsigned count)
{
    const struct virtio_rig_buffer buffers[] = {
        {AT_HEADER, HEADER, false}, {AT_DATA, 512, false}, {AT_STATUS, 1, true}};

    scratch_limit_files(65536);
    put_header(VIRTIO_BLK_T_OUT, 1024);
    memset(data(512), PATTERN, 512);
    for (unsigned i = 0; i < count; i++) {
        virtio_rig_add(&rig, 0, buffers, 3);
    }
    virtio_rig_notify(&rig, 0);
    run_until_failures(1);
}

/* Two requests fail; the operator hears of it once, and once more after going on too early. */
static void a_failing_host_pauses_the_machine(void **state)
{
    struct vring_used_elem used;
    char text[MESSAGE_SIZE];
    struct capture capture;

    (void)state;
    start(&(struct disk_settings){.value = "image", .on_error = DISK_PAUSE_ON_ERROR});
    capture_begin(&capture, 2);
    fail_writes(2);
    unsigned first = rig.failures;
    bool ended = virtio_rig_used(&rig, 0, &used);
    struct device_disk disk = described();
    rig.cls->go_on(rig.device);
    run_until_failures(2);
    scratch_limit_files(RLIM_INFINITY);
    capture_end(&capture, text, sizeof(text));
    assert_int_equal(first, 1);
    assert_false(ended);
    assert_int_equal(disk.error, EFBIG);
    assert_int_equal(disk.under_way, 2);
    assert_int_equal(disk.size, SECTORS * 512);
    assert_string_equal(disk.file, "image");
    assert_int_equal(rig.failures, 2);
    assert_true(rig.failure_pauses);
    assert_false(rig.failure_no_space);
    assert_non_null(strstr(text, "File too large; the VM stops until the operator continues it"));
    rig.cls->go_on(rig.device);
    virtio_rig_wait(&rig, 0);
    virtio_rig_wait(&rig, 0);
    assert_int_equal(status(), VIRTIO_BLK_S_OK);
    assert_file(INT64_C(1024) * 512, PATTERN, 512);
    assert_int_equal(rig.failures, 2);
}

/* What waits for the operator when the guest resets the device is dropped. */
static void a_reset_drops_what_waits_for_the_operator(void **state)
{
    struct vring_used_elem used;
    char text[MESSAGE_SIZE];
    struct capture capture;

    (void)state;
    start(&(struct disk_settings){.value = "image", .on_error = DISK_PAUSE_ON_ERROR});
    capture_begin(&capture, 2);
    fail_writes(1);
    scratch_limit_files(RLIM_INFINITY);
    capture_end(&capture, text, sizeof(text));
    virtio_rig_reset(&rig);
    virtio_rig_start(&rig, 1);
    rig.cls->go_on(rig.device);
    virtio_rig_run(&rig);
    assert_false(virtio_rig_used(&rig, 0, &used));
    assert_int_equal(ask(0, VIRTIO_BLK_T_OUT, 1024, 512, false), VIRTIO_BLK_S_OK);
}

/* A failed flush stops nothing; a write that fails after it still needs the operator. */
static void a_failed_flush_does_not_hide_a_failed_write(void **state)
{
    const struct virtio_rig_buffer buffers[] = {
        {AT_HEADER, HEADER, false}, {AT_DATA, 512, false}, {AT_STATUS, 1, true}};
    char text[MESSAGE_SIZE];
    struct capture capture;

    (void)state;
    start(&(struct disk_settings){
        .value = "image", .on_error = DISK_PAUSE_ON_ERROR, .aio = DISK_AIO_THREADS});
    capture_begin(&capture, 2);
    flush_fails = true;
    uint8_t flushed = ask(0, VIRTIO_BLK_T_FLUSH, 0, 0, false);
    run_until_failures(1);
    flush_fails = false;
    bool paused = rig.failure_pauses;
    scratch_limit_files(65536);
    put_header(VIRTIO_BLK_T_OUT, 1024);
    virtio_rig_add(&rig, 0, buffers, 3);
    virtio_rig_notify(&rig, 0);
    run_until_failures(2);
    scratch_limit_files(RLIM_INFINITY);
    capture_end(&capture, text, sizeof(text));
    assert_int_equal(flushed, VIRTIO_BLK_S_IOERR);
    assert_false(paused);
    assert_int_equal(rig.failures, 2);
    assert_true(rig.failure_pauses);
}

static void a_file_that_cannot_be_opened_makes_no_device(void **state)
{
    const struct disk_settings absent = {.value = "absent"};
    char text[MESSAGE_SIZE];
    struct capture capture;

    (void)state;
    capture_begin(&capture, 2);
    int error = virtio_rig_try_create(&rig, "virtio-blk", &absent);
    capture_end(&capture, text, sizeof(text));
    assert_true(error < 0);
    assert_null(rig.device);
    assert_non_null(strstr(text, "--disk absent: No such file"));
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, setup_disk, teardown)
#define ON_OWN(test)  cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(the_configuration_says_what_the_disk_is),
        ON_DISK(what_is_written_is_read),
        ON_DISK(a_request_may_be_cut_anywhere),
        ON_DISK(the_serial_is_given),
        ON_DISK(space_is_discarded_and_zeroed),
        ON_DISK(wrong_requests_get_an_error_as_their_status),
        ON_DISK(a_short_header_gets_an_error),
        ON_DISK(a_request_without_a_status_breaks_the_device),
        ON_OWN(a_disk_that_is_only_read_says_so),
        ON_OWN(each_queue_is_served),
        ON_OWN(a_full_queue_is_served_to_its_end),
        ON_DISK(nothing_is_under_way_while_it_is_still),
        ON_DISK(resets_take_back_what_is_under_way),
        ON_DISK(the_write_cache_is_the_drivers_choice),
        ON_DISK(a_failing_host_is_reported_once),
        ON_OWN(a_failing_host_pauses_the_machine),
        ON_OWN(a_reset_drops_what_waits_for_the_operator),
        ON_OWN(a_failed_flush_does_not_hide_a_failed_write),
        ON_OWN(a_file_that_cannot_be_opened_makes_no_device),
    };

    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
