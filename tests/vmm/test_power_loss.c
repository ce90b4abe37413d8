/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host loses power while a VM is saved, woken or restored. Each test records what happens to the files, and then
 * makes every folder that the disk may have afterwards, for a loss before, between and after all operations:
 *
 * - changes of names get to the disk in their order, and all of them by an fsync() of the folder;
 * - of what was written to a file since its last fsync(), any part may be there: up to a write, with half of one, or
 *   without one.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/report.h"
#include "capture.h"
#include "core/memory.h"
#include "scratch.h"
#include "state/reader.h"
#include "state/writer.h"

#define BASE UINT64_C(0x40000000)
#define SIZE (UINT64_C(1) << 20)

enum { OLD = 11, NEW = 22, EVENTS_MAX = 64, NAMES_MAX = 8, NAME_SIZE = 16, FDS_MAX = 64 };

/* --- What is recorded. --- */

enum event_kind { WRITTEN, CUT, SYNCED, CREATED, MOVED, EXCHANGED, REMOVED, FOLDER_SYNCED };

struct event {
    enum event_kind kind;
    int file; /* of the first three */
    off_t offset;
    size_t size;
    uint8_t *bytes;
    char from[NAME_SIZE];
    char to[NAME_SIZE];
};

/* The names of a folder, with the number of the file that each has; 0: the name does not exist. */
struct names {
    char name[NAMES_MAX][NAME_SIZE];
    int file[NAMES_MAX];
};

static struct {
    bool on;
    int count;
    int fails;  /* the operation that fails; 0: none */
    int failed; /* its errno */
    int tried;  /* operations so far */
    int files;
    int fds[FDS_MAX]; /* the file of each descriptor; 0: none */
    struct event events[EVENTS_MAX];
    struct names now;
    struct memory memory;
} record;

static int *names_find(struct names *names, const char *name)
{
    for (int i = 0; i < NAMES_MAX; i++) {
        if (strcmp(names->name[i], name) == 0) {
            return &names->file[i];
        }
    }
    for (int i = 0; i < NAMES_MAX; i++) {
        if (names->name[i][0] == '\0') {
            strncpy(names->name[i], name, NAME_SIZE - 1);
            return &names->file[i];
        }
    }
    abort();
}

static void names_change(struct names *names, const struct event *event)
{
    int *from = names_find(names, event->from);
    int *to = names_find(names, event->to[0] != '\0' ? event->to : event->from);
    int moved = *from;

    switch (event->kind) {
    case CREATED:
        *from = event->file;
        return;
    case REMOVED:
        *from = 0;
        return;
    case EXCHANGED:
        *from = *to;
        *to = moved;
        return;
    case MOVED:
        *from = 0;
        *to = moved;
        return;
    default:
        return;
    }
}

static struct event *add_event(enum event_kind kind, int file)
{
    assert_true(record.count < EVENTS_MAX);
    struct event *event = &record.events[record.count++];

    *event = (struct event){.kind = kind, .file = file};
    return event;
}

static void add_names(enum event_kind kind, const char *from, const char *to)
{
    struct event *event = add_event(kind, kind == CREATED ? ++record.files : 0);

    strncpy(event->from, from, NAME_SIZE - 1);
    if (to != NULL) {
        strncpy(event->to, to, NAME_SIZE - 1);
    }
    names_change(&record.now, event);
}

static int file_of(int fd)
{
    return fd >= 0 && fd < FDS_MAX ? record.fds[fd] : 0;
}

static bool is_failing(void)
{
    if (!record.on || ++record.tried != record.fails) {
        return false;
    }
    errno = record.failed;
    return true;
}

/* --- Operations, which are recorded if they work. --- */

int __real_openat64(int folder, const char *name, int flags, mode_t mode);
int __wrap_openat64(int folder, const char *name, int flags, mode_t mode);
ssize_t __real_pwrite64(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t offset);
int __real_ftruncate64(int fd, off_t size);
int __wrap_ftruncate64(int fd, off_t size);
int __wrap_fsync(int fd);
int __real_unlinkat(int folder, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags);
int __real_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new);
int __real_renameat2(int from, const char *old, int to, const char *new, unsigned flags);
int __wrap_renameat2(int from, const char *old, int to, const char *new, unsigned flags);

