/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk's file behind both engines: what is read and written, failures of the host, locks. */
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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/report.h"
#include "capture.h"
#include "host/disk/disk.h"
#include "host/disk/disk_options.h"
#include "scratch.h"

enum { IMAGE_SIZE = 8 << 20, MESSAGE_SIZE = 512, PATIENCE_MS = 60000 };

static enum disk_aio aio; /* of the tests of one group */

/* --- Failures of the host, for the engine of threads. --- */

static int fail_with;       /* errno of the next writes; 0: none */
static unsigned fail_times; /* how many of them fail */
static size_t short_by;     /* what the next write leaves out */
static int no_way;          /* errno of each fallocate(); 0: the real one */

ssize_t __real_pwritev64v2(int fd, const struct iovec *parts, int count, off_t offset, int flags);
ssize_t __wrap_pwritev64v2(int fd, const struct iovec *parts, int count, off_t offset, int flags);
int __real_fallocate64(int fd, int mode, off_t offset, off_t size);
int __wrap_fallocate64(int fd, int mode, off_t offset, off_t size);

ssize_t __wrap_pwritev64v2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    if (fail_times > 0) {
        fail_times--;
        errno = fail_with;
        return -1;
    }
    if (short_by > 0 && parts[0].iov_len > short_by) {
        struct iovec part = {parts[0].iov_base, parts[0].iov_len - short_by};

        short_by = 0;
        return __real_pwritev64v2(fd, &part, 1, offset, flags);
    }
    return __real_pwritev64v2(fd, parts, count, offset, flags);
}

int __wrap_fallocate64(int fd, int mode, off_t offset, off_t size)
{
    if (no_way != 0) {
        errno = no_way;
        return -1;
    }
    return __real_fallocate64(fd, mode, offset, size);
}

/* --- Set-up. --- */

static void image_create(const char *name, off_t size)
{
    scratch_write(name, "", 0);
    assert_int_equal(truncate(name, size), 0);
}

static int setup(void **state)
{
    int error = scratch_enter(state);

    fail_times = 0;
    short_by = 0;
    no_way = 0;
    image_create("image", IMAGE_SIZE);
    return error;
}

static bool parse(struct disk_list *list, const char *value)
{
    const struct option_row *row = &disk_options.rows[0];

    return row->set(row, list, value);
}

static int open_spec(const char *value, struct disk **disk)
{
    struct disk_list list = {0};

    assert_true(parse(&list, value));
    list.at[0].aio = aio;
    return disk_open(&list.at[0], disk);
}

static struct disk *open_disk(const char *value)
{
    struct disk *disk = NULL;

    assert_int_equal(open_spec(value, &disk), 0);
    return disk;
}

/* The one line that a refusal reports. */
static void assert_refused(const char *value, const char *part)
{
    char text[MESSAGE_SIZE];
    struct capture capture;
    struct disk *disk = NULL;

    capture_begin(&capture, 2);
    int error = open_spec(value, &disk);
    capture_end(&capture, text, sizeof(text));
    assert_int_equal(error, -REPORTED);
    assert_null(disk);
    assert_non_null(strstr(text, part));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

/* --- Requests. --- */

struct outcome {
    bool ended;
    int error;
};

static void note_end(struct disk_request *request, int error)
{
    struct outcome *outcome = request->arg;

    assert_false(outcome->ended);
    *outcome = (struct outcome){true, error};
}

static void wait_for(struct disk *disk, const struct outcome *outcome)
{
    while (!outcome->ended) {
        struct pollfd ready = {.fd = disk_event(disk), .events = POLLIN};

        assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
        disk_reap(disk);
    }
}

static int run_request(struct disk *disk, struct disk_request *request)
{
    struct outcome outcome = {0};

    request->done = note_end;
    request->arg = &outcome;
    disk_submit(disk, request);
    disk_start(disk);
    wait_for(disk, &outcome);
    return outcome.error;
}

static int run_parts(struct disk *disk, enum disk_operation operation, uint64_t offset,
                     struct iovec *parts, unsigned count)
{
    struct disk_request request = {
        .operation = operation, .offset = offset, .parts = parts, .part_count = count};

    for (unsigned i = 0; i < count; i++) {
        request.size += parts[i].iov_len;
    }
    return run_request(disk, &request);
}

static int run_bytes(struct disk *disk, enum disk_operation operation, uint64_t offset, void *bytes,
                     size_t size)
{
    struct iovec part = {bytes, size};

    return run_parts(disk, operation, offset, &part, 1);
}

static int run_space(struct disk *disk, enum disk_operation operation, uint64_t offset,
                     uint64_t size, bool may_unmap)
{
    struct disk_request request = {
        .operation = operation, .offset = offset, .size = size, .may_unmap = may_unmap};

    return run_request(disk, &request);
}

static uint8_t *random_bytes(size_t size)
{
    uint8_t *bytes = malloc(size);

    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(rand() >> 7);
    }
    return bytes;
}

