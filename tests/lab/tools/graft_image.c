/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * graft_image IMAGE OWN
 *
 * Puts into the image of a VM what belongs to the host and not to the VM, from OWN, an image that this host has just saved
 * with as many vCPUs: the registers of the processor and of KVM's services, the counter's frequency, and the parts of the
 * interrupt controller that say what it is. So an image of any host can be restored on this one; what is left is the VM.
 *
 * Written from docs/image-format.md; it shares no code with dormouse.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum {
    HEADER_SIZE = 4096,
    HEADER_SECTIONS = 20,
    HEADER_FILE_SIZE = 24,
    HEADER_TABLE = 32,
    HEADER_TABLE_SUM = 88,
    HEADER_SUM = HEADER_SIZE - 4,
    ROW_SIZE = 32,
    ROW_INSTANCE = 4,
    ROW_SUM = 12,
    ROW_OFFSET = 16,
    ROW_LENGTH = 24,
    TAIL_MAX = 1 << 20,
    TIME_FREQUENCY = 8, /* in TIMR */
    REGISTER_SIZE = 16,
};

struct image {
    FILE *file;
    uint8_t header[HEADER_SIZE];
    uint8_t tail[TAIL_MAX]; /* the table and the sections */
    uint64_t table;         /* where that is in the file */
    uint32_t sections;
};

__attribute__((noreturn)) static void fail(const char *what)
{
    fprintf(stderr, "graft_image: %s\n", what);
    exit(1);
}

static void demand(bool condition, const char *what)
{
    if (!condition) {
        fail(what);
    }
}

