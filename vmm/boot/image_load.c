/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/report.h"
#include "boot/image_parts.h"
#include "boot/payload.h"
#include "boot/source.h"

#define MIB (UINT64_C(1) << 20)

/* For an Image that does not say its size (before Linux 3.17): room for its BSS, and a bound for unpacking. */
#define OLD_BSS_SIZE (16 * MIB)
#define OLD_SIZE_MAX (256 * MIB)

/* Where the kernel begins; an ELF file begins with its lowest segment. */
static struct ipa image_start(const struct image *image, const struct memory *memory,
                              struct ipa base)
{
    if (image->raw) {
        return ipa_add(memory->base, image->raw_offset);
    }
    if (image->segments == NULL ||
        (image->elf_with_image && !memory_contains(memory, ipa(image->elf_low), 1))) {
        return ipa_add(base, image->text_offset);
    }
    return ipa(image->elf_low);
}

/* The size of the Image itself, as far as it is known. */
static uint64_t image_known_size(const struct image *image)
{
    if (image->segments != NULL) {
        return image->image_size;
    }
    if (image->unpack == NULL) {
        return image->kernel.size;
    }
    return image->unpacked != NULL ? image->unpacked_size : IMAGE_HEADER_SIZE;
}

/* An ELF file that can only be at its own addresses is outside of memory. */
static int image_report_outside(const struct image *image, const struct memory *memory)
{
    report("%s: ELF file for memory from 0x%" PRIx64 " to 0x%" PRIx64
           "; the guest's is from 0x%" PRIx64 " to 0x%" PRIx64,
           image->path, image->elf_low, image->elf_low + image->image_size, memory->base.value,
           memory->base.value + memory->size);
    return -ENOMEM;
}

static int image_check_room(const struct image *image, const struct memory *memory,
                            struct ipa start)
{
    uint64_t need = greater(image->image_size, image_known_size(image));
    uint64_t room = memory_room(memory, start);

    if (need <= room) {
        return 0;
    }
    if (image->segments != NULL && start.value == image->elf_low) {
        return image_report_outside(image, memory);
    }
    report("%s: kernel needs %" PRIu64 " MiB at 0x%" PRIx64 ", guest memory has %" PRIu64
           " MiB there; give more with --memory",
           image->path, need / MIB + (need % MIB != 0), start.value, room / MIB);
    return -ENOMEM;
}

/* The stream holds more than may be unpacked of it. */
static int image_report_too_long(const struct image *image, struct ipa start, uint64_t limit)
{
    if (image->image_size != 0) {
        report("%s: damaged: unpacks to more than the %" PRIu64 " bytes that its header names",
               image->path, image->image_size);
        return -EBADMSG;
    }
    report("%s: kernel needs more than the %" PRIu64 " MiB of guest memory at 0x%" PRIx64
           "; give more with --memory",
           image->path, limit / MIB, start.value);
    return -ENOMEM;
}

static int image_check_unpacked(const struct image *image, const struct unpack_result *result,
                                struct ipa start, uint64_t limit)
{
    if (result->status == UNPACK_FULL) {
        return image_report_too_long(image, start, limit);
    }
    if (result->status != UNPACK_DONE) {
        return image_report_unpack(image, result);
    }
    if (result->produced < image->least_size) {
        return image_report_truncated(image, result->produced, image->least_size);
    }
    return 0;
}

/* Gives back the pages after the unpacked data: the libraries may have used them as scratch space. */
static void image_keep_unpacked(struct image *image, uint8_t *buffer, uint64_t size, uint64_t limit)
{
    uint64_t kept = (size + 0xffff) & ~UINT64_C(0xffff);

    if (kept < limit) {
        (void)madvise(buffer + kept, limit - kept, MADV_DONTNEED);
    }
    image->unpacked = buffer;
    image->unpacked_size = size;
    image->unpacked_room = limit;
}