static void assert_file(const char *name, uint64_t offset, const void *bytes, size_t size)
{
    uint8_t *found = malloc(size);
    int fd = open(name, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, found, size, (off_t)offset), size);
    assert_memory_equal(found, bytes, size);
    close(fd);
    free(found);
}

static blkcnt_t blocks_of(const char *name)
{
    struct stat status;

    assert_int_equal(stat(name, &status), 0);
    return status.st_blocks;
}

/* --- The tests. --- */

static void what_is_written_is_read_and_in_the_file(void **state)
{
    enum { SIZE = 3 * 4096 };
    struct disk *disk = open_disk("image");
    uint8_t *bytes = random_bytes(SIZE);
    uint8_t found[SIZE];

    (void)state;
    assert_int_equal(disk_size(disk), IMAGE_SIZE);
    assert_int_equal(disk_block_size(disk), 512);
    assert_int_equal(run_bytes(disk, DISK_WRITE, 512, bytes, SIZE), 0);
    assert_int_equal(run_bytes(disk, DISK_READ, 512, found, SIZE), 0);
    assert_memory_equal(found, bytes, SIZE);
    assert_int_equal(run_space(disk, DISK_FLUSH, 0, 0, false), 0);
    assert_file("image", 512, bytes, SIZE);
    disk_close(disk);
    free(bytes);
}

/* More than one piece, in parts whose borders are not those of pieces. */
static void a_long_request_of_many_parts_is_done_in_pieces(void **state)
{
    enum { PART = 300000, PARTS = 20, WHOLE = PART * PARTS };
    struct disk *disk = open_disk("image");
    uint8_t *bytes = random_bytes(WHOLE);
    uint8_t *found = calloc(PARTS, PART);
    struct iovec out[PARTS];
    struct iovec in[PARTS];

    (void)state;
    for (size_t i = 0; i < PARTS; i++) {
        out[i] = (struct iovec){bytes + i * PART, PART};
        in[i] = (struct iovec){found + i * PART, PART};
    }
    assert_int_equal(run_parts(disk, DISK_WRITE, 1024, out, PARTS), 0);
    assert_file("image", 1024, bytes, WHOLE);
    assert_int_equal(run_parts(disk, DISK_READ, 1024, in, PARTS), 0);
    assert_memory_equal(found, bytes, WHOLE);
    disk_close(disk);
    free(found);
    free(bytes);
}

/* As many as may be under way. */
struct writes {
    struct disk_request requests[DISK_REQUESTS_MAX];
    struct iovec parts[DISK_REQUESTS_MAX];
    struct outcome outcomes[DISK_REQUESTS_MAX];
};

/* Each writes `size` bytes, `stride` after those of the one before, to the same place in the file. */
static void start_writes(struct disk *disk, struct writes *writes, uint8_t *bytes, size_t size,
                         size_t stride)
{
    for (size_t i = 0; i < DISK_REQUESTS_MAX; i++) {
        writes->parts[i] = (struct iovec){bytes + i * stride, size};
        writes->requests[i] = (struct disk_request){.operation = DISK_WRITE,
                                                    .offset = i * stride,
                                                    .size = size,
                                                    .parts = &writes->parts[i],
                                                    .part_count = 1,
                                                    .done = note_end,
                                                    .arg = &writes->outcomes[i]};
        disk_submit(disk, &writes->requests[i]);
    }
    disk_start(disk);
}

