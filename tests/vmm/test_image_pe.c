/* SPDX-License-Identifier: BSD-2-Clause */
/* UKIs; the PE header of an Image is tested by test_image.c. */
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

static const struct kernel_shape shape = {.file_size = 70001, .image_size = 128 * KIB};

static struct memory memory;
static char said[1024];
static struct blob kernel;

static int setup(void **state)
{
    kernel = kernel_image(&shape);
    return scratch_enter(state) || memory_create(&memory, ipa(RAM_BASE), RAM_SIZE);
}

static int teardown(void **state)
{
    blob_free(&kernel);
    memory_destroy(&memory);
    return scratch_leave(state);
}

static struct image *open_file(struct blob *file)
{
    struct capture capture;

    blob_write(file, "uki");
    blob_free(file);
    capture_begin(&capture, STDERR_FILENO);
    struct image *image = image_open("uki", MIB);
    capture_end(&capture, said, sizeof(said));
    return image;
}

static struct image *open_uki(const struct kernel_section *sections, size_t count)
{
    struct blob file = kernel_pe(sections, count);

    return open_file(&file);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(string) (string), sizeof(string) - 1

static void assert_refused(struct blob file, const char *line)
{
    assert_null(open_file(&file));
    assert_string_equal(said, line);
}

static void assert_part(const struct image *image, struct image_part part, const void *bytes,
                        size_t size)
{
    FILE *file = scratch_open("uki", "re");
    uint8_t *got = malloc(size);

    (void)image;
    assert_non_null(got);
    assert_int_equal(part.size, size);
    assert_int_equal(fseek(file, (long)part.offset, SEEK_SET), 0);
    assert_int_equal(fread(got, 1, size, file), size);
    assert_memory_equal(got, bytes, size);
    assert_int_equal(fclose(file), 0);
    free(got);
}

static void assert_kernel_loads(struct image *image)
{
    struct image_place place;

    assert_string_equal(said, "");
    assert_non_null(image);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(image_load(image, &memory, ipa(KERNEL_BASE), &place), 0);
        assert_int_equal(place.entry.value, KERNEL_BASE);
        assert_int_equal(place.end.value, KERNEL_BASE + shape.image_size);
        assert_false(place.tree_below);
        uint8_t *got = memory_at(&memory, place.start, shape.image_size);
        assert_memory_equal(got, kernel.bytes, kernel.size);
        for (size_t j = kernel.size; j < shape.image_size; j++) {
            assert_int_equal(got[j], 0);
        }
        memset(got, 0xee, shape.image_size);
    }
}

static void kernel_initrd_and_command_line_are_found(void **state)
{
    const struct kernel_section sections[] = {
        {".text", TEXT("stub")},
        {".osrel", TEXT("ID=debian\n")},
        {".cmdline", TEXT("console=ttyAMA0 root=/dev/vda1\n")},
        {".dtb", TEXT("another machine's")},
        {".initrd", TEXT("an initrd of no whole number of 512 bytes")},
        {".linux", kernel.bytes, kernel.size},
    };
    int fd;

    (void)state;
    struct image *image = open_uki(sections, COUNT(sections));
    assert_kernel_loads(image);
    assert_string_equal(image_command_line(image), "console=ttyAMA0 root=/dev/vda1");
    assert_part(image, image_initrd(image, &fd), sections[4].bytes, sections[4].size);
    assert_true(fd >= 0);
    image_close(image);
}

static void a_kernel_alone_is_enough(void **state)
{
    const struct kernel_section section = {".linux", kernel.bytes, kernel.size};
    int fd;

    (void)state;
    struct image *image = open_uki(&section, 1);
    assert_kernel_loads(image);
    assert_null(image_command_line(image));
    assert_int_equal(image_initrd(image, &fd).size, 0);
    image_close(image);
}

static void the_kernel_may_be_a_zboot_file(void **state)
{
    struct blob packed = kernel_zstd(&kernel);
    struct blob zboot = kernel_zboot("zstd22", &packed);
    const struct kernel_section sections[] = {{".text", TEXT("stub")},
                                              {".linux", zboot.bytes, zboot.size}};

    (void)state;
    struct image *image = open_uki(sections, 2);
    assert_kernel_loads(image);
    image_close(image);
    put32(zboot.bytes + 12, (uint32_t)(zboot.size - KERNEL_ZBOOT_PAYLOAD + 1));
    assert_null(open_uki(sections, 2));
    assert_non_null(strstr(said, "dormouse: uki: truncated: "));
    blob_free(&zboot);
    blob_free(&packed);
}

static void a_section_without_a_size_in_memory_has_that_in_the_file(void **state)
{
    const struct kernel_section section = {".linux", kernel.bytes, kernel.size};
    struct blob file = kernel_pe(&section, 1);

    (void)state;
    put32(file.bytes + KERNEL_PE_SECTIONS + 8, 0);
    struct image *image = open_file(&file);
    assert_kernel_loads(image);
    image_close(image);
}

static void other_kernels_are_refused(void **state)
{
    struct blob packed = kernel_gzip(&kernel);
    const struct kernel_section sections[] = {
        {".linux", packed.bytes, packed.size},
        {".linux", TEXT("MZ no Image")},
        {".linux", kernel.bytes, 63},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(sections); i++) {
        assert_null(open_uki(&sections[i], 1));
        assert_string_equal(
            said,
            "dormouse: uki: not an arm64 kernel (Image, Image.gz, EFI zboot, UKI or ELF); a raw "
            "binary needs --kernel-at\n");
    }
    blob_free(&packed);
}

