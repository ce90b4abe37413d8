/* SPDX-License-Identifier: BSD-2-Clause */
/* The image of a VM: what is written is read, and an old image or a new one is there whatever fails. */
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
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/report.h"
#include "capture.h"
#include "core/memory.h"
#include "core/pages.h"
#include "scratch.h"
#include "state/checksum.h"
#include "state/format.h"
#include "state/reader.h"
#include "state/writer.h"

#define MIB  (UINT64_C(1) << 20)
#define BASE UINT64_C(0x40000000)
#define SIZE (4 * MIB)

enum { TEXT_SIZE = 1024 };

/* --- Operations of the host that fail, or at which the process dies. --- */

static int op_count;      /* of this test so far */
static int op_fails;      /* the operation that fails; 0: none */
static int op_error;      /* with this; 0: the process is killed there */
static bool op_half;      /* each pwrite() writes half of what it is given */
static char op_log[1024]; /* a letter for each operation */

static bool op_fail(char letter)
{
    if ((size_t)op_count < sizeof(op_log) - 1) {
        op_log[op_count] = letter;
        op_log[op_count + 1] = '\0';
    }
    if (++op_count != op_fails) {
        return false;
    }
    if (op_error == 0) {
        (void)raise(SIGKILL);
    }
    errno = op_error;
    return true;
}

#define WRAP(type, name, letter, parameters, arguments)                                            \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return op_fail(letter) ? -1 : __real_##name arguments;                                     \
    }

WRAP(int, openat64, 'o', (int folder, const char *name, int flags, mode_t mode),
     (folder, name, flags, mode))
WRAP(int, flock, 'l', (int fd, int operation), (fd, operation))
WRAP(int, ftruncate64, 't', (int fd, off_t size), (fd, size))
WRAP(int, fsync, 's', (int fd), (fd))
WRAP(int, unlinkat, 'u', (int folder, const char *name, int flags), (folder, name, flags))
WRAP(int, renameat, 'r', (int from, const char *old, int to, const char *new), (from, old, to, new))
WRAP(int, renameat2, 'x', (int from, const char *old, int to, const char *new, unsigned flags),
     (from, old, to, new, flags))
WRAP(ssize_t, getrandom, 'g', (void *bytes, size_t size, unsigned flags), (bytes, size, flags))

ssize_t __real_pwrite64(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
    if (op_fail('w')) {
        return -1;
    }
    return __real_pwrite64(fd, bytes, op_half && size > 1 ? size / 2 : size, offset);
}

/* --- A VM that is saved and read. --- */

static struct memory memory;

static void ops_clear(void)
{
    op_count = 0;
    op_fails = 0;
    op_error = 0;
    op_half = false;
    op_log[0] = '\0';
}

static int setup(void **state)
{
    ops_clear();
    return scratch_enter(state) || memory_create(&memory, ipa(BASE), SIZE);
}

static int setup_shared(void **state)
{
    ops_clear();
    return scratch_enter(state) || memory_create_shared(&memory, ipa(BASE), SIZE);
}

