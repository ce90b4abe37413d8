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
#include <sys/stat.h>
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
#define KERNEL_ROOM (RAM_SIZE - 2 * MIB)

#define NOT_A_KERNEL                                                                               \
    "dormouse: kernel: not an arm64 kernel (Image, Image.gz, EFI zboot, UKI or ELF); a raw "       \
    "binary needs --kernel-at\n"

/* The file is no whole number of pages, and a BSS follows. */
static const struct kernel_shape usual = {.file_size = 70001, .image_size = 128 * KIB};

static struct memory memory;
static char said[1024];

static int setup(void **state)
{
    return scratch_enter(state) || memory_create(&memory, ipa(RAM_BASE), RAM_SIZE);
}

static int teardown(void **state)
{
    memory_destroy(&memory);
    return scratch_leave(state);
}

static struct image *open_kernel(void)
{
    struct capture capture;
    struct image *image;

    capture_begin(&capture, STDERR_FILENO);
    image = image_open("kernel", 64 * MIB);
    capture_end(&capture, said, sizeof(said));
    return image;
}

static int load(struct image *image, struct image_place *place)
{
    struct capture capture;
    int error;

    capture_begin(&capture, STDERR_FILENO);
    error = image_load(image, &memory, ipa(KERNEL_BASE), place);
    capture_end(&capture, said, sizeof(said));
    return error;
}

/* Checks that the file "kernel" cannot be opened, and the message. */
static void assert_refused(const char *line)
{
    assert_null(open_kernel());
    assert_string_equal(said, line);
}

/* Checks that the file "kernel" can be opened but not loaded, and the message. */
static void assert_not_loaded(const char *line)
{
    struct image *image = open_kernel();
    struct image_place place;

    assert_string_equal(said, "");
    assert_non_null(image);
    assert_true(load(image, &place) < 0);
    assert_string_equal(said, line);
    image_close(image);
}

static void assert_zero(uint64_t start, uint64_t end)
{
    const uint8_t *bytes = memory_at(&memory, ipa(start), end - start);

    assert_non_null(bytes);
    for (uint64_t i = 0; i < end - start; i++) {
        if (bytes[i] != 0) {
            fail_msg("0x%llx is 0x%02x", (unsigned long long)(start + i), bytes[i]);
        }
    }
}

/* Loads `image` and checks every byte of RAM up to the kernel's end. */
static void assert_loads(struct image *image, const struct blob *contents, uint64_t start,
                         uint64_t end)
{
    struct image_place place = {0};

    assert_int_equal(load(image, &place), 0);
    assert_string_equal(said, "");
    assert_int_equal(place.entry.value, start);
    assert_int_equal(place.end.value, end);
    assert_memory_equal(memory_at(&memory, place.entry, contents->size), contents->bytes,
                        contents->size);
    if (end > start + contents->size) {
        assert_zero(start + contents->size, end);
    }
}

static void assert_opens_and_loads(const struct blob *contents, uint64_t start, uint64_t end)
{
    struct image *image = open_kernel();

    assert_string_equal(said, "");
    assert_non_null(image);
    assert_loads(image, contents, start, end);
    image_close(image);
}

static void write_kernel(const struct kernel_shape *shape)
{
    struct blob kernel = kernel_image(shape);

    blob_write(&kernel, "kernel");
    blob_free(&kernel);
}

/* All formats. */
static struct blob make_plain(const struct blob *kernel)
{
    struct blob copy = {malloc(kernel->size), kernel->size};

    assert_non_null(copy.bytes);
    memcpy(copy.bytes, kernel->bytes, kernel->size);
    return copy;
}

static struct blob make_zboot(const char *name, struct blob packed)
{
    struct blob file = kernel_zboot(name, &packed);

    blob_free(&packed);
    return file;
}

static struct blob make_zboot_gzip(const struct blob *kernel)
{
    return make_zboot("gzip", kernel_gzip(kernel));
}

static struct blob make_zboot_zstd(const struct blob *kernel)
{
    return make_zboot("zstd", kernel_zstd(kernel));
}

