/* SPDX-License-Identifier: BSD-2-Clause */
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

#include "core/memory.h"
#include "scratch.h"

#define MIB  (UINT64_C(1) << 20)
#define BASE UINT64_C(0x40000000)
#define SIZE (4 * MIB)

static struct memory memory;
static uint64_t page;

static int setup(void **state)
{
    page = (uint64_t)sysconf(_SC_PAGESIZE);
    return scratch_enter(state) || memory_create(&memory, ipa(BASE), SIZE);
}

static int setup_shared(void **state)
{
    page = (uint64_t)sysconf(_SC_PAGESIZE);
    return scratch_enter(state) || memory_create_shared(&memory, ipa(BASE), SIZE);
}

static int teardown(void **state)
{
    memory_destroy(&memory);
    return scratch_leave(state);
}

static void assert_all(const uint8_t *bytes, uint64_t size, uint8_t value)
{
    for (uint64_t i = 0; i < size; i++) {
        if (bytes[i] != value) {
            fail_msg("byte %llu is 0x%02x, not 0x%02x", (unsigned long long)i, bytes[i], value);
        }
    }
}

/* Whether RAM at `offset` is backed by a page of the host. */
static bool is_resident(uint64_t offset)
{
    unsigned char state;

    assert_int_equal(mincore(memory.host + offset, page, &state), 0);
    return state & 1;
}

/* Whether some part of RAM is a mapping of `name` in the current folder. */
static bool is_mapped(const char *name)
{
    char line[1024];
    bool found = false;
    FILE *maps = scratch_open("/proc/self/maps", "re");

    while (fgets(line, sizeof(line), maps)) {
        found = found || strstr(line, name);
    }
    (void)fclose(maps);
    return found;
}

/* Opens a new file of `size` bytes, none of them 0. */
static int pattern_file(const char *name, size_t size)
{
    uint8_t *bytes = malloc(size);
    int fd;

    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(1 + i % 251);
    }
    scratch_write(name, bytes, size);
    free(bytes);
    fd = open(name, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void assert_pattern(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != (uint8_t)(1 + i % 251)) {
            fail_msg("byte %zu is 0x%02x", i, bytes[i]);
        }
    }
}

static void new_ram_is_zero(void **state)
{
    (void)state;
    assert_int_equal(memory.base.value, BASE);
    assert_int_equal(memory.size, SIZE);
    assert_all(memory.host, SIZE, 0);
}

static void new_ram_uses_no_pages(void **state)
{
    (void)state;
    assert_false(is_resident(0));
    assert_false(is_resident(SIZE - page));
}

static void host_and_guest_agree_within_a_huge_page(void **state)
{
    struct memory other;

    (void)state;
    assert_int_equal((uintptr_t)memory.host % (2 * MIB), BASE % (2 * MIB));
    assert_int_equal(memory_create(&other, ipa(BASE + 3 * page), MIB), 0);
    assert_int_equal((uintptr_t)other.host % (2 * MIB), 3 * page);
    memory_destroy(&other);
}

static void impossible_ram_is_refused(void **state)
{
    struct {
        uint64_t base;
        uint64_t size;
        int error;
    } cases[] = {
        {BASE, 0, -EINVAL},
        {BASE, 1, -EINVAL},
        {BASE, SIZE + page / 2, -EINVAL},
        {BASE + 1, SIZE, -EINVAL},
        {-(2 * MIB), 4 * MIB, -EINVAL},
        {BASE, -page, -EINVAL},
        {0, -page, -ENOMEM},
        {0, UINT64_C(1) << 62, -ENOMEM},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct memory other;

        assert_int_equal(memory_create(&other, ipa(cases[i].base), cases[i].size), cases[i].error);
        assert_false(memory_contains(&other, ipa(cases[i].base), 1));
        memory_destroy(&other);
    }
}