static int teardown(void **state)
{
    memory_destroy(&memory);
    return scratch_leave(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static struct state_writer *open_writer(void)
{
    struct state_writer *writer = NULL;

    assert_int_equal(state_writer_open("vm", "--test", &writer), 0);
    return writer;
}

/* A VM with one section, whose contents are `mark`, and with RAM that begins with `mark`. */
static int save_with(struct state_writer *writer, uint32_t mark)
{
    struct state_record record = {0};

    memcpy(memory.host, &mark, sizeof(mark));
    state_put_u32(&record, mark);
    int error = state_writer_begin(writer);
    if (error == 0) {
        error = state_writer_add(writer, "TEST", 3, STATE_MANDATORY, &record);
    }
    if (error == 0) {
        error = state_writer_add_ram(writer, &memory);
    }
    if (error == 0) {
        error = state_writer_commit(writer);
    }
    state_record_free(&record);
    return error;
}

static void save(uint32_t mark)
{
    struct state_writer *writer = open_writer();

    assert_int_equal(save_with(writer, mark), 0);
    state_writer_close(writer);
}

static struct state_reader *open_reader(void)
{
    struct state_reader *reader = NULL;

    assert_int_equal(state_reader_open("vm", &reader), 0);
    return reader;
}

/* The mark that save() gave the image; 0: there is no image. */
static uint32_t mark_of_image(void)
{
    struct state_reader *reader = NULL;
    struct state_record record;

    if (access("vm", F_OK) != 0) {
        return 0;
    }
    assert_int_equal(state_reader_examine("vm", &reader), 0);
    assert_int_equal(state_reader_check_ram(reader), 0);
    assert_true(state_reader_section(reader, "TEST", 3, &record));
    uint32_t mark = state_get_u32(&record);
    assert_true(state_record_good(&record) && state_record_left(&record) == 0);
    state_reader_close(reader);
    return mark;
}

/* Calls `call` and expects that result with one line, which has `part`. */
static void expect_result(int (*call)(void), int result, const char *part)
{
    char text[TEXT_SIZE];
    struct capture capture;

    capture_begin(&capture, 2);
    int error = call();
    capture_end(&capture, text, sizeof(text));
    assert_int_equal(error, result);
    if (strstr(text, part) == NULL || strchr(text, '\n') != strrchr(text, '\n')) {
        fail_msg("'%s' is not one line with '%s'", text, part);
    }
}

static void expect_refused(int (*call)(void), const char *part)
{
    expect_result(call, -REPORTED, part);
}

static int try_open(void)
{
    struct state_reader *reader = NULL;

    return state_reader_open("vm", &reader);
}

/* --- Records. --- */

static void test_record_keeps_numbers(void **state)
{
    static const uint8_t expected[] = {1, 3, 2, 7, 6, 5, 4, 15, 14, 13, 12, 11, 10, 9, 8, 'x'};
    struct state_record record = {0};

    (void)state;
    state_put_u8(&record, 1);
    state_put_u16(&record, 0x0203);
    state_put_u32(&record, 0x04050607);
    state_put_u64(&record, UINT64_C(0x08090a0b0c0d0e0f));
    state_put_bytes(&record, "x", 1);
    assert_true(state_record_good(&record));
    assert_int_equal(record.size, sizeof(expected));
    assert_memory_equal(record.bytes, expected, sizeof(expected));
    struct state_record copy = state_record_of(record.bytes, record.size);
    assert_int_equal(state_get_u8(&copy), 1);
    assert_int_equal(state_get_u16(&copy), 0x0203);
    assert_int_equal(state_get_u32(&copy), 0x04050607);
    assert_int_equal(state_get_u64(&copy), UINT64_C(0x08090a0b0c0d0e0f));
    assert_int_equal(state_record_left(&copy), 1);
    assert_true(state_record_good(&copy));
    state_record_free(&record);
}

static void test_record_ends(void **state)
{
    struct state_record record = state_record_of("\1\2\3\4\5\6\7", 7);
    uint8_t bytes[4] = {9, 9, 9, 9};

    (void)state;
    assert_int_equal(state_get_u32(&record), 0x04030201);
    state_get_bytes(&record, bytes, sizeof(bytes));
    assert_int_equal(bytes[0] | bytes[3], 0);
    assert_false(state_record_good(&record));
    /* The error stays, also where there would be enough. */
    assert_int_equal(state_get_u8(&record), 0);
    assert_null(state_get_view(&record, 1));
}

static void test_record_that_is_read_takes_nothing(void **state)
{
    const char bytes[] = "abc";
    struct state_record record = state_record_of(bytes, 3);

    (void)state;
    state_put_u8(&record, 1);
    assert_false(state_record_good(&record));
    assert_string_equal(bytes, "abc");
    state_record_free(&record);
}

static void test_record_grows(void **state)
{
    struct state_record record = {0};

    (void)state;
    for (uint32_t i = 0; i < 10000; i++) {
        state_put_u32(&record, i);
    }
    assert_true(state_record_good(&record));
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(state_get_u32(&record), i);
    }
    state_record_free(&record);
}

/* As docs/image-format.md says; of every length and place, and in parts as well as at once. */
static void test_checksum_is_zlibs(void **state)
{
    static uint8_t bytes[300];

    (void)state;
    assert_int_equal(checksum_add(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(checksum_add(0, NULL, 0), 0);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 37 + i / 7);
    }
    for (size_t from = 0; from < 9; from++) {
        for (size_t size = 0; from + size <= sizeof(bytes); size++) {
            uint32_t whole = (uint32_t)crc32_z(0, bytes + from, size);
            uint32_t half = checksum_add(0, bytes + from, size / 2);

            assert_int_equal(checksum_add(0, bytes + from, size), whole);
            assert_int_equal(checksum_add(half, bytes + from + size / 2, size - size / 2), whole);
        }
    }
}

/* --- What is written is read. --- */

static void test_image_keeps_sections(void **state)
{
    struct state_writer *writer = open_writer();
    struct state_record record = {0};
    struct state_record found;

    (void)state;
    state_put_bytes(&record, "hello", 5);
    assert_int_equal(state_writer_begin(writer), 0);
    assert_int_equal(state_writer_add(writer, "AAAA", 0, 0, &record), 0);
    assert_int_equal(state_writer_add(writer, "AAAA", 1, 0, &(struct state_record){0}), 0);
    assert_int_equal(state_writer_add(writer, "BBBB", 0, 0, &record), 0);
    assert_int_equal(access("vm", F_OK), -1);
    assert_int_equal(state_writer_commit(writer), 0);
    state_writer_close(writer);
    state_record_free(&record);

    struct state_reader *reader = open_reader();
    assert_true(state_reader_section(reader, "BBBB", 0, &found));
    assert_int_equal(found.size, 5);
    assert_memory_equal(found.bytes, "hello", 5);
    assert_true(state_reader_section(reader, "AAAA", 1, &found));
    assert_int_equal(found.size, 0);
    assert_false(state_reader_section(reader, "AAAA", 2, &found));
    assert_int_equal(state_reader_check_known(reader), 0);
    state_reader_close(reader);
    assert_int_equal(scratch_entry_count(), 1);
}

static int check_known(void)
{
    struct state_reader *reader = open_reader();
    int error = state_reader_check_known(reader);

    state_reader_close(reader);
    return error;
}

static void test_unknown_mandatory_section_is_refused(void **state)
{
    (void)state;
    save(1);
    expect_refused(check_known, "section TEST.3: this dormouse does not know it");
}

static void fill_memory(void)
{
    const size_t page = FORMAT_PAGE;

    memset(memory.host + 5 * page, 0xa5, 3 * page);
    memory.host[MIB] = 1;
    memory.host[2 * MIB - 1] = 2;
    memory.host[SIZE - 1] = 3;
    memory.host[7 * page] = 0;           /* touched, and not all of it is zero */
    memory.host[3 * MIB + 9 * page] = 0; /* touched, but all zero */
}

/* Loads the image into other memory and compares. */
static void assert_ram_kept(void)
{
    struct state_reader *reader = open_reader();
    struct memory other;

    assert_int_equal(memory_create(&other, ipa(BASE), SIZE), 0);
    assert_int_equal(state_reader_load_ram(reader, &other), 0);
    assert_memory_equal(other.host, memory.host, SIZE);
    memory_destroy(&other);
    state_reader_close(reader);
}

static void test_image_keeps_ram(void **state)
{
    (void)state;
    fill_memory();
    save(7);
    assert_ram_kept();
    /* Pages 0, 5, 6, 7 of the first chunk, the ends of the second, the last of the fourth. */
    struct state_reader *reader = open_reader();
    assert_int_equal(state_reader_ram_data(reader), 7 * FORMAT_PAGE);
    assert_int_equal(state_reader_ram_base(reader).value, BASE);
    assert_int_equal(state_reader_ram_size(reader), SIZE);
    state_reader_close(reader);
}

static void test_image_has_holes(void **state)
{
    struct stat status;

    (void)state;
    memory.host[SIZE - 1] = 3;
    save(7);
    assert_int_equal(stat("vm", &status), 0);
    assert_true((uint64_t)status.st_size >= FORMAT_RAM_START + SIZE);
    assert_true((uint64_t)status.st_blocks * 512 < MIB / 2);
}

static unsigned count_resident(void)
{
    static unsigned char pages[SIZE / FORMAT_PAGE];
    uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE);
    unsigned count = 0;

    assert_int_equal(mincore(memory.host, SIZE, pages), 0);
    for (uint64_t i = 0; i < SIZE / size; i++) {
        count += pages[i] & 1;
    }
    return count;
}

