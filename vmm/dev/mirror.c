/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/mirror.h"

#include <string.h>
#include <sys/mman.h>

uint8_t *mirror_create(void)
{
    void *mirror =
        mmap(NULL, MIRROR_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mirror != MAP_FAILED ? mirror : NULL;
}

void mirror_destroy(uint8_t *mirror)
{
    if (mirror != NULL) {
        munmap(mirror, MIRROR_SIZE);
    }
}

void mirror_put(uint8_t *at, uint32_t word)
{
    uint32_t *aligned = __builtin_assume_aligned(at, sizeof(word));

    __atomic_store_n(aligned, word, __ATOMIC_RELEASE);
    mirror_clean(at);
}

void mirror_put_bytes(uint8_t *at, const void *bytes, size_t size)
{
    for (size_t done = 0; done < size; done += sizeof(uint32_t)) {
        uint32_t word = 0;
        size_t left = size - done;

        memcpy(&word, (const uint8_t *)bytes + done, left < sizeof(word) ? left : sizeof(word));
        mirror_put(at + done, word);
    }
}