static uint64_t get(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = size; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

static void put(uint8_t *bytes, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

static void put_sum(uint8_t *bytes, const uint8_t *of, uint64_t size)
{
    put(bytes, crc32(0, of, (uInt)size), 4);
}

static void image_read(struct image *image, const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);

    demand(file != NULL, path);
    demand(fread(image->header, 1, HEADER_SIZE, file) == HEADER_SIZE, "no header");
    demand(memcmp(image->header, "DORMOUSE", 8) == 0 && get(image->header + 8, 4) == 1,
           "no image of version 1");
    image->table = get(image->header + HEADER_TABLE, 8);
    image->sections = (uint32_t)get(image->header + HEADER_SECTIONS, 4);
    uint64_t size = get(image->header + HEADER_FILE_SIZE, 8) - image->table;
    demand(size <= TAIL_MAX && fseek(file, (long)image->table, SEEK_SET) == 0 &&
               fread(image->tail, 1, size, file) == size,
           "no sections");
    image->file = file;
}

static uint8_t *image_row(struct image *image, uint32_t index)
{
    return image->tail + (size_t)index * ROW_SIZE;
}

static uint8_t *row_body(struct image *image, const uint8_t *row)
{
    return image->tail + (get(row + ROW_OFFSET, 8) - image->table);
}

/* The row of that tag and instance, which has to be there. */
static uint8_t *image_find(struct image *image, const uint8_t *key)
{
    for (uint32_t i = 0; i < image->sections; i++) {
        if (memcmp(image_row(image, i), key, ROW_INSTANCE + 4) == 0) {
            return image_row(image, i);
        }
    }
    fail("the other image lacks a section");
}

/* A list of registers: the value of one, or NULL. */
static uint8_t *list_find(uint8_t *list, uint64_t name)
{
    for (uint64_t i = 0; i < get(list, 4); i++) {
        uint8_t *at = list + 4 + i * REGISTER_SIZE;

        if (get(at, 8) == name) {
            return at + 8;
        }
    }
    return NULL;
}

/* What a register has of the host; the bits of `own` are the guest's. */
static const struct host_register {
    const char *tag;
    uint64_t name;
    uint64_t own;
} host_registers[] = {
    {"GICD", 0x0008, 0},                             /* GICD_IIDR */
    {"ITS_", 0x0004, 0},                             /* GITS_IIDR */
    {"ICCR", 3 << 14 | 12 << 7 | 12 << 3 | 4, 0x43}, /* ICC_CTLR_EL1: but CBPR, EOImode, PMHE */
};

static void graft_registers(const char *tag, uint8_t *body, uint8_t *other)
{
    for (size_t i = 0; i < sizeof(host_registers) / sizeof(host_registers[0]); i++) {
        const struct host_register *one = &host_registers[i];
        uint8_t *value = list_find(body, one->name);
        const uint8_t *host = list_find(other, one->name);

        if (memcmp(tag, one->tag, 4) == 0 && value != NULL && host != NULL) {
            put(value, (get(value, 8) & one->own) | (get(host, 8) & ~one->own), 8);
        }
    }
}

static bool is(const uint8_t *row, const char *tag)
{
    return memcmp(row, tag, 4) == 0;
}

static bool is_hosts(const uint8_t *row)
{
    return is(row, "IDRG") || is(row, "FWRG");
}

static bool is_mixed(const uint8_t *row)
{
    return is(row, "GICD") || is(row, "ITS_") || is(row, "ICCR");
}

/* Appends a section to the new tail, from the image or from the other one. */
static void graft_section(struct image *image, struct image *own, uint8_t *row, uint8_t *tail,
                          uint64_t *size)
{
    uint8_t *body = row_body(image, row);
    uint8_t *body_size = row + ROW_LENGTH;
    uint64_t at = (*size + 7) & ~UINT64_C(7);

    if (is_hosts(row) || is_mixed(row) || is(row, "TIMR")) {
        uint8_t *other = image_find(own, row);

        if (is_hosts(row)) {
            memcpy(body_size, other + ROW_LENGTH, 8);
            body = row_body(own, other);
        } else if (is_mixed(row)) {
            graft_registers((const char *)row, body, row_body(own, other));
        } else {
            memcpy(body + TIME_FREQUENCY, row_body(own, other) + TIME_FREQUENCY, 8);
        }
    }
    uint64_t length = get(body_size, 8);
    demand(at + length <= TAIL_MAX, "too many sections");
    memcpy(tail + at, body, length);
    put(row + ROW_OFFSET, image->table + at, 8);
    put_sum(row + ROW_SUM, body, length);
    *size = at + length;
}

static void image_write(struct image *image, const uint8_t *tail, uint64_t size)
{
    put(image->header + HEADER_FILE_SIZE, image->table + size, 8);
    put_sum(image->header + HEADER_TABLE_SUM, tail, (uint64_t)image->sections * ROW_SIZE);
    put_sum(image->header + HEADER_SUM, image->header, HEADER_SUM);
    demand(fseek(image->file, 0, SEEK_SET) == 0 &&
               fwrite(image->header, 1, HEADER_SIZE, image->file) == HEADER_SIZE &&
               fseek(image->file, (long)image->table, SEEK_SET) == 0 &&
               fwrite(tail, 1, size, image->file) == size && fflush(image->file) == 0 &&
               ftruncate(fileno(image->file), (off_t)(image->table + size)) == 0,
           "cannot write the image");
}

int main(int argc, char **argv)
{
    static struct image image;
    static struct image own;
    static uint8_t rows[TAIL_MAX];
    static uint8_t tail[TAIL_MAX];

    demand(argc == 3, "two images are needed");
    image_read(&image, argv[1], "r+");
    image_read(&own, argv[2], "r");
    uint64_t size = (uint64_t)image.sections * ROW_SIZE;
    memcpy(rows, image.tail, size);
    for (uint32_t i = 0; i < image.sections; i++) {
        graft_section(&image, &own, rows + (size_t)i * ROW_SIZE, tail, &size);
    }
    memcpy(tail, rows, (size_t)image.sections * ROW_SIZE);
    image_write(&image, tail, size);
    fclose(own.file);
    return fclose(image.file) == 0 ? 0 : 1;
}