static void test_saving_touches_no_page(void **state)
{
    (void)state;
    assert_int_equal(madvise(memory.host, SIZE, MADV_NOHUGEPAGE), 0);
    memory.host[MIB] = 1;
    save(7);
    assert_int_equal(count_resident(), 2);
    assert_ram_kept();
}

static void test_saving_touches_no_shared_page(void **state)
{
    struct stat before;
    struct stat after;

    (void)state;
    fill_memory();
    memory.host[0] = 1;
    assert_int_equal(fstat(memory.fd, &before), 0);
    save(7);
    assert_int_equal(fstat(memory.fd, &after), 0);
    assert_int_equal(before.st_blocks, after.st_blocks);
    assert_ram_kept();
}

/* The guest's kernel is mapped, and a page of it that the guest has not touched is in no page map. */
static void test_image_keeps_mapped_files(void **state)
{
    static uint8_t bytes[3 * FORMAT_PAGE * 16];

    (void)state;
    memset(bytes, 0x5a, sizeof(bytes));
    scratch_write("kernel", bytes, sizeof(bytes));
    int fd = open("kernel", O_RDONLY | O_CLOEXEC);
    assert_int_equal(memory_map_file(&memory, ipa(BASE + MIB), fd, sizeof(bytes)), 0);
    close(fd);
    memory.host[MIB + FORMAT_PAGE] = 1;
    save(7);
    assert_ram_kept();
}

