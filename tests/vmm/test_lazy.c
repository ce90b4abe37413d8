/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is mapped from the image: it is what the image has, whatever becomes of the file meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/report.h"
#include "capture.h"
#include "core/backing.h"
#include "core/fault.h"
#include "core/memory.h"
#include "core/pages.h"
#include "scratch.h"
#include "state/checksum.h"
#include "state/format.h"
#include "state/reader.h"
#include "state/reader_parts.h"
#include "state/writer.h"

#define MIB  (UINT64_C(1) << 20)
#define PAGE ((uint64_t)FORMAT_PAGE)
#define BASE UINT64_C(0x40000000)
#define SIZE (8 * MIB)

enum { TEXT_SIZE = 1024 };

static struct memory memory;
static uint8_t expected[SIZE]; /* what the guest has in its memory */

static int setup(void **state)
{
    sigset_t set;

    memset(expected, 0, sizeof(expected));
    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    return scratch_enter(state) || sigprocmask(SIG_BLOCK, &set, NULL) ||
           memory_create(&memory, ipa(BASE), SIZE);
}

static int teardown(void **state)
{
    memory_destroy(&memory);
    return scratch_leave(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* The guest writes `size` bytes, none of them zero. */
static void guest_writes(uint64_t offset, uint64_t size, uint8_t seed)
{
    for (uint64_t i = offset; i < offset + size; i++) {
        expected[i] = (uint8_t)((i / FORMAT_PAGE + i) * 7 + seed) | 1;
    }
    memcpy(memory.host + offset, expected + offset, size);
}

/* Chunk 0 is full, 1 half, 2 in single pages, 4 full; the rest has one page at its end. */
static void guest_fills(void)
{
    guest_writes(0, MIB, 1);
    guest_writes(MIB, MIB / 2, 2);
    for (uint64_t at = 2 * MIB; at < 3 * MIB; at += 2 * PAGE) {
        guest_writes(at, FORMAT_PAGE, 3);
    }
    guest_writes(4 * MIB, MIB, 4);
    guest_writes(SIZE - FORMAT_PAGE, FORMAT_PAGE, 5);
}

static void assert_memory_kept(void)
{
    for (uint64_t i = 0; i < SIZE; i++) {
        if (memory.host[i] != expected[i]) {
            fail_msg("byte 0x%llx is 0x%02x, not 0x%02x", (unsigned long long)i, memory.host[i],
                     expected[i]);
        }
    }
}

static int save_to(const char *path)
{
    struct state_writer *writer = NULL;

    assert_int_equal(state_writer_open(path, "--test", &writer), 0);
    int error = state_writer_begin(writer);
    if (error == 0) {
        error = state_writer_add_ram(writer, &memory);
    }
    if (error == 0) {
        error = state_writer_commit(writer);
    }
    state_writer_close(writer);
    return error;
}

static struct state_reader *open_reader(void)
{
    struct state_reader *reader = NULL;

    assert_int_equal(state_reader_open("vm", &reader), 0);
    return reader;
}

/* Another process continues the guest. */
static void restore(enum state_ram way)
{
    struct state_reader *reader = open_reader();

    memory_destroy(&memory);
    assert_int_equal(memory_create(&memory, ipa(BASE), SIZE), 0);
    state_reader_plan_ram(reader, way);
    assert_int_equal(state_reader_load_ram(reader, &memory), 0);
    assert_int_equal(state_reader_claim(reader), 0);
    state_reader_close(reader);
}

static void save_and_restore(enum state_ram way)
{
    assert_int_equal(save_to("vm"), 0);
    restore(way);
}

/* Which pages are mapped from the image, or present. */
static void find_chunk(uint64_t chunk, uint8_t bits[FORMAT_BITMAP_SIZE])
{
    struct pages pages = pages_open();

    pages_find(&pages, &memory, chunk * MIB, MIB, bits);
    pages_close(&pages);
}

static unsigned count_found(uint64_t chunk)
{
    uint8_t bits[FORMAT_BITMAP_SIZE];
    unsigned count = 0;

    find_chunk(chunk, bits);
    for (size_t i = 0; i < 8 * sizeof(bits); i++) {
        count += bits[i / 8] >> i % 8 & 1;
    }
    return count;
}

static bool is_mapped(uint64_t chunk)
{
    return backing_has(memory.backing, memory.host + chunk * MIB, MIB);
}

/* Whether the page was accessed since memory was mapped. */
static bool is_present(uint64_t offset)
{
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t entry = 0;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &entry, sizeof(entry),
                           (off_t)((uintptr_t)(memory.host + offset) / page * sizeof(entry))),
                     sizeof(entry));
    close(fd);
    return entry >> 62 != 0;
}