static struct blob make_zboot_zstd22(const struct blob *kernel)
{
    return make_zboot("zstd22", kernel_zstd(kernel));
}

static struct blob (*const formats[])(const struct blob *kernel) = {
    make_plain, kernel_gzip, make_zboot_gzip, make_zboot_zstd, make_zboot_zstd22,
};

enum { FORMAT_COUNT = sizeof(formats) / sizeof(formats[0]), FIRST_PACKED = 1 };

/* Makes a kernel of `shape` in format `i` the file "kernel"; returns what is to be found in RAM. */
static struct blob write_format(size_t i, const struct kernel_shape *shape, size_t *file_size)
{
    struct blob kernel = kernel_image(shape);
    struct blob file = formats[i](&kernel);

    blob_write(&file, "kernel");
    if (file_size) {
        *file_size = file.size;
    }
    blob_free(&file);
    return kernel;
}

static void write_packed(size_t i, const struct blob *kernel)
{
    struct blob file = formats[i](kernel);

    blob_write(&file, "kernel");
    blob_free(&file);
}

/* Checks the result and the message of image_check_payload() for the file "kernel". */
static int check_payload(void)
{
    struct image *image = open_kernel();
    struct capture capture;

    assert_non_null(image);
    capture_begin(&capture, STDERR_FILENO);
    int error = image_unpack(image, &memory, ipa(KERNEL_BASE));
    if (error == 0) {
        error = image_check_payload(image);
    }
    capture_end(&capture, said, sizeof(said));
    image_close(image);
    return error;
}

static void every_format_loads(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        struct blob kernel = write_format(i, &usual, NULL);

        assert_int_equal(memory_clear(&memory), 0);
        assert_opens_and_loads(&kernel, KERNEL_BASE, KERNEL_BASE + usual.image_size);
        blob_free(&kernel);
    }
}

static void every_text_offset_below_2_mib_is_honoured(void **state)
{
    uint64_t offsets[] = {16, 4096, 0x80000, 2 * MIB - 16};

    (void)state;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        for (size_t j = 0; j < sizeof(offsets) / sizeof(offsets[0]); j++) {
            struct kernel_shape shape = usual;
            struct blob kernel;

            shape.text_offset = offsets[j];
            kernel = write_format(i, &shape, NULL);
            assert_int_equal(memory_clear(&memory), 0);
            assert_opens_and_loads(&kernel, KERNEL_BASE + offsets[j],
                                   KERNEL_BASE + offsets[j] + usual.image_size);
            blob_free(&kernel);
        }
    }
}

static void an_absurd_text_offset_is_refused(void **state)
{
    struct {
        uint64_t offset;
        const char *line;
    } cases[] = {
        {2 * MIB, "dormouse: kernel: damaged: text offset 0x200000 is not below 2 MiB\n"},
        {UINT64_C(1) << 63,
         "dormouse: kernel: damaged: text offset 0x8000000000000000 is not below 2 MiB\n"},
        {-KERNEL_BASE,
         "dormouse: kernel: damaged: text offset 0xffffffffbfe00000 is not below 2 MiB\n"},
    };

    (void)state;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        for (size_t j = 0; j < sizeof(cases) / sizeof(cases[0]); j++) {
            struct kernel_shape shape = usual;
            struct blob kernel;

            shape.text_offset = cases[j].offset;
            kernel = write_format(i, &shape, NULL);
            assert_refused(cases[j].line);
            blob_free(&kernel);
        }
    }
}

/* Its text offset is then ignored, and there must be room for a BSS of unknown size. */
static void a_header_without_a_size_is_an_old_kernel(void **state)
{
    const struct kernel_shape old = {.file_size = 70001, .text_offset = UINT64_C(1) << 40};
    const uint64_t start = KERNEL_BASE + 0x80000;

    (void)state;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        struct blob kernel = write_format(i, &old, NULL);
        struct image *image = open_kernel();
        struct image_place place;

        assert_non_null(image);
        assert_int_equal(load(image, &place), 0);
        assert_int_equal(place.entry.value, start);
        assert_int_equal(place.end.value, RAM_BASE + RAM_SIZE);
        assert_memory_equal(memory_at(&memory, place.entry, kernel.size), kernel.bytes,
                            kernel.size);
        image_close(image);
        blob_free(&kernel);
    }
}