static void many_requests_are_under_way_together(void **state)
{
    enum { SIZE = 8192, WHOLE = SIZE * DISK_REQUESTS_MAX };
    struct disk *disk = open_disk("image");
    uint8_t *bytes = random_bytes(WHOLE);
    struct writes writes = {0};

    (void)state;
    start_writes(disk, &writes, bytes, SIZE, SIZE);
    for (unsigned i = 0; i < DISK_REQUESTS_MAX; i++) {
        wait_for(disk, &writes.outcomes[i]);
        assert_int_equal(writes.outcomes[i].error, 0);
    }
    assert_file("image", 0, bytes, WHOLE);
    disk_close(disk);
    free(bytes);
}

/* What was submitted and not started is ended as well, and none is ended twice. */
static void a_drain_ends_all_that_is_under_way(void **state)
{
    enum { SIZE = 4 << 20 };
    struct disk *disk = open_disk("image");
    uint8_t *bytes = random_bytes(SIZE);
    struct writes writes = {0};

    (void)state;
    start_writes(disk, &writes, bytes, SIZE, 0);
    disk_drain(disk);
    for (unsigned i = 0; i < DISK_REQUESTS_MAX; i++) {
        assert_true(writes.outcomes[i].ended);
        assert_true(writes.outcomes[i].error == 0 || writes.outcomes[i].error == -ECANCELED);
    }
    disk_drain(disk);
    assert_int_equal(run_bytes(disk, DISK_WRITE, 0, bytes, 512), 0);
    disk_close(disk);
    free(bytes);
}

/* Unlike a drain: all of it is done, also what was not started. */
static void a_finish_does_all_that_is_under_way(void **state)
{
    enum { SIZE = 8192, WHOLE = SIZE * DISK_REQUESTS_MAX };
    struct disk *disk = open_disk("image");
    uint8_t *bytes = random_bytes(WHOLE);
    struct outcome last = {0};
    struct iovec part = {bytes, SIZE};
    struct disk_request more = {.operation = DISK_WRITE,
                                .offset = WHOLE,
                                .size = SIZE,
                                .parts = &part,
                                .part_count = 1,
                                .done = note_end,
                                .arg = &last};
    struct writes writes = {0};

    (void)state;
    start_writes(disk, &writes, bytes, SIZE, SIZE);
    wait_for(disk, &writes.outcomes[0]);
    disk_submit(disk, &more);
    disk_finish(disk);
    for (unsigned i = 0; i < DISK_REQUESTS_MAX; i++) {
        assert_true(writes.outcomes[i].ended);
        assert_int_equal(writes.outcomes[i].error, 0);
    }
    assert_true(last.ended);
    assert_int_equal(last.error, 0);
    assert_file("image", 0, bytes, WHOLE);
    assert_file("image", WHOLE, bytes, SIZE);
    disk_finish(disk);
    disk_close(disk);
    free(bytes);
}

static void a_discard_makes_the_file_sparse_again(void **state)
{
    enum { SIZE = 1 << 20 };
    struct disk *disk = open_disk("image");
    uint8_t *bytes = random_bytes(SIZE);
    blkcnt_t before = blocks_of("image");

    (void)state;
    assert_int_equal(run_bytes(disk, DISK_WRITE, 0, bytes, SIZE), 0);
    assert_int_equal(run_space(disk, DISK_FLUSH, 0, 0, false), 0);
    assert_true(blocks_of("image") >= before + SIZE / 512);
    assert_int_equal(run_space(disk, DISK_DISCARD, 0, SIZE, false), 0);
    assert_true(blocks_of("image") < before + SIZE / 512 / 2);
    disk_close(disk);
    free(bytes);
}

static void assert_zeroed(bool may_unmap)
{
    enum { SIZE = 1 << 20, EDGE = 512 };
    struct disk *disk = open_disk("image");
    uint8_t *bytes = random_bytes(SIZE);

    assert_int_equal(run_bytes(disk, DISK_WRITE, 0, bytes, SIZE), 0);
    assert_int_equal(run_space(disk, DISK_ZERO, EDGE, SIZE - 2 * EDGE, may_unmap), 0);
    memset(bytes + EDGE, 0, SIZE - 2 * EDGE);
    assert_file("image", 0, bytes, SIZE);
    disk_close(disk);
    free(bytes);
}

static void zeroes_are_written_with_or_without_the_space(void **state)
{
    (void)state;
    assert_zeroed(false);
    assert_zeroed(true);
}