static void destroying_twice_is_fine(void **state)
{
    (void)state;
    memory_destroy(&memory);
    memory_destroy(&memory);
    assert_null(memory_at(&memory, ipa(BASE), 1));
    assert_null(memory_at(&memory, ipa(0), 1));
}

static void only_ranges_inside_ram_are_returned(void **state)
{
    struct {
        uint64_t start;
        uint64_t size;
        bool inside;
    } cases[] = {
        {BASE, 1, true},
        {BASE, SIZE, true},
        {BASE + SIZE - 1, 1, true},
        {BASE + 5, SIZE - 5, true},
        {BASE, 0, false},
        {BASE - 1, 1, false},
        {BASE - 1, 2, false},
        {BASE + SIZE, 1, false},
        {BASE + SIZE - 1, 2, false},
        {BASE, SIZE + 1, false},
        {BASE + 5, SIZE - 4, false},
        {BASE + 5, UINT64_MAX, false},
        {BASE + 5, UINT64_MAX - BASE - 4, false},
        {0, UINT64_MAX, false},
        {UINT64_MAX, 1, false},
        {UINT64_MAX, UINT64_MAX, false},
        {0, 1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ipa start = ipa(cases[i].start);
        const uint8_t *host = cases[i].inside ? memory.host + (cases[i].start - BASE) : NULL;

        assert_int_equal(memory_contains(&memory, start, cases[i].size), cases[i].inside);
        assert_ptr_equal(memory_at(&memory, start, cases[i].size), host);
    }
}

static void room_is_counted_to_the_end_of_ram(void **state)
{
    (void)state;
    assert_int_equal(memory_room(&memory, ipa(BASE)), SIZE);
    assert_int_equal(memory_room(&memory, ipa(BASE + SIZE - 1)), 1);
    assert_int_equal(memory_room(&memory, ipa(BASE + SIZE)), 0);
    assert_int_equal(memory_room(&memory, ipa(BASE + SIZE + 1)), 0);
    assert_int_equal(memory_room(&memory, ipa(BASE - 1)), 0);
    assert_int_equal(memory_room(&memory, ipa(UINT64_MAX)), 0);
}

/* The kernel reads the byte: it returns EFAULT where a load would raise SIGSEGV. */
static void no_access_passes_either_end(void **state)
{
    int pipes[2];

    (void)state;
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    assert_int_equal(write(pipes[1], memory.host, 1), 1);
    assert_int_equal(write(pipes[1], memory.host + SIZE - 1, 1), 1);
    assert_int_equal(write(pipes[1], memory.host - 1, 1), -1);
    assert_int_equal(errno, EFAULT);
    assert_int_equal(write(pipes[1], memory.host + SIZE, 1), -1);
    assert_int_equal(errno, EFAULT);
    close(pipes[0]);
    close(pipes[1]);
}

static void clearing_zeroes_and_frees_all(void **state)
{
    uint8_t *host = memory.host;
    int fd = pattern_file("mapped", 3 * page);

    (void)state;
    memset(host, 0xaa, SIZE);
    assert_int_equal(memory_map_file(&memory, ipa(BASE + MIB), fd, 3 * page), 0);
    assert_true(is_resident(0));
    assert_int_equal(memory_clear(&memory), 0);
    assert_ptr_equal(memory.host, host);
    assert_false(is_resident(0));
    assert_false(is_resident(SIZE - page));
    assert_false(is_mapped("mapped"));
    assert_all(host, SIZE, 0);
    close(fd);
}

/* A file that is mapped there does not show again, and the rest stays as it is. */
static void discarding_leaves_zeroes(void **state)
{
    uint8_t *host = memory.host;
    int fd = pattern_file("mapped", 3 * page);

    (void)state;
    memset(host, 0xaa, SIZE);
    assert_int_equal(memory_map_file(&memory, ipa(BASE + MIB), fd, 3 * page), 0);
    host[MIB + page] = 1;
    assert_int_equal(memory_discard(&memory, ipa(BASE + MIB + page), page), 0);
    assert_all(host + MIB + page, page, 0);
    assert_true(host[MIB] != 0 && host[MIB + 2 * page] != 0);
    assert_int_equal(memory_discard(&memory, ipa(BASE + 1), 3 * page), 0);
    assert_all(host, page, 0xaa);
    assert_all(host + page, 2 * page, 0);
    assert_all(host + 3 * page, page, 0xaa);
    assert_int_equal(memory_discard(&memory, ipa(BASE + 5 * page + 1), page), 0);
    assert_all(host + 4 * page, 4 * page, 0xaa);
    assert_int_equal(memory_discard(&memory, ipa(BASE - page), page), -EFAULT);
    assert_int_equal(memory_discard(&memory, ipa(BASE + SIZE - page), 2 * page), -EFAULT);
    close(fd);
}

static void zeroing_is_exact_to_the_byte(void **state)
{
    struct {
        uint64_t start;
        uint64_t size;
    } cases[] = {
        {0, 0},
        {0, SIZE},
        {page, page},
        {page, 5 * page},
        {1, 1},
        {page - 1, 1},
        {page - 1, 2},
        {1, page - 1},
        {1, page},
        {5, 3 * page},
        {page + 5, 3 * page + 7},
        {2 * page - 3, page + 6},
        {SIZE - 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t start = cases[i].start;
        uint64_t end = start + cases[i].size;

        memset(memory.host, 0xaa, SIZE);
        assert_int_equal(memory_zero(&memory, ipa(BASE + start), cases[i].size), 0);
        assert_all(memory.host, start, 0xaa);
        assert_all(memory.host + start, cases[i].size, 0);
        assert_all(memory.host + end, SIZE - end, 0xaa);
    }
}

static void zeroing_outside_ram_is_refused(void **state)
{
    (void)state;
    memset(memory.host, 0xaa, SIZE);
    assert_int_equal(memory_zero(&memory, ipa(BASE + SIZE - page), page + 1), -EFAULT);
    assert_int_equal(memory_zero(&memory, ipa(BASE - page), 2 * page), -EFAULT);
    assert_all(memory.host, SIZE, 0xaa);
}

static void zeroing_removes_a_mapped_file(void **state)
{
    int fd = pattern_file("mapped", 3 * page);

    (void)state;
    assert_int_equal(memory_map_file(&memory, ipa(BASE), fd, 3 * page), 0);
    assert_int_equal(memory_zero(&memory, ipa(BASE), 3 * page), 0);
    assert_all(memory.host, 3 * page, 0);
    close(fd);
}

static void a_file_is_mapped_not_copied(void **state)
{
    int fd = pattern_file("mapped", 3 * page);

    (void)state;
    assert_int_equal(memory_map_file(&memory, ipa(BASE + MIB), fd, 3 * page), 0);
    assert_true(is_mapped("mapped"));
    assert_pattern(memory.host + MIB, 3 * page);
    assert_all(memory.host, MIB, 0);
    assert_all(memory.host + MIB + 3 * page, SIZE - MIB - 3 * page, 0);
    close(fd);
}

static void guest_writes_do_not_reach_the_file(void **state)
{
    uint8_t *place = memory.host + MIB;
    int fd = pattern_file("mapped", 2 * page + 10);

    (void)state;
    assert_int_equal(memory_map_file(&memory, ipa(BASE + MIB), fd, 2 * page + 10), 0);
    memset(place, 0xee, 3 * page);
    assert_int_equal(memory_map_file(&memory, ipa(BASE + MIB), fd, 2 * page + 10), 0);
    assert_pattern(place, 2 * page + 10);
    assert_all(place + 2 * page + 10, page - 10, 0);
    close(fd);
}

/* For every offset within a page and every kind of length, mapped or copied. */
static void any_start_and_length_is_accepted(void **state)
{
    uint64_t starts[] = {0, 1, 16, page - 1, page};
    uint64_t lengths[] = {1, 15, page - 1, page, page + 1, 2 * page, 3 * page + 100};
    int fd = pattern_file("mapped", 5 * page);

    (void)state;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        for (size_t j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
            uint64_t end = starts[i] + lengths[j];
            uint64_t page_end = (end + page - 1) & ~(page - 1);

            assert_int_equal(memory_clear(&memory), 0);
            memset(memory.host, 0xaa, 8 * page);
            assert_int_equal(memory_map_file(&memory, ipa(BASE + starts[i]), fd, lengths[j]), 0);
            assert_all(memory.host, starts[i], 0xaa);
            assert_pattern(memory.host + starts[i], lengths[j]);
            assert_all(memory.host + end, page_end - end, 0);
            assert_all(memory.host + page_end, 8 * page - page_end, 0xaa);
        }
    }
    close(fd);
}

static void a_file_must_fit_into_ram(void **state)
{
    int fd = pattern_file("mapped", 3 * page);

    (void)state;
    assert_int_equal(memory_map_file(&memory, ipa(BASE + SIZE - 2 * page), fd, 3 * page), -EFAULT);
    assert_int_equal(memory_map_file(&memory, ipa(BASE - page), fd, 3 * page), -EFAULT);
    assert_int_equal(memory_map_file(&memory, ipa(BASE), fd, 0), -EFAULT);
    assert_false(is_mapped("mapped"));
    assert_int_equal(memory_map_file(&memory, ipa(BASE + SIZE - 3 * page), fd, 3 * page), 0);
    close(fd);
}

static void a_file_that_is_too_short_is_refused(void **state)
{
    int fd = pattern_file("mapped", 3 * page);

    (void)state;
    assert_int_equal(memory_map_file(&memory, ipa(BASE), fd, 3 * page + 1), -ENODATA);
    assert_int_equal(ftruncate(fd, (off_t)page), 0);
    assert_int_equal(memory_map_file(&memory, ipa(BASE), fd, 3 * page), -ENODATA);
    assert_all(memory.host, SIZE, 0);
    close(fd);
}

/* An attribute of sysfs claims to be one page long, cannot be mapped, and is shorter when read. */
static void a_file_that_cannot_be_mapped_leaves_no_hole(void **state)
{
    int fd = open("/sys/kernel/uevent_seqnum", O_RDONLY | O_CLOEXEC);

    (void)state;
    if (fd < 0 || lseek(fd, 0, SEEK_END) != (off_t)page) {
        skip();
    }
    memset(memory.host, 0xaa, SIZE);
    assert_int_equal(memory_map_file(&memory, ipa(BASE), fd, page), -ENODATA);
    assert_true(memory.host[0] >= '0' && memory.host[0] <= '9');
    assert_all(memory.host + page, SIZE - page, 0xaa);
    close(fd);
}

/* Pages of the file that hold memory of the host. */
static blkcnt_t file_blocks(void)
{
    struct stat info;

    assert_int_equal(fstat(memory.fd, &info), 0);
    return info.st_blocks;
}

/* As another process maps it, which was given the file. */
static uint8_t *other_view(void)
{
    void *view = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd, 0);

    assert_true(view != MAP_FAILED);
    return view;
}

