/* SPDX-License-Identifier: BSD-2-Clause */
#include "pl031.h"

/* Register offsets (DDI0224C 3.2). */
enum {
    DR = 0x00,
    MR = 0x04,
    LR = 0x08,
    CR = 0x0C,
    IMSC = 0x10,
    RIS = 0x14,
    MIS = 0x18,
    ICR = 0x1C,
    ID = 0xFE0,
};

/* RTCPeriphID0 to 3, RTCPCellID0 to 3. */
static const uint8_t pl031_id[] = {0x31, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

void pl031_reset(struct pl031 *clock)
{
    clock->match = 0;
    clock->load = 0;
    clock->alarm = 0;
    clock->is_armed = false;
    clock->has_match = false;
    clock->is_raised = false;
    clock->is_unmasked = false;
}

void pl031_tick(struct pl031 *clock, uint64_t second)
{
    if (clock->is_armed && second >= clock->alarm) {
        clock->is_armed = false;
        clock->is_raised = true;
    }
}

/* The match is one of equality: a time that has passed comes again in 2^32 seconds. */
static void pl031_arm(struct pl031 *clock, uint64_t second)
{
    clock->alarm = second + (clock->match - ((uint32_t)second + clock->offset));
    clock->is_armed = true;
    pl031_tick(clock, second);
}

static void pl031_set_date(struct pl031 *clock, uint32_t value, uint64_t second)
{
    clock->load = value;
    clock->offset = value - (uint32_t)second;
    if (clock->has_match) {
        pl031_arm(clock, second);
    }
}

static uint32_t pl031_register(const struct pl031 *clock, uint64_t offset, uint64_t second)
{
    switch (offset) {
    case DR:
        return (uint32_t)second + clock->offset;
    case MR:
        return clock->match;
    case LR:
        return clock->load;
    case CR:
        return 1; /* The clock runs, and cannot be stopped (DDI0224C 3.3.4). */
    case IMSC:
        return clock->is_unmasked;
    case RIS:
        return clock->is_raised;
    case MIS:
        return clock->is_raised && clock->is_unmasked;
    default:
        return offset >= ID ? pl031_id[(offset - ID) / 4] : 0;
    }
}

uint64_t pl031_read(const struct pl031 *clock, uint64_t offset, unsigned size, uint64_t second)
{
    uint64_t value = pl031_register(clock, offset & (PL031_SIZE - 4), second);

    value >>= offset % 4 * 8;
    return size >= 8 ? value : value & ((UINT64_C(1) << size * 8) - 1);
}

/* Writes of bytes and halfwords reach the lowest one of a register only; no driver makes them. */
void pl031_write(struct pl031 *clock, uint64_t offset, unsigned size, uint64_t value,
                 uint64_t second)
{
    (void)size;
    switch (offset) {
    case MR:
        clock->match = (uint32_t)value;
        clock->has_match = true;
        pl031_arm(clock, second);
        return;
    case LR:
        pl031_set_date(clock, (uint32_t)value, second);
        return;
    case IMSC:
        clock->is_unmasked = (value & 1) != 0;
        return;
    case ICR:
        clock->is_raised = clock->is_raised && (value & 1) == 0;
        return;
    default:
        return;
    }
}

bool pl031_line(const struct pl031 *clock)
{
    return clock->is_raised && clock->is_unmasked;
}

uint64_t pl031_deadline(const struct pl031 *clock)
{
    return clock->is_armed ? clock->alarm : UINT64_MAX;
}