/* If the size in the header is too small, only the BSS is wrong. */
static void an_image_longer_than_its_header_says_is_loaded_whole(void **state)
{
    const struct kernel_shape liar = {.file_size = 70001, .image_size = 4096};
    struct blob kernel = write_format(0, &liar, NULL);

    (void)state;
    assert_opens_and_loads(&kernel, KERNEL_BASE, KERNEL_BASE + liar.file_size);
    blob_free(&kernel);
}

/* A stream is never unpacked beyond the size in the header, because it may be endless. */
static void a_stream_longer_than_its_header_says_is_refused(void **state)
{
    const struct kernel_shape liar = {.file_size = 70001, .image_size = 70000};

    (void)state;
    for (size_t i = FIRST_PACKED; i < FORMAT_COUNT; i++) {
        struct blob kernel = write_format(i, &liar, NULL);

        assert_not_loaded("dormouse: kernel: damaged: unpacks to more than the 70000 bytes that "
                          "its header names\n");
        blob_free(&kernel);
    }
}

/* A second load, as for a reset, no longer needs the file. */
static void a_stream_is_unpacked_once(void **state)
{
    (void)state;
    for (size_t i = FIRST_PACKED; i < FORMAT_COUNT; i++) {
        struct blob kernel = write_format(i, &usual, NULL);
        struct image *image = open_kernel();

        assert_non_null(image);
        assert_loads(image, &kernel, KERNEL_BASE, KERNEL_BASE + usual.image_size);
        assert_int_equal(truncate("kernel", 0), 0);
        assert_loads(image, &kernel, KERNEL_BASE, KERNEL_BASE + usual.image_size);
        image_close(image);
        blob_free(&kernel);
    }
}

/* The place of a kernel of known size is found without unpacking it. */
static void the_header_alone_determines_the_place(void **state)
{
    (void)state;
    for (size_t i = FIRST_PACKED; i < FORMAT_COUNT; i++) {
        struct blob kernel = write_format(i, &usual, NULL);
        struct image *image = open_kernel();
        struct image_place place;

        assert_non_null(image);
        assert_int_equal(truncate("kernel", 0), 0);
        assert_int_equal(image_find_place(image, &memory, ipa(KERNEL_BASE), &place), 0);
        assert_int_equal(place.end.value, KERNEL_BASE + usual.image_size);
        image_close(image);
        blob_free(&kernel);
    }
}

static void a_kernel_may_fill_memory_to_the_last_byte(void **state)
{
    const struct kernel_shape shape = {.file_size = 70001, .image_size = KERNEL_ROOM};

    (void)state;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        struct blob kernel = write_format(i, &shape, NULL);

        assert_opens_and_loads(&kernel, KERNEL_BASE, RAM_BASE + RAM_SIZE);
        blob_free(&kernel);
    }
}

static void a_kernel_larger_than_memory_is_refused(void **state)
{
    struct {
        uint64_t image_size;
        uint64_t text_offset;
        const char *line;
    } cases[] = {
        {KERNEL_ROOM + 1, 0,
         "dormouse: kernel: kernel needs 5 MiB at 0x40200000, guest memory has 4 MiB there; "
         "give more with --memory\n"},
        {KERNEL_ROOM, 0x80000,
         "dormouse: kernel: kernel needs 4 MiB at 0x40280000, guest memory has 3 MiB there; "
         "give more with --memory\n"},
        {UINT64_MAX, 0,
         "dormouse: kernel: kernel needs 17592186044416 MiB at 0x40200000, guest memory has 4 MiB "
         "there; give more with --memory\n"},
    };

    (void)state;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        for (size_t j = 0; j < sizeof(cases) / sizeof(cases[0]); j++) {
            struct kernel_shape shape = usual;
            struct blob kernel;

            shape.image_size = cases[j].image_size;
            shape.text_offset = cases[j].text_offset;
            kernel = write_format(i, &shape, NULL);
            assert_not_loaded(cases[j].line);
            blob_free(&kernel);
        }
    }
}