static void new_shared_ram_holds_no_memory(void **state)
{
    (void)state;
    assert_true(memory.shared);
    assert_int_equal(file_blocks(), 0);
}

static void others_see_what_is_written_to_shared_ram(void **state)
{
    uint8_t *view = other_view();

    (void)state;
    memory.host[MIB] = 0x5a;
    assert_int_equal(view[MIB], 0x5a);
    view[0] = 0xa5;
    assert_int_equal(memory.host[0], 0xa5);
    munmap(view, SIZE);
}

static void others_see_files_in_shared_ram(void **state)
{
    int fd = pattern_file("mapped", 2 * page + 10);
    uint8_t *view = other_view();

    (void)state;
    assert_int_equal(memory_map_file(&memory, ipa(BASE + MIB), fd, 2 * page + 10), 0);
    assert_false(is_mapped("mapped"));
    assert_pattern(view + MIB, 2 * page + 10);
    assert_all(view + MIB + 2 * page + 10, page - 10, 0);
    munmap(view, SIZE);
    close(fd);
}

static void clearing_shared_ram_frees_it_for_all(void **state)
{
    uint8_t *host = memory.host;
    uint8_t *view = other_view();

    (void)state;
    memset(view, 0xaa, SIZE);
    assert_int_equal(memory_zero(&memory, ipa(BASE + page), 2 * page), 0);
    assert_all(view + page, 2 * page, 0);
    assert_true(file_blocks() > 0);
    assert_int_equal(memory_clear(&memory), 0);
    assert_ptr_equal(memory.host, host);
    assert_int_equal(file_blocks(), 0);
    assert_all(view, SIZE, 0);
    assert_all(host, SIZE, 0);
    munmap(view, SIZE);
}

