/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include "level.h"
#include "mmio.h"
#include "platform.h"
#include "smp.h"
#include "sysreg.h"

enum {
    GICD_CTLR = 0x0000,
    GIC_IGROUPR = 0x0080, /* from here on distributor and redistributor are alike */
    GIC_ISENABLER = 0x0100,
    GIC_ICENABLER = 0x0180,
    GIC_ISPENDR = 0x0200,
    GIC_ISACTIVER = 0x0300,
    GIC_IPRIORITYR = 0x0400,
    GICD_IROUTER = 0x6000,
    GICR_TYPER = 0x0008,
    GICR_WAKER = 0x0014,
    GICR_SGI_FRAME = 0x10000,
    GICR_STRIDE = 0x20000,
};

enum {
    GICD_CTLR_GROUP1 = 1u << 1,
    GICD_CTLR_ARE = 1u << 4,
    GICR_WAKER_SLEEP = 1u << 1,
    GICR_WAKER_CHILDREN_ASLEEP = 1u << 2,
    GICR_TYPER_LAST = 1u << 4,
    PRIVATE_INTIDS = 32,
    PRIORITY_MASK = 0xf0,
    PATIENCE = 1000000,
    ICC_SRE_EL2_SRE = 1u << 0,
    ICC_SRE_EL2_ENABLE = 1u << 3,
};

#define GICD_CTLR_BUSY (1u << 31)

/* The redistributor frame of the calling core, or 0. */
static uint64_t redistributor(void)
{
    uint64_t mpidr = smp_self()->mpidr;
    uint64_t affinity = (mpidr >> 8 & 0xff000000) | (mpidr & 0xffffff);

    for (unsigned i = 0; i < platform.gicr_count; i++) {
        const struct region *region = &platform.gicr[i];

        for (uint64_t at = region->base; at < region->base + region->size; at += GICR_STRIDE) {
            uint64_t type = mmio_read64(at + GICR_TYPER);

            if (type >> 32 == affinity) {
                return at;
            }
            if ((type & GICR_TYPER_LAST) != 0) {
                break;
            }
        }
    }
    return 0;
}

/* Where the registers of an interrupt live. */
static uint64_t frame(unsigned intid)
{
    return intid < PRIVATE_INTIDS ? redistributor() + GICR_SGI_FRAME : platform.gicd.base;
}

static uint64_t bit_register(unsigned intid, uint64_t bank)
{
    return frame(intid) + bank + (uint64_t)intid / 32 * 4;
}

static uint32_t bit(unsigned intid)
{
    return 1u << intid % 32;
}

static bool test(unsigned intid, uint64_t bank)
{
    return (mmio_read32(bit_register(intid, bank)) & bit(intid)) != 0;
}

static bool init_redistributor(void)
{
    uint64_t base = redistributor();
    uint32_t waker;

    if (base == 0) {
        return false;
    }
    waker = mmio_read32(base + GICR_WAKER);
    mmio_write32(base + GICR_WAKER, waker & ~(uint32_t)GICR_WAKER_SLEEP);
    for (unsigned i = 0; i < PATIENCE; i++) {
        if ((mmio_read32(base + GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP) == 0) {
            break;
        }
    }
    base += GICR_SGI_FRAME;
    mmio_write32(base + GIC_ICENABLER, UINT32_MAX);
    mmio_write32(base + GIC_IGROUPR, UINT32_MAX);
    for (unsigned i = 0; i < PRIVATE_INTIDS; i++) {
        mmio_write8(base + GIC_IPRIORITYR + i, GIC_PRIORITY);
    }
    return true;
}

void gic_init_interface(void)
{
    if (level_own() == 2) {
        WRITE_SYSREG(icc_sre_el2, READ_SYSREG(icc_sre_el2) | ICC_SRE_EL2_SRE | ICC_SRE_EL2_ENABLE);
    }
    WRITE_SYSREG(icc_sre_el1, READ_SYSREG(icc_sre_el1) | 1);
    WRITE_SYSREG(icc_pmr_el1, PRIORITY_MASK);
    WRITE_SYSREG(icc_igrpen1_el1, 1);
}

bool gic_init(void)
{
    uint64_t control = platform.gicd.base + GICD_CTLR;

    if (platform.gicd.size == 0) {
        return false;
    }
    mmio_write32(control, GICD_CTLR_ARE | GICD_CTLR_GROUP1);
    for (unsigned i = 0; i < PATIENCE && (mmio_read32(control) & GICD_CTLR_BUSY) != 0; i++) {
    }
    if (!init_redistributor()) {
        return false;
    }
    gic_init_interface();
    return true;
}

void gic_enable(unsigned intid)
{
    if (intid >= PRIVATE_INTIDS) {
        uint64_t group = bit_register(intid, GIC_IGROUPR);

        mmio_write32(group, mmio_read32(group) | bit(intid));
        gic_set_priority(intid, GIC_PRIORITY);
        mmio_write64(platform.gicd.base + GICD_IROUTER + (uint64_t)intid * 8, smp_self()->mpidr);
    }
    mmio_write32(bit_register(intid, GIC_ISENABLER), bit(intid));
}

void gic_disable(unsigned intid)
{
    mmio_write32(bit_register(intid, GIC_ICENABLER), bit(intid));
}

bool gic_is_enabled(unsigned intid)
{
    return test(intid, GIC_ISENABLER);
}

bool gic_is_pending(unsigned intid)
{
    return test(intid, GIC_ISPENDR);
}

bool gic_is_active(unsigned intid)
{
    return test(intid, GIC_ISACTIVER);
}

uint32_t gic_private_enabled(void)
{
    return mmio_read32(frame(0) + GIC_ISENABLER);
}

uint32_t gic_private_pending(void)
{
    return mmio_read32(frame(0) + GIC_ISPENDR);
}

void gic_set_priority(unsigned intid, uint8_t priority)
{
    mmio_write8(frame(intid) + GIC_IPRIORITYR + intid, priority);
}

void gic_send_to_self(unsigned sgi)
{
    uint64_t mpidr = smp_self()->mpidr;
    uint64_t target = (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
                      (mpidr >> 8 & 0xff) << 16 | (mpidr >> 4 & 0xf) << 44 | 1u << (mpidr & 0xf);

    WRITE_SYSREG(icc_sgi1r_el1, target | (uint64_t)sgi << 24);
}

unsigned gic_acknowledge(void)
{
    return (unsigned)READ_SYSREG(icc_iar1_el1);
}

void gic_end(unsigned intid)
{
    WRITE_SYSREG(icc_eoir1_el1, intid);
}

unsigned gic_take(void)
{
    unsigned intid = gic_acknowledge();

    if (intid < GIC_SPURIOUS - 3) {
        gic_end(intid);
    }
    return intid;
}
