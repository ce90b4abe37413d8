/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups stay as they are. In the Non-secure world the first enable bits are for all interrupts that
 * can be used, and the others are ignored. Without the Security Extensions the same bits are for
 * group 0 only, but firmware that knows both worlds may have put all interrupts into group 1: so both
 * groups are on, and GICC_IAR acknowledges both (AckCtl; GICv2 architecture, 4.4.1).
 */
#include "gic_ops.h"
#include "mmio.h"
#include "platform.h"
#include "smp.h"

enum {
    GICD_SGIR = 0x0f00,
    GICD_CPENDSGIR = 0x0f10,
    GICC_CTLR = 0x0000,
    GICC_PMR = 0x0004,
    GICC_BPR = 0x0008,
    GICC_IAR = 0x000c,
    GICC_EOIR = 0x0010,
    GICC_RPR = 0x0014,
};

enum {
    CTLR_ENABLE = 1u << 0,
    GICD_CTLR_ENABLE_1 = 1u << 1,
    GICC_CTLR_ENABLE_1 = 1u << 1,
    GICC_CTLR_ACKNOWLEDGE_1 = 1u << 2,
    GICC_CTLR_BYPASS = 0xf << 5, /* the firmware's to decide */
    SGIR_TARGETS_SHIFT = 16,
    SGIR_SELF = 2u << 24,
    IAR_INTID_MASK = 0x3ff,
};

static uint64_t v2_register(uint64_t offset)
{
    return platform.gicc.base + offset;
}

static bool v2_init_distributor(void)
{
    uint64_t control = platform.gicd.base + GICD_CTLR;

    mmio_write32(control, mmio_read32(control) | CTLR_ENABLE | GICD_CTLR_ENABLE_1);
    return platform.gicc.size != 0;
}

/* A core reads its own bit from the registers of its private interrupts, any of which may be
 * missing. */
static uint8_t v2_own_target(void)
{
    uint8_t target = 0;

    for (unsigned i = 0; i < GIC_PRIVATE_COUNT; i++) {
        target |= mmio_read8(platform.gicd.base + GICX_ITARGETSR + i);
    }
    return target;
}

static bool v2_init_private(void)
{
    struct cpu *self = smp_self();

    self->gic_frame = platform.gicd.base;
    self->gic_target = v2_own_target();
    return true;
}

static void v2_set_mask(uint8_t priority)
{
    mmio_write32(v2_register(GICC_PMR), priority);
}

static void v2_init_interface(void)
{
    v2_set_mask(GIC_MASK_NOTHING);
    uint32_t bypass = mmio_read32(v2_register(GICC_CTLR)) & GICC_CTLR_BYPASS;

    mmio_write32(v2_register(GICC_CTLR),
                 bypass | CTLR_ENABLE | GICC_CTLR_ENABLE_1 | GICC_CTLR_ACKNOWLEDGE_1);
}

static void v2_route_to_self(unsigned intid)
{
    uint8_t target = smp_self()->gic_target;

    if (target != 0) {
        mmio_write8(platform.gicd.base + GICX_ITARGETSR + intid, target);
    }
}

static bool v2_send(const struct cpu *cpu, unsigned sgi)
{
    if (cpu->gic_target == 0) {
        return false;
    }
    smp_barrier();
    mmio_write32(platform.gicd.base + GICD_SGIR,
                 (uint32_t)cpu->gic_target << SGIR_TARGETS_SHIFT | sgi);
    return true;
}

static void v2_send_to_self(unsigned sgi)
{
    mmio_write32(platform.gicd.base + GICD_SGIR, SGIR_SELF | sgi);
}

/* Each SGI has a byte with a bit for each sender. */
static void v2_forget_sgis(uint32_t sgis)
{
    for (unsigned i = 0; i < GIC_SGI_COUNT; i++) {
        if ((sgis >> i & 1) != 0) {
            mmio_write8(platform.gicd.base + GICD_CPENDSGIR + i, UINT8_MAX);
        }
    }
}

/* An SGI is ended by the word that acknowledged it, which also names the sender. */
static unsigned v2_acknowledge(void)
{
    uint32_t word = mmio_read32(v2_register(GICC_IAR));
    unsigned intid = word & IAR_INTID_MASK;

    if (intid < GIC_SGI_COUNT) {
        smp_self()->gic_acknowledged = word;
    }
    return intid;
}

static void v2_end(unsigned intid)
{
    uint32_t word = smp_self()->gic_acknowledged;
    bool is_that = intid < GIC_SGI_COUNT && (word & IAR_INTID_MASK) == intid;

    mmio_write32(v2_register(GICC_EOIR), is_that ? word : intid);
}

static uint64_t v2_read_pmr(void)
{
    return mmio_read32(v2_register(GICC_PMR));
}

static uint64_t v2_read_control(void)
{
    return mmio_read32(v2_register(GICC_CTLR));
}

static uint64_t v2_read_bpr(void)
{
    return mmio_read32(v2_register(GICC_BPR));
}

static bool v2_interface_is_on(void)
{
    return (v2_read_control() & CTLR_ENABLE) != 0;
}

static bool v2_lets_through(uint8_t priority)
{
    return v2_read_pmr() > priority && mmio_read32(v2_register(GICC_RPR)) > priority;
}

static const struct gic_setting settings[] = {
    {"GICC_PMR differs", v2_read_pmr},
    {"GICC_CTLR differs", v2_read_control},
    {"GICC_BPR differs", v2_read_bpr},
};

const struct gic_ops gic_v2_ops = {
    .name = "GICv2",
    .init_distributor = v2_init_distributor,
    .init_private = v2_init_private,
    .init_interface = v2_init_interface,
    .interface_is_on = v2_interface_is_on,
    .lets_through = v2_lets_through,
    .route_to_self = v2_route_to_self,
    .set_mask = v2_set_mask,
    .send = v2_send,
    .send_to_self = v2_send_to_self,
    .forget_sgis = v2_forget_sgis,
    .acknowledge = v2_acknowledge,
    .end = v2_end,
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
};