static void test_both_ways_give_the_same(void **state)
{
    (void)state;
    guest_fills();
    save_and_restore(STATE_RAM_EAGER);
    assert_null(memory.backing);
    assert_memory_kept();
    save_and_restore(STATE_RAM_LAZY);
    assert_non_null(memory.backing);
    assert_true(is_mapped(0) && is_mapped(1) && is_mapped(4));
    /* Scattered pages are read, and so is a single one; memory that is zero is no file's. */
    assert_false(is_mapped(2) || is_mapped(3) || is_mapped(7));
    assert_false(is_present(0) || is_present(4 * MIB));
    assert_memory_kept();
}

/* In each round the guest touches a little, and all of the rest comes along. */
static void test_saved_again_and_again(void **state)
{
    (void)state;
    guest_fills();
    for (uint8_t round = 0; round < 4; round++) {
        save_and_restore(STATE_RAM_LAZY);
        assert_non_null(memory.backing);
        guest_writes(round * MIB + 3 * PAGE, 2 * PAGE, round);
        assert_int_equal(memory.host[4 * MIB + 5], expected[4 * MIB + 5]);
    }
    save_and_restore(STATE_RAM_EAGER);
    assert_memory_kept();
}

/* Also as --sleep-memory does it: to the same name, while the old file is mapped. */
static void test_rests_in_the_same_file(void **state)
{
    struct state_writer *writer = NULL;
    struct state_reader *reader = NULL;

    (void)state;
    guest_fills();
    assert_int_equal(state_writer_open("vm", "--test", &writer), 0);
    for (uint8_t round = 0; round < 3; round++) {
        assert_int_equal(state_writer_begin(writer), 0);
        assert_int_equal(state_writer_add_ram(writer, &memory), 0);
        assert_int_equal(state_writer_commit(writer), 0);
        assert_int_equal(state_reader_reopen(writer, &reader), 0);
        assert_int_equal(memory_clear(&memory), 0);
        assert_null(memory.backing);
        state_reader_plan_ram(reader, STATE_RAM_LAZY);
        assert_int_equal(state_reader_load_ram(reader, &memory), 0);
        assert_non_null(memory.backing);
        assert_int_equal(state_reader_remove(reader), 0);
        state_reader_close(reader);
        assert_int_equal(scratch_entry_count(), 0);
        guest_writes(MIB + round * PAGE, 100, round);
    }
    state_writer_close(writer);
    assert_memory_kept();
}

/* Exactly the pages that the image has are counted; none of them, nor any other, is touched for that. */
static void test_counts_without_touching(void **state)
{
    (void)state;
    guest_fills();
    save_and_restore(STATE_RAM_LAZY);
    assert_int_equal(count_found(0), 256);
    assert_int_equal(count_found(1), 128);
    assert_int_equal(count_found(5), 0);
    assert_false(is_present(0) || is_present(MIB) || is_present(MIB + MIB / 2));
}

static void guest_gives_back(uint64_t offset, uint64_t size)
{
    memset(expected + offset, 0, size);
    assert_int_equal(memory_discard(&memory, ipa(BASE + offset), size), 0);
}

/* What the guest has given back is zero: before and after a save, touched before or not. */
static void test_given_back(void **state)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    (void)state;
    guest_fills();
    save_and_restore(STATE_RAM_LAZY);
    guest_writes(MIB / 4, page, 9);
    guest_gives_back(0, MIB / 2);
    guest_gives_back(MIB + page, page);
    guest_gives_back(4 * MIB, MIB);
    assert_int_equal(count_found(0), 128);
    assert_int_equal(count_found(4), 0);
    guest_writes(MIB / 8, 10, 8);
    assert_memory_kept();
    save_and_restore(STATE_RAM_LAZY);
    assert_memory_kept();
}

/* --- Other processes and the file. --- */

/* A process that overwrites the image, from its beginning; it says so when it begins. */
static pid_t start_vandal(const char *path, int ready)
{
    pid_t child = fork();

    if (child == 0) {
        static uint8_t garbage[SIZE];

        memset(garbage, 0xee, sizeof(garbage));
        (void)!write(ready, "x", 1);
        int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        _exit(fd >= 0 && write(fd, garbage, sizeof(garbage)) == (ssize_t)sizeof(garbage) ? 0 : 1);
    }
    return child;
}