/* If the size in the header is too small, the size of the file counts. */
static void a_file_larger_than_memory_is_refused(void **state)
{
    (void)state;
    write_kernel(&(struct kernel_shape){.file_size = 70001, .image_size = 4096});
    assert_int_equal(truncate("kernel", (off_t)(KERNEL_ROOM + 1)), 0);
    assert_not_loaded("dormouse: kernel: kernel needs 5 MiB at 0x40200000, guest memory has 4 MiB "
                      "there; give more with --memory\n");
}

/* Words that only Xen has, at any place, even at the end of the file. */
static void a_hypervisor_is_refused(void **state)
{
    static const char words[] = "Xen version %d.%d%s (%s";
    const size_t places[] = {KERNEL_SECTIONS_END, 40000, usual.file_size - (sizeof(words) - 1)};

    (void)state;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        for (size_t j = 0; j < sizeof(places) / sizeof(places[0]); j++) {
            struct blob kernel = kernel_image(&usual);

            memcpy(kernel.bytes + places[j], words, sizeof(words) - 1);
            write_packed(i, &kernel);
            assert_int_equal(check_payload(), -ENOEXEC);
            assert_string_equal(said,
                                "dormouse: kernel: this is Xen, a hypervisor, which needs EL2; "
                                "a guest has EL1 only\n");
            kernel.bytes[places[j]] ^= 1;
            write_packed(i, &kernel);
            assert_int_equal(check_payload(), 0);
            assert_string_equal(said, "");
            blob_free(&kernel);
        }
    }
}

/* A kernel as large as Linux may contain any words, for example in its initramfs. */
static void a_large_kernel_is_not_searched(void **state)
{
    const struct kernel_shape large = {.file_size = 8 * MIB + 1, .image_size = 9 * MIB};
    struct blob kernel = kernel_image(&large);

    (void)state;
    memory_destroy(&memory);
    assert_int_equal(memory_create(&memory, ipa(RAM_BASE), 16 * MIB), 0);
    memcpy(kernel.bytes + 4096, "Xen version %d.%d%s (%s", 23);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        write_packed(i, &kernel);
        assert_int_equal(check_payload(), 0);
    }
    blob_free(&kernel);
}

static void memory_without_a_place_for_kernels_is_refused(void **state)
{
    const struct kernel_shape old = {.file_size = 70001};

    (void)state;
    memory_destroy(&memory);
    assert_int_equal(memory_create(&memory, ipa(RAM_BASE), 2 * MIB), 0);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        struct blob kernel = write_format(i, &usual, NULL);

        assert_not_loaded("dormouse: kernel: kernel needs 1 MiB at 0x40200000, guest memory has 0 "
                          "MiB there; give more with --memory\n");
        blob_free(&kernel);
        kernel = write_format(i, &old, NULL);
        assert_not_loaded("dormouse: kernel: kernel needs 1 MiB at 0x40280000, guest memory has 0 "
                          "MiB there; give more with --memory\n");
        blob_free(&kernel);
    }
}

/* The header has no size, and the stream is larger than all of memory. */
static void a_stream_never_runs_past_memory(void **state)
{
    const struct kernel_shape shape = {.file_size = KERNEL_ROOM + 1};

    (void)state;
    for (size_t i = FIRST_PACKED; i < FORMAT_COUNT; i++) {
        struct blob kernel = write_format(i, &shape, NULL);

        assert_not_loaded("dormouse: kernel: kernel needs more than the 3 MiB of guest memory at "
                          "0x40280000; give more with --memory\n");
        blob_free(&kernel);
    }
}

/* A stream that ends with the last byte of memory is accepted. */
static void a_stream_may_fill_memory_to_the_last_byte(void **state)
{
    const struct kernel_shape shape = {.file_size = KERNEL_ROOM, .image_size = KERNEL_ROOM};

    (void)state;
    for (size_t i = FIRST_PACKED; i < FORMAT_COUNT; i++) {
        struct blob kernel = write_format(i, &shape, NULL);

        assert_opens_and_loads(&kernel, KERNEL_BASE, RAM_BASE + RAM_SIZE);
        blob_free(&kernel);
    }
}