/* A process that has the file cannot make an access of this process fail. */
static void size_of_shared_ram_is_fixed(void **state)
{
    (void)state;
    assert_int_equal(ftruncate(memory.fd, (off_t)page), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(memory.fd, (off_t)(2 * SIZE)), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(fcntl(memory.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
}

static void destroying_shared_ram_closes_its_file(void **state)
{
    int fd = memory.fd;

    (void)state;
    memory_destroy(&memory);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(errno, EBADF);
    memory_destroy(&memory);
}

static void impossible_shared_ram_is_refused(void **state)
{
    struct memory other;

    (void)state;
    assert_int_equal(memory_create_shared(&other, ipa(BASE), 1), -EINVAL);
    assert_int_equal(memory_create_shared(&other, ipa(0), UINT64_C(1) << 62), -ENOMEM);
    assert_false(other.shared);
    memory_destroy(&other);
}

#define SHARED(fn) cmocka_unit_test_setup_teardown(fn, setup_shared, teardown)
#define TEST(fn)   cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(new_ram_is_zero),
        TEST(new_ram_uses_no_pages),
        TEST(host_and_guest_agree_within_a_huge_page),
        TEST(impossible_ram_is_refused),
        TEST(destroying_twice_is_fine),
        TEST(only_ranges_inside_ram_are_returned),
        TEST(room_is_counted_to_the_end_of_ram),
        TEST(no_access_passes_either_end),
        TEST(clearing_zeroes_and_frees_all),
        TEST(discarding_leaves_zeroes),
        TEST(zeroing_is_exact_to_the_byte),
        TEST(zeroing_outside_ram_is_refused),
        TEST(zeroing_removes_a_mapped_file),
        TEST(a_file_is_mapped_not_copied),
        TEST(guest_writes_do_not_reach_the_file),
        TEST(any_start_and_length_is_accepted),
        TEST(a_file_must_fit_into_ram),
        TEST(a_file_that_is_too_short_is_refused),
        TEST(a_file_that_cannot_be_mapped_leaves_no_hole),
        SHARED(new_shared_ram_holds_no_memory),
        SHARED(new_ram_is_zero),
        SHARED(no_access_passes_either_end),
        SHARED(zeroing_is_exact_to_the_byte),
        SHARED(zeroing_outside_ram_is_refused),
        SHARED(guest_writes_do_not_reach_the_file),
        SHARED(any_start_and_length_is_accepted),
        SHARED(a_file_must_fit_into_ram),
        SHARED(a_file_that_is_too_short_is_refused),
        SHARED(others_see_what_is_written_to_shared_ram),
        SHARED(others_see_files_in_shared_ram),
        SHARED(clearing_shared_ram_frees_it_for_all),
        SHARED(size_of_shared_ram_is_fixed),
        SHARED(destroying_shared_ram_closes_its_file),
        SHARED(impossible_shared_ram_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