static pid_t start_and_wait(const char *path)
{
    int pipes[2];
    char byte;

    assert_int_equal(pipe(pipes), 0);
    pid_t child = start_vandal(path, pipes[1]);
    assert_true(child > 0);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    close(pipes[0]);
    close(pipes[1]);
    return child;
}

static void expect_signal(void)
{
    const struct timespec limit = {.tv_sec = 30};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    assert_int_equal(sigtimedwait(&set, NULL, &limit), SIGIO);
}

static void expect_end(pid_t child, int status)
{
    int found;

    assert_int_equal(waitpid(child, &found, 0), child);
    assert_int_equal(found, status);
}

/* The writer waits until everything was read: then it may do to the file what it likes. */
static void test_writer_waits(void **state)
{
    (void)state;
    guest_fills();
    save_and_restore(STATE_RAM_LAZY);
    guest_writes(5, 3, 77);
    assert_false(backing_is_wanted(memory.backing));
    pid_t child = start_and_wait("vm.restored");
    expect_signal();
    assert_true(backing_is_wanted(memory.backing));
    while (memory.backing->taken < SIZE) {
        assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
        assert_int_equal(backing_take(memory.backing, MIB), 0);
    }
    assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
    assert_int_equal(memory_settle_image(&memory), 0);
    assert_false(backing_is_wanted(memory.backing) || is_mapped(0) || is_mapped(4));
    expect_end(child, 0);
    assert_memory_kept();
    guest_gives_back(MIB, MIB);
    assert_memory_kept();
    save_and_restore(STATE_RAM_EAGER);
    assert_memory_kept();
}

/* The same in the middle of a save, which does not go through the event loop. */
static void test_writer_waits_for_a_save(void **state)
{
    (void)state;
    guest_fills();
    save_and_restore(STATE_RAM_LAZY);
    pid_t child = start_and_wait("vm.restored");
    expect_signal();
    assert_int_equal(save_to("vm"), 0);
    expect_end(child, 0);
    assert_memory_kept();
    restore(STATE_RAM_EAGER);
    assert_memory_kept();
}

static int try_save(void)
{
    return save_to("vm");
}

/* Calls `call` and expects it to return `error` with one line, which has `part`; NULL: with none. */
static void expect_line(int (*call)(void), int error, const char *part)
{
    char text[TEXT_SIZE];
    struct capture capture;

    capture_begin(&capture, 2);
    int result = call();
    capture_end(&capture, text, sizeof(text));
    assert_int_equal(result, error);
    if (part == NULL) {
        assert_string_equal(text, "");
    } else if (strstr(text, part) == NULL || strchr(text, '\n') != strrchr(text, '\n')) {
        fail_msg("'%s' is not one line with '%s'", text, part);
    }
}

/* As the kernel does when a writer has waited for too long. */
static void take_lease_away(void)
{
    assert_int_equal(fcntl(memory.backing->fd, F_SETLEASE, F_UNLCK), 0);
}

static void test_lease_is_lost(void **state)
{
    (void)state;
    guest_fills();
    save_and_restore(STATE_RAM_LAZY);
    take_lease_away();
    assert_true(backing_is_wanted(memory.backing));
    expect_line(try_save, -REPORTED, "an image that has the VM's memory was changed");
    assert_int_equal(access("vm", F_OK), -1);
    /* It stays so, for what ends the VM. */
    assert_true(backing_is_wanted(memory.backing));
    assert_int_equal(backing_let_go(memory.backing), -EAGAIN);
    expect_line(try_save, -REPORTED, "an image that has the VM's memory was changed");
}

/* A guard of the guest's memory is not the image's. */
static void touch_elsewhere(void)
{
    int fd = open("other", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const volatile uint8_t *bytes = mmap(NULL, FORMAT_PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

    (void)bytes[0];
}

static void touch_image(void)
{
    (void)*(volatile uint8_t *)(memory.host + 4 * MIB);
}

static void say_end(void)
{
    (void)!write(2, "[at end]", 8);
}

/* What a process says that loses its image, and then calls `touch`. */
static int run_without_image(void (*touch)(void), char *text)
{
    struct capture capture;
    int status;

    capture_begin(&capture, 2);
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGBUS, SIG_DFL); /* a sanitizer's */
        (void)fault_open("bob", say_end);
        fault_expect(memory.host, SIZE, memory.backing->path);
        take_lease_away();
        (void)!truncate("vm.restored", 4096);
        touch();
        _exit(77);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    capture_end(&capture, text, TEXT_SIZE);
    return status;
}

static void test_file_is_cut_off(void **state)
{
    char text[TEXT_SIZE];

    (void)state;
    guest_fills();
    save_and_restore(STATE_RAM_LAZY);
    int status = run_without_image(touch_image, text);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), FAULT_STATUS);
    assert_string_equal(text,
                        "[at end]dormouse: bob: image vm: cannot read the guest's memory from it; "
                        "the VM ends\n");
}