static void loading_again_undoes_what_the_guest_did(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        struct blob kernel = write_format(i, &usual, NULL);
        struct image *image = open_kernel();

        assert_non_null(image);
        assert_loads(image, &kernel, KERNEL_BASE, KERNEL_BASE + usual.image_size);
        memset(memory_at(&memory, ipa(KERNEL_BASE), usual.image_size), 0xee, usual.image_size);
        assert_loads(image, &kernel, KERNEL_BASE, KERNEL_BASE + usual.image_size);
        image_close(image);
        blob_free(&kernel);
    }
}

static void memory_around_the_kernel_is_left_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        struct blob kernel = write_format(i, &usual, NULL);
        uint8_t *before = memory_at(&memory, ipa(KERNEL_BASE - 1), 1);
        uint8_t *behind = memory_at(&memory, ipa(KERNEL_BASE + usual.image_size), 1);

        *before = 0x11;
        *behind = 0x22;
        assert_opens_and_loads(&kernel, KERNEL_BASE, KERNEL_BASE + usual.image_size);
        assert_int_equal(*before, 0x11);
        assert_int_equal(*behind, 0x22);
        blob_free(&kernel);
    }
}

static void a_reboot_starts_the_file_that_was_opened(void **state)
{
    struct blob kernel = kernel_image(&usual);
    struct image *image;

    (void)state;
    blob_write(&kernel, "kernel");
    image = open_kernel();
    assert_non_null(image);
    scratch_write("newer", "something else", 14);
    assert_int_equal(rename("newer", "kernel"), 0);
    assert_loads(image, &kernel, KERNEL_BASE, KERNEL_BASE + usual.image_size);
    image_close(image);
    blob_free(&kernel);
}

static void a_file_that_shrinks_meanwhile_is_reported(void **state)
{
    struct image_place place;
    struct image *image;

    (void)state;
    write_kernel(&usual);
    image = open_kernel();
    assert_non_null(image);
    assert_int_equal(truncate("kernel", 4096), 0);
    assert_true(load(image, &place) < 0);
    assert_string_equal(said, "dormouse: kernel: has shrunk below its 70001 bytes since it "
                              "was opened\n");
    image_close(image);
}

static void a_file_that_cannot_be_opened_is_named(void **state)
{
    (void)state;
    assert_refused("dormouse: cannot open kernel image kernel: No such file or directory\n");
    assert_int_equal(symlink("kernel", "kernel"), 0);
    assert_refused(
        "dormouse: cannot open kernel image kernel: Too many levels of symbolic links\n");
}

/* Neither a folder nor a FIFO; opening a FIFO must not wait. */
static void folders_and_devices_are_not_opened(void **state)
{
    (void)state;
    assert_int_equal(symlink("/dev/null", "kernel"), 0);
    assert_refused("dormouse: cannot open kernel image kernel: Not a regular file\n");
    assert_int_equal(unlink("kernel"), 0);
    assert_int_equal(symlink(".", "kernel"), 0);
    assert_refused("dormouse: cannot open kernel image kernel: Not a regular file\n");
}

static void a_file_that_is_no_kernel_is_refused(void **state)
{
    static const char dos[64] = "MZ";
    static const char text[] = "no kernel at all";
    const struct {
        const char *bytes;
        size_t size;
    } cases[] = {{"", 0}, {"M", 1}, {"\x1f", 1}, {dos, sizeof(dos)}, {text, sizeof(text)}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        scratch_write("kernel", cases[i].bytes, cases[i].size);
        assert_refused(NOT_A_KERNEL);
    }
}

static void compressed_data_must_be_a_kernel(void **state)
{
    uint8_t bytes[4096] = {0};

    (void)state;
    for (size_t i = FIRST_PACKED; i < FORMAT_COUNT; i++) {
        for (size_t size = 0; size <= sizeof(bytes); size += size < 70 ? 10 : 1342) {
            struct blob other = {bytes, size};
            struct blob file = formats[i](&other);

            blob_write(&file, "kernel");
            assert_refused(NOT_A_KERNEL);
            blob_free(&file);
        }
    }
}