static void a_durable_write_is_written(void **state)
{
    struct disk *disk = open_disk("image");
    char bytes[512] = "durable";
    struct iovec part = {bytes, sizeof(bytes)};
    struct disk_request request = {.operation = DISK_WRITE,
                                   .durable = true,
                                   .offset = 4096,
                                   .size = sizeof(bytes),
                                   .parts = &part,
                                   .part_count = 1};

    (void)state;
    assert_int_equal(run_request(disk, &request), 0);
    assert_file("image", 4096, bytes, sizeof(bytes));
    request = (struct disk_request){
        .operation = DISK_ZERO, .durable = true, .offset = 4096, .size = sizeof(bytes)};
    assert_int_equal(run_request(disk, &request), 0);
    memset(bytes, 0, sizeof(bytes));
    assert_file("image", 4096, bytes, sizeof(bytes));
    disk_close(disk);
}

/* A limit of the size of files is the one failure that both engines can be given. */
static void a_failure_of_the_host_ends_the_request_only(void **state)
{
    char bytes[4096] = "x";

    (void)state;
    struct disk *disk = open_disk("image");
    scratch_limit_files(65536);
    int error = run_bytes(disk, DISK_WRITE, 1 << 20, bytes, sizeof(bytes));
    scratch_limit_files(RLIM_INFINITY);
    assert_int_equal(error, -EFBIG);
    assert_int_equal(run_bytes(disk, DISK_WRITE, 1 << 20, bytes, sizeof(bytes)), 0);
    disk_close(disk);
}

static void a_file_that_became_shorter_is_an_error(void **state)
{
    struct disk *disk = open_disk("image");
    char bytes[4096];

    (void)state;
    assert_int_equal(truncate("image", 1 << 20), 0);
    assert_int_equal(run_bytes(disk, DISK_READ, 2 << 20, bytes, sizeof(bytes)), -ENODATA);
    disk_close(disk);
}

static void a_disk_that_is_only_read_is_not_written(void **state)
{
    struct disk *disk = open_disk("image,ro");
    char bytes[512] = "x";

    (void)state;
    assert_int_equal(run_bytes(disk, DISK_WRITE, 0, bytes, sizeof(bytes)), -EBADF);
    assert_int_equal(run_bytes(disk, DISK_READ, 0, bytes, sizeof(bytes)), 0);
    disk_close(disk);
}

static void the_engine_is_the_one_that_was_asked_for(void **state)
{
    struct disk *disk = open_disk("image");

    (void)state;
    assert_string_equal(disk_engine(disk), aio == DISK_AIO_THREADS ? "threads" : "io_uring");
    disk_close(disk);
}

/* --- Threads only. --- */

static void a_full_host_is_an_error_once(void **state)
{
    struct disk *disk = open_disk("image");
    char bytes[512] = "x";

    (void)state;
    fail_with = ENOSPC;
    fail_times = 1;
    assert_int_equal(run_bytes(disk, DISK_WRITE, 0, bytes, sizeof(bytes)), -ENOSPC);
    assert_int_equal(run_bytes(disk, DISK_WRITE, 0, bytes, sizeof(bytes)), 0);
    assert_file("image", 0, bytes, sizeof(bytes));
    disk_close(disk);
}

static void what_the_kernel_refuses_for_a_moment_is_tried_again(void **state)
{
    struct disk *disk = open_disk("image");
    uint8_t *bytes = random_bytes(65536);

    (void)state;
    fail_with = EINTR;
    fail_times = 3;
    short_by = 1000;
    assert_int_equal(run_bytes(disk, DISK_WRITE, 0, bytes, 65536), 0);
    assert_int_equal(fail_times, 0);
    assert_int_equal(short_by, 0);
    assert_file("image", 0, bytes, 65536);
    fail_with = EAGAIN;
    fail_times = 1000000;
    assert_int_equal(run_bytes(disk, DISK_WRITE, 0, bytes, 512), -EAGAIN);
    fail_times = 0;
    disk_close(disk);
    free(bytes);
}

