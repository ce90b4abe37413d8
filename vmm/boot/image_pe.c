/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PE files: an Image with an EFI stub is one as well, and so is a unified kernel image,
 * https://uapi-group.org/specifications/specs/unified_kernel_image/.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/report.h"
#include "boot/image_parts.h"

enum {
    PE_OFFSET = 60, /* in the file: where the PE header is */
    PE_MACHINE = 4,
    PE_SECTION_COUNT = 6,
    PE_OPTIONAL_SIZE = 20,
    PE_HEADER_SIZE = 24,
    SECTION_NAME_SIZE = 8,
    SECTION_MEMORY_SIZE = 8,
    SECTION_RAW_SIZE = 16,
    SECTION_RAW_OFFSET = 20,
    SECTION_SIZE = 40,
    PE_MACHINE_ARM64 = 0xaa64,
};

enum {
    SECTIONS_MAX = 1024,         /* a UKI has about ten for each profile */
    COMMAND_LINE_MAX = 64 << 10, /* Linux takes 2 KiB */
};

/* The end of the section table at `table`, or of the last section in it, whichever is greater. */
static uint64_t pe_sections_end(const struct head *head, size_t table, uint32_t section_count)
{
    uint64_t end = table;

    for (uint32_t i = 0; i < section_count; i++) {
        size_t section = table + (size_t)i * SECTION_SIZE;

        end = greater(end, section + SECTION_SIZE);
        if (section + SECTION_SIZE > head->size) {
            break;
        }
        end = greater(end, (uint64_t)get_le32(head->bytes + section + SECTION_RAW_OFFSET) +
                               get_le32(head->bytes + section + SECTION_RAW_SIZE));
    }
    return end;
}

uint64_t pe_least_size(const struct head *head)
{
    const uint8_t *bytes = head->bytes;
    size_t pe = get_le32(bytes + PE_OFFSET);

    /* The head holds the whole header, or the whole file if that is shorter. */
    if (!head_has(head, 0, "MZ") || pe > HEAD_SIZE - PE_HEADER_SIZE) {
        return 0;
    }
    if (pe + PE_HEADER_SIZE > head->size) {
        return pe + PE_HEADER_SIZE;
    }
    if (!head_has(head, pe, "PE") || get_le16(bytes + pe + PE_MACHINE) != PE_MACHINE_ARM64) {
        return 0;
    }
    return pe_sections_end(head, pe + PE_HEADER_SIZE + get_le16(bytes + pe + PE_OPTIONAL_SIZE),
                           get_le16(bytes + pe + PE_SECTION_COUNT));
}

bool head_is_pe(const struct head *head)
{
    return head->size >= IMAGE_HEADER_SIZE && head_has(head, 0, "MZ");
}

/* The sections of a UKI that are used, as far as they are found. */
enum { UKI_KERNEL, UKI_INITRD, UKI_COMMAND_LINE, UKI_SECTIONS };

struct uki {
    struct image_part parts[UKI_SECTIONS];
    unsigned profile[UKI_SECTIONS]; /* where it was found; 0: before the first profile */
    unsigned profile_count;
};

static const char uki_names[UKI_SECTIONS][SECTION_NAME_SIZE] = {
    [UKI_KERNEL] = ".linux",
    [UKI_INITRD] = ".initrd",
    [UKI_COMMAND_LINE] = ".cmdline",
};

/*
 * Sections before the first ".profile" are for all profiles; of the others only those of the first profile count, which
 * is what boots without a choice. Those replace a section for all.
 */