/* The header of a PE file remains. */
static void one_wrong_byte_of_the_magic_is_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct blob kernel = kernel_image(&usual);

        kernel.bytes[56 + i] ^= 0x20;
        blob_write(&kernel, "kernel");
        assert_refused(
            "dormouse: kernel: an EFI program, not a kernel: it has no section .linux, as a "
            "UKI has; firmware can start it: --firmware\n");
        blob_free(&kernel);
    }
}

/* Every cut of an Image that has a section table, up to the last byte of the last section. */
static void a_cut_image_is_refused(void **state)
{
    const struct kernel_shape shape = {.file_size = 5000, .image_size = 64 * KIB};
    struct blob kernel = kernel_image(&shape);
    char line[128];

    (void)state;
    for (size_t size = 0; size < kernel.size; size++) {
        const char *expected = NOT_A_KERNEL;

        blob_write(&kernel, "kernel");
        assert_int_equal(truncate("kernel", (off_t)size), 0);
        if (size >= KERNEL_SECTIONS_END) {
            (void)snprintf(line, sizeof(line), "dormouse: kernel: truncated: %zu bytes of 5000\n",
                           size);
            expected = line;
        }
        assert_null(open_kernel());
        if (size < 64 || size >= KERNEL_SECTIONS_END) {
            assert_string_equal(said, expected);
        } else {
            assert_non_null(strstr(said, "dormouse: kernel: truncated: "));
        }
    }
    blob_free(&kernel);
}

/* The section table is optional: a bare-metal image has none. */
static void an_image_without_sections_is_fine(void **state)
{
    struct blob kernel = kernel_image(&usual);

    (void)state;
    memset(kernel.bytes, 0, 2);
    blob_write(&kernel, "kernel");
    assert_opens_and_loads(&kernel, KERNEL_BASE, KERNEL_BASE + usual.image_size);
    memcpy(kernel.bytes, "MZ", 2);
    put32(kernel.bytes + 60, UINT32_MAX);
    blob_write(&kernel, "kernel");
    assert_opens_and_loads(&kernel, KERNEL_BASE, KERNEL_BASE + usual.image_size);
    put32(kernel.bytes + 60, KERNEL_PE + 2);
    blob_write(&kernel, "kernel");
    assert_opens_and_loads(&kernel, KERNEL_BASE, KERNEL_BASE + usual.image_size);
    blob_free(&kernel);
}

static void a_hostile_section_table_is_read_within_the_file(void **state)
{
    const struct {
        uint16_t count;
        uint16_t optional_size;
        uint32_t pe;
    } cases[] = {
        {UINT16_MAX, 160, KERNEL_PE},
        {UINT16_MAX, UINT16_MAX, KERNEL_PE},
        {2, 160, 4096 - 24},
        {2, UINT16_MAX, 4096 - 24},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct blob kernel = kernel_image(&usual);

        memmove(kernel.bytes + cases[i].pe, kernel.bytes + KERNEL_PE, 24);
        put32(kernel.bytes + 60, cases[i].pe);
        put16(kernel.bytes + cases[i].pe + 6, cases[i].count);
        put16(kernel.bytes + cases[i].pe + 20, cases[i].optional_size);
        blob_write(&kernel, "kernel");
        image_close(open_kernel());
        assert_int_equal(truncate("kernel", 4096), 0);
        image_close(open_kernel());
        blob_free(&kernel);
    }
}

static void a_section_beyond_4_gib_does_not_wrap(void **state)
{
    struct blob kernel = kernel_image(&usual);

    (void)state;
    put32(kernel.bytes + KERNEL_SECTIONS + 16, UINT32_MAX);
    put32(kernel.bytes + KERNEL_SECTIONS + 20, UINT32_MAX);
    blob_write(&kernel, "kernel");
    assert_refused("dormouse: kernel: truncated: 70001 bytes of 8589934590\n");
    blob_free(&kernel);
}