static void a_file_system_without_holes_gets_zeroes(void **state)
{
    (void)state;
    no_way = EOPNOTSUPP;
    assert_zeroed(true);
    assert_zeroed(false);
    struct disk *disk = open_disk("image");
    assert_int_equal(run_space(disk, DISK_DISCARD, 0, 4096, false), 0);
    assert_int_equal(run_space(disk, DISK_DISCARD, 0, 4096, false), 0);
    assert_int_equal(run_space(disk, DISK_ZERO, 0, 4096, false), 0);
    no_way = ENOSPC; /* It is not asked again. */
    assert_int_equal(run_space(disk, DISK_ZERO, 0, 4096, false), 0);
    disk_close(disk);
    disk = open_disk("image");
    assert_int_equal(run_space(disk, DISK_ZERO, 0, 4096, false), -ENOSPC);
    disk_close(disk);
}

/* --- What is refused. --- */

static void what_is_no_raw_image_is_refused_in_one_line(void **state)
{
    (void)state;
    assert_refused("absent", "--disk absent: No such file or directory; truncate");
    assert_refused(".", "--disk .: this is a folder");
    assert_refused("/dev/null", "neither a regular file nor a block device");
    image_create("odd", 1000);
    assert_refused("odd", "1000 bytes, is not a multiple of 512; truncate -s %512 FILE");
    image_create("empty", 0);
    assert_refused("empty", "it is empty");
    scratch_write("cow", "QFI\xfb", 4);
    assert_int_equal(truncate("cow", 4096), 0);
    assert_refused("cow", "this is a qcow2 image");
    assert_refused("cow,ro", "this is a qcow2 image");
    disk_close(open_disk("cow,format=raw"));
}

static void a_file_without_permission_is_refused_with_advice(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        skip(); /* root may write to every file */
    }
    assert_int_equal(chmod("image", 0444), 0);
    assert_refused("image", "Permission denied; with ,ro after its name");
    disk_close(open_disk("image,ro"));
}

static void a_second_writer_is_refused(void **state)
{
    struct disk *disk = open_disk("image");

    (void)state;
    assert_refused("image", "--disk image: another VM uses it; VMs can share");
    assert_refused("image,ro", "--disk image: another VM uses it and may write to it");
    assert_int_equal(link("image", "other"), 0);
    assert_refused("other", "another VM uses it");
    disk_close(disk);
    disk_close(open_disk("image"));
}

static void readers_share_a_disk_and_exclude_a_writer(void **state)
{
    struct disk *one = open_disk("image,ro");
    struct disk *two = open_disk("image,ro");

    (void)state;
    assert_refused("image", "another VM uses it; VMs can share");
    disk_close(one);
    assert_refused("image", "another VM uses it; VMs can share");
    disk_close(two);
    disk_close(open_disk("image"));
}

/* QEMU's bytes: 101, it writes; 201, it allows no other to write. */
static void the_locks_are_those_of_qemu(void **state)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 101, .l_len = 1};
    int fd = open("image", O_RDWR);

    (void)state;
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    assert_refused("image", "another VM uses it");
    assert_refused("image,ro", "another VM uses it");
    close(fd);
    fd = open("image", O_RDWR);
    lock.l_start = 201;
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    assert_refused("image", "another VM uses it");
    disk_close(open_disk("image,ro"));
    close(fd);
    struct disk *disk = open_disk("image");
    fd = open("image", O_RDWR);
    for (int byte = 100; byte <= 203; byte++) {
        bool has = byte == 100 || byte == 101 || byte == 201 || byte == 203;

        lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
        assert_int_equal(fcntl(fd, F_OFD_GETLK, &lock), 0);
        assert_int_equal(lock.l_type, has ? F_RDLCK : F_UNLCK);
    }
    close(fd);
    disk_close(disk);
}

/* --- The option. --- */

static void words_after_the_name_are_understood(void **state)
{
    struct disk_list list = {0};

    (void)state;
    assert_true(parse(&list, "a,,b,ro,serial=S-1,format=raw,on-error=pause,aio=threads"));
    char *name = disk_name(&list.at[0]);
    assert_string_equal(name, "a,b");
    free(name);
    assert_true(list.at[0].read_only);
    assert_true(list.at[0].raw);
    assert_string_equal(list.at[0].serial, "S-1");
    assert_int_equal(list.at[0].on_error, DISK_PAUSE_ON_ERROR);
    assert_int_equal(list.at[0].aio, DISK_AIO_THREADS);
    assert_true(parse(&list, "second"));
    assert_false(list.at[1].read_only);
    assert_int_equal(list.at[1].on_error, DISK_REPORT_ERRORS);
    assert_int_equal(list.at[1].number, 1);
    assert_int_equal(list.count, 2);
}

