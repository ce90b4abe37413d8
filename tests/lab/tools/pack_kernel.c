/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pack_kernel gzip|zboot-gzip|zboot-zstd IMAGE OUTPUT
 * pack_kernel elf|vmlinux IMAGE OUTPUT
 * pack_kernel uki IMAGE OUTPUT INITRD CMDLINE
 *
 * Packs a kernel Image the way Linux's own build does: as Image.gz, or as an EFI zboot file. Or wraps it: into an ELF
 * file for a place in RAM, into one with the virtual addresses of Linux's vmlinux, or into a UKI without a stub.
 */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

struct bytes {
    uint8_t *data;
    size_t size;
};

static void die(const char *what)
{
    fprintf(stderr, "pack_kernel: %s\n", what);
    exit(1);
}

static void *get(size_t size)
{
    void *memory = malloc(size);

    if (memory == NULL) {
        die("out of memory");
    }
    return memory;
}

static struct bytes read_file(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        die(path);
    }
    long size = ftell(file);
    if (size < 0) {
        die(path);
    }
    struct bytes bytes = {get((size_t)size), (size_t)size};
    if (fseek(file, 0, SEEK_SET) != 0 || fread(bytes.data, 1, bytes.size, file) != bytes.size) {
        die(path);
    }
    fclose(file);
    return bytes;
}

/* Fastest level, because only the format matters, and this may run on an emulated machine. */
static struct bytes pack_gzip(struct bytes image)
{
    enum { GZIP_WRAPPER = 16, WINDOW_BITS = 15, MEMORY_LEVEL = 8 };
    z_stream stream = {.next_in = image.data, .avail_in = (uInt)image.size};

    if (deflateInit2(&stream, 1, Z_DEFLATED, WINDOW_BITS + GZIP_WRAPPER, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        die("zlib");
    }
    size_t room = deflateBound(&stream, image.size);
    struct bytes packed = {get(room), 0};
    stream.next_out = packed.data;
    stream.avail_out = (uInt)room;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) {
        die("zlib");
    }
    packed.size = stream.total_out;
    deflateEnd(&stream);
    return packed;
}

static struct bytes pack_zstd(struct bytes image)
{
    size_t room = ZSTD_compressBound(image.size);
    struct bytes packed = {get(room), 0};

    packed.size = ZSTD_compress(packed.data, room, image.data, image.size, 1);
    if (ZSTD_isError(packed.size)) {
        die("zstd");
    }
    return packed;
}

