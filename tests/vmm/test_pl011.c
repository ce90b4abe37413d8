/* SPDX-License-Identifier: BSD-2-Clause */
/* The UART with a fake console, which the linker puts in place of the real one (--wrap). */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device_rig.h"
#include "host/console/console.h"

/* Offsets and bits from the manual, so that a mistake in the device's own list is found. */
enum {
    DR = 0x00,
    RSR = 0x04,
    FR = 0x18,
    IBRD = 0x24,
    FBRD = 0x28,
    LCR_H = 0x2C,
    CR = 0x30,
    IFLS = 0x34,
    IMSC = 0x38,
    RIS = 0x3C,
    MIS = 0x40,
    ICR = 0x44,
    DMACR = 0x48,
    FEN = 0x10,
    LBE = 0x80,
    RX = 0x10,
    TX = 0x20,
    RT = 0x40,
    OE = 0x400,
    MODEM = 0x07, /* CTS, DSR and DCD in FR */
    BUSY = 0x08,
    RXFE = 0x10,
    TXFF = 0x20,
    RXFF = 0x40,
    TXFE = 0x80,
    IDLE = MODEM | RXFE | TXFE,
};

static struct {
    struct console_receiver receiver;
    bool connected;
    bool pending;
    size_t capacity; /* of output */
    char output[256];
    size_t output_count;
    atomic_uint accepts;
} line;

static struct device_rig rig;

void __wrap_console_connect(struct console *console, const struct console_receiver *receiver);
bool __wrap_console_put(struct console *console, uint8_t byte);
void __wrap_console_accept(struct console *console);
bool __wrap_console_pending(const struct console *console);

void __wrap_console_connect(struct console *console, const struct console_receiver *receiver)
{
    (void)console;
    line.connected = receiver != NULL;
    if (receiver != NULL) {
        line.receiver = *receiver;
    }
}

bool __wrap_console_put(struct console *console, uint8_t byte)
{
    (void)console;
    if (line.output_count == line.capacity) {
        return false;
    }
    line.output[line.output_count++] = (char)byte;
    return true;
}

void __wrap_console_accept(struct console *console)
{
    (void)console;
    atomic_fetch_add(&line.accepts, 1);
}

bool __wrap_console_pending(const struct console *console)
{
    (void)console;
    return line.pending;
}

