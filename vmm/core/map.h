/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The machine's address and interrupt map: QEMU's `virt`, as far as it goes, so that kernels and
 * firmware built for that machine find everything where they expect it.
 */
#ifndef DORMOUSE_CORE_MAP_H
#define DORMOUSE_CORE_MAP_H

#include <stdint.h>

#include "core/ipa.h"

#define MAP_FLASH_BASE    UINT64_C(0x00000000) /* the firmware's, where it starts */
#define MAP_GICD_BASE     UINT64_C(0x08000000)
#define MAP_GICD_SIZE     UINT64_C(0x00010000)
#define MAP_ITS_BASE      UINT64_C(0x08080000)
#define MAP_ITS_SIZE      UINT64_C(0x00020000)
#define MAP_GICR_BASE     UINT64_C(0x080A0000)
#define MAP_GICR_SIZE     UINT64_C(0x00F60000) /* room for MAP_GICR_COUNT redistributors */
#define MAP_GICR_STRIDE   UINT64_C(0x00020000)
#define MAP_GICR_COUNT    123u
#define MAP_GICR2_MIN     UINT64_C(0x4000000000) /* the other redistributors: here, or above RAM */
#define MAP_UART_BASE     UINT64_C(0x09000000)
#define MAP_UART_SPI      1u
#define MAP_RTC_BASE      UINT64_C(0x09010000)
#define MAP_RTC_SPI       2u
#define MAP_GPIO_BASE     UINT64_C(0x09030000)
#define MAP_GPIO_SPI      7u
#define MAP_VMGENID_BASE  UINT64_C(0x09100000) /* `virt` has nothing there */
#define MAP_VMGENID_SPI   10u
#define MAP_VIRTIO_BASE   UINT64_C(0x0A000000) /* slots for virtio devices, each with its SPI */
#define MAP_VIRTIO_STRIDE UINT64_C(0x00000200)
#define MAP_VIRTIO_SPI    16u
#define MAP_VIRTIO_COUNT  32u
/** No device is there, and none will be: see fdt.c. */
#define MAP_RTC_DECOY_BASE UINT64_C(0x09FF0000)
#define MAP_RTC_DECOY_SIZE UINT64_C(0x00001000)
#define MAP_RAM_BASE       UINT64_C(0x40000000)
#define MAP_SPI_COUNT      224u /* with the 32 private ones 256 interrupts in all, as on `virt` */

/** The slots of virtio devices, from the first of each kind: a guest finds them in this order. */
enum {
    MAP_SLOT_DISK = 0,
    MAP_SLOT_NET = 16,
    MAP_SLOT_PORTS = 24,
    MAP_SLOT_VSOCK = 25,
    MAP_SLOT_BALLOON = 26,
    MAP_SLOT_RNG = 31,
};

/** A fixed place for a device: the name of its class, where its registers are, its interrupt. */
struct map_place {
    const char *device;
    struct ipa base;
    uint32_t spi;
};

enum { MAP_PLACE_UART, MAP_PLACE_RTC, MAP_PLACE_GPIO, MAP_PLACE_VMGENID, MAP_PLACE_COUNT };
extern const struct map_place map_places[MAP_PLACE_COUNT];

/** Private interrupts of the Generic Timer, as INTIDs (PPI number + 16). */
#define MAP_INTID_PTIMER_SECURE 29u
#define MAP_INTID_PTIMER        30u
#define MAP_INTID_VTIMER        27u
#define MAP_INTID_HPTIMER       26u

/** The boot layout in RAM: where a Linux Image goes, as in QEMU, and the size of the largest device tree. */
#define MAP_KERNEL_OFFSET UINT64_C(0x00200000)
#define MAP_DTB_SIZE      UINT64_C(0x00200000)

/** The affinity fields of the MPIDR of vCPU `index`: KVM's layout, 16 vCPUs to an Aff0. */
uint64_t map_mpidr(unsigned index);

/** Where the redistributors of vCPUs beyond the first MAP_GICR_COUNT are, given the size of RAM. */
struct ipa map_gicr2_base(uint64_t memory_size);

#endif