/* Every cut of every compressed format is detected, by image_open() or by image_load(). */
static void a_cut_packed_kernel_is_refused(void **state)
{
    const struct kernel_shape small = {.file_size = 2000, .image_size = 64 * KIB};

    (void)state;
    for (size_t i = FIRST_PACKED; i < FORMAT_COUNT; i++) {
        size_t file_size;
        struct blob kernel = write_format(i, &small, &file_size);
        /* The size at the end of a zboot payload is not needed. */
        size_t needed = file_size - (formats[i] == kernel_gzip ? 0 : 4);

        for (size_t size = needed; size-- > 0;) {
            struct image_place place;
            struct image *image;

            assert_int_equal(truncate("kernel", (off_t)size), 0);
            image = open_kernel();
            if (image) {
                assert_true(load(image, &place) < 0);
            }
            if (!strstr(said, "dormouse: kernel: truncated: ") && strcmp(said, NOT_A_KERNEL) != 0) {
                fail_msg("%zu bytes: %s", size, said);
            }
            image_close(image);
        }
        blob_free(&kernel);
    }
}

static void a_cut_stream_says_how_far_it_went(void **state)
{
    const struct kernel_shape small = {.file_size = 2000, .image_size = 64 * KIB};
    size_t size;
    struct blob kernel = write_format(1, &small, &size);

    (void)state;
    assert_int_equal(truncate("kernel", (off_t)size - 1), 0);
    assert_not_loaded(
        "dormouse: kernel: truncated: its gzip data ends after 2000 unpacked bytes\n");
    blob_free(&kernel);
}

/* A complete stream of half a kernel: only the kernel's section table shows it. */
static void a_packed_cut_image_is_refused(void **state)
{
    (void)state;
    for (size_t i = FIRST_PACKED; i < FORMAT_COUNT; i++) {
        struct blob kernel = kernel_image(&usual);
        struct blob half = {kernel.bytes, 35000};
        struct blob file = formats[i](&half);

        blob_write(&file, "kernel");
        assert_not_loaded("dormouse: kernel: truncated: 35000 bytes of 70001\n");
        blob_free(&file);
        blob_free(&kernel);
    }
}

/* Whichever bit is flipped, either the right kernel is loaded or none. */
static void a_damaged_stream_is_refused(void **state)
{
    const struct kernel_shape small = {.file_size = 2000, .image_size = 64 * KIB};

    (void)state;
    for (size_t i = FIRST_PACKED; i < FORMAT_COUNT; i++) {
        struct blob kernel = kernel_image(&small);
        struct blob file = formats[i](&kernel);
        size_t start = formats[i] == kernel_gzip ? 0 : KERNEL_ZBOOT_PAYLOAD;

        for (size_t bit = start * 8; bit < file.size * 8; bit += 3) {
            struct image_place place;
            struct image *image;

            file.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            blob_write(&file, "kernel");
            file.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            image = open_kernel();
            if (image && load(image, &place) == 0) {
                assert_memory_equal(memory_at(&memory, place.entry, kernel.size), kernel.bytes,
                                    kernel.size);
            } else {
                assert_non_null(strstr(said, "dormouse: kernel: "));
            }
            image_close(image);
        }
        blob_free(&file);
        blob_free(&kernel);
    }
}