static void put32(uint8_t *at, size_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

/* Text in a header ends at the zeros after it. */
static void put_text(uint8_t *at, const char *text)
{
    for (; *text != '\0'; text++) {
        *at++ = (uint8_t)*text;
    }
}

/*
 * The header of drivers/firmware/efi/libstub: "MZ", "zimg", the payload's place, its compression.
 */
static void write_zboot_header(FILE *out, const char *compression, size_t payload, size_t size)
{
    uint8_t header[512] = {0};

    put_text(header, "MZ");
    put_text(header + 4, "zimg");
    put32(header + 8, payload);
    put32(header + 12, size);
    put_text(header + 24, compression);
    if (fwrite(header, 1, payload, out) != payload) {
        die("cannot write");
    }
}

static void put(FILE *out, const void *data, size_t size)
{
    if (fwrite(data, 1, size, out) != size) {
        die("cannot write");
    }
}

static void pad(FILE *out, size_t unit)
{
    while (ftell(out) % (long)unit != 0) {
        put(out, "", 1);
    }
}

static void write_compressed(FILE *out, const char *form, struct bytes image)
{
    int is_zstd = strcmp(form, "zboot-zstd") == 0;
    int is_zboot = strncmp(form, "zboot-", 6) == 0;
    struct bytes packed = is_zstd ? pack_zstd(image) : pack_gzip(image);
    uint8_t size_behind[4];

    if (is_zboot) {
        write_zboot_header(out, is_zstd ? "zstd" : "gzip", 512, packed.size);
    }
    put32(size_behind, image.size);
    put(out, packed.data, packed.size);
    if (is_zboot) {
        put(out, size_behind, 4);
    }
    free(packed.data);
}

/* One segment, of the size that the Image's header tells. This runs on little-endian machines only. */
static void write_elf(FILE *out, struct bytes image, uint64_t virtual, uint64_t physical)
{
    enum { OFFSET = 4096, IMAGE_SIZE = 16 };
    Elf64_Ehdr header = {
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_AARCH64,
        .e_version = EV_CURRENT,
        .e_entry = virtual,
        .e_phoff = sizeof(header),
        .e_ehsize = sizeof(header),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 1,
    };
    Elf64_Phdr segment = {
        .p_type = PT_LOAD,
        .p_flags = PF_R | PF_W | PF_X,
        .p_offset = OFFSET,
        .p_vaddr = virtual,
        .p_paddr = physical,
        .p_filesz = image.size,
        .p_align = OFFSET,
    };

    memcpy(&segment.p_memsz, image.data + IMAGE_SIZE, sizeof(segment.p_memsz));
    put(out, &header, sizeof(header));
    put(out, &segment, sizeof(segment));
    pad(out, OFFSET);
    put(out, image.data, image.size);
}

static size_t section_end(size_t offset, size_t size)
{
    enum { FILE_ALIGNMENT = 512 };

    return (offset + size + FILE_ALIGNMENT - 1) / FILE_ALIGNMENT * FILE_ALIGNMENT;
}

/* A PE header for arm64 with three sections, as ukify makes them. */
static void write_uki(FILE *out, struct bytes image, struct bytes initrd, const char *line)
{
    enum { PE = 64, TABLE = PE + 24, SECTION = 40, FIRST = 512 };
    const struct {
        const char *name;
        struct bytes bytes;
    } sections[] = {
        {".cmdline", {(uint8_t *)(uintptr_t)line, strlen(line)}},
        {".initrd", initrd},
        {".linux", image},
    };
    uint8_t head[FIRST] = {0};
    size_t offset = FIRST;

    put_text(head, "MZ");
    put32(head + 60, PE);
    put_text(head + PE, "PE");
    put32(head + PE + 4, 0x3aa64); /* the machine, and three sections */
    for (size_t i = 0; i < 3; i++) {
        uint8_t *section = head + TABLE + i * SECTION;

        put_text(section, sections[i].name);
        put32(section + 8, sections[i].bytes.size);
        put32(section + 16, section_end(0, sections[i].bytes.size));
        put32(section + 20, offset);
        offset = section_end(offset, sections[i].bytes.size);
    }
    put(out, head, sizeof(head));
    for (size_t i = 0; i < 3; i++) {
        put(out, sections[i].bytes.data, sections[i].bytes.size);
        pad(out, FIRST);
    }
}

int main(int argc, char **argv)
{
    int is_uki = argc > 1 && strcmp(argv[1], "uki") == 0;

    if (argc != (is_uki ? 6 : 4)) {
        die("usage: pack_kernel gzip|zboot-gzip|zboot-zstd|elf|vmlinux|uki IMAGE OUTPUT [INITRD "
            "CMDLINE]");
    }
    struct bytes image = read_file(argv[2]);
    struct bytes initrd = {0};
    FILE *out = fopen(argv[3], "wb");

    if (out == NULL) {
        die(argv[3]);
    }
    if (is_uki) {
        initrd = read_file(argv[4]);
        write_uki(out, image, initrd, argv[5]);
    } else if (strcmp(argv[1], "elf") == 0) {
        write_elf(out, image, 0xffff800040400000, 0x40400000);
    } else if (strcmp(argv[1], "vmlinux") == 0) {
        write_elf(out, image, 0xffff800080000000, 0xffff800080000000);
    } else {
        write_compressed(out, argv[1], image);
    }
    if (fclose(out) != 0) {
        die("cannot write");
    }
    free(initrd.data);
    free(image.data);
    return 0;
}