static int setup(void **state)
{
    (void)state;
    memset(&line, 0, sizeof(line));
    line.capacity = sizeof(line.output) - 1;
    device_rig_create(&rig, "pl011", NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    device_rig_destroy(&rig);
    return line.connected ? -1 : 0;
}

static size_t room(void)
{
    return line.receiver.room(line.receiver.arg);
}

static void type(const char *text)
{
    line.receiver.receive(line.receiver.arg, (const uint8_t *)text, strlen(text));
}

static void assert_register(uint64_t offset, uint32_t expected)
{
    uint32_t value = device_rig_read(&rig, offset);

    if (value != expected) {
        fail_msg("register 0x%03x is 0x%x, not 0x%x", (unsigned)offset, value, expected);
    }
}

/* Turns FIFOs on and unmasks the receive interrupts, as Linux does. */
static void open_port(void)
{
    device_rig_write(&rig, LCR_H, 0x70);
    device_rig_write(&rig, CR, 0x301);
    device_rig_write(&rig, IMSC, RX | RT);
}

static void reset_values_match_the_manual(void **state)
{
    static const struct {
        uint64_t offset;
        uint32_t value;
    } expected[] = {
        {DR, 0},       {RSR, 0},      {FR, IDLE},    {IBRD, 0},     {FBRD, 0},  {LCR_H, 0},
        {CR, 0x300},   {IFLS, 0x12},  {IMSC, 0},     {RIS, 0},      {MIS, 0},   {ICR, 0},
        {DMACR, 0},    {0xFE0, 0x11}, {0xFE4, 0x10}, {0xFE8, 0x14}, {0xFEC, 0}, {0xFF0, 0x0D},
        {0xFF4, 0xF0}, {0xFF8, 0x05}, {0xFFC, 0xB1}, {0x4C, 0},     {0x800, 0}, {0xFDC, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_register(expected[i].offset, expected[i].value);
    }
}

static void registers_keep_their_bits_and_no_others(void **state)
{
    static const struct {
        uint64_t offset;
        uint32_t kept;
    } expected[] = {
        {IBRD, 0xFFFF}, {FBRD, 0x3F}, {LCR_H, 0xFF}, {CR, 0xFF87},  {IFLS, 0x3F}, {IMSC, 0x7FF},
        {DMACR, 0x7},   {ICR, 0},     {0x4C, 0},     {0xFE0, 0x11}, {RSR, 0},     {0xFFC, 0xB1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        device_rig_write(&rig, expected[i].offset, UINT32_MAX);
        assert_register(expected[i].offset, expected[i].kept);
    }
}

static void reset_puts_everything_back(void **state)
{
    (void)state;
    open_port();
    type("abc");
    assert_true(rig.line);
    rig.cls->reset(rig.device);
    assert_false(rig.line);
    reset_values_match_the_manual(NULL);
    assert_int_equal(room(), 0);
}

/* Traffic that changes every field of the state. */
static void use_everything(void)
{
    device_rig_write(&rig, IBRD, 0x1234);
    device_rig_write(&rig, FBRD, 0x15);
    device_rig_write(&rig, IFLS, 0);
    device_rig_write(&rig, DMACR, 7);
    device_rig_write(&rig, CR, 0x301 | LBE);
    for (unsigned i = 0; i < 2; i++) {
        device_rig_write(&rig, DR, 'l');
    }
    assert_register(RSR, 8);
    device_rig_read(&rig, DR);
    open_port();
    type("0123456789abcdef");
    device_rig_write(&rig, IMSC, 0);
    line.capacity = line.output_count;
    device_rig_write(&rig, DR, '.');
    device_rig_read(&rig, RIS);
}

static void reset_leaves_the_state_of_a_new_device(void **state)
{
    (void)state;
    assert_int_equal(device_rig_changes(&rig), 0);
    use_everything();
    assert_true(device_rig_changes(&rig) > 20);
    rig.cls->reset(rig.device);
    assert_int_equal(device_rig_changes(&rig), 0);
    for (unsigned i = 0; i < 3; i++) {
        device_rig_read(&rig, FR);
    }
    assert_true(device_rig_changes(&rig) > 0);
    rig.cls->reset(rig.device);
    assert_int_equal(device_rig_changes(&rig), 0);
}

/* The state is all there is of a device: another one that gets it behaves the same. */
static void state_is_all_that_a_guest_can_see(void **state)
{
    struct device_rig other;

    (void)state;
    use_everything();
    device_rig_create(&other, "pl011", NULL, NULL);
    device_rig_copy_state(&other, &rig);
    for (unsigned round = 0; round < 17; round++) {
        for (uint64_t offset = 0; offset < 0x50; offset += 4) {
            assert_int_equal(device_rig_read(&other, offset), device_rig_read(&rig, offset));
        }
        device_rig_write(&other, IMSC, round << 4);
        device_rig_write(&rig, IMSC, round << 4);
        assert_int_equal(other.line, rig.line);
    }
    device_rig_destroy(&other);
}

static void written_bytes_go_out_and_raise_the_transmit_interrupt(void **state)
{
    (void)state;
    device_rig_write(&rig, IMSC, TX);
    assert_false(rig.line);
    device_rig_write(&rig, DR, 'h');
    device_rig_write(&rig, DR, 0xFFFFFF00u | 'i');
    assert_string_equal(line.output, "hi");
    assert_register(FR, IDLE);
    assert_register(RIS, TX);
    assert_register(MIS, TX);
    assert_true(rig.line);
    assert_int_equal(rig.spi, 1);
    device_rig_write(&rig, ICR, TX);
    assert_register(RIS, 0);
    assert_false(rig.line);
}

/* The line is full: 16 bytes wait in the FIFO, and only the next one is lost. */
static void slow_line_fills_the_fifo_and_drains_it_in_order(void **state)
{
    (void)state;
    device_rig_write(&rig, LCR_H, FEN);
    device_rig_write(&rig, IMSC, TX);
    line.capacity = 0;
    for (uint32_t c = 'a'; c < 'a' + 16; c++) {
        assert_register(FR, c == 'a' ? IDLE : (MODEM | RXFE | BUSY));
        device_rig_write(&rig, DR, c);
    }
    assert_register(FR, MODEM | RXFE | BUSY | TXFF);
    device_rig_write(&rig, DR, '!');
    assert_register(RIS, 0);
    assert_false(rig.line);

    /* Nine bytes are above the level of eight: no interrupt yet. */
    line.capacity = 7;
    line.receiver.writable(line.receiver.arg);
    assert_register(RIS, 0);
    line.capacity = 8;
    line.receiver.writable(line.receiver.arg);
    assert_register(RIS, TX);
    assert_true(rig.line);
    line.capacity = 100;
    line.receiver.writable(line.receiver.arg);
    assert_string_equal(line.output, "abcdefghijklmnop");
    assert_register(FR, IDLE);
}

static void transmit_interrupt_falls_above_the_level(void **state)
{
    (void)state;
    device_rig_write(&rig, LCR_H, FEN);
    device_rig_write(&rig, DR, 'x');
    assert_register(RIS, TX);
    line.capacity = 1;
    for (unsigned i = 0; i < 8; i++) {
        device_rig_write(&rig, DR, 'y');
    }
    assert_register(RIS, TX);
    device_rig_write(&rig, DR, 'y');
    assert_register(RIS, 0);
}

static void without_fifos_one_byte_waits(void **state)
{
    (void)state;
    line.capacity = 0;
    device_rig_write(&rig, DR, 'a');
    assert_register(FR, MODEM | RXFE | BUSY | TXFF);
    device_rig_write(&rig, DR, 'b');
    line.capacity = 10;
    line.receiver.writable(line.receiver.arg);
    assert_string_equal(line.output, "a");
    assert_register(RIS, TX);
}

static void turning_the_fifos_off_flushes_the_transmitter(void **state)
{
    (void)state;
    device_rig_write(&rig, LCR_H, FEN);
    line.capacity = 0;
    device_rig_write(&rig, DR, 'a');
    device_rig_write(&rig, DR, 'b');
    device_rig_write(&rig, LCR_H, 0);
    assert_register(FR, IDLE);
    line.capacity = 10;
    line.receiver.writable(line.receiver.arg);
    assert_int_equal(line.output_count, 0);
}

static void received_bytes_are_read_in_order(void **state)
{
    (void)state;
    open_port();
    type("xyz");
    assert_register(FR, MODEM | TXFE);
    assert_register(DR, 'x');
    assert_register(DR, 'y');
    assert_register(DR, 'z');
    assert_register(FR, IDLE);
    assert_register(DR, 0);
}

/* The interrupt comes exactly at the level of UARTIFLS. */
static void receive_interrupt_comes_at_its_level(void **state)
{
    static const unsigned levels[] = {2, 4, 8, 12, 14, 14, 14, 14};

    (void)state;
    for (uint32_t field = 0; field < 8; field++) {
        rig.cls->reset(rig.device);
        open_port();
        device_rig_write(&rig, IFLS, field << 3);
        for (unsigned i = 1; i < levels[field]; i++) {
            type(".");
        }
        assert_register(RIS, RT);
        type(".");
        assert_register(RIS, RX | RT);
        device_rig_read(&rig, DR);
        assert_register(RIS, RT);
    }
}

static void timeout_interrupt_stands_until_the_fifo_is_empty(void **state)
{
    (void)state;
    open_port();
    type("ab");
    assert_true(rig.line);
    device_rig_read(&rig, DR);
    assert_true(rig.line);
    device_rig_read(&rig, DR);
    assert_register(RIS, 0);
    assert_false(rig.line);
}

static void cleared_timeout_comes_again_while_bytes_are_left(void **state)
{
    (void)state;
    open_port();
    type("ab");
    device_rig_write(&rig, ICR, RT);
    assert_register(RIS, 0);
    assert_false(rig.line);
    device_rig_read(&rig, DR);
    assert_register(RIS, RT);
    assert_true(rig.line);
}

static void without_fifos_each_byte_interrupts(void **state)
{
    (void)state;
    device_rig_write(&rig, IMSC, RX);
    assert_int_equal(room(), 1);
    type("a");
    assert_int_equal(room(), 0);
    assert_register(FR, MODEM | TXFE | RXFF);
    assert_register(MIS, RX);
    assert_true(rig.line);
    assert_register(DR, 'a');
    assert_false(rig.line);
}

static void masked_interrupt_leaves_the_line_low(void **state)
{
    (void)state;
    open_port();
    type("a");
    assert_register(RIS, RT);
    device_rig_write(&rig, IMSC, 0);
    assert_false(rig.line);
    assert_register(RIS, RT);
    assert_register(MIS, 0);
    device_rig_write(&rig, IMSC, RT);
    assert_true(rig.line);
}

static void expect_room(size_t expected)
{
    assert_int_equal(room(), expected);
}

static void linux_console_write(uint32_t cr)
{
    device_rig_write(&rig, CR, cr | 0x101);
    device_rig_read(&rig, FR);
    device_rig_write(&rig, DR, '.');
    device_rig_read(&rig, FR);
    device_rig_write(&rig, CR, cr);
}

/* The accesses of Linux when it opens the port; a byte is typed just when it seems to listen. */
static void linux_startup(const char *typed)
{
    device_rig_write(&rig, ICR, 0x7D0);
    device_rig_write(&rig, IMSC, RX | RT);
    assert_true(room() > 0);
    type(typed);
    device_rig_write(&rig, IMSC, 0);
    expect_room(0);
    device_rig_write(&rig, CR, 0x301);
    device_rig_write(&rig, ICR, RX | RT);
    for (unsigned i = 0; i < 32 && (device_rig_read(&rig, FR) & RXFE) == 0; i++) {
        device_rig_read(&rig, DR);
    }
    assert_false(rig.line);
    expect_room(0);
    device_rig_write(&rig, IMSC, RX | RT);
}

static void linux_shutdown(void)
{
    device_rig_write(&rig, IMSC, 0);
    device_rig_write(&rig, ICR, 0xFFFF);
    device_rig_write(&rig, CR, 0x101);
    device_rig_write(&rig, LCR_H, 0x60);
}

static void expect_input(const char *text)
{
    assert_true(rig.line);
    while (*text != '\0') {
        assert_register(DR, (uint8_t)*text++);
    }
    assert_false(rig.line);
    assert_register(FR, IDLE);
}

static void linux_loses_no_byte_when_it_opens_the_port(void **state)
{
    (void)state;
    device_rig_write(&rig, LCR_H, 0x70);
    for (unsigned i = 0; i < 3; i++) {
        linux_console_write(0x300);
        expect_room(0);
    }
    linux_startup("0123456789abcdef");
    expect_input("0123456789abcdef");
    expect_room(16);
}

/* A byte comes while the port is closed for the sleep, and more while it is opened again. */
static void linux_loses_no_byte_over_a_sleep(void **state)
{
    (void)state;
    open_port();
    type("a");
    linux_shutdown();
    assert_false(rig.line);
    expect_room(0);
    assert_true(rig.cls->wake_pending(rig.device));
    device_rig_write(&rig, LCR_H, 0x70);
    linux_console_write(0x301);
    linux_startup("bc");
    expect_input("abc");
}

/* The next bytes have been neither shown nor hidden before. */
static void expect_next_to_be_hidden(void)
{
    device_rig_write(&rig, IMSC, RX | RT);
    type("c");
    assert_true(rig.line);
    device_rig_write(&rig, IMSC, 0);
    assert_register(FR, IDLE);
}

/* The handler reads the status, masks, and the bytes are read later. */
static void bytes_that_were_seen_stay_when_masked(void **state)
{
    (void)state;
    open_port();
    type("ab");
    assert_register(MIS, RT);
    device_rig_write(&rig, IMSC, 0);
    assert_register(FR, MODEM | TXFE);
    assert_register(DR, 'a');
    device_rig_write(&rig, IMSC, 0);
    assert_register(DR, 'b');
    expect_next_to_be_hidden();
}

/* The handler masks without reading the status. */
static void bytes_masked_unseen_are_shown_after_a_few_times(void **state)
{
    (void)state;
    open_port();
    type("ab");
    for (unsigned i = 0; i < 4; i++) {
        assert_true(rig.line);
        device_rig_write(&rig, IMSC, 0);
        assert_register(FR, IDLE);
        device_rig_write(&rig, IMSC, RX | RT);
    }
    device_rig_write(&rig, IMSC, 0);
    assert_register(FR, MODEM | TXFE);
    assert_register(DR, 'a');
    assert_register(DR, 'b');
    expect_next_to_be_hidden();
}

/* The console asks for room, the guest masks, and then the bytes come. */
static void bytes_behind_the_mask_are_hidden_as_well(void **state)
{
    (void)state;
    open_port();
    device_rig_write(&rig, IMSC, 0);
    type("ab");
    assert_register(FR, IDLE);
    assert_register(RIS, 0);
    assert_register(DR, 0);
    device_rig_write(&rig, IMSC, RX | RT);
    expect_input("ab");
}

/* As EDK2 polls. */
static void polling_may_read_the_control_register(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_register(FR, IDLE);
        (void)device_rig_read(&rig, CR);
    }
    type("a");
    assert_register(FR, MODEM | TXFE | RXFF);
    assert_register(DR, 'a');
}

static void polling_shows_what_was_hidden(void **state)
{
    (void)state;
    open_port();
    type("a");
    device_rig_write(&rig, IMSC, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_register(FR, IDLE);
    }
    assert_register(FR, MODEM | TXFE);
    assert_register(DR, 'a');
}

/* earlycon reads FR before and after each byte, and never reads input. */
static void output_alone_does_not_count_as_polling(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        device_rig_read(&rig, FR);
        device_rig_write(&rig, DR, '.');
        device_rig_read(&rig, FR);
    }
    assert_int_equal(room(), 0);
}

static void waiting_for_a_slow_line_does_not_count_as_polling(void **state)
{
    (void)state;
    line.capacity = 0;
    device_rig_write(&rig, DR, '.');
    for (unsigned i = 0; i < 20; i++) {
        device_rig_read(&rig, FR);
    }
    assert_int_equal(room(), 0);
}

static void polling_guest_receives_until_a_driver_takes_over(void **state)
{
    (void)state;
    device_rig_write(&rig, LCR_H, FEN);
    device_rig_read(&rig, FR);
    device_rig_read(&rig, FR);
    assert_int_equal(room(), 0);
    unsigned before = line.accepts;
    device_rig_read(&rig, FR);
    assert_int_equal(room(), 16);
    assert_true(line.accepts > before);
    device_rig_write(&rig, DR, '>');
    assert_int_equal(room(), 16);
    device_rig_write(&rig, CR, 0x301);
    assert_int_equal(room(), 0);
}

static void console_gets_room_when_the_fifo_is_half_empty(void **state)
{
    (void)state;
    open_port();
    type("0123456789abcdef");
    assert_int_equal(room(), 0);
    unsigned before = line.accepts;
    for (unsigned i = 0; i < 7; i++) {
        device_rig_read(&rig, DR);
    }
    assert_int_equal(line.accepts, before);
    device_rig_read(&rig, DR);
    assert_int_equal(line.accepts, before + 1);
    assert_int_equal(room(), 8);
}

static void unmasking_a_receive_interrupt_asks_for_input(void **state)
{
    static const uint32_t masks[] = {RX, RT};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        unsigned before = line.accepts;

        device_rig_write(&rig, IMSC, masks[i]);
        assert_int_equal(line.accepts, before + 1);
        device_rig_write(&rig, IMSC, 0);
        assert_int_equal(line.accepts, before + 1);
    }
}