static void test_no_page_map(void **state)
{
    struct pages none = {.pagemap = -1};
    uint8_t bits[FORMAT_BITMAP_SIZE];

    (void)state;
    pages_find(&none, &memory, MIB, FORMAT_CHUNK, bits);
    for (size_t i = 0; i < sizeof(bits); i++) {
        assert_int_equal(bits[i], 0xff);
    }
}

static int load_into_other_size(void)
{
    struct state_reader *reader = open_reader();
    struct memory other;

    assert_int_equal(memory_create(&other, ipa(BASE), 2 * SIZE), 0);
    int error = state_reader_load_ram(reader, &other);
    memory_destroy(&other);
    state_reader_close(reader);
    return error;
}

static void test_ram_of_another_size_is_refused(void **state)
{
    (void)state;
    save(7);
    expect_refused(load_into_other_size,
                   "it has 4 MiB of RAM at 0x40000000, and this VM is to have 8 at");
}

/* --- Restored once. --- */

static void test_claim_renames(void **state)
{
    (void)state;
    save(7);
    struct state_reader *reader = open_reader();
    assert_int_equal(state_reader_claim(reader), 0);
    assert_int_equal(access("vm", F_OK), -1);
    assert_int_equal(access("vm.restored", F_OK), 0);
    expect_refused(try_open, "this VM was restored already, and the file is vm.restored now");
    state_reader_close(reader);
}

static int try_open_restored(void)
{
    struct state_reader *reader = NULL;

    return state_reader_open("./vm.restored", &reader);
}

static int try_open_woken(void)
{
    struct state_reader *reader = NULL;

    return state_reader_open("vm.woken", &reader);
}

static void test_used_names_are_refused(void **state)
{
    (void)state;
    save(7);
    assert_int_equal(rename("vm", "vm.restored"), 0);
    expect_refused(try_open_restored, "image ./vm.restored: this VM was restored already");
    assert_int_equal(rename("vm.restored", "vm.woken"), 0);
    expect_refused(try_open_woken, "image vm.woken: this VM woke and ran on, and its disks have");
}

static void test_reader_locks(void **state)
{
    (void)state;
    save(7);
    struct state_reader *reader = open_reader();
    expect_refused(try_open, "another process has it open");
    state_reader_close(reader);
    reader = open_reader();
    state_reader_close(reader);
}

/* From the commit on no other process can take the image, until the one that has it lets go. */
static void test_image_stays_locked(void **state)
{
    struct state_writer *writer = open_writer();
    struct state_reader *reader = NULL;

    (void)state;
    assert_int_equal(save_with(writer, 7), 0);
    expect_refused(try_open, "another process has it open");
    assert_int_equal(state_reader_reopen(writer, &reader), 0);
    expect_refused(try_open, "another process has it open");
    memset(memory.host, 0, FORMAT_PAGE);
    assert_int_equal(state_reader_load_ram(reader, &memory), 0);
    assert_int_equal(memory.host[0], 7);
    assert_int_equal(state_reader_remove(reader), 0);
    state_reader_close(reader);
    assert_int_equal(scratch_entry_count(), 0);
    state_writer_close(writer);
}

static struct state_writer *committed;

static int try_reopen(void)
{
    struct state_reader *reader = NULL;
    int error = state_reader_reopen(committed, &reader);

    assert_null(reader);
    return error;
}

