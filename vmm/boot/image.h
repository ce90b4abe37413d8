/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64 kernel files: `Image` (mapped, not copied), `Image.gz`, and EFI zboot with a gzip or zstd
 * payload (unpacked once, and kept for resets). Their content is as the booting protocol
 * says, Documentation/arch/arm64/booting.rst of Linux. A unified kernel image (UKI, of systemd's specification) has
 * one of these in a section, with an initrd and a command line. Besides, ELF files and raw binaries.
 */
#ifndef DORMOUSE_BOOT_IMAGE_H
#define DORMOUSE_BOOT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ipa.h"
#include "core/memory.h"

struct image; /* an open kernel file whose format and header have been checked */

/* A part of the file. */
struct image_part {
    uint64_t offset;
    uint64_t size;
};

/* Where a kernel was put. */
struct image_place {
    struct ipa entry;
    struct ipa start;
    struct ipa end;   /* the first byte after it and its BSS; never beyond RAM */
    bool end_unknown; /* a raw binary, which may use memory after its last byte */
    bool
        tree_below; /* it may expect the device tree at the start of RAM, where QEMU has it for ELF files */
};

/*
 * Opens and checks `path`, as source_open() does: a pipe may have `pipe_limit` bytes. On failure report()s one line
 * (missing, no file or pipe, not an arm64 kernel, truncated, a compression that is not known) and returns NULL. The
 * file stays open: a
 * reboot starts the same file even if the path names another by then.
 */
struct image *image_open(const char *path, uint64_t pipe_limit);
/* The same for any file: its bytes go to `offset` in RAM, and the first of them is the entry point. */
struct image *image_open_raw(const char *path, uint64_t pipe_limit, uint64_t offset);
/* NULL is ignored. */
void image_close(struct image *image);

/* The initrd in a UKI: a part of the file `*fd`, which stays open until image_close(). Size 0: no initrd. */
struct image_part image_initrd(const struct image *image, int *fd);
/* The command line in a UKI, or NULL. */
const char *image_command_line(const struct image *image);

/*
 * Unpacks a packed kernel, once, into memory of this process, for each image_load() to copy from; does nothing for
 * an Image that is not packed. Never unpacks more than the header's image size, or, if the header names none, than
 * 256 MiB and the guest memory there is. May take seconds for a hostile file, so call it while signals still end the
 * process. On failure report()s one line (larger than memory or than its header says, corrupt or truncated data)
 * and returns -errno.
 */
int image_unpack(struct image *image, const struct memory *memory, struct ipa base);

/*
 * Whether the kernel, unpacked if it is packed, is something that cannot run in a guest: a hypervisor that wants EL2.
 * Then report()s one line and returns -errno.
 */
int image_check_payload(const struct image *image);

/*
 * Where image_load() would put the kernel; reads nothing but the header if that tells the size. On failure
 * report()s one line and returns -errno.
 */
int image_find_place(struct image *image, const struct memory *memory, struct ipa base,
                     struct image_place *place);

/*
 * Puts the kernel at `base` (2 MiB aligned) plus its own text offset, a raw binary at its offset, and an ELF file at its
 * physical addresses. An ELF file with the header of an Image can run anywhere; if its addresses are not in memory, as
 * those of Linux's vmlinux, it goes where an Image would. May be called again: each call gives pristine
 * contents, a BSS of zeroes included where the header tells its size. On failure report()s one line (as
 * image_unpack() and image_find_place() do, or a file that has become shorter) and returns -errno; memory is then in
 * no useful state.
 */
int image_load(struct image *image, struct memory *memory, struct ipa base,
               struct image_place *place);

#endif