static void loopback_feeds_the_receiver_and_not_the_line(void **state)
{
    (void)state;
    open_port();
    device_rig_write(&rig, CR, 0x301 | LBE);
    assert_int_equal(room(), 0);
    device_rig_write(&rig, DR, 'l');
    assert_register(RIS, RT | TX | 0xE);
    assert_register(DR, 'l');
    assert_int_equal(line.output_count, 0);
    device_rig_write(&rig, CR, 0x301);
    assert_int_equal(room(), 16);
}

/* Only the operator's input is hidden from a guest that does not listen. */
static void looped_bytes_are_not_hidden(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        device_rig_write(&rig, CR, 0x301 | LBE);
        device_rig_write(&rig, DR, 'l');
        device_rig_write(&rig, CR, 0x301);
        assert_register(FR, MODEM | TXFE | RXFF);
        assert_register(DR, 'l');
        rig.cls->reset(rig.device);
    }
}

static void loopback_overrun_is_reported_and_cleared(void **state)
{
    (void)state;
    device_rig_write(&rig, CR, 0x301 | LBE);
    device_rig_write(&rig, ICR, 0x7FF);
    device_rig_write(&rig, DR, 'a');
    device_rig_write(&rig, DR, 'b');
    assert_register(RSR, 8);
    assert_register(RIS, OE | RX | TX | RT);
    assert_register(DR, 0x800 | 'a');
    assert_register(DR, 0);
    device_rig_write(&rig, DR, 'c');
    assert_register(DR, 'c');
    device_rig_write(&rig, RSR, 0);
    assert_register(RSR, 0);
    device_rig_write(&rig, ICR, OE);
    assert_register(RIS, TX);
}