/* The guest continues from memory, so there must be no second one in a file. */
static void test_image_that_cannot_be_opened_again_goes(void **state)
{
    (void)state;
    committed = open_writer();
    assert_int_equal(save_with(committed, 7), 0);
    assert_int_equal(truncate("vm", 100), 0);
    expect_refused(try_reopen, "image vm: ");
    assert_int_equal(scratch_entry_count(), 0);
    assert_int_equal(save_with(committed, 8), 0);
    state_writer_close(committed);
}

/* Another process was faster: the guest is in its memory by now. */
static void test_image_that_was_claimed_between_is_told_apart(void **state)
{
    (void)state;
    committed = open_writer();
    assert_int_equal(save_with(committed, 7), 0);
    assert_int_equal(rename("vm", "vm.restored"), 0);
    expect_result(try_reopen, -EBUSY,
                  "this VM was restored already, and the file is vm.restored now");
    assert_int_equal(access("vm.restored", F_OK), 0);
    state_writer_close(committed);
}

static int try_save_committed(void)
{
    return save_with(committed, 8);
}

static int try_save(void)
{
    struct state_writer *writer = open_writer();
    int error = save_with(writer, 8);

    state_writer_close(writer);
    return error;
}

/* Two VMs with one file: the image of the one that sleeps in it stays. */
static void test_locked_image_is_not_replaced(void **state)
{
    (void)state;
    save(7);
    struct state_reader *reader = open_reader();
    expect_refused(try_save, "replace the old file: another process has it open");
    assert_int_equal(scratch_entry_count(), 1);
    assert_int_equal(state_reader_claim(reader), 0);
    assert_int_equal(try_save(), 0);
    state_reader_close(reader);
    assert_int_equal(mark_of_image(), 8);
}

static int try_open_shared(void)
{
    struct state_reader *reader = NULL;

    return state_reader_open_shared("vm", &reader);
}

/* Several clones have it at once, and nothing else does. */
static void test_clones_share(void **state)
{
    struct state_reader *clones[2];

    (void)state;
    save(7);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(state_reader_open_shared("vm", &clones[i]), 0);
        expect_refused(try_open, "image vm: clones run from it, or it is exported: end them first");
        expect_refused(try_save, "replace the old file: another process has it open");
    }
    for (unsigned i = 0; i < 2; i++) {
        memset(memory.host, 0, FORMAT_PAGE);
        assert_int_equal(state_reader_load_ram(clones[i], &memory), 0);
        assert_int_equal(memory.host[0], 7);
        expect_refused(try_open, "clones run from it");
        state_reader_close(clones[i]);
    }
    struct state_reader *reader = open_reader();
    expect_refused(try_open_shared, "image vm: another process has it open to restore or to save");
    state_reader_close(reader);
    assert_int_equal(mark_of_image(), 7);
    assert_int_equal(scratch_entry_count(), 1);
}

static struct state_reader *stale;

static int try_claim(void)
{
    return state_reader_claim(stale);
}

static int try_remove(void)
{
    return state_reader_remove(stale);
}

/* Of the name of its image a reader may know nothing any more. */
static void test_only_the_own_image_goes(void **state)
{
    (void)state;
    save(7);
    stale = open_reader();
    assert_int_equal(rename("vm", "moved"), 0);
    expect_refused(try_remove, "cannot remove it");
    save(8);
    expect_refused(try_claim, "is not restored again: another file has that name now");
    expect_refused(try_remove, "is not restored: another file has that name now");
    assert_int_equal(unlink("moved"), 0);
    assert_int_equal(state_reader_remove(stale), 0);
    state_reader_close(stale);
    assert_int_equal(mark_of_image(), 8);
}

static int try_begin(void)
{
    struct state_writer *writer = open_writer();
    int error = state_writer_begin(writer);

    state_writer_close(writer);
    return error;
}

static void test_writer_locks(void **state)
{
    struct state_writer *writer = open_writer();

    (void)state;
    assert_int_equal(state_writer_begin(writer), 0);
    expect_refused(try_begin, "vm.saving: another process has it open to save");
    assert_int_equal(access("vm.saving", F_OK), 0);
    state_writer_close(writer);
    assert_int_equal(scratch_entry_count(), 0);
}

static int try_writer(void)
{
    struct state_writer *writer = NULL;

    return state_writer_open("vm", "--test", &writer);
}

