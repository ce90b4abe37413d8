/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64 kernel files: `Image` (mapped, not copied), `Image.gz`, and EFI zboot with a gzip or zstd
 * payload (unpacked straight into guest RAM). What is in them is what the guest's booting protocol
 * says, Documentation/arch/arm64/booting.rst of Linux.
 */
#ifndef DORMOUSE_MACHINE_IMAGE_H
#define DORMOUSE_MACHINE_IMAGE_H

#include <stdint.h>

#include "core/ipa.h"
#include "core/memory.h"

struct image; /* an open kernel file whose format and header have been checked */

/* Where a kernel was put. */
struct image_place {
    struct ipa entry;
    struct ipa end; /* first byte behind it, its BSS included; never beyond RAM */
};

/*
 * Opens and checks `path`. On failure report()s one line (missing, not a regular file, not an arm64
 * image, truncated, a compression that is not known) and returns NULL. The file stays open: a
 * reboot starts the same file even where the path names another by then.
 */
struct image *image_open(const char *path);
/* NULL is ignored. */
void image_close(struct image *image);

/*
 * Puts the kernel at `base` (2 MiB aligned) plus its own text offset. May be called again: each
 * call gives pristine contents, a BSS of zeroes included where the header tells its size. On
 * failure report()s one line (larger than memory, corrupt or truncated data) and returns -errno;
 * memory is then in no useful state.
 */
int image_load(const struct image *image, struct memory *memory, struct ipa base,
               struct image_place *place);

#endif