/* The Image's own PE header says how long it is. */
static void a_cut_kernel_is_refused(void **state)
{
    const struct kernel_section section = {".linux", kernel.bytes, kernel.size - 1};

    (void)state;
    assert_null(open_uki(&section, 1));
    assert_string_equal(said, "dormouse: uki: truncated: 70000 bytes of 70001\n");
}

static void the_first_profile_is_taken(void **state)
{
    const struct kernel_section sections[] = {
        {".linux", kernel.bytes, kernel.size}, {".cmdline", TEXT("of all")},
        {".initrd", TEXT("of all")},           {".initrd", TEXT("once more")},
        {".profile", TEXT("ID=main")},         {".cmdline", TEXT("of the first")},
        {".cmdline", TEXT("again")},           {".profile", TEXT("ID=other")},
        {".cmdline", TEXT("of the second")},   {".initrd", TEXT("of the second")},
    };
    int fd;

    (void)state;
    struct image *image = open_uki(sections, COUNT(sections));
    assert_kernel_loads(image);
    assert_string_equal(image_command_line(image), "of the first");
    assert_part(image, image_initrd(image, &fd), TEXT("of all"));
    image_close(image);
}

static void command_lines_are_cleaned(void **state)
{
    static char longest[(64 << 10) + 1];
    const struct {
        struct kernel_section section;
        const char *line;
    } rows[] = {
        {{".cmdline", TEXT("a\nb\tc\x7f\n\n")}, "a b c"},
        {{".cmdline", TEXT("a\0b")}, "a"},
        {{".cmdline", TEXT("\0")}, ""},
        {{".cmdline", TEXT(" \n ")}, ""},
        {{".cmdline", longest, 64 << 10}, longest},
    };

    (void)state;
    memset(longest, 'x', 64 << 10);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct kernel_section sections[] = {rows[i].section,
                                                  {".linux", kernel.bytes, kernel.size}};

        struct image *image = open_uki(sections, 2);
        assert_non_null(image);
        assert_string_equal(image_command_line(image), rows[i].line);
        image_close(image);
    }
    const struct kernel_section sections[] = {{".cmdline", longest, sizeof(longest)},
                                              {".linux", kernel.bytes, kernel.size}};
    assert_refused(kernel_pe(sections, 2),
                   "dormouse: uki: damaged: its section .cmdline has 64 KiB\n");
}

static void an_efi_program_is_no_kernel(void **state)
{
    const struct kernel_section section = {".linuxes", TEXT("x")};

    (void)state;
    assert_refused(kernel_pe(&section, 1), "dormouse: uki: an EFI program, not a kernel: it has no "
                                           "section .linux, as a UKI has; firmware can "
                                           "start it: --firmware\n");
}

/* One field, and what is said of it. */
static void absurd_headers_are_refused(void **state)
{
    const struct kernel_section sections[] = {{".initrd", TEXT("i")},
                                              {".linux", kernel.bytes, kernel.size}};
    static const struct {
        size_t offset;
        int size;
        uint32_t value;
        const char *line;
    } rows[] = {
        {60, 4, 0,
         "not an arm64 kernel (Image, Image.gz, EFI zboot, UKI or ELF); a raw binary needs "
         "--kernel-at"},
        {60, 4, 71168 - 23,
         "not an arm64 kernel (Image, Image.gz, EFI zboot, UKI or ELF); a raw binary needs "
         "--kernel-at"},
        {60, 4, UINT32_MAX,
         "not an arm64 kernel (Image, Image.gz, EFI zboot, UKI or ELF); a raw binary needs "
         "--kernel-at"},
        {KERNEL_PE_START + 4, 2, 0x8664,
         "an EFI program for another processor (machine 0x8664), not arm64"},
        {KERNEL_PE_START + 6, 2, 1025, "damaged: its PE header names 1025 sections"},
        {KERNEL_PE_START + 6, 2, 0,
         "an EFI program, not a kernel: it has no section .linux, as a UKI has; firmware can start "
         "it: --firmware"},
        {KERNEL_PE_SECTIONS + 20, 4, UINT32_MAX, "truncated: 71168 bytes of 4294967296"},
        {KERNEL_PE_SECTIONS + 40 + 16, 4, 0,
         "an EFI program, not a kernel: it has no section .linux, as a UKI has; firmware can start "
         "it: --firmware"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct blob file = kernel_pe(sections, 2);
        char line[256];

        assert_int_equal(file.size, 71168);
        memcpy(file.bytes + rows[i].offset, &rows[i].value, (size_t)rows[i].size);
        snprintf(line, sizeof(line), "dormouse: uki: %s\n", rows[i].line);
        assert_refused(file, line);
    }
}

static void a_cut_file_is_refused(void **state)
{
    const struct kernel_section sections[] = {{".initrd", TEXT("i")},
                                              {".linux", kernel.bytes, kernel.size}};

    (void)state;
    for (size_t cut = 500; cut < 70800; cut += 511) {
        struct blob file = kernel_pe(sections, 2);

        file.size -= cut;
        assert_null(open_file(&file));
        assert_non_null(strstr(said, "truncated: "));
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(kernel_initrd_and_command_line_are_found),
        TEST(a_kernel_alone_is_enough),
        TEST(the_kernel_may_be_a_zboot_file),
        TEST(a_section_without_a_size_in_memory_has_that_in_the_file),
        TEST(other_kernels_are_refused),
        TEST(a_cut_kernel_is_refused),
        TEST(the_first_profile_is_taken),
        TEST(command_lines_are_cleaned),
        TEST(an_efi_program_is_no_kernel),
        TEST(absurd_headers_are_refused),
        TEST(a_cut_file_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
