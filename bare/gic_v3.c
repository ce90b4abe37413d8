/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic_ops.h"
#include "level.h"
#include "mmio.h"
#include "platform.h"
#include "smp.h"
#include "sysreg.h"

enum {
    ICC_SRE_EL2_SRE = 1u << 0,
    ICC_SRE_EL2_ENABLE = 1u << 3,
    ICC_CTLR_END_IN_TWO = 1u << 1, /* EOImode: ended and deactivated in two steps */
};

static uint64_t v3_find_redistributor_in(const struct region *region, uint64_t affinity)
{
    uint64_t at = region->base;

    while (at < region->base + region->size) {
        uint64_t type = mmio_read64(at + GICR_TYPER);

        if (type >> 32 == affinity) {
            return at;
        }
        if ((type & GICR_TYPER_LAST) != 0) {
            break;
        }
        at += (type & GICR_TYPER_VLPIS) != 0 ? GICR_STRIDE_V4 : GICR_STRIDE;
    }
    return 0;
}

/* Returns the redistributor of the calling core, or 0. */
static uint64_t v3_find_redistributor(void)
{
    uint64_t mpidr = smp_self()->mpidr;
    uint64_t affinity = (mpidr >> 8 & 0xff000000) | (mpidr & 0xffffff);
    uint64_t found = 0;

    for (unsigned i = 0; i < platform.gicr_count && found == 0; i++) {
        found = v3_find_redistributor_in(&platform.gicr[i], affinity);
    }
    return found;
}

static bool v3_init_distributor(void)
{
    uint64_t control = platform.gicd.base + GICD_CTLR;

    mmio_write32(control, GICD_CTLR_ARE | GICD_CTLR_GROUP1);
    for (unsigned i = 0; i < GIC_PATIENCE && (mmio_read32(control) & GICD_CTLR_RWP) != 0; i++) {
    }
    return true;
}

static bool v3_init_private(void)
{
    uint64_t base = v3_find_redistributor();
    uint32_t waker;

    if (base == 0) {
        return false;
    }
    waker = mmio_read32(base + GICR_WAKER);
    mmio_write32(base + GICR_WAKER, waker & ~(uint32_t)GICR_WAKER_ASLEEP);
    for (unsigned i = 0; i < GIC_PATIENCE; i++) {
        if ((mmio_read32(base + GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP) == 0) {
            break;
        }
    }
    smp_self()->gic_frame = base + GICR_SGI_FRAME;
    mmio_write32(base + GICR_SGI_FRAME + GICX_IGROUPR, UINT32_MAX);
    return true;
}

static void v3_set_mask(uint8_t priority)
{
    WRITE_SYSREG(icc_pmr_el1, priority);
}

static void v3_init_interface(void)
{
    if (level_own() == 2) {
        WRITE_SYSREG(icc_sre_el2, READ_SYSREG(icc_sre_el2) | ICC_SRE_EL2_SRE | ICC_SRE_EL2_ENABLE);
    }
    WRITE_SYSREG(icc_sre_el1, READ_SYSREG(icc_sre_el1) | 1);
    WRITE_SYSREG(icc_ctlr_el1, READ_SYSREG(icc_ctlr_el1) & ~(uint64_t)ICC_CTLR_END_IN_TWO);
    v3_set_mask(GIC_MASK_NOTHING);
    WRITE_SYSREG(icc_igrpen1_el1, 1);
}

static void v3_route_to_self(unsigned intid)
{
    uint64_t group = platform.gicd.base + GICX_IGROUPR + (uint64_t)intid / 32 * 4;

    mmio_write32(group, mmio_read32(group) | 1u << intid % 32);
    mmio_write64(platform.gicd.base + GICD_IROUTER + (uint64_t)intid * 8, smp_self()->mpidr);
}

static bool v3_send(const struct cpu *cpu, unsigned sgi)
{
    uint64_t mpidr = cpu->mpidr;
    uint64_t target = (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
                      (mpidr >> 8 & 0xff) << 16 | (mpidr >> 4 & 0xf) << 44 | 1u << (mpidr & 0xf);

    WRITE_SYSREG(icc_sgi1r_el1, target | (uint64_t)sgi << 24);
    return true;
}

static void v3_send_to_self(unsigned sgi)
{
    v3_send(smp_self(), sgi);
}

/* Clearing the pending bits has cleared them. */
static void v3_forget_sgis(uint32_t sgis)
{
    (void)sgis;
}

static unsigned v3_acknowledge(void)
{
    return (unsigned)READ_SYSREG(icc_iar1_el1);
}

static void v3_end(unsigned intid)
{
    WRITE_SYSREG(icc_eoir1_el1, intid);
}

static uint64_t v3_read_pmr(void)
{
    return READ_SYSREG(icc_pmr_el1);
}

static uint64_t v3_read_igrpen1(void)
{
    return READ_SYSREG(icc_igrpen1_el1);
}

static uint64_t v3_read_sre(void)
{
    return READ_SYSREG(icc_sre_el1);
}

static uint64_t v3_read_bpr1(void)
{
    return READ_SYSREG(icc_bpr1_el1);
}

static bool v3_interface_is_on(void)
{
    return (v3_read_sre() & 1) != 0 && (v3_read_igrpen1() & 1) != 0;
}

static bool v3_lets_through(uint8_t priority)
{
    return v3_read_pmr() > priority && READ_SYSREG(icc_rpr_el1) > priority;
}

static const struct gic_setting settings[] = {
    {"icc_pmr_el1 differs", v3_read_pmr},
    {"icc_igrpen1_el1 differs", v3_read_igrpen1},
    {"icc_sre_el1 differs", v3_read_sre},
    {"icc_bpr1_el1 differs", v3_read_bpr1},
};

const struct gic_ops gic_v3_ops = {
    .name = "GICv3",
    .init_distributor = v3_init_distributor,
    .init_private = v3_init_private,
    .init_interface = v3_init_interface,
    .interface_is_on = v3_interface_is_on,
    .lets_through = v3_lets_through,
    .route_to_self = v3_route_to_self,
    .set_mask = v3_set_mask,
    .send = v3_send,
    .send_to_self = v3_send_to_self,
    .forget_sgis = v3_forget_sgis,
    .acknowledge = v3_acknowledge,
    .end = v3_end,
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
};
