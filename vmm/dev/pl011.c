/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arm PrimeCell UART PL011 (DDI0183G) as the operator's serial line.
 *
 * It identifies itself as the revision of QEMU's `virt`, the one with FIFOs of 16: Linux concludes
 * their depth from it and relies on it. Nothing here takes line time: a byte goes out when the
 * console takes it, and a burst of input is followed by silence at once, which is a receive
 * time-out. There is no DMA, no parity and no noise; the modem's lines say "connected". The
 * receiver is in dev/pl011_rx.c.
 *
 * Lock order: the device's lock, then the console's or the interrupt line's. console_put() and
 * irq_set() do not call back, and the console calls back with no lock held.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/activity.h"
#include "dev/device.h"
#include "dev/irq.h"
#include "dev/pl011.h"
#include "dev/pl011_rx.h"
#include "dev/primecell.h"
#include "host/console/console.h"
#include "power/wake.h"

static const uint16_t pl011_writable_bits[REG(REGISTERS_END)] = {
    [REG(IBRD)] = 0xFFFF, [REG(FBRD)] = 0x3F,  [REG(LCR_H)] = 0xFF, [REG(CR)] = 0xFF87,
    [REG(IFLS)] = 0x3F,   [REG(IMSC)] = 0x7FF, [REG(DMACR)] = 0x7,
};

static const uint8_t pl011_id[PRIMECELL_ID_COUNT] = {0x11, 0x10, 0x14, 0x00,
                                                     0x0D, 0xF0, 0x05, 0xB1};

static const struct pl011_state pl011_reset_state = {
    .reg = {[REG(CR)] = CR_RXE | CR_TXE, [REG(IFLS)] = 0x12},
};

struct device {
    struct device_env env;
    pthread_mutex_t lock; /* protects `state`: vCPU threads against the console's callbacks */
    struct pl011_state state;
};

static unsigned pl011_tx_trigger(const struct pl011_state *state)
{
    return pl011_has_fifos(state) ? pl011_level(state->reg[REG(IFLS)]) : 0;
}

static void pl011_update_irq(struct device *device)
{
    const uint32_t *reg = device->state.reg;

    irq_set(device->env.irq, (reg[REG(RIS)] & reg[REG(IMSC)]) != 0);
}

/* UARTTXINTR: the fill has passed the level on its way down (DDI0183G 2.8). */
static void pl011_drain(struct device *device)
{
    struct pl011_state *state = &device->state;
    bool sent = false;

    while (state->tx.count > 0 && console_put(device->env.console, fifo_front(&state->tx))) {
        fifo_pop(&state->tx);
        sent = true;
    }
    if (sent && state->tx.count <= pl011_tx_trigger(state)) {
        state->reg[REG(RIS)] |= INT_TX;
    }
}

static void pl011_send(struct device *device, uint8_t byte)
{
    struct pl011_state *state = &device->state;

    if (pl011_loops_back(state)) {
        pl011_rx_loop_back(state, byte);
        state->reg[REG(RIS)] |= INT_TX;
        return;
    }
    /* Bytes written to a full FIFO are lost; UARTFR tells the guest beforehand that it is full. */
    if (state->tx.count >= pl011_depth(state)) {
        return;
    }
    fifo_push(&state->tx, byte);
    pl011_drain(device);
    if (state->tx.count > pl011_tx_trigger(state)) {
        state->reg[REG(RIS)] &= ~(uint32_t)INT_TX;
    }
}

/*
 * The other end is always connected: a guest that turns hardware flow control on must not wait for
 * ever. In loopback the modem's outputs come back as its inputs (DDI0183G 3.3.8).
 */
static uint32_t pl011_modem_lines(const struct pl011_state *state)
{
    uint32_t cr = state->reg[REG(CR)];

    if (!pl011_loops_back(state)) {
        return FR_CTS | FR_DSR | FR_DCD;
    }
    return ((cr & CR_RTS) != 0 ? FR_CTS : 0u) | ((cr & CR_DTR) != 0 ? FR_DSR : 0u) |
           ((cr & CR_OUT1) != 0 ? FR_DCD : 0u) | ((cr & CR_OUT2) != 0 ? FR_RI : 0u);
}

