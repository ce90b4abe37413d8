/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arm PrimeCell UART PL011 (DDI0183G) as the operator's serial line.
 *
 * It identifies itself as the revision of QEMU's `virt`, the one with FIFOs of 16: Linux concludes
 * their depth from it and relies on it. Nothing here takes line time: a byte goes out when the
 * console takes it, and a burst of input is followed by silence at once, which is a receive
 * time-out. There is no DMA, no parity and no noise; the modem's lines say "connected".
 *
 * Input is given to the UART only while the guest listens: it has unmasked a receive interrupt, or
 * has been seen polling. Until then bytes wait in the console, where they are not lost: Linux
 * throws away what is in the FIFO when it opens the port, at boot and after each sleep, and that
 * the port is enabled means nothing, for boot messages are written to it before (and programs made
 * for `virt` rely on QEMU's not asking for UARTEN at all). Where the guest ceases to listen before
 * it has had a look at what came, these bytes are hidden from it until it listens again: Linux
 * unmasks the interrupts for a moment before it empties the FIFO.
 *
 * Lock order: the device's lock, then the console's or the interrupt line's. console_put() and
 * irq_set() do not call back, and no callback of the console's comes with a lock held.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "dev/device.h"
#include "dev/fifo.h"
#include "dev/irq.h"
#include "dev/pl011.h"
#include "dev/primecell.h"
#include "host/console/console.h"
#include "power/wake.h"

static const uint16_t writable_bits[REG(REGISTERS_END)] = {
    [REG(IBRD)] = 0xFFFF, [REG(FBRD)] = 0x3F,  [REG(LCR_H)] = 0xFF, [REG(CR)] = 0xFF87,
    [REG(IFLS)] = 0x3F,   [REG(IMSC)] = 0x7FF, [REG(DMACR)] = 0x7,
};

static const uint8_t id[PRIMECELL_ID_COUNT] = {0x11, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

struct device {
    struct device_env env;
    pthread_mutex_t lock; /* protects all below: vCPU threads against the console's callbacks */
    uint32_t reg[REG(REGISTERS_END)];
    struct fifo rx;
    struct fifo tx;
    bool overrun;   /* loopback only: a byte found the receive FIFO full */
    bool polled;    /* the guest polls for input */
    unsigned looks; /* at the flags, with nothing in between */
    bool seen;      /* the guest has looked at what is in the receive FIFO */
    bool hidden;    /* what is in the receive FIFO is kept from the guest */
    unsigned hides; /* how often that has been done to these bytes */
};

static bool fifos_enabled(const struct device *device)
{
    return (device->reg[REG(LCR_H)] & LCR_H_FEN) != 0;
}

static unsigned depth(const struct device *device)
{
    return fifos_enabled(device) ? FIFO_SIZE : 1;
}

/* The fill that a field of UARTIFLS names (DDI0183G 3.3.9); reserved values as the greatest. */
static unsigned level(uint32_t field)
{
    static const uint8_t levels[] = {2, 4, 8, 12, 14, 14, 14, 14};

    return levels[field % sizeof(levels)];
}

static unsigned rx_trigger(const struct device *device)
{
    return fifos_enabled(device) ? level(device->reg[REG(IFLS)] >> 3) : 1;
}

static unsigned tx_trigger(const struct device *device)
{
    return fifos_enabled(device) ? level(device->reg[REG(IFLS)]) : 0;
}

static bool loops_back(const struct device *device)
{
    return (device->reg[REG(CR)] & CR_LBE) != 0;
}

static bool listens(const struct device *device)
{
    return device->polled || (device->reg[REG(IMSC)] & (INT_RX | INT_RT)) != 0;
}

/* How many bytes the guest would take from the line now. */
static unsigned rx_room(const struct device *device)
{
    if (!listens(device) || loops_back(device) || device->rx.count >= depth(device)) {
        return 0;
    }
    return depth(device) - device->rx.count;
}

/* What the guest sees of the receive FIFO. */
static unsigned rx_count(const struct device *device)
{
    return device->hidden ? 0 : device->rx.count;
}

static void update_irq(struct device *device)
{
    irq_set(device->env.irq, (device->reg[REG(RIS)] & device->reg[REG(IMSC)]) != 0);
}

/*
 * The two receive interrupts, after bytes have come (DDI0183G 2.8). UARTRXINTR is raised at each
 * arrival at or above the level, not only where the level is crossed: a guest that cleared it by
 * UARTICR with bytes left would wait for ever on a line that fills up only when it reads.
 */
static void rx_arrived(struct device *device)
{
    uint32_t *ris = &device->reg[REG(RIS)];

    device->hidden = false;
    *ris |= INT_RT;
    if (device->rx.count >= rx_trigger(device)) {
        *ris |= INT_RX;
    }
}

/* The same, after the guest has read one. */
static void rx_taken(struct device *device)
{
    uint32_t *ris = &device->reg[REG(RIS)];

    if (device->rx.count < rx_trigger(device)) {
        *ris &= ~(uint32_t)INT_RX;
    }
    *ris = device->rx.count > 0 ? *ris | INT_RT : *ris & ~(uint32_t)INT_RT;
}

/*
 * After the guest has begun to listen, or has ceased to. The number of times has a limit for the
 * sake of a guest that masks the interrupt in its handler, sight unseen, to read the bytes later:
 * it would come and find nothing, again and again.
 */
static void hide_or_show(struct device *device)
{
    enum { HIDES_MAX = 4 };

    if (listens(device)) {
        if (device->hidden) {
            rx_arrived(device);
        }
    } else if (rx_count(device) > 0 && !device->seen && device->hides < HIDES_MAX) {
        device->hidden = true;
        device->hides++;
        device->reg[REG(RIS)] &= ~(uint32_t)(INT_RX | INT_RT);
    }
}

/* UARTTXINTR: the fill has passed the level on its way down (DDI0183G 2.8). */
static void tx_drain(struct device *device)
{
    bool sent = false;

    while (device->tx.count > 0 && console_put(device->env.console, fifo_front(&device->tx))) {
        fifo_pop(&device->tx);
        sent = true;
    }
    if (sent && device->tx.count <= tx_trigger(device)) {
        device->reg[REG(RIS)] |= INT_TX;
    }
}

/* The transmitter feeds the receiver, and may overrun it (DDI0183G 3.3.8, LBE). */
static void loop_back(struct device *device, uint8_t byte)
{
    if (device->rx.count >= depth(device)) {
        device->overrun = true;
        device->reg[REG(RSR)] |= RSR_OE;
        device->reg[REG(RIS)] |= INT_OE;
    } else {
        fifo_push(&device->rx, byte);
        rx_arrived(device);
    }
    device->reg[REG(RIS)] |= INT_TX;
}

static void write_dr(struct device *device, uint32_t value)
{
    if (loops_back(device)) {
        loop_back(device, (uint8_t)value);
        return;
    }
    /* What is written to a full FIFO is lost; UARTFR says so beforehand. */
    if (device->tx.count >= depth(device)) {
        return;
    }
    fifo_push(&device->tx, (uint8_t)value);
    tx_drain(device);
    if (device->tx.count > tx_trigger(device)) {
        device->reg[REG(RIS)] &= ~(uint32_t)INT_TX;
    }
}

static uint32_t read_dr(struct device *device)
{
    if (rx_count(device) == 0) {
        return 0;
    }
    uint32_t value = fifo_front(&device->rx) | (device->overrun ? DR_OE : 0u);

    device->overrun = false;
    fifo_pop(&device->rx);
    rx_taken(device);
    return value;
}

/*
 * The operator's end is always there: a guest that turns hardware flow control on must not wait for
 * it for ever. In loopback the modem's outputs come back as its inputs (DDI0183G 3.3.8).
 */
static uint32_t modem_lines(const struct device *device)
{
    uint32_t cr = device->reg[REG(CR)];

    if (!loops_back(device)) {
        return FR_CTS | FR_DSR | FR_DCD;
    }
    return ((cr & CR_RTS) != 0 ? FR_CTS : 0u) | ((cr & CR_DTR) != 0 ? FR_DSR : 0u) |
           ((cr & CR_OUT1) != 0 ? FR_DCD : 0u) | ((cr & CR_OUT2) != 0 ? FR_RI : 0u);
}

static void modem_changed(struct device *device, uint32_t changed)
{
    device->reg[REG(RIS)] |=
        ((changed & FR_RI) != 0 ? INT_RI : 0u) | ((changed & FR_CTS) != 0 ? INT_CTS : 0u) |
        ((changed & FR_DCD) != 0 ? INT_DCD : 0u) | ((changed & FR_DSR) != 0 ? INT_DSR : 0u);
}

static uint32_t flags(const struct device *device)
{
    uint32_t value = modem_lines(device);

    if (rx_count(device) == 0) {
        value |= FR_RXFE;
    }
    if (rx_count(device) >= depth(device)) {
        value |= FR_RXFF;
    }
    if (device->tx.count >= depth(device)) {
        value |= FR_TXFF;
    }
    value |= device->tx.count == 0 ? FR_TXFE : FR_BUSY;
    return value;
}

/*
 * Whoever looks at the flags again and again, with nothing in between, an empty receiver and an
 * idle transmitter, waits for input. Two looks in a row can also be one behind a byte written and
 * one before the next, as in Linux's earlycon, which never reads.
 */
static void notice_polling(struct device *device, uint64_t offset, uint32_t value)
{
    enum { LOOKS = 3 };
    bool idle = (value & (FR_RXFE | FR_TXFF | FR_BUSY)) == FR_RXFE;

    if (offset != FR || !idle) {
        device->looks = 0;
    } else if (!device->polled && ++device->looks == LOOKS) {
        device->polled = true;
        hide_or_show(device);
    }
}

static uint32_t register_value(struct device *device, uint64_t offset)
{
    if (offset >= PRIMECELL_ID_BASE) {
        return primecell_id(id, offset);
    }
    switch (offset) {
    case DR:
        return read_dr(device);
    case FR:
        return flags(device);
    case MIS:
        return device->reg[REG(RIS)] & device->reg[REG(IMSC)];
    default:
        return offset < REGISTERS_END ? device->reg[REG(offset)] : 0;
    }
}

static uint32_t read_register(struct device *device, uint64_t offset)
{
    uint32_t value = register_value(device, offset);

    device->seen = device->seen || offset == DR || offset == RIS || offset == MIS;
    notice_polling(device, offset, value);
    return value;
}

static void keep(struct device *device, uint64_t offset, uint32_t value)
{
    uint32_t lines_before = modem_lines(device);
    bool fifos_before = fifos_enabled(device);

    device->reg[REG(offset)] = value & writable_bits[REG(offset)];
    modem_changed(device, lines_before ^ modem_lines(device));
    if (fifos_before && !fifos_enabled(device)) {
        /* The documented way to flush the transmit FIFO (DDI0183G 3.3.8). */
        device->tx.count = 0;
    }
}

static void write_register(struct device *device, uint64_t offset, uint32_t value)
{
    device->looks = 0;
    if (offset >= REGISTERS_END) {
        return;
    }
    switch (offset) {
    case DR:
        write_dr(device, value);
        return;
    case RSR:
        device->reg[REG(RSR)] = 0;
        return;
    case ICR:
        device->reg[REG(RIS)] &= ~value;
        return;
    case LCR_H:
    case CR:
    case IMSC:
        /* A driver takes the port over from whoever polled it before: a boot loader, say. */
        device->polled = false;
        keep(device, offset, value);
        hide_or_show(device);
        return;
    default:
        if (writable_bits[REG(offset)] != 0) {
            keep(device, offset, value);
        }
        return;
    }
}

/*
 * Behind an access: lets go of the lock, and tells the console if so much room has come that it is
 * worth waking up for. Should the console have been quicker, the call finds nothing to do.
 */
static void leave(struct device *device)
{
    bool accept = rx_room(device) * 2 >= depth(device);

    update_irq(device);
    pthread_mutex_unlock(&device->lock);
    if (accept) {
        console_accept(device->env.console);
    }
}

static uint64_t pl011_read(struct device *device, uint64_t offset, unsigned size)
{
    pthread_mutex_lock(&device->lock);
    uint64_t value = primecell_read(device, read_register, offset, size);

    leave(device);
    return value;
}

static void pl011_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
    pthread_mutex_lock(&device->lock);
    primecell_write(device, write_register, offset, size, value);
    leave(device);
}

static size_t pl011_room(void *arg)
{
    struct device *device = arg;

    pthread_mutex_lock(&device->lock);
    size_t room = rx_room(device);
    pthread_mutex_unlock(&device->lock);
    return room;
}

static void pl011_receive(void *arg, const uint8_t *bytes, size_t count)
{
    struct device *device = arg;

    pthread_mutex_lock(&device->lock);
    if (device->rx.count == 0) {
        device->seen = false;
        device->hides = 0;
    }
    /*
     * The guest may have masked its interrupts or shrunk the FIFO since it was asked for room; the
     * storage behind the FIFO has the room in any case, for only this thread adds to it outside of
     * loopback, and a guest that has turned that on meanwhile loses bytes by its own doing.
     */
    for (size_t i = 0; i < count && device->rx.count < FIFO_SIZE; i++) {
        fifo_push(&device->rx, bytes[i]);
    }
    rx_arrived(device);
    hide_or_show(device);
    update_irq(device);
    pthread_mutex_unlock(&device->lock);

    device->env.wake(device->env.wake_arg);
}

static void pl011_writable(void *arg)
{
    struct device *device = arg;

    pthread_mutex_lock(&device->lock);
    tx_drain(device);
    update_irq(device);
    pthread_mutex_unlock(&device->lock);
}

static void pl011_reset(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    memset(device->reg, 0, sizeof(device->reg));
    device->reg[REG(CR)] = CR_RXE | CR_TXE;
    device->reg[REG(IFLS)] = 0x12;
    device->rx.count = 0;
    device->tx.count = 0;
    device->overrun = false;
    device->polled = false;
    device->looks = 0;
    device->hidden = false;
    update_irq(device);
    pthread_mutex_unlock(&device->lock);
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
    bool unread = device->rx.count > 0;
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
    .create = pl011_create,
    .destroy = pl011_destroy,
    .reset = pl011_reset,
    .read = pl011_read,
    .write = pl011_write,
    .wake_pending = pl011_wake_pending,
    .describe = pl011_describe,
};
DEVICE_REGISTER(pl011);