/* RTS, DTR, Out1 and Out2 come back as CTS, DSR, DCD and RI, and each change interrupts. */
static void loopback_joins_the_modem_lines(void **state)
{
    static const struct {
        uint32_t out;
        uint32_t flag;
        uint32_t interrupt;
    } lines[] = {{0x800, 1, 2}, {0x400, 2, 8}, {0x1000, 4, 4}, {0x2000, 0x100, 1}};

    (void)state;
    device_rig_write(&rig, CR, LBE);
    for (size_t i = 0; i < 4; i++) {
        device_rig_write(&rig, ICR, 0x7FF);
        device_rig_write(&rig, CR, LBE | lines[i].out);
        assert_register(FR, RXFE | TXFE | lines[i].flag);
        assert_register(RIS, lines[i].interrupt);
        device_rig_write(&rig, CR, LBE);
    }
}

static void accesses_of_all_sizes_reach_the_register(void **state)
{
    struct device *device = rig.device;

    (void)state;
    rig.cls->write(device, IBRD, 2, 0x1234);
    assert_int_equal(rig.cls->read(device, IBRD, 1), 0x34);
    assert_int_equal(rig.cls->read(device, IBRD + 1, 1), 0x12);
    assert_int_equal(rig.cls->read(device, IBRD, 2), 0x1234);
    assert_int_equal(rig.cls->read(device, IBRD + 2, 2), 0);
    rig.cls->write(device, IBRD, 1, 0xFFFFFF56);
    assert_register(IBRD, 0x56);
    rig.cls->write(device, DR, 1, 'b');
    rig.cls->write(device, DR, 2, 'h');
    assert_string_equal(line.output, "bh");

    /* 64 bits are two registers. */
    rig.cls->write(device, FBRD, 8, UINT64_C(0x7000000015));
    assert_register(FBRD, 0x15);
    assert_register(LCR_H, 0x70);
    assert_int_equal(rig.cls->read(device, FBRD, 8), UINT64_C(0x7000000015));
}

