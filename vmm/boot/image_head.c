/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>

#include "base/file.h"
#include "base/report.h"
#include "boot/image_parts.h"

#define MIB (UINT64_C(1) << 20)

/* Offsets in an Image. */
enum { IMAGE_TEXT_OFFSET = 8, IMAGE_SIZE = 16, IMAGE_MAGIC = 56 };

/* The offset of an Image that does not say its size (before Linux 3.17). */
#define OLD_TEXT_OFFSET UINT64_C(0x80000)

bool head_is_image(const struct head *head)
{
    return head->size >= IMAGE_HEADER_SIZE && head_has(head, IMAGE_MAGIC, "ARM\x64");
}

int image_take_header(struct image *image, const struct head *head)
{
    image->image_size = get_le64(head->bytes + IMAGE_SIZE);
    /* Before 3.17 the text offset was in the byte order of the kernel. */
    image->text_offset =
        image->image_size != 0 ? get_le64(head->bytes + IMAGE_TEXT_OFFSET) : OLD_TEXT_OFFSET;
    if (image->text_offset >= 2 * MIB) {
        report("%s: damaged: text offset 0x%" PRIx64 " is not below 2 MiB", image->path,
               image->text_offset);
        return -ENOEXEC;
    }
    return 0;
}

int image_read(const struct image *image, uint64_t offset, void *buffer, size_t size)
{
    size_t count;
    int error = file_read(image->fd, offset, buffer, size, &count);

    if (error != 0) {
        return image_report_unread(image, error);
    }
    return count == size ? 0 : image_report_truncated(image, image->file_size, offset + size);
}