int __wrap_openat64(int folder, const char *name, int flags, mode_t mode)
{
    int fd = is_failing() ? -1 : __real_openat64(folder, name, flags, mode);

    if (record.on && fd >= 0) {
        if ((flags & O_CREAT) != 0 && *names_find(&record.now, name) == 0) {
            add_names(CREATED, name, NULL);
        }
        assert_true(fd < FDS_MAX);
        record.fds[fd] = *names_find(&record.now, name);
    }
    return fd;
}

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
    ssize_t put = is_failing() ? -1 : __real_pwrite64(fd, bytes, size, offset);

    if (record.on && put > 0) {
        struct event *event = add_event(WRITTEN, file_of(fd));

        event->offset = offset;
        event->size = (size_t)put;
        event->bytes = malloc((size_t)put);
        assert_non_null(event->bytes);
        memcpy(event->bytes, bytes, (size_t)put);
    }
    return put;
}

int __wrap_ftruncate64(int fd, off_t size)
{
    int result = is_failing() ? -1 : __real_ftruncate64(fd, size);

    if (record.on && result == 0) {
        add_event(CUT, file_of(fd))->offset = size;
    }
    return result;
}

/* The real disk may be slow. An fsync() that fails has got nothing to it, as far as its caller can know. */
int __wrap_fsync(int fd)
{
    struct stat status;
    int result = is_failing() ? -1 : 0;

    if (record.on && result == 0 && fstat(fd, &status) == 0) {
        bool is_folder = S_ISDIR(status.st_mode);

        (void)add_event(is_folder ? FOLDER_SYNCED : SYNCED, is_folder ? 0 : file_of(fd));
    }
    return result;
}

int __wrap_unlinkat(int folder, const char *name, int flags)
{
    int result = is_failing() ? -1 : __real_unlinkat(folder, name, flags);

    if (record.on && result == 0) {
        add_names(REMOVED, name, NULL);
    }
    return result;
}

int __wrap_renameat(int from, const char *old, int to, const char *new)
{
    int result = is_failing() ? -1 : __real_renameat(from, old, to, new);

    if (record.on && result == 0) {
        add_names(MOVED, old, new);
    }
    return result;
}

int __wrap_renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
    int result = is_failing() ? -1 : __real_renameat2(from, old, to, new, flags);

    if (record.on && result == 0) {
        add_names(EXCHANGED, old, new);
    }
    return result;
}

/* --- What the disk may have. --- */

/* How much of what a file has not got to the disk is there: the first writes, and one that is cut or missing. */
struct loss {
    int whole; /* so many changes that were not synced are there */
    bool half; /* and half of the next, */
    bool late; /* or all after the next */
};

struct disk {
    int end;   /* power was lost before this event */
    int names; /* and this change of a name had not got to the disk */
    struct loss loss;
};

static int synced_before(int end, enum event_kind kind, int file)
{
    while (end > 0 &&
           (record.events[end - 1].kind != kind || record.events[end - 1].file != file)) {
        end--;
    }
    return end;
}

static void apply(int fd, const struct event *event, bool half)
{
    if (event->kind == WRITTEN) {
        size_t size = half ? event->size / 2 : event->size;

        assert_int_equal(__real_pwrite64(fd, event->bytes, size, event->offset), size);
    } else if (!half) {
        assert_int_equal(__real_ftruncate64(fd, event->offset), 0);
    }
}

static bool is_change(const struct event *event, int file)
{
    return event->file == file && (event->kind == WRITTEN || event->kind == CUT);
}

static bool is_there(const struct loss *loss, int pending)
{
    return pending < loss->whole || (loss->late && pending > loss->whole);
}

/* What the disk has of a file. */
static void make_file(int fd, int file, const struct disk *disk)
{
    int synced = synced_before(disk->end, SYNCED, file);
    int pending = 0;

    assert_int_equal(__real_ftruncate64(fd, 0), 0);
    for (int i = 0; i < disk->end; i++) {
        const struct event *event = &record.events[i];

        if (!is_change(event, file)) {
            continue;
        }
        if (i < synced || is_there(&disk->loss, pending)) {
            apply(fd, event, false);
        } else if (disk->loss.half && pending == disk->loss.whole) {
            apply(fd, event, true);
        }
        pending += i >= synced;
    }
}

static struct names names_on(const struct disk *disk)
{
    struct names names = {0};

    for (int i = 0; i < disk->names; i++) {
        names_change(&names, &record.events[i]);
    }
    return names;
}

/* How many changes the file with the most of them may have lost. */
static int count_pending(int end)
{
    int most = 0;

    for (int file = 1; file <= record.files; file++) {
        int count = 0;

        for (int i = synced_before(end, SYNCED, file); i < end; i++) {
            count += is_change(&record.events[i], file);
        }
        most = count > most ? count : most;
    }
    return most;
}