static void test_other_bus_errors(void **state)
{
    char text[TEXT_SIZE];

    (void)state;
    guest_fills();
    save_and_restore(STATE_RAM_LAZY);
    int status = run_without_image(touch_elsewhere, text);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
    assert_string_equal(text, "[at end]");
}

/* Taking the rest does not end the process: there is an error to be reported. */
static void test_rest_cannot_be_taken(void **state)
{
    (void)state;
    guest_fills();
    save_and_restore(STATE_RAM_LAZY);
    take_lease_away();
    assert_int_equal(truncate("vm.restored", 4096), 0);
    int error = backing_take(memory.backing, SIZE);
    assert_int_equal(error, -EFAULT);
}

/* --- When memory is read at once all the same. --- */

static int restore_lazily(void)
{
    restore(STATE_RAM_LAZY);
    return 0;
}

static int restore_auto(void)
{
    restore(STATE_RAM_AUTO);
    return 0;
}

static void test_file_that_is_open_for_writing(void **state)
{
    (void)state;
    guest_fills();
    assert_int_equal(save_to("vm"), 0);
    int fd = open("vm", O_WRONLY | O_CLOEXEC);
    expect_line(restore_lazily, 0, "there is no lease on it: it is open for writing");
    close(fd);
    assert_null(memory.backing);
    assert_memory_kept();
    assert_int_equal(save_to("vm"), 0);
    expect_line(restore_auto, 0, NULL);
    assert_null(memory.backing);
}

