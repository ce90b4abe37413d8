/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF files: System V ABI, chapters 4 and 5, and "ELF for the Arm 64-bit Architecture". */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/report.h"
#include "boot/image_parts.h"

/* More than any linker makes for a kernel. */
enum { ELF_SEGMENTS_MAX = 256 };

bool head_is_elf(const struct head *head)
{
    return head->size >= sizeof(Elf64_Ehdr) && head_has(head, 0, ELFMAG);
}

/* Names of processors that a kernel may have been built for by mistake. */
static const char *elf_machine_name(unsigned machine)
{
    switch (machine) {
    case EM_ARM:
        return "32-bit Arm";
    case EM_386:
        return "i386";
    case EM_X86_64:
        return "x86-64";
    case EM_RISCV:
        return "RISC-V";
    default:
        return "another processor";
    }
}

static int elf_check_header(const struct image *image, const Elf64_Ehdr *header)
{
    const unsigned char *ident = header->e_ident;
    bool big = ident[EI_DATA] == ELFDATA2MSB;
    unsigned machine = big ? be16toh(header->e_machine) : le16toh(header->e_machine);
    unsigned type = le16toh(header->e_type);

    if (machine != EM_AARCH64) {
        report("%s: an ELF file for %s (machine %u), not arm64", image->path,
               elf_machine_name(machine), machine);
        return -ENOEXEC;
    }
    if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB) {
        report("%s: a %s ELF file; only 64-bit little-endian ones can be loaded", image->path,
               big ? "big-endian" : "32-bit");
        return -ENOEXEC;
    }
    if (type != ET_EXEC && type != ET_DYN) {
        report("%s: an ELF file that is not linked (type %u): no program", image->path, type);
        return -ENOEXEC;
    }
    return 0;
}

static int elf_report_segment(const struct image *image, unsigned number, const char *what)
{
    report("%s: damaged: segment %u of its ELF file %s", image->path, number, what);
    return -ENOEXEC;
}

/* Adds what is to be loaded of a program header. */
static int elf_add_segment(struct image *image, const Elf64_Phdr *header, unsigned number)
{
    const struct image_segment segment = {
        .offset = le64toh(header->p_offset),
        .file_size = le64toh(header->p_filesz),
        .address = le64toh(header->p_paddr),
        .memory_size = le64toh(header->p_memsz),
        .number = number,
    };

    if (le32toh(header->p_type) != PT_LOAD ||
        (segment.memory_size == 0 && segment.file_size == 0)) {
        return 0;
    }
    if (segment.file_size > segment.memory_size) {
        return elf_report_segment(image, number, "is longer in the file than in memory");
    }
    if (segment.memory_size > UINT64_MAX - segment.address ||
        segment.file_size > UINT64_MAX - segment.offset) {
        return elf_report_segment(image, number, "goes beyond the last address");
    }
    if (segment.file_size != 0 && segment.offset + segment.file_size > image->file_size) {
        return image_report_truncated(image, image->file_size, segment.offset + segment.file_size);
    }
    image->segments[image->segment_count++] = segment;
    return 0;
}

static int elf_compare_segments(const void *left, const void *right)
{
    const struct image_segment *a = left;
    const struct image_segment *b = right;

    return (a->address > b->address) - (a->address < b->address);
}

/* Sorts the segments, and makes their addresses relative to the lowest. */
static int elf_order_segments(struct image *image)
{
    struct image_segment *segments = image->segments;

    if (image->segment_count == 0) {
        report("%s: an ELF file with nothing to load", image->path);
        return -ENOEXEC;
    }
    qsort(segments, image->segment_count, sizeof(segments[0]), elf_compare_segments);
    image->elf_low = segments[0].address;
    for (unsigned i = 0; i < image->segment_count; i++) {
        segments[i].address -= image->elf_low;
        if (i > 0 && segments[i].address - segments[i - 1].address < segments[i - 1].memory_size) {
            report("%s: damaged: segments %u and %u of its ELF file overlap in memory", image->path,
                   segments[i - 1].number, segments[i].number);
            return -ENOEXEC;
        }
    }
    const struct image_segment *last = &segments[image->segment_count - 1];
    image->image_size = last->address + last->memory_size;
    return 0;
}

/* Whether `entry` is in a segment; `headers`, if the segments are to be where they are virtually, or NULL. */
static bool elf_has_entry(struct image *image, const Elf64_Phdr *headers, uint64_t entry)
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        uint64_t start = headers != NULL ? le64toh(headers[segment->number].p_vaddr)
                                         : image->elf_low + segment->address;

        if (entry - start < segment->memory_size) {
            image->elf_entry = segment->address + (entry - start);
            return true;
        }
    }
    return false;
}

/* The entry point is a virtual address, or, as some linker scripts have it, a physical one. */
static int elf_find_entry(struct image *image, const Elf64_Phdr *headers, uint64_t entry)
{
    if (elf_has_entry(image, headers, entry) || elf_has_entry(image, NULL, entry)) {
        return 0;
    }
    report("%s: damaged: the entry point 0x%" PRIx64 " of its ELF file is in no segment",
           image->path, entry);
    return -ENOEXEC;
}

/* Linux's vmlinux, and what else is made into an Image by objcopy, begins with the header of an Image. */
static int elf_find_image(struct image *image)
{
    uint64_t size = image->image_size;
    struct head head = {.size = IMAGE_HEADER_SIZE};
    int error;

    if (image->segments[0].file_size < head.size) {
        return 0;
    }
    error = image_read(image, image->segments[0].offset, head.bytes, head.size);
    if (error != 0 || !head_is_image(&head)) {
        return error;
    }
    image->elf_with_image = true;
    error = image_take_header(image, &head);
    image->image_size = greater(size, image->image_size);
    return error;
}

static int elf_read_segments(struct image *image, const Elf64_Phdr *headers, unsigned count,
                             uint64_t entry)
{
    int error = 0;

    image->segments = calloc(count, sizeof(image->segments[0]));
    if (image->segments == NULL) {
        return image_report_unread(image, -ENOMEM);
    }
    for (unsigned i = 0; error == 0 && i < count; i++) {
        error = elf_add_segment(image, &headers[i], i);
    }
    if (error == 0) {
        error = elf_order_segments(image);
    }
    if (error == 0) {
        error = elf_find_entry(image, headers, entry);
    }
    return error == 0 ? elf_find_image(image) : error;
}

int image_open_elf(struct image *image, const struct head *head)
{
    Elf64_Ehdr header;
    memcpy(&header, head->bytes, sizeof(header));
    int error = elf_check_header(image, &header);
    unsigned count = le16toh(header.e_phnum);
    unsigned size = le16toh(header.e_phentsize);
    uint64_t table = le64toh(header.e_phoff);

    if (error != 0) {
        return error;
    }
    if (count == 0 || count > ELF_SEGMENTS_MAX || size != sizeof(Elf64_Phdr) || table > INT64_MAX) {
        report("%s: damaged: its ELF header names %u segments, %u bytes for each, at 0x%" PRIx64,
               image->path, count, size, table);
        return -ENOEXEC;
    }
    Elf64_Phdr *headers = calloc(count, sizeof(headers[0]));
    if (headers == NULL) {
        return image_report_unread(image, -ENOMEM);
    }
    error = image_read(image, table, headers, count * sizeof(headers[0]));
    if (error == 0) {
        error = elf_read_segments(image, headers, count, le64toh(header.e_entry));
    }
    free(headers);
    return error;
}