typedef void check_fn(const struct disk *disk);

static void check_disk(struct disk *disk, check_fn *check)
{
    static const struct loss kinds[] = {{0}, {.half = true}, {.late = true}};
    int pending = count_pending(disk->end);

    for (int whole = 0; whole < pending; whole++) {
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
            disk->loss = kinds[i];
            disk->loss.whole = whole;
            check(disk);
        }
    }
    disk->loss = (struct loss){.whole = pending};
    check(disk);
}

/* Power is lost after each event. Between two of them nothing gets to the disk that could not later. */
static void check_all_from(int from, check_fn *check)
{
    record.on = false;
    for (int end = from; end <= record.count; end++) {
        struct disk disk = {.end = end, .names = synced_before(end, FOLDER_SYNCED, 0)};

        for (; disk.names <= end; disk.names++) {
            check_disk(&disk, check);
        }
    }
}

/* --- A VM. --- */

static int image_fd = -1; /* a file in memory, which each file of a disk becomes in turn */

static int mark_of_image(void)
{
    struct state_reader *image;
    struct state_record section;
    struct capture capture;
    char text[1024];

    (void)snprintf(text, sizeof(text), "/proc/self/fd/%d", image_fd);
    capture_begin(&capture, 2);
    int error = state_reader_examine(text, &image);
    capture_end(&capture, text, sizeof(text));
    if (error != 0) {
        return -1;
    }
    bool found = state_reader_section(image, "TEST", 0, &section);
    int mark = found && state_reader_check_ram(image) == 0 ? (int)state_get_u32(&section) : -1;
    state_reader_close(image);
    return mark;
}

/* 0: the disk has no such file; -1: it has one that is no image. */
static int mark_on(const struct disk *disk, const char *name)
{
    struct names names = names_on(disk);
    int file = *names_find(&names, name);

    if (file == 0) {
        return 0;
    }
    make_file(image_fd, file, disk);
    return mark_of_image();
}

static int save_with(struct state_writer *writer, uint32_t mark)
{
    struct state_record section = {0};

    memcpy(record.memory.host + SIZE / 2, &mark, sizeof(mark));
    state_put_u32(&section, mark);
    int error = state_writer_begin(writer);
    if (error == 0) {
        error = state_writer_add(writer, "TEST", 0, STATE_MANDATORY, &section);
    }
    if (error == 0) {
        error = state_writer_add_ram(writer, &record.memory);
    }
    if (error == 0) {
        error = state_writer_commit(writer);
    }
    state_record_free(&section);
    return error;
}

static struct state_writer *open_writer(void)
{
    struct state_writer *writer = NULL;

    assert_int_equal(state_writer_open("vm", "--test", &writer), 0);
    return writer;
}

static void clear_events(void)
{
    for (int i = 0; i < record.count; i++) {
        free(record.events[i].bytes);
    }
    record.count = record.files = record.tried = record.fails = 0;
    memset(record.fds, 0, sizeof(record.fds));
    record.now = (struct names){0};
}

/* Begins to record. The old image is recorded too, as the first events, all of which got to the disk. */
static int begin(bool old)
{
    static const char *const names[] = {"vm", "vm.saving", "vm.restored", "vm.woken"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)unlink(names[i]);
    }
    clear_events();
    record.on = true;
    if (old) {
        struct state_writer *writer = open_writer();

        assert_int_equal(save_with(writer, OLD), 0);
        state_writer_close(writer);
        (void)add_event(FOLDER_SYNCED, 0);
    }
    record.tried = 0;
    return record.count;
}