/* Accesses of a guest to the page change nothing but its own UART. */
static void any_access_at_any_offset_is_harmless(void **state)
{
    static const unsigned sizes[] = {1, 2, 4, 8};
    uint64_t random = 1;

    (void)state;
    for (uint64_t offset = 0; offset < 0x1000; offset++) {
        for (size_t i = 0; i < 4; i++) {
            random = random * 6364136223846793005u + 1;
            rig.cls->write(rig.device, offset, sizes[i], random);
            rig.cls->read(rig.device, offset, sizes[i]);
            line.output_count = 0;
        }
    }
    rig.cls->reset(rig.device);
    assert_int_equal(device_rig_changes(&rig), 0);
    reset_values_match_the_manual(NULL);
}

static void unread_input_is_a_reason_to_wake(void **state)
{
    (void)state;
    assert_false(rig.cls->wake_pending(rig.device));
    line.pending = true;
    assert_true(rig.cls->wake_pending(rig.device));
    line.pending = false;
    open_port();
    type("w");
    assert_int_equal(rig.wakes, 1);
    assert_true(rig.cls->wake_pending(rig.device));
    device_rig_read(&rig, DR);
    assert_false(rig.cls->wake_pending(rig.device));
}

static void device_tree_node_follows_the_binding(void **state)
{
    static const struct device_rig_node expected = {
        .path = "/pl011@9000000",
        .compatible = "arm,pl011/arm,primecell",
        .clock_names = "uartclk/apb_pclk",
        .base = 0x9000000,
        .spi = 1,
    };

    (void)state;
    device_rig_check_node(&rig, &expected);
}

