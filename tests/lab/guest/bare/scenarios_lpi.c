/* SPDX-License-Identifier: BSD-2-Clause */
/* An LPI that is pending while the guest sleeps. (IHI 0069, 5.1, 5.2 and 5.3.) */
#include <stddef.h>

#include "gic.h"
#include "guest_scenario.h"
#include "mmio.h"
#include "platform.h"
#include "report.h"
#include "smp.h"
#include "suspend.h"

#define CONTEXT UINT64_C(0x1b1000000000000)
#define VALID   (UINT64_C(1) << 63)

enum {
    ITS = 0x08080000, /* as on QEMU's `virt` */
    GITS_CTLR = 0x0000,
    GITS_CBASER = 0x0080,
    GITS_CWRITER = 0x0088,
    GITS_CREADR = 0x0090,
    GITS_BASER_DEVICES = 0x0100,
    GITS_BASER_COLLECTIONS = 0x0108,
    BASER_64K = 2 << 8,
    GICR_CTLR = 0x0000,
    GICR_PROPBASER = 0x0070,
    GICR_PENDBASER = 0x0078,
    ENABLE_LPIS = 1,
    ID_BITS = 14,
    FIRST_LPI = 8192,
    PAGE = 0x10000,
    LINE = 16, /* no cache has shorter ones */
    COMMAND_WORDS = 4,
    DEVICE = 7,
    EVENT = 3,
    LPI = FIRST_LPI + 5,
    URGENT = 0x40,
    ENABLED = 1,
    TRIES = 1000,
};

enum command { COMMAND_INT = 0x03, COMMAND_MAPD = 0x08, COMMAND_MAPC = 0x09, COMMAND_MAPTI = 0x0a };

/* Each has a page of 64 KiB. */
enum place { PROPERTIES, PENDING, DEVICES, COLLECTIONS, COMMANDS, DEVICE_TABLE, PLACES };

static uint64_t start_of_places;
static unsigned commands;

static uint64_t at(enum place place)
{
    return start_of_places + (uint64_t)place * PAGE;
}

/* The ITS and the redistributor read memory, perhaps past the core's caches. */
static void publish(uint64_t address, uint64_t size)
{
    for (uint64_t line = address; line < address + size; line += LINE) {
        __asm__ volatile("dc civac, %0" ::"r"(line) : "memory");
    }
    __asm__ volatile("dsb sy" ::: "memory");
}

static bool order(enum command command, uint64_t first, uint64_t second, uint64_t third)
{
    const uint64_t words[COMMAND_WORDS] = {command | first << 32, second, third, 0};
    uint64_t place = at(COMMANDS) + (uint64_t)commands * sizeof(words);
    unsigned tries = 0;

    for (unsigned i = 0; i < COMMAND_WORDS; i++) {
        mmio_write64(place + i * sizeof(words[0]), words[i]);
    }
    publish(place, sizeof(words));
    commands++;
    mmio_write64(ITS + GITS_CWRITER, commands * sizeof(words));
    while (mmio_read64(ITS + GITS_CREADR) != commands * sizeof(words) && tries < TRIES) {
        tries++;
    }
    return tries < TRIES;
}

/* The core is the first one: collection 0 goes to processor 0. */
static bool prepare(void)
{
    uint64_t gicr = platform.gicr[0].base;

    start_of_places = (platform_scratch().base + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    for (uint64_t word = at(0); word < at(PLACES); word += sizeof(word)) {
        mmio_write64(word, 0);
    }
    mmio_write8(at(PROPERTIES) + LPI - FIRST_LPI, URGENT | ENABLED);
    publish(at(0), (uint64_t)PLACES * PAGE);
    mmio_write64(gicr + GICR_PROPBASER, at(PROPERTIES) | (ID_BITS - 1));
    mmio_write64(gicr + GICR_PENDBASER, at(PENDING));
    mmio_write32(gicr + GICR_CTLR, mmio_read32(gicr + GICR_CTLR) | ENABLE_LPIS);
    mmio_write64(ITS + GITS_BASER_DEVICES, VALID | at(DEVICES) | BASER_64K);
    mmio_write64(ITS + GITS_BASER_COLLECTIONS, VALID | at(COLLECTIONS) | BASER_64K);
    mmio_write64(ITS + GITS_CBASER, VALID | at(COMMANDS));
    mmio_write32(ITS + GITS_CTLR, 1);
    return order(COMMAND_MAPC, 0, 0, VALID) &&
           order(COMMAND_MAPD, DEVICE, EVENT, VALID | at(DEVICE_TABLE)) &&
           order(COMMAND_MAPTI, DEVICE, EVENT | (uint64_t)LPI << 32, 0);
}

/* gic_take() ends none. */
static unsigned take_lpi(void)
{
    unsigned intid = gic_acknowledge();

    if (intid >= FIRST_LPI) {
        gic_end(intid);
    }
    return intid;
}

SCENARIO(lpi, "lpi", "",
         "an LPI that is pending ends the sleep at once, and is there afterwards, as is what the "
         "ITS was told")
{
    struct psci_call call;

    if (!check(platform.gic == PLATFORM_GIC_V3 && prepare(), "there is an ITS") ||
        !check(order(COMMAND_INT, DEVICE, EVENT, 0), "it sends the LPI")) {
        return;
    }
    suspend_prepare(&call, SUSPEND_64, (uint64_t)(uintptr_t)entry_point, CONTEXT);
    if (!suspend_check_resumed(suspend_call(&call), &call, "the core comes back")) {
        return;
    }
    check_none(suspend_entry_problem(&smp_self()->entry, CONTEXT, false),
               "in the prescribed state");
    check_equal(take_lpi(), LPI, "the LPI is still pending");
    check_equal(take_lpi(), GIC_SPURIOUS, "once");
    check(order(COMMAND_INT, DEVICE, EVENT, 0), "the ITS still takes commands");
    check_equal(take_lpi(), LPI, "and still knows the LPI");
}