static void test_other_files_are_not_replaced(void **state)
{
    (void)state;
    scratch_write("vm", "DORMOUS", 7);
    expect_refused(try_writer, "--test vm: this exists and is no image of a VM");
    scratch_write("vm", "", 0);
    expect_refused(try_writer, "this exists and is no image of a VM");
}

/* The file may have come after the VM was started. */
static void test_file_that_came_later_is_not_replaced(void **state)
{
    char text[8] = {0};

    (void)state;
    committed = open_writer();
    scratch_write("vm", "precious", 8);
    expect_refused(try_save_committed, "replace the old file: it is no image of a VM; nothing has");
    assert_int_equal(scratch_entry_count(), 1);
    int fd = open("vm", O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, text, sizeof(text)), sizeof(text));
    close(fd);
    assert_memory_equal(text, "precious", sizeof(text));
    state_writer_close(committed);
}

/* Guest memory goes to no file that another user can read, and over no file that has another name. */
static void test_left_file_is_not_written_to(void **state)
{
    struct stat status;

    (void)state;
    scratch_write("other", "precious", 8);
    assert_int_equal(link("other", "vm.saving"), 0);
    assert_int_equal(chmod("other", 0666), 0);
    save(7);
    assert_int_equal(stat("other", &status), 0);
    assert_int_equal(status.st_size, 8);
    assert_int_equal(stat("vm", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(scratch_entry_count(), 2);
}

/* What a restore renames and a save replaces is the file itself. */
static void test_symbolic_links_are_refused(void **state)
{
    (void)state;
    save(7);
    assert_int_equal(rename("vm", "file"), 0);
    assert_int_equal(symlink("file", "vm"), 0);
    expect_refused(try_open, "image vm: this is a symbolic link: give the file that it names");
    expect_refused(try_writer, "--test vm: this exists and is no image of a VM");
    assert_int_equal(scratch_entry_count(), 2);
}

static const char *reserved;

static int try_writer_reserved(void)
{
    struct state_writer *writer = NULL;

    return state_writer_open(reserved, "--test", &writer);
}

/* What is saved can be restored, and no other save removes it. */
static void test_names_of_other_use_are_refused(void **state)
{
    static const char *const names[] = {"vm.restored", "./vm.woken", "vm.saving"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        reserved = names[i];
        expect_refused(try_writer_reserved, "dormouse gives names with this end to files");
    }
}

static int try_writer_nowhere(void)
{
    struct state_writer *writer = NULL;

    return state_writer_open("no/such/folder", "--test", &writer);
}

static void test_folder_is_missing(void **state)
{
    (void)state;
    expect_refused(try_writer_nowhere, "--test no/such/folder: No such file or directory");
}

/* --- Whatever fails, the old image or the new one is there. --- */

enum { OLD = 11, NEW = 22 };

/* What is there before. */
static void put_old(bool old)
{
    (void)unlink("vm");
    (void)unlink("vm.saving");
    if (old) {
        save(OLD);
    }
}

/* Saves NEW, with the nth operation failing. Returns whether that worked; one line says if not. */
static bool save_failing(struct state_writer *writer, int nth, int failure)
{
    char text[TEXT_SIZE];
    struct capture capture;

    capture_begin(&capture, 2);
    op_count = 0;
    op_fails = nth;
    op_error = failure;
    int error = save_with(writer, NEW);
    op_fails = 0;
    capture_end(&capture, text, sizeof(text));
    if (error != 0 && (strstr(text, "cannot save the VM to vm: ") == NULL ||
                       strchr(text, '\n') == NULL || strchr(text, '\n') != strrchr(text, '\n'))) {
        fail_msg("operation %d: '%s'", nth, text);
    }
    return error == 0;
}

static void fail_each(bool old, int failure)
{
    bool reached = true;

    for (int nth = 1; reached; nth++) {
        put_old(old);
        struct state_writer *writer = open_writer();
        bool worked = save_failing(writer, nth, failure);
        reached = op_count >= nth;
        assert_true(worked || reached);
        assert_int_equal(mark_of_image(), worked ? NEW : old ? OLD : 0);
        /* The writer is as good as new. */
        assert_int_equal(save_with(writer, NEW + 1), 0);
        assert_int_equal(mark_of_image(), NEW + 1);
        state_writer_close(writer);
        assert_int_equal(scratch_entry_count(), 1);
    }
}

static void test_each_operation_fails(void **state)
{
    static const int failures[] = {EIO, ENOSPC};

    (void)state;
    fill_memory();
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        fail_each(false, failures[i]);
        fail_each(true, failures[i]);
    }
}

static void kill_each(bool old)
{
    bool killed = true;

    for (int nth = 1; killed; nth++) {
        int status;

        put_old(old);
        pid_t child = fork();
        if (child == 0) {
            struct state_writer *writer = open_writer();
            op_count = 0;
            op_fails = nth;
            _exit(save_with(writer, NEW));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        killed = WIFSIGNALED(status);
        uint32_t mark = mark_of_image();
        assert_true(mark == NEW || (killed && mark == (old ? OLD : 0)));
        save(NEW + 1); /* also over what the dead one has left */
        assert_int_equal(mark_of_image(), NEW + 1);
        assert_int_equal(scratch_entry_count(), 1);
    }
}

static void test_killed_at_each_operation(void **state)
{
    (void)state;
    fill_memory();
    kill_each(false);
    kill_each(true);
}

static void test_short_writes(void **state)
{
    (void)state;
    fill_memory();
    op_half = true;
    save(7);
    op_half = false;
    assert_int_equal(mark_of_image(), 7);
    assert_ram_kept();
}

/* The file gets to the disk before the name, and the name before anything else happens. */
static void test_order_of_syncs(void **state)
{
    (void)state;
    save(OLD);
    struct state_writer *writer = open_writer();
    ops_clear();
    assert_int_equal(save_with(writer, NEW), 0);
    size_t length = strlen(op_log);
    assert_true(length > 8);
    assert_string_equal(op_log + length - 8, "wsoolxsu");
    state_writer_close(writer);
}

/* A file system that cannot exchange names. */
static void test_without_exchange(void **state)
{
    (void)state;
    save(OLD);
    struct state_writer *writer = open_writer();
    ops_clear();
    assert_int_equal(save_with(writer, OLD), 0); /* by the operations of the next save */
    op_count = 0;
    op_error = EINVAL;
    op_fails = (int)(strchr(op_log, 'x') - op_log) + 1;
    assert_int_equal(save_with(writer, NEW), 0);
    ops_clear();
    assert_int_equal(mark_of_image(), NEW);
    assert_int_equal(scratch_entry_count(), 1);
    state_writer_close(writer);
}

static void test_abort_leaves_nothing(void **state)
{
    struct state_writer *writer = open_writer();

    (void)state;
    assert_int_equal(state_writer_begin(writer), 0);
    assert_int_equal(scratch_entry_count(), 1);
    state_writer_abort(writer);
    assert_int_equal(scratch_entry_count(), 0);
    state_writer_close(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_keeps_numbers),
        cmocka_unit_test(test_record_ends),
        cmocka_unit_test(test_record_that_is_read_takes_nothing),
        cmocka_unit_test(test_record_grows),
        cmocka_unit_test(test_checksum_is_zlibs),
        TEST(test_image_keeps_sections),
        TEST(test_unknown_mandatory_section_is_refused),
        TEST(test_image_keeps_ram),
        TEST(test_image_has_holes),
        TEST(test_saving_touches_no_page),
        cmocka_unit_test_setup_teardown(test_saving_touches_no_shared_page, setup_shared, teardown),
        TEST(test_image_keeps_mapped_files),
        TEST(test_no_page_map),
        TEST(test_ram_of_another_size_is_refused),
        TEST(test_claim_renames),
        TEST(test_used_names_are_refused),
        TEST(test_reader_locks),
        TEST(test_clones_share),
        TEST(test_image_stays_locked),
        TEST(test_image_that_cannot_be_opened_again_goes),
        TEST(test_image_that_was_claimed_between_is_told_apart),
        TEST(test_writer_locks),
        TEST(test_locked_image_is_not_replaced),
        TEST(test_only_the_own_image_goes),
        TEST(test_symbolic_links_are_refused),
        TEST(test_other_files_are_not_replaced),
        TEST(test_file_that_came_later_is_not_replaced),
        TEST(test_left_file_is_not_written_to),
        TEST(test_names_of_other_use_are_refused),
        TEST(test_folder_is_missing),
        TEST(test_each_operation_fails),
        TEST(test_killed_at_each_operation),
        TEST(test_short_writes),
        TEST(test_order_of_syncs),
        TEST(test_without_exchange),
        TEST(test_abort_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
