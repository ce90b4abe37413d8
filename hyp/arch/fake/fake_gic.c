/* SPDX-License-Identifier: BSD-2-Clause */
/* Distributor and redistributors. */
#include "fake_gic.h"

#include <string.h>

#include "fake.h"
#include "fake_stop.h"

enum {
    FRAME = 0x10000,
    STRIDE = 0x20000,
    REDISTRIBUTORS_END = FAKE_REDISTRIBUTORS + FAKE_CORES * STRIDE,
    IROUTER = 0x6000,
    TYPER_VALUE = 1 << 24 | 15 << 19 | 31,
};

unsigned fake_waits_for_disabled;

static struct fake_intid fake_private[FAKE_CORES][FAKE_PRIVATE];
static struct fake_intid fake_shared[FAKE_INTIDS];
static unsigned fake_busy;

struct fake_intid *fake_intid(unsigned core, unsigned intid)
{
    fake_require(core < FAKE_CORES && intid < FAKE_INTIDS, "no such interrupt");
    return intid < FAKE_PRIVATE ? &fake_private[core][intid] : &fake_shared[intid];
}

static void fake_enable_own(unsigned core)
{
    fake_private[core][ARCH_INTID_KICK].enabled = true;
    fake_private[core][ARCH_INTID_MAINTENANCE].enabled = true;
    fake_private[core][ARCH_INTID_TIMER].enabled = true;
}

void fake_gic_reset(void)
{
    memset(fake_private, 0, sizeof(fake_private));
    memset(fake_shared, 0, sizeof(fake_shared));
    for (unsigned core = 0; core < FAKE_CORES; core++) {
        for (unsigned intid = 0; intid < FAKE_PRIVATE; intid++) {
            fake_private[core][intid].group1 = true;
            fake_private[core][intid].edge = intid < 16;
        }
        fake_enable_own(core);
    }
    for (unsigned intid = FAKE_PRIVATE; intid < FAKE_INTIDS; intid++) {
        fake_shared[intid].group1 = true;
        fake_shared[intid].route = UINT64_MAX;
    }
    fake_waits_for_disabled = 0;
    fake_busy = 0;
}

void fake_set_line(unsigned core, unsigned intid, bool asserted)
{
    struct fake_intid *its = fake_intid(core, intid);

    its->latch |= its->edge && asserted && !its->line;
    its->line = asserted;
}

uint64_t arch_gic_distributor(void)
{
    return FAKE_DISTRIBUTOR;
}

uint64_t arch_gic_redistributor(unsigned core)
{
    return FAKE_REDISTRIBUTORS + (uint64_t)core * STRIDE;
}

/* ---- Registers ---- */

/* The core whose second frame it is; of the distributor, core 0, for which private interrupts
 * are not there. */
struct fake_place {
    unsigned core;
    bool is_shared;
    uint32_t offset;
};

static struct fake_intid *place_intid(const struct fake_place *place, unsigned intid)
{
    fake_require(intid < FAKE_INTIDS && (intid >= FAKE_PRIVATE) == place->is_shared,
                 "a register of interrupts that this frame has not");
    return fake_intid(place->core, intid);
}

static bool fake_is_pending(const struct fake_intid *its)
{
    return its->latch || (its->line && !its->edge);
}

static bool place_read_bit(const struct fake_place *place, const struct fake_intid *its)
{
    switch (place->offset & 0xf80) {
    case 0x080:
        return its->group1;
    case 0x100:
    case 0x180:
        return its->enabled;
    case 0x200:
    case 0x280:
        return fake_is_pending(its);
    default:
        return its->active;
    }
}

static void place_write_bit(const struct fake_place *place, struct fake_intid *its)
{
    switch (place->offset & 0xf80) {
    case 0x100:
        its->enabled = true;
        break;
    case 0x180:
        its->enabled = false;
        fake_busy = fake_waits_for_disabled;
        break;
    case 0x200:
        its->latch = true;
        break;
    case 0x280:
        its->latch = false;
        break;
    case 0x300:
        its->active = true;
        break;
    case 0x380:
        its->active = false;
        break;
    default:
        fake_require(false, "hyp wrote groups after the start");
    }
}

/* The interrupts of a word of bits that exist. */
static bool place_has(const struct fake_place *place, unsigned intid)
{
    return intid < FAKE_INTIDS && (intid >= FAKE_PRIVATE) == place->is_shared;
}

static uint32_t place_read_bits(const struct fake_place *place)
{
    unsigned first = (place->offset & 0x7f) * 8;
    uint32_t bits = 0;

    for (unsigned i = 0; i < 32; i++) {
        if (place_has(place, first + i) &&
            place_read_bit(place, fake_intid(place->core, first + i))) {
            bits |= 1u << i;
        }
    }
    return bits;
}

static void place_write_bits(const struct fake_place *place, uint32_t bits)
{
    unsigned first = (place->offset & 0x7f) * 8;

    for (; bits != 0; bits &= bits - 1) {
        place_write_bit(place, place_intid(place, first + (unsigned)__builtin_ctz(bits)));
    }
}

