/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a kernel file: opened, loaded twice, and never more than an error line. By hand:
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Ivmm -o build/fuzz-image
 *       fuzz/image.c base/file.c vmm/boot/{image,image_load,unpack}.c vmm/core/memory.c -lz -lzstd
 *   build/fuzz-image -max_len=8192 CORPUS-FOLDER
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/report.h"
#include "boot/image.h"

enum { RAM_SIZE = 4 << 20 };

#define RAM_BASE    UINT64_C(0x40000000)
#define KERNEL_BASE UINT64_C(0x40200000)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Instead of the real one: what is said must be sound, and need not be seen. */
void report(const char *format, ...)
{
    (void)format;
}

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

static void load(struct image *image, struct memory *memory)
{
    struct image_place place;

    if (image_load(image, memory, ipa(KERNEL_BASE), &place) == 0) {
        check(place.entry.value >= KERNEL_BASE && place.end.value > place.entry.value &&
              place.end.value <= RAM_BASE + RAM_SIZE);
    }
    check(memory->host[(KERNEL_BASE - RAM_BASE) - 1] == 0x11);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    int fd = memfd_create("kernel", MFD_CLOEXEC);
    struct memory memory;
    struct image *image;
    char path[64];

    check(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    check(memory_create(&memory, ipa(RAM_BASE), RAM_SIZE) == 0);
    memory.host[(KERNEL_BASE - RAM_BASE) - 1] = 0x11;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    image = image_open(path);
    if (image) {
        load(image, &memory);
        load(image, &memory);
    }
    image_close(image);
    memory_destroy(&memory);
    close(fd);
    return 0;
}