enum { RACE_BYTES = 5000 };

/* A vCPU: reads until it has all bytes. */
static void *read_all(void *arg)
{
    uint8_t *bytes = arg;

    for (size_t count = 0; count < RACE_BYTES;) {
        if ((device_rig_read(&rig, FR) & RXFE) == 0) {
            bytes[count++] = (uint8_t)device_rig_read(&rig, DR);
        }
    }
    return NULL;
}

static void receiver_and_vcpu_race_without_loss(void **state)
{
    static uint8_t bytes[RACE_BYTES];
    pthread_t thread;

    (void)state;
    open_port();
    assert_int_equal(pthread_create(&thread, NULL, read_all, bytes), 0);
    for (size_t sent = 0; sent < RACE_BYTES;) {
        uint8_t burst[16];
        size_t count = room(); /* read once, because the vCPU makes more room meanwhile */

        count = count < RACE_BYTES - sent ? count : RACE_BYTES - sent;

        for (size_t i = 0; i < count; i++) {
            burst[i] = (uint8_t)(sent + i);
        }
        if (count > 0) {
            line.receiver.receive(line.receiver.arg, burst, count);
        }
        sent += count;
    }
    pthread_join(thread, NULL);
    for (size_t i = 0; i < RACE_BYTES; i++) {
        assert_int_equal(bytes[i], i & 0xFF);
    }
    assert_false(rig.line);
}