static uint64_t place_read_priorities(const struct fake_place *place, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)place_intid(place, place->offset - 0x400 + i)->priority << i * 8;
    }
    return value;
}

static void place_write_priorities(const struct fake_place *place, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++) {
        place_intid(place, place->offset - 0x400 + i)->priority = (uint8_t)(value >> i * 8);
    }
}

static uint32_t place_read_config(const struct fake_place *place)
{
    unsigned first = (place->offset - 0xc00) * 4;
    uint32_t value = 0;

    for (unsigned i = 0; i < 16; i++) {
        if (place_has(place, first + i) && fake_intid(place->core, first + i)->edge) {
            value |= 2u << i * 2;
        }
    }
    return value;
}

static void place_write_config(const struct fake_place *place, uint32_t value)
{
    unsigned first = (place->offset - 0xc00) * 4;

    for (unsigned i = 0; i < 16; i++) {
        if (place_has(place, first + i)) {
            fake_intid(place->core, first + i)->edge = (value >> (i * 2 + 1) & 1) != 0;
        }
    }
}

static uint32_t place_busy(uint32_t bit)
{
    if (fake_busy == 0) {
        return 0;
    }
    fake_busy--;
    return bit;
}

/* Finds the frame. First frames of redistributors have no offset: UINT32_MAX. */
static bool place_find(uint64_t pa, struct fake_place *place)
{
    if (pa >= FAKE_DISTRIBUTOR && pa < FAKE_DISTRIBUTOR + FRAME) {
        *place = (struct fake_place){0, true, (uint32_t)(pa - FAKE_DISTRIBUTOR)};
        return true;
    }
    if (pa >= FAKE_REDISTRIBUTORS && pa < REDISTRIBUTORS_END) {
        uint64_t at = pa - FAKE_REDISTRIBUTORS;

        *place = (struct fake_place){(unsigned)(at / STRIDE), false,
                                     (at & FRAME) != 0 ? (uint32_t)(at % FRAME) : UINT32_MAX};
        return true;
    }
    return false;
}

enum place_kind { PLACE_ROUTE, PLACE_BITS, PLACE_PRIORITIES, PLACE_CONFIG };

/* Which registers are at the offset. */
static enum place_kind place_kind_of(const struct fake_place *place, unsigned size)
{
    static const struct {
        uint32_t end;
        enum place_kind kind;
    } kinds[] = {{0x400, PLACE_BITS}, {0x7fc, PLACE_PRIORITIES}, {0xd00, PLACE_CONFIG}};
    bool is_route = place->is_shared && place->offset >= IROUTER;

    for (unsigned i = 0; i < 3 && place->offset >= 0x80; i++) {
        if (place->offset < kinds[i].end) {
            fake_require(size == 4 || kinds[i].kind == PLACE_PRIORITIES, "an unexpected size");
            return kinds[i].kind;
        }
    }
    fake_require(is_route && size == 8, "an access to no register");
    return PLACE_ROUTE;
}

static uint64_t place_read(const struct fake_place *place, unsigned size)
{
    switch (place_kind_of(place, size)) {
    case PLACE_BITS:
        return place_read_bits(place);
    case PLACE_PRIORITIES:
        return place_read_priorities(place, size);
    case PLACE_CONFIG:
        return place_read_config(place);
    default:
        return place_intid(place, (place->offset - IROUTER) / 8)->route;
    }
}

static void place_write(const struct fake_place *place, unsigned size, uint64_t value)
{
    switch (place_kind_of(place, size)) {
    case PLACE_BITS:
        place_write_bits(place, (uint32_t)value);
        break;
    case PLACE_PRIORITIES:
        place_write_priorities(place, size, value);
        break;
    case PLACE_CONFIG:
        place_write_config(place, (uint32_t)value);
        break;
    default:
        place_intid(place, (place->offset - IROUTER) / 8)->route = value;
        break;
    }
}

/* GICR_CTLR, the only register that hyp reads in a first frame; GICD_CTLR and GICD_TYPER. */
static uint64_t place_read_control(const struct fake_place *place)
{
    if (!place->is_shared) {
        return place_busy(1u << 3);
    }
    return place->offset == 0 ? place_busy(1u << 31) | 0x52 : TYPER_VALUE;
}

bool fake_gic_read(uint64_t pa, unsigned size, uint64_t *value)
{
    struct fake_place place;

    if (!place_find(pa, &place)) {
        return false;
    }
    if (place.offset == UINT32_MAX || place.offset < 8) {
        *value = place_read_control(&place);
    } else {
        *value = place_read(&place, size);
    }
    return true;
}

bool fake_gic_write(uint64_t pa, unsigned size, uint64_t value)
{
    struct fake_place place;

    if (!place_find(pa, &place)) {
        return false;
    }
    fake_require(place.offset != UINT32_MAX, "hyp wrote to a redistributor's first frame");
    place_write(&place, size, value);
    return true;
}