static uint32_t pl011_modem_interrupts(uint32_t changed)
{
    return ((changed & FR_RI) != 0 ? INT_RI : 0u) | ((changed & FR_CTS) != 0 ? INT_CTS : 0u) |
           ((changed & FR_DCD) != 0 ? INT_DCD : 0u) | ((changed & FR_DSR) != 0 ? INT_DSR : 0u);
}

static uint32_t pl011_flags(const struct pl011_state *state)
{
    uint32_t value = pl011_modem_lines(state);

    if (pl011_rx_count(state) == 0) {
        value |= FR_RXFE;
    }
    if (pl011_rx_count(state) >= pl011_depth(state)) {
        value |= FR_RXFF;
    }
    if (state->tx.count >= pl011_depth(state)) {
        value |= FR_TXFF;
    }
    value |= state->tx.count == 0 ? FR_TXFE : FR_BUSY;
    return value;
}

static uint32_t pl011_register_value(struct pl011_state *state, uint64_t offset)
{
    if (offset >= PRIMECELL_ID_BASE) {
        return primecell_id(pl011_id, offset);
    }
    switch (offset) {
    case DR:
        return pl011_rx_take(state);
    case FR:
        return pl011_flags(state);
    case MIS:
        return state->reg[REG(RIS)] & state->reg[REG(IMSC)];
    default:
        return offset < REGISTERS_END ? state->reg[REG(offset)] : 0;
    }
}

static uint32_t pl011_read_register(struct device *device, uint64_t offset)
{
    uint32_t value = pl011_register_value(&device->state, offset);

    pl011_rx_note_read(&device->state, offset, value);
    return value;
}

static void pl011_keep(struct pl011_state *state, uint64_t offset, uint32_t value)
{
    uint32_t lines_before = pl011_modem_lines(state);
    bool fifos_before = pl011_has_fifos(state);

    state->reg[REG(offset)] = value & pl011_writable_bits[REG(offset)];
    state->reg[REG(RIS)] |= pl011_modem_interrupts(lines_before ^ pl011_modem_lines(state));
    if (fifos_before && !pl011_has_fifos(state)) {
        /* The documented way to flush the transmit FIFO (DDI0183G 3.3.8). */
        state->tx.count = 0;
    }
}

static void pl011_write_register(struct device *device, uint64_t offset, uint32_t value)
{
    struct pl011_state *state = &device->state;

    state->looks = 0;
    if (offset >= REGISTERS_END) {
        return;
    }
    switch (offset) {
    case DR:
        activity_note();
        activity_add(ACTIVITY_CONSOLE_SEND, 1);
        pl011_send(device, (uint8_t)value);
        return;
    case RSR:
        state->reg[REG(RSR)] = 0;
        return;
    case ICR:
        state->reg[REG(RIS)] &= ~value;
        return;
    case LCR_H:
    case CR:
    case IMSC:
        /* A driver takes the port over from a program that polled it, for example a boot loader. */
        state->polled = false;
        pl011_keep(state, offset, value);
        pl011_rx_note_control(state);
        return;
    default:
        if (pl011_writable_bits[REG(offset)] != 0) {
            pl011_keep(state, offset, value);
        }
        return;
    }
}

/*
 * After an access: releases the lock, and tells the console if there is enough new room to be worth
 * a wake-up. If the console was faster, the call finds nothing to do.
 */
static void pl011_leave(struct device *device)
{
    bool accept = pl011_rx_room(&device->state) * 2 >= pl011_depth(&device->state);

    pl011_update_irq(device);
    pthread_mutex_unlock(&device->lock);
    if (accept) {
        console_accept(device->env.console);
    }
}

