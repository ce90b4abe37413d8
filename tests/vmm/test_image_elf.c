/* SPDX-License-Identifier: BSD-2-Clause */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "boot/image.h"
#include "capture.h"
#include "kernels.h"
#include "scratch.h"

#define KIB         UINT64_C(1024)
#define MIB         (KIB * KIB)
#define RAM_BASE    UINT64_C(0x40000000)
#define RAM_SIZE    (6 * MIB)
#define KERNEL_BASE UINT64_C(0x40200000)

static struct memory memory;
static char said[1024];
static uint8_t text[5000];
static uint8_t data[3001];

/* Code and data, the second with a BSS; at virtual addresses that are not the physical ones. */
#define TEXT_AT (RAM_BASE + 0x80000)
#define DATA_AT (RAM_BASE + 0x90010)
#define UP      UINT64_C(0xffff800000000000)
static const struct kernel_segment usual[] = {
    {DATA_AT + UP, DATA_AT, data, sizeof(data), 10000},
    {TEXT_AT + UP, TEXT_AT, text, sizeof(text), sizeof(text)},
};
#define USUAL_ENTRY (TEXT_AT + UP + 0x100)

static int setup(void **state)
{
    memset(text, 0x11, sizeof(text));
    memset(data, 0x22, sizeof(data));
    return scratch_enter(state) || memory_create(&memory, ipa(RAM_BASE), RAM_SIZE);
}

static int teardown(void **state)
{
    memory_destroy(&memory);
    return scratch_leave(state);
}

static struct image *open_kernel(struct blob *file)
{
    struct capture capture;

    blob_write(file, "kernel");
    blob_free(file);
    capture_begin(&capture, STDERR_FILENO);
    struct image *image = image_open("kernel", MIB);
    capture_end(&capture, said, sizeof(said));
    return image;
}

static int load(struct image *image, struct image_place *place)
{
    struct capture capture;

    capture_begin(&capture, STDERR_FILENO);
    int error = image_load(image, &memory, ipa(KERNEL_BASE), place);
    capture_end(&capture, said, sizeof(said));
    return error;
}

static void assert_refused(struct blob file, const char *line)
{
    assert_null(open_kernel(&file));
    assert_string_equal(said, line);
}

static void assert_not_loaded(struct blob file, const char *line)
{
    struct image *image = open_kernel(&file);
    struct image_place place;

    assert_non_null(image);
    assert_true(load(image, &place) < 0);
    assert_string_equal(said, line);
    image_close(image);
}

static struct image_place open_and_load(struct blob file)
{
    struct image *image = open_kernel(&file);
    struct image_place place;

    assert_string_equal(said, "");
    assert_non_null(image);
    assert_int_equal(load(image, &place), 0);
    assert_string_equal(said, "");
    image_close(image);
    return place;
}

static void assert_filled(uint64_t address, uint64_t size, uint8_t value)
{
    const uint8_t *bytes = memory_at(&memory, ipa(address), size);

    assert_non_null(bytes);
    for (uint64_t i = 0; i < size; i++) {
        assert_int_equal(bytes[i], value);
    }
}

static void assert_usual(void)
{
    assert_filled(TEXT_AT, sizeof(text), 0x11);
    assert_filled(DATA_AT, sizeof(data), 0x22);
    assert_filled(DATA_AT + sizeof(data), 10000 - sizeof(data), 0);
}

static void segments_go_to_their_physical_addresses(void **state)
{
    (void)state;
    struct image_place place = open_and_load(kernel_elf(usual, 2, USUAL_ENTRY));
    assert_usual();
    assert_int_equal(place.start.value, TEXT_AT);
    assert_int_equal(place.end.value, DATA_AT + 10000);
    assert_int_equal(place.entry.value, TEXT_AT + 0x100);
    assert_true(place.tree_below);
}

static void a_second_load_gives_pristine_segments_and_leaves_the_rest(void **state)
{
    struct blob file = kernel_elf(usual, 2, USUAL_ENTRY);
    struct image_place place;

    (void)state;
    struct image *image = open_kernel(&file);
    assert_non_null(image);
    assert_int_equal(load(image, &place), 0);
    memset(memory.host, 0xee, RAM_SIZE);
    assert_int_equal(load(image, &place), 0);
    assert_usual();
    assert_filled(RAM_BASE, TEXT_AT - RAM_BASE, 0xee);
    assert_filled(TEXT_AT + sizeof(text), DATA_AT - TEXT_AT - sizeof(text), 0xee);
    assert_filled(DATA_AT + 10000, RAM_BASE + RAM_SIZE - DATA_AT - 10000, 0xee);
    image_close(image);
}

