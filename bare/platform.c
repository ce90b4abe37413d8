/* SPDX-License-Identifier: BSD-2-Clause */
#include "platform.h"

#define MIB UINT64_C(0x100000)

#define SCRATCH_ALIGNMENT (2 * MIB)
#define SCRATCH_SIZE      (8 * MIB)

/* Used if the device tree has no supported UART; see meson.build. */
#ifndef GUEST_UART_KIND
#define GUEST_UART_KIND    PLATFORM_UART_NONE
#define GUEST_UART_ADDRESS 0
#define GUEST_UART_SHIFT   0
#define GUEST_UART_WIDTH   1
#endif

struct platform platform;

void platform_set_uart(void)
{
    platform.uart_kind = GUEST_UART_KIND;
    platform.uart = (struct region){.base = GUEST_UART_ADDRESS, .size = 0x1000};
    platform.uart_shift = GUEST_UART_SHIFT;
    platform.uart_width = GUEST_UART_WIDTH;
}

uint64_t platform_ram_end(void)
{
    uint64_t end = 0;

    for (unsigned i = 0; i < platform.ram_count; i++) {
        uint64_t region_end = platform.ram[i].base + platform.ram[i].size;

        end = region_end > end ? region_end : end;
    }
    return end;
}

bool platform_ram_contains(uint64_t address, uint64_t size)
{
    for (unsigned i = 0; i < platform.ram_count; i++) {
        const struct region *ram = &platform.ram[i];

        if (address >= ram->base && address - ram->base < ram->size &&
            ram->size - (address - ram->base) >= size) {
            return true;
        }
    }
    return false;
}

/* Returns the first aligned address behind the region; 0 if there is none. */
static uint64_t region_end_aligned(const struct region *region)
{
    uint64_t end = region->base + region->size;

    return end < region->base ? 0 : (end + SCRATCH_ALIGNMENT) & ~(SCRATCH_ALIGNMENT - 1);
}

static bool region_overlaps(const struct region *region, uint64_t base)
{
    return region->base < base + SCRATCH_SIZE && base < region->base + region->size;
}

struct region platform_scratch(void)
{
    uint64_t end = (uint64_t)(uintptr_t)image_end;
    uint64_t base = (end + SCRATCH_ALIGNMENT) & ~(SCRATCH_ALIGNMENT - 1);
    bool moved = true;

    /* Each round moves it up behind something. */
    while (moved && platform_ram_contains(base, SCRATCH_SIZE)) {
        moved = false;
        for (unsigned i = 0; i < platform.reserved_count && !moved; i++) {
            moved = region_overlaps(&platform.reserved[i], base);
            base = moved ? region_end_aligned(&platform.reserved[i]) : base;
        }
    }
    return (struct region){
        .base = base,
        .size = platform_ram_contains(base, SCRATCH_SIZE) ? SCRATCH_SIZE : 0,
    };
}
