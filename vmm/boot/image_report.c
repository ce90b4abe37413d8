/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/report.h"
#include "boot/image_parts.h"

int image_report_truncated(const struct image *image, uint64_t have, uint64_t want)
{
    report("%s: truncated: %" PRIu64 " bytes of %" PRIu64, image->path, have, want);
    return -ENODATA;
}

int image_report_unpack(const struct image *image, const struct unpack_result *result)
{
    switch (result->status) {
    case UNPACK_TRUNCATED:
        report("%s: truncated: its %s data ends after %" PRIu64 " unpacked bytes", image->path,
               image->packing, result->produced);
        return -ENODATA;
    case UNPACK_FAILED:
        report("%s: cannot be unpacked: %s", image->path, result->reason);
        return -EIO;
    default:
        report("%s: damaged: its %s data cannot be unpacked: %s", image->path, image->packing,
               result->reason);
        return -EBADMSG;
    }
}

int image_report_unread(const struct image *image, int error)
{
    report("cannot read kernel image %s: %s", image->path, strerror(-error));
    return error;
}

int image_report_not_a_kernel(const struct image *image)
{
    report("%s: not an arm64 kernel (Image, Image.gz, EFI zboot, UKI or ELF); a raw binary needs "
           "--kernel-at",
           image->path);
    return -ENOEXEC;
}