int image_unpack(struct image *image, const struct memory *memory, struct ipa base)
{
    struct ipa start = image_start(image, memory, base);
    uint64_t room = memory_room(memory, start);
    uint64_t limit = image->image_size != 0 ? image->image_size : lesser(room, OLD_SIZE_MAX);
    struct unpack_result result;

    if (image->unpack == NULL || image->unpacked != NULL) {
        return 0;
    }
    int error = image_check_room(image, memory, start);
    if (error != 0) {
        return error;
    }
    uint8_t *buffer = mmap(NULL, limit, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (buffer == MAP_FAILED) {
        report("%s: cannot be unpacked: %s", image->path, strerror(errno));
        return -errno;
    }
    image->unpack(&image->packed, buffer, limit, &result);
    error = image_check_unpacked(image, &result, start, limit);
    if (error != 0) {
        munmap(buffer, limit);
        return error;
    }
    image_keep_unpacked(image, buffer, result.produced, limit);
    return 0;
}

static int image_refuse_hypervisor(const struct image *image, const uint8_t *bytes, size_t size)
{
    const char *name = payload_hypervisor(bytes, size);

    if (name == NULL) {
        return 0;
    }
    report("%s: this is %s, a hypervisor, which needs EL2; a guest has EL1 only", image->path,
           name);
    return -ENOEXEC;
}

int image_check_payload(const struct image *image)
{
    size_t size;

    if (image->unpacked != NULL) {
        return image_refuse_hypervisor(image, image->unpacked, image->unpacked_size);
    }
    if (image->kernel.size > PAYLOAD_SEARCHED_MAX) {
        return 0;
    }
    /* A copy: a mapping of a file that shrinks meanwhile would end this process. */
    uint8_t *bytes = malloc(image->kernel.size);
    int error = bytes == NULL
                    ? -ENOMEM
                    : file_read(image->fd, image->kernel.offset, bytes, image->kernel.size, &size);

    error = error != 0 ? image_report_unread(image, error)
                       : image_refuse_hypervisor(image, bytes, size);
    free(bytes);
    return error;
}

void image_drop_unpacked(struct image *image)
{
    if (image->unpacked != NULL) {
        munmap(image->unpacked, image->unpacked_room);
        image->unpacked = NULL;
    }
}

int image_find_place(struct image *image, const struct memory *memory, struct ipa base,
                     struct image_place *place)
{
    struct ipa start = image_start(image, memory, base);
    uint64_t room = memory_room(memory, start);
    /* The header of an old kernel does not tell how long it is. */
    int error = image->image_size == 0 ? image_unpack(image, memory, base) : 0;

    if (error == 0) {
        error = image_check_room(image, memory, start);
    }
    if (error != 0) {
        return error;
    }
    uint64_t size = image_known_size(image);
    uint64_t need = image->image_size != 0 ? greater(image->image_size, size)
                                           : lesser(room, size + OLD_BSS_SIZE);

    bool fixed = image->segments != NULL && start.value == image->elf_low;
    *place = (struct image_place){
        .entry = fixed ? ipa_add(start, image->elf_entry) : start,
        .start = start,
        .end = ipa_add(start, need),
        .end_unknown = image->raw,
        .tree_below = fixed,
    };
    return 0;
}

static int image_load_plain(const struct image *image, struct memory *memory, struct ipa start)
{
    const struct image_part *kernel = &image->kernel;
    int error = source_load(memory, start, image->fd, kernel->offset, kernel->size);

    if (error == -ENODATA) {
        report("%s: has shrunk below its %" PRIu64 " bytes since it was opened", image->path,
               image->file_size);
    } else if (error != 0) {
        report("cannot map kernel image %s: %s", image->path, strerror(-error));
    }
    return error;
}

/* The segments are copied: few begin with a page both in the file and in memory. */
static int image_load_segments(const struct image *image, struct memory *memory, struct ipa start)
{
    int error = 0;

    for (unsigned i = 0; error == 0 && i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        struct ipa at = ipa_add(start, segment->address);

        error = memory_zero(memory, at, segment->memory_size);
        if (error != 0) {
            report("%s: cannot clear memory for it: %s", image->path, strerror(-error));
        } else if (segment->file_size != 0) {
            error = image_read(image, segment->offset, memory_at(memory, at, segment->file_size),
                               segment->file_size);
        }
    }
    return error;
}

static int image_clear_bss(const struct image *image, struct memory *memory, struct ipa start,
                           struct ipa end)
{
    uint64_t size = image_known_size(image);
    int error = memory_zero(memory, ipa_add(start, size), end.value - start.value - size);

    if (error != 0) {
        report("%s: cannot clear the kernel's BSS: %s", image->path, strerror(-error));
    }
    return error;
}

int image_load(struct image *image, struct memory *memory, struct ipa base,
               struct image_place *place)
{
    int error = image_unpack(image, memory, base);

    if (error == 0) {
        error = image_find_place(image, memory, base, place);
    }
    if (error != 0) {
        return error;
    }
    if (image->segments != NULL) {
        return image_load_segments(image, memory, place->start);
    }
    if (image->unpack != NULL) {
        memcpy(memory_at(memory, place->entry, image->unpacked_size), image->unpacked,
               image->unpacked_size);
    } else {
        error = image_load_plain(image, memory, place->entry);
    }
    if (error != 0 || image->image_size == 0) {
        return error;
    }
    return image_clear_bss(image, memory, place->entry, place->end);
}
