/* SPDX-License-Identifier: BSD-2-Clause */
/* Distributor and redistributors, by their registers in memory (IHI0069, 12.9 and 12.11). */
#include "arch.h"

#include "board.h"
#include "gic_redistributor.h"
#include "gic_registers.h"
#include "mmio.h"

enum { PATIENCE = 1000000, REDIST_MAX = 512 /* frames that are looked at */ };

static uint64_t gic_redistributors[BOARD_CORE_MAX];

static void gic_wait(uint64_t pa, uint32_t busy)
{
    for (unsigned i = 0; i < PATIENCE && (mmio_read32(pa) & busy) != 0; i++) {
    }
}

static void gic_keep_redistributor(uint64_t pa, uint64_t typer)
{
    for (unsigned i = 0; i < board.core_count; i++) {
        uint64_t mpidr = board.mpidrs[i];

        if (typer >> 32 == ((mpidr >> 8 & 0xff000000) | (mpidr & 0xffffff))) {
            gic_redistributors[i] = pa;
        }
    }
}

static void gic_find_redistributors(void)
{
    uint64_t at = board.redistributors;

    for (unsigned i = 0; i < REDIST_MAX; i++) {
        uint64_t typer = mmio_read64(at + GICR_TYPER);

        gic_keep_redistributor(at, typer);
        if ((typer & GICR_TYPER_LAST) != 0) {
            return;
        }
        at += (typer & GICR_TYPER_VLPIS) != 0 ? GICR_STRIDE_V4 : GICR_STRIDE;
    }
}

/* 32 interrupts: Group 1, disabled, neither pending nor active. */
static void gic_clear_word(uint64_t frame, unsigned word)
{
    uint64_t at = frame + (uint64_t)word * 4;

    mmio_write32(at + GICX_ICENABLER, UINT32_MAX);
    mmio_write32(at + GICX_IGROUPR, UINT32_MAX);
    mmio_write32(at + GICX_ICPENDR, UINT32_MAX);
    mmio_write32(at + GICX_ICACTIVER, UINT32_MAX);
}

void arch_gic_start_machine(void)
{
    uint64_t control = board.distributor + GICD_CTLR;
    unsigned lines = mmio_read32(board.distributor + GICD_TYPER) & GICD_TYPER_LINES;

    gic_find_redistributors();
    mmio_write32(control, GICD_CTLR_ARE);
    gic_wait(control, GICD_CTLR_RWP);
    for (unsigned word = 1; word <= lines; word++) {
        gic_clear_word(board.distributor, word);
    }
    gic_wait(control, GICD_CTLR_RWP);
    mmio_write32(control, GICD_CTLR_ARE | GICD_CTLR_GROUP1);
    gic_wait(control, GICD_CTLR_RWP);
}

static void gic_enable_own(uint64_t frame, unsigned intid)
{
    mmio_write8(frame + GICX_IPRIORITYR + intid, 0);
    mmio_write32(frame + GICX_ISENABLER, 1u << intid);
}

void gic_start_redistributor(void)
{
    uint64_t base = arch_gic_redistributor(arch_core());
    uint64_t frame = base + GICR_SGI_FRAME;

    mmio_write32(base + GICR_WAKER, mmio_read32(base + GICR_WAKER) & ~(uint32_t)GICR_WAKER_ASLEEP);
    gic_wait(base + GICR_WAKER, GICR_WAKER_CHILDREN_ASLEEP);
    gic_clear_word(frame, 0);
    gic_wait(base + GICR_CTLR, GICR_CTLR_RWP);
    gic_enable_own(frame, ARCH_INTID_KICK);
    gic_enable_own(frame, ARCH_INTID_MAINTENANCE);
    gic_enable_own(frame, ARCH_INTID_TIMER);
}

uint64_t arch_gic_distributor(void)
{
    return board.distributor;
}

uint64_t arch_gic_redistributor(unsigned core)
{
    return gic_redistributors[core];
}

uint64_t arch_core_mpidr(unsigned core)
{
    return board.mpidrs[core];
}
