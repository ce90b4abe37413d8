/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/pl011_rx.h"

#include <stdbool.h>

static unsigned rx_trigger(const struct pl011_state *state)
{
    return pl011_has_fifos(state) ? pl011_level(state->reg[REG(IFLS)] >> 3) : 1;
}

static bool rx_listens(const struct pl011_state *state)
{
    return state->polled || (state->reg[REG(IMSC)] & (INT_RX | INT_RT)) != 0;
}

unsigned pl011_rx_room(const struct pl011_state *state)
{
    unsigned depth = pl011_depth(state);

    if (!rx_listens(state) || pl011_loops_back(state) || state->rx.count >= depth) {
        return 0;
    }
    return depth - state->rx.count;
}

unsigned pl011_rx_count(const struct pl011_state *state)
{
    return state->hidden ? 0 : state->rx.count;
}

/*
 * The two receive interrupts, after bytes have come (DDI0183G 2.8). UARTRXINTR is raised at each
 * arrival at or above the level, not only when the fill crosses the level: a guest that cleared it
 * by UARTICR with bytes left would wait for ever for more, which come only after it reads.
 */
static void rx_raise(struct pl011_state *state)
{
    uint32_t *ris = &state->reg[REG(RIS)];

    state->hidden = false;
    *ris |= INT_RT;
    if (state->rx.count >= rx_trigger(state)) {
        *ris |= INT_RX;
    }
}

/* The same, after the guest has read one. */
static void rx_lower(struct pl011_state *state)
{
    uint32_t *ris = &state->reg[REG(RIS)];

    if (state->rx.count < rx_trigger(state)) {
        *ris &= ~(uint32_t)INT_RX;
    }
    *ris = state->rx.count > 0 ? *ris | INT_RT : *ris & ~(uint32_t)INT_RT;
}

/*
 * Bytes are hidden a limited number of times: a guest that masks the interrupt in its handler
 * without looking, to read the bytes later, would find nothing again and again.
 */
void pl011_rx_note_control(struct pl011_state *state)
{
    enum { HIDES_MAX = 4 };

    if (rx_listens(state)) {
        if (state->hidden) {
            rx_raise(state);
        }
    } else if (pl011_rx_count(state) > 0 && !state->seen && state->hides < HIDES_MAX) {
        state->hidden = true;
        state->hides++;
        state->reg[REG(RIS)] &= ~(uint32_t)(INT_RX | INT_RT);
    }
}

/*
 * The guest may have masked its interrupts or shrunk the FIFO since the console asked for room. The
 * FIFO's array has room in any case, because only the console adds to it outside of loopback. A
 * guest that turns loopback on in between loses bytes.
 */
void pl011_rx_receive(struct pl011_state *state, const uint8_t *bytes, size_t count)
{
    if (state->rx.count == 0) {
        state->seen = false;
        state->hides = 0;
    }
    for (size_t i = 0; i < count && state->rx.count < FIFO_SIZE; i++) {
        fifo_push(&state->rx, bytes[i]);
    }
    rx_raise(state);
    pl011_rx_note_control(state);
}

void pl011_rx_loop_back(struct pl011_state *state, uint8_t byte)
{
    if (state->rx.count >= pl011_depth(state)) {
        state->overrun = true;
        state->reg[REG(RSR)] |= RSR_OE;
        state->reg[REG(RIS)] |= INT_OE;
        return;
    }
    fifo_push(&state->rx, byte);
    /* The guest itself sent this byte, so it need not be kept for later. */
    state->seen = true;
    rx_raise(state);
}

uint32_t pl011_rx_take(struct pl011_state *state)
{
    if (pl011_rx_count(state) == 0) {
        return 0;
    }
    uint32_t value = fifo_front(&state->rx) | (state->overrun ? DR_OE : 0u);

    state->overrun = false;
    fifo_pop(&state->rx);
    rx_lower(state);
    return value;
}

/*
 * A guest that looks at the flags again and again, with nothing in between, an empty receiver and
 * an idle transmitter, waits for input. Two looks in a row can also be one after a byte written and
 * one before the next, as in Linux's earlycon, which never reads.
 */
static void rx_note_flags(struct pl011_state *state)
{
    enum { LOOKS = 3 };

    if (!state->polled && ++state->looks == LOOKS) {
        state->polled = true;
        pl011_rx_note_control(state);
    }
}

void pl011_rx_note_read(struct pl011_state *state, uint64_t offset, uint32_t value)
{
    bool idle = (value & (FR_RXFE | FR_TXFF | FR_BUSY)) == FR_RXFE;

    if (offset == DR || offset == RIS || offset == MIS) {
        state->seen = true;
    }
    if (offset == FR && idle) {
        rx_note_flags(state);
    } else if (offset != CR) { /* EDK2 reads it between two looks; that is no other work. */
        state->looks = 0;
    }
}