static void damage_is_reported(void **state)
{
    size_t size;
    struct blob kernel = write_format(1, &usual, &size);
    int fd = open("kernel", O_WRONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(pwrite(fd, "\0\0\0\0", 4, (off_t)size - 8), 4);
    close(fd);
    assert_not_loaded("dormouse: kernel: damaged: its gzip data cannot be unpacked: incorrect data "
                      "check\n");
    blob_free(&kernel);
}

static void a_zboot_payload_must_lie_in_the_file(void **state)
{
    const struct {
        uint32_t offset;
        uint32_t size;
        const char *line;
    } cases[] = {
        {KERNEL_ZBOOT_PAYLOAD, 1000000, "dormouse: kernel: truncated: 1024 bytes of 1000512\n"},
        {1024, 1, "dormouse: kernel: truncated: 1024 bytes of 1025\n"},
        {UINT32_MAX, 1, "dormouse: kernel: truncated: 1024 bytes of 4294967296\n"},
        {UINT32_MAX, UINT32_MAX, "dormouse: kernel: truncated: 1024 bytes of 8589934590\n"},
        {512, UINT32_MAX - 511, "dormouse: kernel: truncated: 1024 bytes of 4294967296\n"},
        {1024, 0, "dormouse: kernel: truncated: its gzip data ends after 0 unpacked bytes\n"},
        {0, 1024,
         "dormouse: kernel: damaged: its gzip data cannot be unpacked: incorrect header check\n"},
    };
    uint8_t bytes[508] = {0};
    struct blob packed = {bytes, sizeof(bytes)};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct blob file = kernel_zboot("gzip", &packed);

        put32(file.bytes + 8, cases[i].offset);
        put32(file.bytes + 12, cases[i].size);
        blob_write(&file, "kernel");
        assert_refused(cases[i].line);
        blob_free(&file);
    }
}

static void an_unknown_compression_is_named(void **state)
{
    const struct {
        const char *name;
        const char *shown;
    } cases[] = {
        {"lzma", "lzma"},
        {"xzkern", "xzkern"},
        {"GZIP", "GZIP"},
        {"gzip2", "gzip2"},
        {"", "an unnamed method"},
        {"a\nb\x1b[31mc\xff", "a?b?[31mc?"},
        {"0123456789abcdef0123456789abcdef!", "0123456789abcdef0123456789abcdef"},
    };
    struct blob empty = {0};
    char line[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct blob file = kernel_zboot(cases[i].name, &empty);

        (void)snprintf(line, sizeof(line),
                       "dormouse: kernel: kernel is compressed with %s, which dormouse cannot "
                       "unpack; gzip and zstd work\n",
                       cases[i].shown);
        blob_write(&file, "kernel");
        assert_refused(line);
        blob_free(&file);
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_format_loads),
        TEST(every_text_offset_below_2_mib_is_honoured),
        TEST(an_absurd_text_offset_is_refused),
        TEST(a_header_without_a_size_is_an_old_kernel),
        TEST(an_image_longer_than_its_header_says_is_loaded_whole),
        TEST(a_stream_longer_than_its_header_says_is_refused),
        TEST(a_stream_is_unpacked_once),
        TEST(the_header_alone_determines_the_place),
        TEST(a_kernel_may_fill_memory_to_the_last_byte),
        TEST(a_kernel_larger_than_memory_is_refused),
        TEST(a_file_larger_than_memory_is_refused),
        TEST(a_hypervisor_is_refused),
        TEST(a_large_kernel_is_not_searched),
        TEST(memory_without_a_place_for_kernels_is_refused),
        TEST(a_stream_never_runs_past_memory),
        TEST(a_stream_may_fill_memory_to_the_last_byte),
        TEST(loading_again_undoes_what_the_guest_did),
        TEST(memory_around_the_kernel_is_left_alone),
        TEST(a_reboot_starts_the_file_that_was_opened),
        TEST(a_file_that_shrinks_meanwhile_is_reported),
        TEST(a_file_that_cannot_be_opened_is_named),
        TEST(folders_and_devices_are_not_opened),
        TEST(a_file_that_is_no_kernel_is_refused),
        TEST(compressed_data_must_be_a_kernel),
        TEST(one_wrong_byte_of_the_magic_is_enough),
        TEST(a_cut_image_is_refused),
        TEST(an_image_without_sections_is_fine),
        TEST(a_hostile_section_table_is_read_within_the_file),
        TEST(a_section_beyond_4_gib_does_not_wrap),
        TEST(a_cut_packed_kernel_is_refused),
        TEST(a_cut_stream_says_how_far_it_went),
        TEST(a_packed_cut_image_is_refused),
        TEST(a_damaged_stream_is_refused),
        TEST(damage_is_reported),
        TEST(a_zboot_payload_must_lie_in_the_file),
        TEST(an_unknown_compression_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