static void an_entry_point_may_be_a_physical_address(void **state)
{
    (void)state;
    struct image_place place = open_and_load(kernel_elf(usual, 2, DATA_AT + 4));
    assert_int_equal(place.entry.value, DATA_AT + 4);
}

static void memory_may_be_filled_to_the_last_byte(void **state)
{
    const struct kernel_segment whole[] = {
        {RAM_BASE, RAM_BASE, text, sizeof(text), RAM_SIZE - MIB},
        {RAM_BASE + RAM_SIZE - MIB, RAM_BASE + RAM_SIZE - MIB, data, sizeof(data), MIB},
    };

    (void)state;
    struct image_place place = open_and_load(kernel_elf(whole, 2, RAM_BASE));
    assert_int_equal(place.start.value, RAM_BASE);
    assert_int_equal(place.end.value, RAM_BASE + RAM_SIZE);
}

static void segments_without_bytes_may_have_any_offset(void **state)
{
    const struct kernel_segment rows[] = {
        usual[1], {0, TEXT_AT + MIB, NULL, 0, 4096}, {0, 5, NULL, 0, 0}};
    struct blob file = kernel_elf(rows, 3, USUAL_ENTRY);

    (void)state;
    put64(file.bytes + KERNEL_ELF_SEGMENTS + KERNEL_ELF_SEGMENT_SIZE + 8, INT64_MAX);
    struct image_place place = open_and_load(file);
    assert_int_equal(place.end.value, TEXT_AT + MIB + 4096);
}

/* As objcopy does, but the other way: an Image as the first segment at `address`. */
static struct blob vmlinux(uint64_t address, uint64_t text_offset, uint64_t image_size)
{
    const struct kernel_shape shape = {
        .file_size = 70001, .text_offset = text_offset, .image_size = image_size};
    struct blob image = kernel_image(&shape);
    const struct kernel_segment segments[] = {
        {address, address, image.bytes, image.size, image.size + 10},
        {address + 128 * KIB, address + 128 * KIB, data, sizeof(data), 10000},
    };
    struct blob file = kernel_elf(segments, 2, address + 64);

    put16(file.bytes + 16, ET_DYN);
    blob_free(&image);
    return file;
}

static void vmlinux_goes_where_an_image_would(void **state)
{
    const uint64_t addresses[] = {UP, UP + 0x10000, 0, UINT64_MAX - MIB + 1, RAM_BASE + RAM_SIZE};

    (void)state;
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct image_place place = open_and_load(vmlinux(addresses[i], 0x80000, 256 * KIB));
        assert_int_equal(place.start.value, KERNEL_BASE + 0x80000);
        assert_int_equal(place.entry.value, place.start.value);
        assert_int_equal(place.end.value, place.start.value + 256 * KIB);
        assert_false(place.tree_below);
        assert_filled(place.start.value + 128 * KIB, sizeof(data), 0x22);
        assert_memory_equal(memory_at(&memory, ipa(place.start.value + 56), 4), "ARM\x64", 4);
    }
}

static void an_image_that_is_linked_to_memory_stays_there(void **state)
{
    (void)state;
    struct image_place place = open_and_load(vmlinux(RAM_BASE + MIB, 0, 256 * KIB));
    assert_int_equal(place.start.value, RAM_BASE + MIB);
    assert_int_equal(place.entry.value, RAM_BASE + MIB + 64);
    assert_true(place.tree_below);
}

static void vmlinux_beyond_memory_is_refused(void **state)
{
    (void)state;
    assert_not_loaded(vmlinux(UP, 0, 5 * MIB),
                      "dormouse: kernel: kernel needs 5 MiB at 0x40200000, guest memory has 4 MiB "
                      "there; give more "
                      "with --memory\n");
    assert_not_loaded(vmlinux(UP, 0, UINT64_MAX),
                      "dormouse: kernel: kernel needs 17592186044416 MiB at 0x40200000, guest "
                      "memory has 4 MiB there; "
                      "give more with --memory\n");
    assert_refused(vmlinux(UP, 2 * MIB, MIB),
                   "dormouse: kernel: damaged: text offset 0x200000 is not below 2 MiB\n");
}