static int setup(void **state)
{
    if (scratch_enter(state) != 0 || memory_create(&record.memory, ipa(BASE), SIZE) != 0) {
        return -1;
    }
    memset(record.memory.host, 1, 4096);
    image_fd = memfd_create("image", MFD_CLOEXEC);
    return image_fd >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
    record.on = false;
    clear_events();
    close(image_fd);
    memory_destroy(&record.memory);
    return scratch_leave(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int expected_old; /* the mark of the image that was there before; 0: none */
static int settled;      /* what comes after this event is what the caller was told */
static int expected;     /* the mark of the image from there on; 0: none */

/* Calls `call` with the nth operation failing, and silently. */
static int call_failing(int (*call)(void), int nth, int error)
{
    struct capture capture;
    char text[1024];

    record.tried = 0;
    record.fails = nth;
    record.failed = error;
    capture_begin(&capture, 2);
    int result = call();
    capture_end(&capture, text, sizeof(text));
    record.fails = 0;
    return result;
}

/* --- A save. --- */

static struct state_writer *writer;

static int save_new(void)
{
    return save_with(writer, NEW);
}

static void check_save(const struct disk *disk)
{
    int mark = mark_on(disk, "vm");

    if (disk->end < settled) {
        assert_true(mark == NEW || mark == expected_old);
    } else {
        assert_int_equal(mark, expected);
    }
}

/* Returns whether there was an nth operation. */
static bool save_and_lose_power(bool old, int nth, int error)
{
    int from = begin(old);

    expected_old = old ? OLD : 0;
    writer = open_writer();
    int result = call_failing(save_new, nth, error);
    bool reached = record.tried >= nth;
    settled = record.count;
    expected = result == 0 ? NEW : expected_old;
    state_writer_close(writer);
    check_all_from(from, check_save);
    return reached;
}

static void test_save(void **state)
{
    (void)state;
    (void)save_and_lose_power(false, 0, 0);
    (void)save_and_lose_power(true, 0, 0);
}

/* The guest of a save that failed runs on, so there must be no image of it. */
static void test_save_that_fails(void **state)
{
    (void)state;
    for (int nth = 1; save_and_lose_power(false, nth, EIO); nth++) {
    }
    for (int nth = 1; save_and_lose_power(true, nth, EIO); nth++) {
    }
}

/* --- A sleep with memory on disk: saved, and removed before the guest runs. --- */

static struct state_reader *reader;
static int saved; /* the event after which the image is all that there is of the guest */

static int remove_image(void)
{
    return state_reader_remove(reader);
}

/* From the moment that memory was dropped to the one in which the guest runs, there is an image. */
static void check_sleep(const struct disk *disk)
{
    int mark = mark_on(disk, "vm");

    if (disk->end < saved) {
        assert_true(mark == NEW || mark == expected_old);
    } else if (disk->end >= settled) {
        assert_int_equal(mark, expected);
    } else if (mark != NEW) {
        assert_int_equal(mark, 0);
        assert_int_equal(mark_on(disk, "vm.woken"), NEW);
    }
}

static bool sleep_and_lose_power(bool old, int nth)
{
    int from = begin(old);

    expected_old = old ? OLD : 0;
    writer = open_writer();
    assert_int_equal(save_new(), 0);
    saved = record.count;
    assert_int_equal(state_reader_reopen(writer, &reader), 0);
    assert_int_equal(state_reader_load_ram(reader, &record.memory), 0);
    int result = call_failing(remove_image, nth, EIO);
    bool reached = record.tried >= nth;
    settled = record.count;
    expected = result == 0 ? 0 : NEW;
    state_reader_close(reader);
    state_writer_close(writer);
    check_all_from(from, check_sleep);
    return reached;
}

static void test_sleep_on_disk(void **state)
{
    (void)state;
    (void)sleep_and_lose_power(false, 0);
    (void)sleep_and_lose_power(true, 0);
}

/* A guest whose image cannot be removed does not run, and so the image stays. */
static void test_image_that_cannot_be_removed(void **state)
{
    (void)state;
    for (int nth = 1; sleep_and_lose_power(true, nth); nth++) {
    }
}

/* --- A restore. --- */

static int claim(void)
{
    return state_reader_claim(reader);
}

/* One image, and only one, which has the name of a restored one as soon as the guest runs. */
static void check_restore(const struct disk *disk)
{
    int mark = mark_on(disk, "vm");

    assert_int_equal(mark + mark_on(disk, "vm.restored"), OLD);
    assert_true(mark == 0 || mark == OLD);
    if (disk->end >= settled) {
        assert_int_equal(mark, expected);
    }
}

static bool restore_and_lose_power(int nth)
{
    int from = begin(true);

    assert_int_equal(state_reader_open("vm", &reader), 0);
    int result = call_failing(claim, nth, EIO);
    bool reached = record.tried >= nth;
    settled = record.count;
    expected = result == 0 ? 0 : OLD;
    state_reader_close(reader);
    check_all_from(from, check_restore);
    return reached;
}

static void test_restore(void **state)
{
    (void)state;
    for (int nth = 1; restore_and_lose_power(nth); nth++) {
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_save),          TEST(test_save_that_fails),
        TEST(test_sleep_on_disk), TEST(test_image_that_cannot_be_removed),
        TEST(test_restore),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
