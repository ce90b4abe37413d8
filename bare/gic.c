/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include <stddef.h>

#include "gic_ops.h"
#include "mmio.h"
#include "platform.h"
#include "smp.h"

static const struct gic_ops *gic_find_ops(void)
{
    static const struct gic_ops *const known[] = {
        [PLATFORM_GIC_NONE] = NULL,
        [PLATFORM_GIC_V2] = &gic_v2_ops,
        [PLATFORM_GIC_V3] = &gic_v3_ops,
    };

    return known[platform.gic];
}

bool gic_present(void)
{
    return gic_find_ops() != NULL;
}

const char *gic_name(void)
{
    return gic_present() ? gic_find_ops()->name : "no GIC";
}

/* Returns the address of the registers of an interrupt, or 0. */
static uint64_t gic_find_frame(unsigned intid)
{
    if (!gic_present() || intid >= GIC_SPECIAL) {
        return 0;
    }
    return intid < GIC_PRIVATE_COUNT ? smp_self()->gic_frame : platform.gicd.base;
}

static uint32_t gic_bit_of(unsigned intid)
{
    return 1u << intid % 32;
}

/* Reads the register with this interrupt's bit from a bank with a bit for each interrupt. */
static uint32_t read_bits(unsigned intid, uint64_t bank)
{
    uint64_t base = gic_find_frame(intid);

    return base == 0 ? 0 : mmio_read32(base + bank + (uint64_t)intid / 32 * 4);
}

static void write_bits(unsigned intid, uint64_t bank, uint32_t bits)
{
    uint64_t base = gic_find_frame(intid);

    if (base != 0) {
        mmio_write32(base + bank + (uint64_t)intid / 32 * 4, bits);
    }
}

void gic_init_interface(void)
{
    if (gic_present()) {
        gic_find_ops()->init_interface();
    }
}

bool gic_init(void)
{
    if (!gic_present() || !gic_find_ops()->init_distributor() || !gic_find_ops()->init_private()) {
        return false;
    }
    write_bits(0, GICX_ICENABLER, UINT32_MAX);
    for (unsigned i = 0; i < GIC_PRIVATE_COUNT; i++) {
        gic_set_priority(i, GIC_PRIORITY);
    }
    gic_init_interface();
    return true;
}

bool gic_wakes(void)
{
    if (!gic_present() || (smp_self()->gic_frame == 0 && !gic_init())) {
        return false;
    }
    if (!gic_find_ops()->interface_is_on()) {
        gic_init_interface();
    }
    return gic_find_ops()->lets_through(GIC_PRIORITY);
}

void gic_enable(unsigned intid)
{
    if (!gic_present()) {
        return;
    }
    if (intid >= GIC_PRIVATE_COUNT && intid < GIC_SPECIAL) {
        gic_set_priority(intid, GIC_PRIORITY);
        gic_find_ops()->route_to_self(intid);
    }
    write_bits(intid, GICX_ISENABLER, gic_bit_of(intid));
}

void gic_disable(unsigned intid)
{
    write_bits(intid, GICX_ICENABLER, gic_bit_of(intid));
}

bool gic_is_enabled(unsigned intid)
{
    return (read_bits(intid, GICX_ISENABLER) & gic_bit_of(intid)) != 0;
}

bool gic_is_pending(unsigned intid)
{
    return (read_bits(intid, GICX_ISPENDR) & gic_bit_of(intid)) != 0;
}

bool gic_is_active(unsigned intid)
{
    return (read_bits(intid, GICX_ISACTIVER) & gic_bit_of(intid)) != 0;
}

uint32_t gic_private_enabled(void)
{
    return read_bits(0, GICX_ISENABLER);
}

uint32_t gic_private_pending(void)
{
    return read_bits(0, GICX_ISPENDR);
}

void gic_set_priority(unsigned intid, uint8_t priority)
{
    uint64_t base = gic_find_frame(intid);

    if (base != 0) {
        mmio_write8(base + GICX_IPRIORITYR + intid, priority);
    }
}

void gic_set_mask(uint8_t priority)
{
    if (gic_present()) {
        gic_find_ops()->set_mask(priority);
    }
}

bool gic_send(const struct cpu *cpu, unsigned sgi)
{
    return gic_present() && gic_find_ops()->send(cpu, sgi);
}

void gic_send_to_self(unsigned sgi)
{
    if (gic_present()) {
        gic_find_ops()->send_to_self(sgi);
    }
}

bool gic_reaches(const struct cpu *cpu)
{
    return gic_present() && (gic_find_ops() == &gic_v3_ops || cpu->gic_target != 0);
}

void gic_withdraw_sgi(unsigned sgi)
{
    write_bits(sgi, GICX_ICPENDR, gic_bit_of(sgi));
    if (gic_present()) {
        gic_find_ops()->forget_sgis(gic_bit_of(sgi));
    }
}

unsigned gic_acknowledge(void)
{
    return gic_present() ? gic_find_ops()->acknowledge() : GIC_SPURIOUS;
}

void gic_end(unsigned intid)
{
    if (gic_present()) {
        gic_find_ops()->end(intid);
    }
}

unsigned gic_take(void)
{
    unsigned intid = gic_acknowledge();

    if (intid < GIC_SPECIAL) {
        gic_end(intid);
    }
    return intid;
}

/* An interrupt that was acknowledged and not ended hides all that are not more urgent. */
static void end_active(void)
{
    uint32_t active = read_bits(0, GICX_ISACTIVER);

    for (unsigned i = 0; i < GIC_PRIVATE_COUNT; i++) {
        if ((active & gic_bit_of(i)) != 0) {
            gic_end(i);
        }
    }
}

bool gic_drain(void)
{
    unsigned intid = 0;

    gic_init_interface(); /* a mask would hide some */
    end_active();
    for (unsigned i = 0; i < GIC_SPECIAL && intid < GIC_SPECIAL; i++) {
        intid = gic_take();
    }
    write_bits(0, GICX_ICACTIVER, UINT32_MAX);
    write_bits(0, GICX_ICPENDR, UINT32_MAX);
    if (gic_present()) {
        gic_find_ops()->forget_sgis(UINT32_MAX);
    }
    return gic_private_pending() == 0 && read_bits(0, GICX_ISACTIVER) == 0;
}

unsigned gic_setting_count(void)
{
    return gic_present() ? gic_find_ops()->setting_count : 0;
}

const char *gic_setting_problem(unsigned index)
{
    return gic_find_ops()->settings[index].problem;
}

uint64_t gic_setting(unsigned index)
{
    return gic_find_ops()->settings[index].read();
}