static int uki_take_section(const struct image *image, struct uki *uki, const uint8_t *section)
{
    /* Padded in the file; llvm-objcopy leaves the size in memory at zero. */
    uint32_t raw_size = get_le32(section + SECTION_RAW_SIZE);
    uint32_t memory_size = get_le32(section + SECTION_MEMORY_SIZE);
    const struct image_part part = {
        .offset = get_le32(section + SECTION_RAW_OFFSET),
        .size = memory_size != 0 ? lesser(memory_size, raw_size) : raw_size,
    };

    if (memcmp(section, ".profile", SECTION_NAME_SIZE) == 0) {
        uki->profile_count++;
    }
    if (uki->profile_count > 1) {
        return 0;
    }
    for (size_t i = 0; i < UKI_SECTIONS; i++) {
        if (memcmp(section, uki_names[i], SECTION_NAME_SIZE) != 0 ||
            (uki->parts[i].size != 0 && uki->profile[i] == uki->profile_count)) {
            continue;
        }
        if (part.offset + part.size > image->file_size) {
            return image_report_truncated(image, image->file_size, part.offset + part.size);
        }
        uki->parts[i] = part;
        uki->profile[i] = uki->profile_count;
    }
    return 0;
}

static int uki_read_sections(const struct image *image, struct uki *uki, uint64_t table,
                             unsigned count)
{
    uint8_t section[SECTION_SIZE];
    int error = 0;

    for (unsigned i = 0; error == 0 && i < count; i++) {
        error = image_read(image, table + (uint64_t)i * SECTION_SIZE, section, sizeof(section));
        if (error == 0) {
            error = uki_take_section(image, uki, section);
        }
    }
    return error;
}

/* Checks the PE header at `pe` and reads the sections. */
static int uki_read(const struct image *image, struct uki *uki, uint64_t pe)
{
    uint8_t header[PE_HEADER_SIZE];

    if (pe + sizeof(header) > image->file_size) {
        return image_report_not_a_kernel(image);
    }
    int error = image_read(image, pe, header, sizeof(header));
    if (error != 0) {
        return error;
    }
    if (memcmp(header, "PE\0", 4) != 0) {
        return image_report_not_a_kernel(image);
    }
    unsigned machine = get_le16(header + PE_MACHINE);
    unsigned count = get_le16(header + PE_SECTION_COUNT);
    if (machine != PE_MACHINE_ARM64) {
        report("%s: an EFI program for another processor (machine 0x%x), not arm64", image->path,
               machine);
        return -ENOEXEC;
    }
    if (count > SECTIONS_MAX) {
        report("%s: damaged: its PE header names %u sections", image->path, count);
        return -ENOEXEC;
    }
    return uki_read_sections(image, uki, pe + sizeof(header) + get_le16(header + PE_OPTIONAL_SIZE),
                             count);
}

/* As systemd-stub does: a control character becomes a space, and spaces at the end do not count. */
static void uki_clean_command_line(char *line)
{
    size_t length = strlen(line);

    for (size_t i = 0; i < length; i++) {
        if (iscntrl((unsigned char)line[i])) {
            line[i] = ' ';
        }
    }
    while (length > 0 && line[length - 1] == ' ') {
        line[--length] = '\0';
    }
}

static int uki_read_command_line(struct image *image, const struct image_part *part)
{
    if (part->size == 0) {
        return 0;
    }
    if (part->size > COMMAND_LINE_MAX) {
        report("%s: damaged: its section .cmdline has %" PRIu64 " KiB", image->path,
               part->size >> 10);
        return -ENOEXEC;
    }
    image->command_line = calloc(1, (size_t)part->size + 1);
    if (image->command_line == NULL) {
        return image_report_unread(image, -ENOMEM);
    }
    int error = image_read(image, part->offset, image->command_line, (size_t)part->size);
    uki_clean_command_line(image->command_line);
    return error;
}

int image_find_sections(struct image *image, const struct head *head)
{
    struct uki uki = {.profile_count = 0};
    int error = uki_read(image, &uki, get_le32(head->bytes + PE_OFFSET));

    if (error != 0) {
        return error;
    }
    if (uki.parts[UKI_KERNEL].size == 0) {
        report("%s: an EFI program, not a kernel: it has no section .linux, as a UKI has; firmware "
               "can start it: "
               "--firmware",
               image->path);
        return -ENOEXEC;
    }
    image->kernel = uki.parts[UKI_KERNEL];
    image->initrd = uki.parts[UKI_INITRD];
    return uki_read_command_line(image, &uki.parts[UKI_COMMAND_LINE]);
}
