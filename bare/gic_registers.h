/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers in memory of GICv2 (IHI0048) and GICv3 (IHI0069), and their bits. */
#ifndef GUEST_GIC_REGISTERS_H
#define GUEST_GIC_REGISTERS_H

/* Of the distributor, and of the first frame of a redistributor. */
enum {
    GICD_CTLR = 0x0000,
    GICD_TYPER = 0x0004,
    GICD_IIDR = 0x0008,
    GICD_IROUTER = 0x6000,
    GICR_CTLR = 0x0000,
    GICR_IIDR = 0x0004,
    GICR_TYPER = 0x0008,
    GICR_WAKER = 0x0014,
    GICR_SGI_FRAME = 0x10000,
    GICR_STRIDE = 0x20000,
    GICR_STRIDE_V4 = 0x40000,
};

/* At the same offsets in the distributor and in the second frame of a redistributor; PIDR4 is in the first frame. */
enum {
    GICX_IGROUPR = 0x0080,
    GICX_ISENABLER = 0x0100,
    GICX_ICENABLER = 0x0180,
    GICX_ISPENDR = 0x0200,
    GICX_ICPENDR = 0x0280,
    GICX_ISACTIVER = 0x0300,
    GICX_ICACTIVER = 0x0380,
    GICX_IPRIORITYR = 0x0400,
    GICX_ITARGETSR = 0x0800,
    GICX_ICFGR = 0x0c00,
    GICX_IGRPMODR = 0x0d00,
    GICX_PIDR4 = 0xffd0,
};

/* Bits. Those of GICD_CTLR are where they are with one security state. */
enum {
    GICD_CTLR_GROUP1 = 1u << 1,
    GICD_CTLR_ARE = 1u << 4,
    GICD_CTLR_DS = 1u << 6,
    GICD_TYPER_LINES = 0x1f,
    GICR_CTLR_RWP = 1u << 3,
    GICR_TYPER_VLPIS = 1u << 1,
    GICR_TYPER_LAST = 1u << 4,
    GICR_WAKER_ASLEEP = 1u << 1,
    GICR_WAKER_CHILDREN_ASLEEP = 1u << 2,
};

#define GICD_CTLR_RWP (1u << 31)

#endif