static uint64_t pl011_read(struct device *device, uint64_t offset, unsigned size)
{
    pthread_mutex_lock(&device->lock);
    uint64_t value = primecell_read(device, pl011_read_register, offset, size);

    pl011_leave(device);
    return value;
}

static void pl011_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
    pthread_mutex_lock(&device->lock);
    primecell_write(device, pl011_write_register, offset, size, value);
    pl011_leave(device);
}

static size_t pl011_room(void *arg)
{
    struct device *device = arg;

    pthread_mutex_lock(&device->lock);
    size_t room = pl011_rx_room(&device->state);
    pthread_mutex_unlock(&device->lock);
    return room;
}

static void pl011_receive(void *arg, const uint8_t *bytes, size_t count)
{
    struct device *device = arg;

    pthread_mutex_lock(&device->lock);
    activity_note_operator();
    activity_add(ACTIVITY_CONSOLE_RECEIVE, count);
    pl011_rx_receive(&device->state, bytes, count);
    pl011_update_irq(device);
    pthread_mutex_unlock(&device->lock);

    device->env.wake(device->env.wake_arg);
}

static void pl011_writable(void *arg)
{
    struct device *device = arg;

    pthread_mutex_lock(&device->lock);
    pl011_drain(device);
    pl011_update_irq(device);
    pthread_mutex_unlock(&device->lock);
}

static void pl011_reset(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    device->state = pl011_reset_state;
    pl011_update_irq(device);
    pthread_mutex_unlock(&device->lock);
}

static bool pl011_state_is_possible(const struct pl011_state *state)
{
    const struct fifo *rx = &state->rx;
    const struct fifo *tx = &state->tx;

    return rx->head < FIFO_SIZE && rx->count <= FIFO_SIZE && tx->head < FIFO_SIZE &&
           tx->count <= FIFO_SIZE;
}

static bool pl011_restore(struct device *device, const void *saved)
{
    const struct pl011_state *state = saved;

    if (!pl011_state_is_possible(state)) {
        return false;
    }
    pthread_mutex_lock(&device->lock);
    device->state = *state;
    pl011_drain(device);
    pl011_leave(device);
    return true;
}

static int pl011_create(const struct device_env *env, struct device **out)
{
    struct device *device = calloc(1, sizeof(*device));

    if (device == NULL) {
        return -ENOMEM;
    }
    device->env = *env;
    pthread_mutex_init(&device->lock, NULL);
    pl011_reset(device);
    const struct console_receiver receiver = {
        .arg = device,
        .room = pl011_room,
        .receive = pl011_receive,
        .writable = pl011_writable,
    };
    console_connect(env->console, &receiver);
    *out = device;
    return 0;
}

static void pl011_destroy(struct device *device)
{
    console_connect(device->env.console, NULL);
    pthread_mutex_destroy(&device->lock);
    free(device);
}

/* Input that the guest has not read, whether it has got as far as the FIFO or not. */
static bool pl011_wake_pending(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    bool unread = device->state.rx.count > 0;
    pthread_mutex_unlock(&device->lock);
    return unread || console_pending(device->env.console);
}

static void pl011_describe(const struct device_instance *instance, struct tree *tree)
{
    static const char clock_names[] = "uartclk\0apb_pclk";

    primecell_describe(instance, tree, clock_names, sizeof(clock_names));
}

static const struct device_class pl011 = {
    .name = "pl011",
    .size = PRIMECELL_SIZE,
    .wake_source = WAKE_CONSOLE,
    .state_offset = offsetof(struct device, state),
    .state_size = sizeof(struct pl011_state),
    .create = pl011_create,
    .destroy = pl011_destroy,
    .reset = pl011_reset,
    .restore = pl011_restore,
    .read = pl011_read,
    .write = pl011_write,
    .wake_pending = pl011_wake_pending,
    .describe = pl011_describe,
};
DEVICE_REGISTER(pl011);