static void segments_outside_of_memory_are_refused(void **state)
{
    const struct {
        uint64_t address;
        uint64_t size;
        const char *words;
    } rows[] = {
        {0, 5000, "0x0 to 0x1388"},
        {RAM_BASE - 1, 5000, "0x3fffffff to 0x40001387"},
        {RAM_BASE + RAM_SIZE - 4999, 5000, "0x405fec79 to 0x40600001"},
        {RAM_BASE + RAM_SIZE, 5000, "0x40600000 to 0x40601388"},
        {RAM_BASE, RAM_SIZE + 1, "0x40000000 to 0x40600001"},
        {UINT64_MAX - 5000, 5000, "0xffffffffffffec77 to 0xffffffffffffffff"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kernel_segment segment = {0, rows[i].address, text, sizeof(text),
                                               rows[i].size};
        char line[256];

        snprintf(line, sizeof(line),
                 "dormouse: kernel: ELF file for memory from %s; the guest's is from 0x40000000 to "
                 "0x40600000\n",
                 rows[i].words);
        assert_not_loaded(kernel_elf(&segment, 1, 0), line);
    }
}

static void segments_that_overlap_are_refused(void **state)
{
    const struct kernel_segment rows[][2] = {
        {{0, TEXT_AT, text, 100, 4097}, {0, TEXT_AT + 4096, data, 100, 100}},
        {{0, TEXT_AT + 4096, text, 100, 100}, {0, TEXT_AT, data, 100, 4097}},
        {{0, TEXT_AT, text, 100, 100}, {0, TEXT_AT, data, 100, 100}},
        {{0, TEXT_AT, text, 100, UINT64_MAX - TEXT_AT}, {0, TEXT_AT + MIB, data, 100, 100}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_null(open_kernel(&(struct blob[]){kernel_elf(rows[i], 2, 0)}[0]));
        assert_non_null(strstr(said, " of its ELF file overlap in memory\n"));
    }
    const struct kernel_segment touching[] = {{0, TEXT_AT, text, 100, 4096},
                                              {0, TEXT_AT + 4096, data, 100, 100}};
    (void)open_and_load(kernel_elf(touching, 2, 0));
}

static void a_program_for_another_processor_is_named(void **state)
{
    const struct {
        uint16_t machine;
        const char *name;
    } rows[] = {
        {EM_X86_64, "x86-64 (machine 62)"},   {EM_386, "i386 (machine 3)"},
        {EM_ARM, "32-bit Arm (machine 40)"},  {EM_RISCV, "RISC-V (machine 243)"},
        {0, "another processor (machine 0)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct blob file = kernel_elf(usual, 2, USUAL_ENTRY);
        char line[128];

        put16(file.bytes + 18, rows[i].machine);
        snprintf(line, sizeof(line), "dormouse: kernel: an ELF file for %s, not arm64\n",
                 rows[i].name);
        assert_refused(file, line);
    }
}

/* One field of the ELF header, and what is said of it. */
static void absurd_headers_are_refused(void **state)
{
    static const struct {
        size_t offset;
        int size;
        uint64_t value;
        const char *line;
    } rows[] = {
        {EI_CLASS, 1, ELFCLASS32,
         "a 32-bit ELF file; only 64-bit little-endian ones can be loaded"},
        {16, 2, ET_REL, "an ELF file that is not linked (type 1): no program"},
        {16, 2, ET_CORE, "an ELF file that is not linked (type 4): no program"},
        {54, 2, 55, "damaged: its ELF header names 2 segments, 55 bytes for each, at 0x40"},
        {56, 2, 0, "damaged: its ELF header names 0 segments, 56 bytes for each, at 0x40"},
        {56, 2, 257, "damaged: its ELF header names 257 segments, 56 bytes for each, at 0x40"},
        {56, 2, 0xffff, "damaged: its ELF header names 65535 segments, 56 bytes for each, at 0x40"},
        {32, 8, UINT64_MAX - 3,
         "damaged: its ELF header names 2 segments, 56 bytes for each, at 0xfffffffffffffffc"},
        {32, 8, 12097 - 112 + 1, "truncated: 12097 bytes of 12098"},
        {24, 8, 0, "damaged: the entry point 0x0 of its ELF file is in no segment"},
        {24, 8, TEXT_AT + UP + 5000,
         "damaged: the entry point 0xffff800040081388 of its ELF file is in no segment"},
        {64, 4, PT_NOTE, ""},
        {64 + 8, 8, 12097 - 3001 + 1, "truncated: 12097 bytes of 12098"},
        {64 + 8, 8, UINT64_MAX - 3000,
         "damaged: segment 0 of its ELF file goes beyond the last address"},
        {64 + 24, 8, UINT64_MAX - 10000, ""},
        {64 + 24, 8, UINT64_MAX - 9998,
         "damaged: segment 0 of its ELF file goes beyond the last address"},
        {64 + 32, 8, 10001,
         "damaged: segment 0 of its ELF file is longer in the file than in memory"},
        {64 + 40, 8, 3000,
         "damaged: segment 0 of its ELF file is longer in the file than in memory"},
        {64 + 40, 8, UINT64_MAX, "damaged: segment 0 of its ELF file goes beyond the last address"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct blob file = kernel_elf(usual, 2, USUAL_ENTRY);
        const uint64_t value = rows[i].value; /* little-endian hosts only, as everything here */
        char line[256];

        assert_int_equal(file.size, 12097);
        memcpy(file.bytes + rows[i].offset, &value, (size_t)rows[i].size);
        if (rows[i].line[0] == '\0') {
            image_close(open_kernel(&file));
            assert_string_equal(said, "");
            continue;
        }
        snprintf(line, sizeof(line), "dormouse: kernel: %s\n", rows[i].line);
        assert_refused(file, line);
    }
}

static void a_big_endian_file_is_refused(void **state)
{
    struct blob file = kernel_elf(usual, 2, USUAL_ENTRY);

    (void)state;
    file.bytes[EI_DATA] = ELFDATA2MSB;
    memcpy(file.bytes + 18, "\0\xb7", 2);
    assert_refused(
        file,
        "dormouse: kernel: a big-endian ELF file; only 64-bit little-endian ones can be loaded\n");
}

static void a_file_with_nothing_to_load_is_refused(void **state)
{
    const struct kernel_segment none = {0, TEXT_AT, NULL, 0, 0};

    (void)state;
    assert_refused(kernel_elf(&none, 1, 0), "dormouse: kernel: an ELF file with nothing to load\n");
}

/* Every cut is noticed when the file is opened. */
static void a_cut_file_is_refused(void **state)
{
    struct blob whole = kernel_elf(usual, 2, USUAL_ENTRY);

    (void)state;
    for (size_t size = 0; size < whole.size; size += size < 200 ? 1 : 97) {
        struct blob cut = kernel_elf(usual, 2, USUAL_ENTRY);

        cut.size = size;
        assert_null(open_kernel(&cut));
        assert_non_null(strstr(said, size < 64 ? "not an arm64 kernel" : "truncated: "));
    }
    blob_free(&whole);
}

static void a_file_that_shrinks_meanwhile_is_reported(void **state)
{
    struct blob file = kernel_elf(usual, 2, USUAL_ENTRY);
    struct image_place place;

    (void)state;
    struct image *image = open_kernel(&file);
    assert_non_null(image);
    assert_int_equal(truncate("kernel", 5000), 0);
    assert_int_equal(load(image, &place), -ENODATA);
    assert_string_equal(said, "dormouse: kernel: truncated: 12097 bytes of 12097\n");
    image_close(image);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(segments_go_to_their_physical_addresses),
        TEST(a_second_load_gives_pristine_segments_and_leaves_the_rest),
        TEST(an_entry_point_may_be_a_physical_address),
        TEST(memory_may_be_filled_to_the_last_byte),
        TEST(segments_without_bytes_may_have_any_offset),
        TEST(vmlinux_goes_where_an_image_would),
        TEST(an_image_that_is_linked_to_memory_stays_there),
        TEST(vmlinux_beyond_memory_is_refused),
        TEST(segments_outside_of_memory_are_refused),
        TEST(segments_that_overlap_are_refused),
        TEST(a_program_for_another_processor_is_named),
        TEST(absurd_headers_are_refused),
        TEST(a_big_endian_file_is_refused),
        TEST(a_file_with_nothing_to_load_is_refused),
        TEST(a_cut_file_is_refused),
        TEST(a_file_that_shrinks_meanwhile_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