static void assert_bad_value(struct disk_list *list, const char *value, const char *part)
{
    char text[MESSAGE_SIZE];
    struct capture capture;

    capture_begin(&capture, 2);
    bool good = parse(list, value);
    capture_end(&capture, text, sizeof(text));
    assert_false(good);
    assert_non_null(strstr(text, part));
}

static void bad_words_are_refused(void **state)
{
    struct disk_list list = {0};

    (void)state;
    assert_bad_value(&list, "", "the name of a file is missing");
    assert_bad_value(&list, ",ro", "the name of a file is missing");
    assert_bad_value(&list, "a,rw", "'rw' is not one of ro");
    assert_bad_value(&list, "a,", "'' is not one of");
    assert_bad_value(&list, "a,serial=", "'serial=' is not one of");
    assert_bad_value(&list, "a,serial=123456789012345678901", "is not one of");
    assert_bad_value(&list, "a,serial=a b", "is not one of");
    for (unsigned i = 0; i < DISKS_MAX; i++) {
        assert_true(parse(&list, "a"));
    }
    assert_bad_value(&list, "a", "a VM has at most 16 disks");
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, setup, scratch_leave)

static const struct CMUnitTest engine_tests[] = {
    IN_SCRATCH(what_is_written_is_read_and_in_the_file),
    IN_SCRATCH(a_long_request_of_many_parts_is_done_in_pieces),
    IN_SCRATCH(many_requests_are_under_way_together),
    IN_SCRATCH(a_drain_ends_all_that_is_under_way),
    IN_SCRATCH(a_finish_does_all_that_is_under_way),
    IN_SCRATCH(a_discard_makes_the_file_sparse_again),
    IN_SCRATCH(zeroes_are_written_with_or_without_the_space),
    IN_SCRATCH(a_durable_write_is_written),
    IN_SCRATCH(a_failure_of_the_host_ends_the_request_only),
    IN_SCRATCH(a_file_that_became_shorter_is_an_error),
    IN_SCRATCH(a_disk_that_is_only_read_is_not_written),
    IN_SCRATCH(the_engine_is_the_one_that_was_asked_for),
};

static const struct CMUnitTest thread_tests[] = {
    IN_SCRATCH(a_full_host_is_an_error_once),
    IN_SCRATCH(what_the_kernel_refuses_for_a_moment_is_tried_again),
    IN_SCRATCH(a_file_system_without_holes_gets_zeroes),
    IN_SCRATCH(what_is_no_raw_image_is_refused_in_one_line),
    IN_SCRATCH(a_file_without_permission_is_refused_with_advice),
    IN_SCRATCH(a_second_writer_is_refused),
    IN_SCRATCH(readers_share_a_disk_and_exclude_a_writer),
    IN_SCRATCH(the_locks_are_those_of_qemu),
    cmocka_unit_test(words_after_the_name_are_understood),
    cmocka_unit_test(bad_words_are_refused),
};

/* A container's filter, or a sysctl, may forbid io_uring: then there is nothing to test. */
static bool has_uring(void)
{
    struct disk_list list = {0};
    struct disk *disk = NULL;
    void *state = NULL;
    char text[MESSAGE_SIZE];
    struct capture capture;

    scratch_enter(&state);
    image_create("image", IMAGE_SIZE);
    parse(&list, "image,aio=io_uring");
    capture_begin(&capture, 2);
    bool has = disk_open(&list.at[0], &disk) == 0;
    capture_end(&capture, text, sizeof(text));
    disk_close(disk);
    scratch_leave(&state);
    return has;
}

int main(void)
{
    int failed = 0;

    signal(SIGXFSZ, SIG_IGN);
    if (has_uring()) {
        aio = DISK_AIO_URING;
        failed += cmocka_run_group_tests_name("io_uring", engine_tests, NULL, NULL);
    }
    aio = DISK_AIO_THREADS;
    failed += cmocka_run_group_tests_name("threads", engine_tests, NULL, NULL);
    failed += cmocka_run_group_tests_name("files and options", thread_tests, NULL, NULL);
    return failed;
}
