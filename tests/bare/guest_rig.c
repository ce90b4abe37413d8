/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest_rig.h"

#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bare/platform.h"
#include "bare/platform_idle.h"
#include "bare/smp.h"

enum { ROOM = 4 << 20, TOTAL_SIZE_OFFSET = 4 };

/* In the guest these are of smp.c, and of the linker's. */
struct cpu cpus[CPU_MAX];
uint32_t cpu_count;
uint8_t image_start[1];
uint8_t image_end[1];

struct cpu *smp_add(uint64_t mpidr)
{
    if (cpu_count == CPU_MAX) {
        return NULL;
    }
    cpus[cpu_count] = (struct cpu){.mpidr = mpidr};
    return &cpus[cpu_count++];
}

void guest_rig_reset(void)
{
    platform = (struct platform){0};
    cpu_count = 0;
}

/* The end of memory behind which there is none. */
static uint8_t *edge(void)
{
    static uint8_t *room;

    if (room == NULL) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);

        room = mmap(NULL, ROOM + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED || mprotect(room + ROOM, page, PROT_NONE) != 0) {
            abort();
        }
    }
    return room + ROOM;
}

int guest_rig_read(const void *blob, size_t size)
{
    uint8_t *copy = edge() - (size + 3) / 4 * 4;
    uint32_t claimed = htobe32((uint32_t)size);

    guest_rig_reset();
    memcpy(copy, blob, size);
    memcpy(copy + TOTAL_SIZE_OFFSET, &claimed, sizeof(claimed));
    bool there = platform_read(copy);
    platform_read_idle(copy);
    return there;
}
