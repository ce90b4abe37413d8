/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "boot/unpack.h"
#include "kernels.h"
#include "scratch.h"

/* More than one chunk of input, packed or not. */
enum { PLAIN_SIZE = 3 << 20 };

static const struct kernel_shape shape = {.file_size = PLAIN_SIZE};

static const struct packing {
    const char *name;
    struct blob (*pack)(const struct blob *plain);
    unpack_fn *unpack;
} packings[] = {
    {"gzip", kernel_gzip, unpack_gzip},
    {"zstd", kernel_zstd, unpack_zstd},
};

enum { PACKING_COUNT = sizeof(packings) / sizeof(packings[0]) };

static struct blob plain;
static uint8_t *output;

static int setup(void **state)
{
    output = malloc(PLAIN_SIZE + 2);
    plain = kernel_image(&shape);
    return !output || scratch_enter(state);
}

static int teardown(void **state)
{
    free(output);
    blob_free(&plain);
    return scratch_leave(state);
}

/* Unpacks the part of file "packed" that starts at `offset`. Up to PLAIN_SIZE + 1 bytes. */
static struct unpack_result unpack(const struct packing *packing, uint64_t offset, uint64_t size,
                                   uint64_t capacity)
{
    struct unpack_input input = {open("packed", O_RDONLY | O_CLOEXEC), offset, size};
    struct unpack_result result;

    assert_true(input.fd >= 0);
    output[capacity] = 0x5a;
    packing->unpack(&input, output, capacity, &result);
    assert_int_equal(output[capacity], 0x5a);
    close(input.fd);
    return result;
}

static void write_packed(const struct packing *packing, size_t *size)
{
    struct blob packed = packing->pack(&plain);

    blob_write(&packed, "packed");
    *size = packed.size;
    blob_free(&packed);
}

static void a_stream_that_just_fits_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        struct unpack_result result;
        size_t size;

        write_packed(&packings[i], &size);
        result = unpack(&packings[i], 0, size, PLAIN_SIZE);
        assert_int_equal(result.status, UNPACK_DONE);
        assert_int_equal(result.produced, PLAIN_SIZE);
        assert_memory_equal(output, plain.bytes, PLAIN_SIZE);
    }
}

static void full_output_differs_from_complete_output(void **state)
{
    uint64_t capacities[] = {1, 64, 4096, PLAIN_SIZE - 1};

    (void)state;
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        size_t size;

        write_packed(&packings[i], &size);
        for (size_t j = 0; j < sizeof(capacities) / sizeof(capacities[0]); j++) {
            struct unpack_result result = unpack(&packings[i], 0, size, capacities[j]);

            assert_int_equal(result.status, UNPACK_FULL);
            assert_int_equal(result.produced, capacities[j]);
            assert_memory_equal(output, plain.bytes, capacities[j]);
        }
    }
}

/* Both formats end with a checksum. Without it the output is complete, but the stream is not. */
static void a_cut_stream_is_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        size_t size;

        write_packed(&packings[i], &size);
        for (size_t cut = 1; cut <= size; cut += cut < 16 ? 1 : size / 13) {
            struct unpack_result result = unpack(&packings[i], 0, size - cut, PLAIN_SIZE + 1);

            assert_int_equal(result.status, UNPACK_TRUNCATED);
            assert_memory_equal(output, plain.bytes, result.produced);
        }
    }
}

static void a_file_that_ends_early_is_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        struct unpack_result result;
        size_t size;

        write_packed(&packings[i], &size);
        assert_int_equal(truncate("packed", (off_t)size / 2), 0);
        result = unpack(&packings[i], 0, size, PLAIN_SIZE + 1);
        assert_int_equal(result.status, UNPACK_TRUNCATED);
        result = unpack(&packings[i], UINT32_MAX, UINT32_MAX, PLAIN_SIZE + 1);
        assert_int_equal(result.status, UNPACK_TRUNCATED);
        assert_int_equal(result.produced, 0);
    }
}

static void a_wrong_checksum_is_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        struct blob packed = packings[i].pack(&plain);
        /* In gzip the checksum is before the size. */
        size_t checksum = packed.size - (packings[i].unpack == unpack_gzip ? 8 : 4);
        struct unpack_result result;

        packed.bytes[checksum] ^= 1;
        blob_write(&packed, "packed");
        result = unpack(&packings[i], 0, packed.size, PLAIN_SIZE + 1);
        assert_int_equal(result.status, UNPACK_DAMAGED);
        assert_true(strlen(result.reason) > 0);
        blob_free(&packed);
    }
}

static void data_that_is_no_stream_is_damage(void **state)
{
    (void)state;
    blob_write(&plain, "packed");
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        struct unpack_result result = unpack(&packings[i], 0, PLAIN_SIZE, PLAIN_SIZE);

        assert_int_equal(result.status, UNPACK_DAMAGED);
        assert_int_equal(result.produced, 0);
        assert_true(strlen(result.reason) > 0);
    }
}

/* The same compression, but neither gzip's header nor its checksum. */
static void a_zlib_stream_is_no_gzip_stream(void **state)
{
    uint8_t packed[256];
    uLongf size = sizeof(packed);
    struct unpack_result result;

    (void)state;
    assert_int_equal(compress(packed, &size, plain.bytes, 100), Z_OK);
    scratch_write("packed", packed, size);
    result = unpack(&packings[0], 0, size, PLAIN_SIZE);
    assert_int_equal(result.status, UNPACK_DAMAGED);
}

static void bytes_after_the_stream_are_ignored(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        struct blob packed = packings[i].pack(&plain);
        struct blob file = kernel_zboot("", &packed);
        struct unpack_result result;

        blob_write(&file, "packed");
        result = unpack(&packings[i], KERNEL_ZBOOT_PAYLOAD, packed.size + 4, PLAIN_SIZE + 1);
        assert_int_equal(result.status, UNPACK_DONE);
        assert_int_equal(result.produced, PLAIN_SIZE);
        assert_memory_equal(output, plain.bytes, PLAIN_SIZE);
        blob_free(&packed);
        blob_free(&file);
    }
}

static void a_read_error_is_not_damage(void **state)
{
    struct unpack_input folder = {open(".", O_RDONLY | O_CLOEXEC), 0, 100};

    (void)state;
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        struct unpack_result result;

        packings[i].unpack(&folder, output, PLAIN_SIZE, &result);
        assert_int_equal(result.status, UNPACK_FAILED);
        assert_string_equal(result.reason, "Is a directory");
    }
    close(folder.fd);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stream_that_just_fits_is_complete), TEST(full_output_differs_from_complete_output),
        TEST(a_cut_stream_is_truncated),           TEST(a_file_that_ends_early_is_truncated),
        TEST(a_wrong_checksum_is_damage),          TEST(data_that_is_no_stream_is_damage),
        TEST(a_zlib_stream_is_no_gzip_stream),     TEST(bytes_after_the_stream_are_ignored),
        TEST(a_read_error_is_not_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
