/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/map.h"

const struct map_place map_places[MAP_PLACE_COUNT] = {
    [MAP_PLACE_UART] = {"pl011", {MAP_UART_BASE}, MAP_UART_SPI},
    [MAP_PLACE_RTC] = {"pl031", {MAP_RTC_BASE}, MAP_RTC_SPI},
    [MAP_PLACE_GPIO] = {"pl061", {MAP_GPIO_BASE}, MAP_GPIO_SPI},
    [MAP_PLACE_VMGENID] = {"vmgenid", {MAP_VMGENID_BASE}, MAP_VMGENID_SPI},
};

uint64_t map_mpidr(unsigned index)
{
    uint64_t aff0 = index & 0xf;
    uint64_t aff1 = (index >> 4) & 0xff;
    uint64_t aff2 = (index >> 12) & 0xff;

    return aff2 << 16 | aff1 << 8 | aff0;
}

struct ipa map_gicr2_base(uint64_t memory_size)
{
    const uint64_t alignment = UINT64_C(1) << 26; /* as on `virt` */
    uint64_t ram_end = MAP_RAM_BASE + memory_size;

    if (ram_end <= MAP_GICR2_MIN) {
        return ipa(MAP_GICR2_MIN);
    }
    return ipa((ram_end + alignment - 1) & ~(alignment - 1));
}