static void any_saved_state_does_no_harm(void **state)
{
    (void)state;
    device_rig_try_states(&rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_saved_state_does_no_harm),
        TEST(reset_values_match_the_manual),
        TEST(registers_keep_their_bits_and_no_others),
        TEST(reset_puts_everything_back),
        TEST(reset_leaves_the_state_of_a_new_device),
        TEST(state_is_all_that_a_guest_can_see),
        TEST(written_bytes_go_out_and_raise_the_transmit_interrupt),
        TEST(slow_line_fills_the_fifo_and_drains_it_in_order),
        TEST(transmit_interrupt_falls_above_the_level),
        TEST(without_fifos_one_byte_waits),
        TEST(turning_the_fifos_off_flushes_the_transmitter),
        TEST(received_bytes_are_read_in_order),
        TEST(receive_interrupt_comes_at_its_level),
        TEST(timeout_interrupt_stands_until_the_fifo_is_empty),
        TEST(cleared_timeout_comes_again_while_bytes_are_left),
        TEST(without_fifos_each_byte_interrupts),
        TEST(masked_interrupt_leaves_the_line_low),
        TEST(linux_loses_no_byte_when_it_opens_the_port),
        TEST(linux_loses_no_byte_over_a_sleep),
        TEST(bytes_that_were_seen_stay_when_masked),
        TEST(bytes_masked_unseen_are_shown_after_a_few_times),
        TEST(bytes_behind_the_mask_are_hidden_as_well),
        TEST(polling_may_read_the_control_register),
        TEST(polling_shows_what_was_hidden),
        TEST(output_alone_does_not_count_as_polling),
        TEST(waiting_for_a_slow_line_does_not_count_as_polling),
        TEST(polling_guest_receives_until_a_driver_takes_over),
        TEST(console_gets_room_when_the_fifo_is_half_empty),
        TEST(unmasking_a_receive_interrupt_asks_for_input),
        TEST(loopback_feeds_the_receiver_and_not_the_line),
        TEST(looped_bytes_are_not_hidden),
        TEST(loopback_overrun_is_reported_and_cleared),
        TEST(loopback_joins_the_modem_lines),
        TEST(accesses_of_all_sizes_reach_the_register),
        TEST(any_access_at_any_offset_is_harmless),
        TEST(unread_input_is_a_reason_to_wake),
        TEST(device_tree_node_follows_the_binding),
        TEST(receiver_and_vcpu_race_without_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