/* A process asks for the file between the two: it does not have to wait. */
static void test_lease_is_broken_before(void **state)
{
    (void)state;
    guest_fills();
    assert_int_equal(save_to("vm"), 0);
    struct state_reader *reader = open_reader();
    state_reader_plan_ram(reader, STATE_RAM_LAZY);
    assert_int_equal(open("vm", O_WRONLY | O_CLOEXEC | O_NONBLOCK), -1);
    assert_int_equal(errno, EWOULDBLOCK);
    expect_signal();
    assert_int_equal(memory_clear(&memory), 0);
    assert_int_equal(state_reader_load_ram(reader, &memory), 0);
    assert_null(memory.backing);
    assert_memory_kept();
    int fd = open("vm", O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    assert_true(fd >= 0);
    close(fd);
    state_reader_close(reader);
}

static void test_shared_memory(void **state)
{
    (void)state;
    guest_fills();
    assert_int_equal(save_to("vm"), 0);
    struct state_reader *reader = open_reader();
    memory_destroy(&memory);
    assert_int_equal(memory_create_shared(&memory, ipa(BASE), SIZE), 0);
    state_reader_plan_ram(reader, STATE_RAM_LAZY);
    assert_int_equal(state_reader_load_ram(reader, &memory), 0);
    state_reader_close(reader);
    assert_null(memory.backing);
    assert_memory_kept();
}

/* Makes the image of a VM with `chunks` MiB of zeros, in a file without data, with checksums; the rest is as said. */
static void make_zeros(uint32_t chunks, const uint32_t *hot, uint32_t hot_count)
{
    uint8_t head[FORMAT_HEADER_SIZE];
    uint8_t *zeros = calloc(1, MIB);
    struct state_record map = {0};
    struct state_record tail = {0};
    struct format_chunk chunk = {.sum = checksum_add(0, zeros, MIB)};

    free(zeros);
    memset(chunk.pages, 0xff, sizeof(chunk.pages));
    for (chunk.index = 0; chunk.index < chunks; chunk.index++) {
        format_put_chunk(&map, &chunk);
    }
    uint64_t table = FORMAT_RAM_START + chunks * MIB;
    struct format_entry row = {.tag = FORMAT_RAM_TAG,
                               .flags = STATE_MANDATORY,
                               .sum = checksum_add(0, map.bytes, map.size),
                               .offset = table + 2 * (uint64_t)FORMAT_ENTRY_SIZE,
                               .length = map.size};
    format_put_entry(&tail, &row);
    struct state_record list = {0};
    for (uint32_t i = 0; i < hot_count; i++) {
        state_put_u32(&list, hot[i]);
    }
    row = (struct format_entry){.tag = FORMAT_HOT_TAG,
                                .sum = checksum_add(0, list.bytes, list.size),
                                .offset = row.offset + (map.size + 7) / 8 * 8,
                                .length = list.size};
    format_put_entry(&tail, &row);
    struct format_header header = {.magic = FORMAT_MAGIC,
                                   .version = FORMAT_VERSION,
                                   .page = FORMAT_PAGE,
                                   .chunk = FORMAT_CHUNK,
                                   .sections = 2,
                                   .file_size = row.offset + list.size,
                                   .table_offset = table,
                                   .ram_base = BASE,
                                   .ram_size = chunks * MIB,
                                   .ram_offset = FORMAT_RAM_START,
                                   .table_sum = checksum_add(0, tail.bytes, tail.size)};
    format_put_header(head, &header);
    int fd = open("vm", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(pwrite(fd, head, sizeof(head), 0), sizeof(head));
    assert_int_equal(pwrite(fd, tail.bytes, tail.size, (off_t)table), (ssize_t)tail.size);
    assert_int_equal(pwrite(fd, map.bytes, map.size, (off_t)(table + tail.size)),
                     (ssize_t)map.size);
    assert_int_equal(pwrite(fd, list.bytes, list.size, (off_t)row.offset), (ssize_t)list.size);
    assert_int_equal(ftruncate(fd, (off_t)header.file_size), 0);
    close(fd);
    state_record_free(&map);
    state_record_free(&tail);
    state_record_free(&list);
}

static bool auto_maps(void)
{
    struct state_reader *reader = open_reader();

    state_reader_plan_ram(reader, STATE_RAM_AUTO);
    bool maps = reader->maps_ram;
    state_reader_close(reader);
    return maps;
}

/* What is read ahead is not mapped, so it does not count. */
static void test_threshold(void **state)
{
    static const uint32_t hot[] = {3, 5};

    (void)state;
    make_zeros(7, NULL, 0);
    assert_false(auto_maps());
    make_zeros(8, NULL, 0);
    assert_true(auto_maps());
    make_zeros(9, hot, 2);
    assert_false(auto_maps());
    make_zeros(10, hot, 2);
    assert_true(auto_maps());
}

/* Other writers may leave anything where the image has no page. */
static void test_rubbish_between_pages(void **state)
{
    uint8_t rubbish[FORMAT_PAGE];

    (void)state;
    guest_fills();
    assert_int_equal(save_to("vm"), 0);
    memset(rubbish, 0xdd, sizeof(rubbish));
    int fd = open("vm", O_WRONLY | O_CLOEXEC);
    for (uint64_t page = 0; page < SIZE / FORMAT_PAGE; page++) {
        if (expected[page * FORMAT_PAGE] == 0) {
            assert_int_equal(pwrite(fd, rubbish, sizeof(rubbish),
                                    (off_t)(FORMAT_RAM_START + page * FORMAT_PAGE)),
                             FORMAT_PAGE);
        }
    }
    close(fd);
    restore(STATE_RAM_LAZY);
    assert_non_null(memory.backing);
    assert_memory_kept();
}

/* --- What the last wake touched. --- */

static void test_touched_chunks_are_read_ahead(void **state)
{
    struct state_reader *reader;
    struct state_record record;

    (void)state;
    guest_fills();
    guest_writes(5 * MIB, MIB, 6);
    guest_writes(6 * MIB, MIB, 7);
    save_and_restore(STATE_RAM_LAZY);
    touch_image();
    assert_int_equal(save_to("vm"), 0);
    reader = open_reader();
    assert_true(state_reader_section(reader, FORMAT_HOT_TAG, 0, &record));
    assert_int_equal(record.size, 4);
    assert_int_equal(state_get_u32(&record), 4);
    state_reader_close(reader);
    restore(STATE_RAM_LAZY);
    assert_false(is_mapped(4));
    assert_true(is_mapped(0) && is_mapped(5));
    /* It stays in the list, with what is touched now. */
    guest_writes(0, 1, 9);
    save_and_restore(STATE_RAM_LAZY);
    assert_false(is_mapped(0) || is_mapped(4));
    /* More than half: the list begins anew. */
    guest_writes(MIB, 1, 9);
    save_and_restore(STATE_RAM_LAZY);
    assert_true(is_mapped(0) && is_mapped(4));
    assert_false(is_mapped(1));
    assert_memory_kept();
}

/* A save reads all of memory: that is no access of the guest's. */
static void test_a_save_touches_nothing(void **state)
{
    (void)state;
    guest_fills();
    save_and_restore(STATE_RAM_LAZY);
    assert_int_equal(save_to("other"), 0);
    save_and_restore(STATE_RAM_LAZY);
    assert_true(is_mapped(0) && is_mapped(1) && is_mapped(4));
}

static int load_damaged(void)
{
    struct state_reader *reader = open_reader();

    assert_int_equal(memory_clear(&memory), 0);
    state_reader_plan_ram(reader, STATE_RAM_LAZY);
    int error = state_reader_load_ram(reader, &memory);
    state_reader_close(reader);
    return error;
}

static void damage(uint64_t offset)
{
    assert_int_equal(memory_clear(&memory), 0); /* no lease keeps it from that */
    int fd = open("vm", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "damage", 6, (off_t)(FORMAT_RAM_START + offset)), 6);
    close(fd);
}

/* What is read ahead has its checksum compared, what is mapped does not. */
static void test_checksums(void **state)
{
    (void)state;
    guest_fills();
    save_and_restore(STATE_RAM_LAZY);
    touch_image();
    assert_int_equal(save_to("vm"), 0);
    damage(100);
    assert_int_equal(load_damaged(), 0);
    damage(4 * MIB + 100);
    expect_line(load_damaged, -REPORTED, "its checksum is wrong");
}

/* Numbers that mean nothing. */
static void test_list_of_rubbish(void **state)
{
    static const uint32_t hot[] = {UINT32_MAX, 8, 2, 2, 0x80000000};
    struct state_reader *reader;

    (void)state;
    make_zeros(8, hot, 5);
    reader = open_reader();
    state_reader_plan_ram(reader, STATE_RAM_LAZY);
    assert_int_equal(state_reader_load_ram(reader, &memory), 0);
    state_reader_close(reader);
    assert_true(is_mapped(1) && is_mapped(7));
    assert_false(is_mapped(2));
    assert_memory_kept();
}

/* --- Limits. --- */

static unsigned count_mappings(void)
{
    FILE *maps = scratch_open("/proc/self/maps", "re");
    unsigned count = 0;

    for (int c; (c = getc(maps)) != EOF;) {
        count += c == '\n';
    }
    (void)fclose(maps);
    return count;
}

/* A guest that gives back every second page does not take all of the mappings that a process may have. */
static void test_many_holes(void **state)
{
    enum { CHUNKS = 320 };
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    struct state_reader *reader;

    (void)state;
    make_zeros(CHUNKS, NULL, 0);
    memory_destroy(&memory);
    assert_int_equal(memory_create(&memory, ipa(BASE), CHUNKS * MIB), 0);
    reader = open_reader();
    state_reader_plan_ram(reader, STATE_RAM_LAZY);
    assert_int_equal(state_reader_load_ram(reader, &memory), 0);
    state_reader_close(reader);
    unsigned before = count_mappings();
    for (uint64_t at = page; at + page < CHUNKS * MIB; at += 2 * page) {
        assert_int_equal(memory_discard(&memory, ipa(BASE + at), page), 0);
    }
    unsigned after = count_mappings();
    assert_in_range(after - before,
                    CHUNKS * MIB / page > UINT64_C(4) * BACKING_CUTS_MAX ? 32000 : 100, 33000);
    /* Larger pieces are still taken. */
    assert_int_equal(memory_discard(&memory, ipa(BASE), CHUNKS * MIB), 0);
    assert_false(is_mapped(0) || is_mapped(CHUNKS - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_both_ways_give_the_same),
        TEST(test_saved_again_and_again),
        TEST(test_rests_in_the_same_file),
        TEST(test_counts_without_touching),
        TEST(test_given_back),
        TEST(test_writer_waits),
        TEST(test_writer_waits_for_a_save),
        TEST(test_lease_is_lost),
        TEST(test_file_is_cut_off),
        TEST(test_other_bus_errors),
        TEST(test_rest_cannot_be_taken),
        TEST(test_file_that_is_open_for_writing),
        TEST(test_lease_is_broken_before),
        TEST(test_shared_memory),
        TEST(test_threshold),
        TEST(test_rubbish_between_pages),
        TEST(test_touched_chunks_are_read_ahead),
        TEST(test_a_save_touches_nothing),
        TEST(test_checksums),
        TEST(test_list_of_rubbish),
        TEST(test_many_holes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
