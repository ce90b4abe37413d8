/* SPDX-License-Identifier: BSD-2-Clause */
/* The flash's commands, on files in an empty folder. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libfdt.h>

#include "capture.h"
#include "dev/cfi_chip.h"
#include "dev/device.h"
#include "dev/node.h"
#include "host/flash/flash.h"
#include "scratch.h"

#define CODE   UINT64_C(0)
#define VARS   ((uint64_t)CFI_BANK_SIZE)
#define BLOCK  ((uint64_t)CFI_BLOCK_SIZE)
#define ERASED UINT32_MAX

enum { CODE_SIZE = 5000, TEMPLATE_SIZE = 3 * CFI_BLOCK_SIZE };
enum { READY = 0x80, PROGRAM_ERROR = 0x10, ERASE_ERROR = 0x20, LOCKED = 0x02 };

static struct flash *flash;
static const struct device_class *cls;
static struct device *device;
static struct {
    bool shown[2];
    unsigned calls;
    int error; /* of the next call */
} roms;

static int show_rom(void *arg, const struct device_rom *rom, bool shown)
{
    int error = roms.error;

    (void)arg;
    assert_int_equal(rom->size, CFI_BANK_SIZE);
    assert_true(rom->offset == CODE || rom->offset == VARS);
    assert_non_null(rom->host);
    roms.calls++;
    roms.error = 0;
    if (error == 0) {
        roms.shown[rom->offset / CFI_BANK_SIZE] = shown;
    }
    return error;
}

static uint64_t load(uint64_t offset, unsigned size)
{
    return cls->read(device, offset, size);
}

static uint32_t load32(uint64_t offset)
{
    return (uint32_t)load(offset, 4);
}

static void store32(uint64_t offset, uint32_t value)
{
    cls->write(device, offset, 4, value);
}

/* Gives both chips a command. */
static void command(uint64_t offset, uint32_t code)
{
    store32(offset, code << 16 | code);
}

static void expect_status(uint64_t bank, uint32_t status)
{
    assert_int_equal(load32(bank), status << 16 | status);
    command(bank, 0x50);
    assert_int_equal(load32(bank), 0x00800080);
    command(bank, 0xff);
    assert_true(roms.shown[bank / CFI_BANK_SIZE]);
}

/* What the guest reads from the memory that it is shown. */
static uint32_t cell(uint64_t offset)
{
    uint32_t mapped;
    const struct flash_bank *bank = offset < VARS ? &flash->code : &flash->vars;

    assert_true(roms.shown[offset / CFI_BANK_SIZE]);
    memcpy(&mapped, (const char *)bank->host + offset % CFI_BANK_SIZE, sizeof(mapped));
    assert_int_equal(mapped, load32(offset));
    return mapped;
}

static void program(uint64_t offset, uint32_t value)
{
    command(offset, 0x40);
    store32(offset, value);
}

static void erase(uint64_t offset)
{
    command(offset, 0x20);
    command(offset, 0xd0);
}

static int setup(void **state)
{
    static uint8_t bytes[TEMPLATE_SIZE];
    const struct device_env env = {.show_rom = show_rom};
    struct device_env used = env;

    scratch_enter(state);
    memset(bytes, 0x5a, sizeof(bytes));
    scratch_write("code", bytes, CODE_SIZE);
    scratch_write("template", bytes, sizeof(bytes));
    flash = flash_open(
        &(struct flash_paths){.code = "code", .vars = "vars", .vars_template = "template"});
    assert_non_null(flash);
    memset(&roms, 0, sizeof(roms));
    cls = device_class_find("cfi-flash");
    used.flash = flash;
    return cls->create(&used, &device);
}

static int teardown(void **state)
{
    cls->destroy(device);
    flash_close(flash);
    return scratch_leave(state);
}

static void test_cells(void **state)
{
    (void)state;
    assert_true(roms.shown[0] && roms.shown[1]);
    assert_int_equal(cell(CODE), 0x5a5a5a5a);
    assert_int_equal(cell(CODE + CODE_SIZE - 4), 0x5a5a5a5a);
    assert_int_equal(cell(CODE + CODE_SIZE), 0);
    assert_int_equal(cell(VARS - 4), 0);
    assert_int_equal(cell(VARS), 0x5a5a5a5a);
    assert_int_equal(cell(VARS + TEMPLATE_SIZE), 0);
    assert_int_equal(load(VARS + 1, 8), UINT64_C(0x5a5a5a5a5a5a5a5a));
    /* An access that leaves a bank, or the flash, ends there. */
    assert_int_equal(load(VARS - 4, 8), 0);
    assert_int_equal(load(2 * VARS - 1, 1), 0);
}

/* Each bank has its own state, and only its own memory goes away. */
static void test_status(void **state)
{
    (void)state;
    unsigned calls = roms.calls;

    command(VARS, 0x70);
    assert_true(roms.shown[0] && !roms.shown[1]);
    assert_int_equal(load32(VARS + 0x1234), 0x00800080);
    assert_int_equal(load(VARS, 8), UINT64_C(0x0080008000800080));
    assert_int_equal(load(VARS + 1, 1), 0);
    assert_int_equal(load(VARS + 2, 2), 0x80);
    assert_int_equal(load32(VARS + 3), 0x80008000);
    command(VARS, 0x70);
    assert_int_equal(roms.calls, calls + 1);
    command(VARS, 0xff);
    assert_true(roms.shown[1]);
    command(VARS, 0xff);
    assert_int_equal(roms.calls, calls + 2);
}

static void test_id(void **state)
{
    (void)state;
    command(VARS, 0x90);
    command(CODE, 0x90);
    assert_int_equal(load32(VARS), 0x00890089);
    assert_int_equal(load32(VARS + 4), 0x00180018);
    assert_int_equal(load32(VARS + 2 * BLOCK + 8), 0);
    assert_int_equal(load32(CODE + 2 * BLOCK + 8), 0x00010001);
    assert_int_equal(load32(VARS + 12), 0);
}

/* One of the two chips' bytes; both say the same. */
static unsigned query(unsigned index)
{
    uint32_t word = load32(VARS + UINT64_C(4) * index);

    assert_int_equal(word >> 16, word & 0xffff);
    return word & 0xffff;
}

static void test_query(void **state)
{
    (void)state;
    command(VARS + UINT64_C(0x55) * 4, 0x98);
    assert_int_equal(query(0x10), 'Q');
    assert_int_equal(query(0x11), 'R');
    assert_int_equal(query(0x12), 'Y');
    assert_int_equal(query(0x13) | query(0x14) << 8, 1);
    unsigned extended = query(0x15) | query(0x16) << 8;
    assert_int_equal(query(extended), 'P');
    assert_int_equal(query(extended + 1), 'R');
    assert_int_equal(query(extended + 2), 'I');
    assert_int_equal(2 << query(0x27), CFI_BANK_SIZE);
    assert_int_equal(2 << (query(0x2a) | query(0x2b) << 8), CFI_BUFFER_WORDS * 4);
    assert_int_equal(query(0x2c), 1);
    unsigned blocks = (query(0x2d) | query(0x2e) << 8) + 1;
    unsigned block_size = (query(0x2f) | query(0x30) << 8) * 256;
    assert_int_equal(2 * block_size, CFI_BLOCK_SIZE);
    assert_int_equal(blocks * CFI_BLOCK_SIZE, CFI_BANK_SIZE);
    assert_int_equal(query(0x1000), 0);
}

static void test_erase(void **state)
{
    (void)state;
    erase(VARS + 2 * BLOCK - 4);
    expect_status(VARS, READY);
    assert_int_equal(cell(VARS + BLOCK - 4), 0x5a5a5a5a);
    for (uint64_t at = BLOCK; at < 2 * BLOCK; at += 4) {
        assert_int_equal(cell(VARS + at), ERASED);
    }
    assert_int_equal(cell(VARS + 2 * BLOCK), 0x5a5a5a5a);
    erase(VARS + CFI_BANK_SIZE - 4);
    expect_status(VARS, READY);
    assert_int_equal(cell(VARS + CFI_BANK_SIZE - 4), ERASED);
}

/* Errors stay in the status until they are cleared. */
static void test_wrong_sequences(void **state)
{
    static const uint32_t begun[] = {0x20, 0x60, 0xe8};

    (void)state;
    for (size_t i = 0; i < sizeof(begun) / sizeof(begun[0]); i++) {
        command(VARS, begun[i]);
        command(VARS, 0xff);
        command(VARS, 0x70);
        expect_status(VARS, READY | PROGRAM_ERROR | ERASE_ERROR);
    }
    assert_int_equal(cell(VARS), 0x5a5a5a5a);
    command(VARS, 0x60);
    command(VARS, 0xd0);
    expect_status(VARS, READY);
}

static void test_program_clears_bits(void **state)
{
    (void)state;
    erase(VARS);
    program(VARS + 8, 0xf0f0ffff);
    expect_status(VARS, READY);
    assert_int_equal(cell(VARS + 8), 0xf0f0ffff);
    command(VARS, 0x10);
    store32(VARS + 8, 0x3fffff00);
    expect_status(VARS, READY);
    assert_int_equal(cell(VARS + 8), 0x30f0ff00);
    assert_int_equal(cell(VARS + 4), ERASED);
    assert_int_equal(cell(VARS + 12), ERASED);
}

/* Bytes that a narrow write does not name keep their cells. */
static void test_narrow_program(void **state)
{
    (void)state;
    erase(VARS);
    command(VARS, 0x40);
    cls->write(device, VARS + 5, 1, 0x12);
    command(VARS, 0x40);
    cls->write(device, VARS + 6, 2, 0x3456);
    command(VARS, 0xff);
    assert_int_equal(cell(VARS + 4), 0x345612ff);
}

/* A write of 8 bytes is two words, here a command and its data. */
static void test_wide_write(void **state)
{
    (void)state;
    erase(VARS);
    cls->write(device, VARS, 8, UINT64_C(0x0123456700400040));
    expect_status(VARS, READY);
    assert_int_equal(cell(VARS), ERASED);
    assert_int_equal(cell(VARS + 4), 0x01234567);
    /* The second half would be in the other bank. */
    command(VARS - 4, 0x70);
    cls->write(device, VARS - 4, 8, UINT64_C(0x00700070000000ff));
    assert_true(roms.shown[0] && roms.shown[1]);
}

static void test_buffer(void **state)
{
    (void)state;
    erase(VARS);
    command(VARS, 0xe8);
    assert_int_equal(load32(VARS), 0x00800080);
    command(VARS, CFI_BUFFER_WORDS - 1);
    for (unsigned i = 0; i < CFI_BUFFER_WORDS; i++) {
        store32(VARS + 64 + UINT64_C(4) * i, ~i);
    }
    assert_int_equal(load32(VARS), 0x00800080);
    command(VARS, 0xd0);
    expect_status(VARS, READY);
    assert_int_equal(cell(VARS + 60), ERASED);
    for (unsigned i = 0; i < CFI_BUFFER_WORDS; i++) {
        assert_int_equal(cell(VARS + 64 + UINT64_C(4) * i), ~i);
    }
    assert_int_equal(cell(VARS + 64 + UINT64_C(4) * CFI_BUFFER_WORDS), ERASED);
}

/* Two words, both for the same place: the other one stays. */
static void test_buffer_with_hole(void **state)
{
    (void)state;
    erase(VARS);
    command(VARS, 0xe8);
    command(VARS, 1);
    store32(VARS + BLOCK - 4, 0xffffff0f);
    store32(VARS + BLOCK - 4, 0xfffffff0);
    command(VARS, 0xd0);
    expect_status(VARS, READY);
    assert_int_equal(cell(VARS + BLOCK - 4), 0xffffff00);
    assert_int_equal(cell(VARS + BLOCK), 0x5a5a5a5a);
}

static void begin_buffer(unsigned count)
{
    command(VARS + 16, 0xe8);
    command(VARS + 16, count - 1);
}

static void test_buffer_refused(void **state)
{
    (void)state;
    begin_buffer(CFI_BUFFER_WORDS + 1);
    expect_status(VARS, READY | PROGRAM_ERROR | ERASE_ERROR);
    begin_buffer(2);
    store32(VARS + 16, 0);
    store32(VARS + 24, 0); /* beyond two words */
    expect_status(VARS, READY | PROGRAM_ERROR | ERASE_ERROR);
    begin_buffer(2);
    store32(VARS + 16, 0);
    store32(VARS + 12, 0); /* before the first */
    expect_status(VARS, READY | PROGRAM_ERROR | ERASE_ERROR);
    begin_buffer(1);
    store32(VARS + BLOCK, 0); /* in another block */
    expect_status(VARS, READY | PROGRAM_ERROR | ERASE_ERROR);
    begin_buffer(1);
    store32(VARS + 16, 0);
    command(VARS + 16, 0xff); /* no confirmation */
    expect_status(VARS, READY | PROGRAM_ERROR | ERASE_ERROR);
    assert_int_equal(cell(VARS + 16), 0x5a5a5a5a);
    assert_int_equal(cell(VARS + 12), 0x5a5a5a5a);
    assert_int_equal(cell(VARS + BLOCK), 0x5a5a5a5a);
}

static void test_code_is_locked(void **state)
{
    (void)state;
    command(CODE, 0x60);
    command(CODE, 0xd0);
    expect_status(CODE, READY);
    erase(CODE);
    expect_status(CODE, READY | ERASE_ERROR | LOCKED);
    program(CODE, 0);
    expect_status(CODE, READY | PROGRAM_ERROR | LOCKED);
    command(CODE, 0xe8);
    command(CODE, 0);
    store32(CODE, 0);
    command(CODE, 0xd0);
    expect_status(CODE, READY | PROGRAM_ERROR | LOCKED);
    assert_int_equal(cell(CODE), 0x5a5a5a5a);
}

/* What is no command, or reaches only the other chip, changes nothing. */
static void test_no_command(void **state)
{
    (void)state;
    unsigned calls = roms.calls;

    for (uint32_t code = 0; code < 0x100; code++) {
        if (strchr("\x10\x20\x40\x50\x60\x70\x90\x98\xe8\xff", (int)code) == NULL || code == 0) {
            command(VARS, code);
        }
    }
    cls->write(device, VARS + 1, 1, 0x70);
    cls->write(device, VARS + 2, 2, 0x70);
    assert_int_equal(roms.calls, calls);
    assert_int_equal(cell(VARS), 0x5a5a5a5a);
    cls->write(device, VARS, 1, 0x70);
    assert_int_equal(load32(VARS), 0x00800080);
}

/* A reset between any two writes of a sequence leaves the cells as they were. */
static void test_torn(void **state)
{
    static const uint32_t sequences[][6] = {
        {0x00200020, 0x00d000d0},
        {0x00400040, 0},
        {0x00e800e8, 0x00010001, 0, 0, 0x00d000d0},
    };
    static const unsigned lengths[] = {2, 2, 5};

    (void)state;
    for (unsigned sequence = 0; sequence < 3; sequence++) {
        for (unsigned length = 0; length < lengths[sequence]; length++) {
            for (unsigned i = 0; i < length; i++) {
                store32(VARS, sequences[sequence][i]);
            }
            cls->reset(device);
            assert_int_equal(cell(VARS), 0x5a5a5a5a);
            assert_int_equal(cell(VARS + 4), 0x5a5a5a5a);
        }
    }
}

/* A reset keeps the cells, and ends the commands of both banks. */
static void test_reset(void **state)
{
    uint8_t before[1024];

    (void)state;
    assert_in_range(cls->state_size, 1, sizeof(before));
    memcpy(before, device_state(cls, device), cls->state_size);
    program(VARS, 0x12121212);
    command(CODE, 0x98);
    assert_false(roms.shown[0] || roms.shown[1]);
    cls->reset(device);
    assert_memory_equal(before, device_state(cls, device), cls->state_size);
    assert_int_equal(cell(VARS), 0x12121212);
    command(VARS, 0x70);
    assert_int_equal(load32(VARS), 0x00800080);
}

/* KVM does not take the memory away: no command. It does not put it back: the cells are read here. */
static void test_rom_fails(void **state)
{
    struct capture capture;
    char text[256];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    roms.error = -ENOMEM;
    command(VARS, 0x40);
    assert_true(roms.shown[1]);
    store32(VARS, 0);
    assert_int_equal(cell(VARS), 0x5a5a5a5a);
    command(VARS, 0x70);
    assert_int_equal(load32(VARS), 0x00800080);
    roms.error = -ENOMEM;
    command(VARS, 0xff);
    assert_false(roms.shown[1]);
    assert_int_equal(load32(VARS), 0x5a5a5a5a);
    capture_end(&capture, text, sizeof(text));
    assert_string_equal(text,
                        "dormouse: KVM cannot unmap the memory of a flash: Cannot allocate memory\n"
                        "dormouse: KVM cannot map the memory of a flash: Cannot allocate memory\n");
}

/* A file that cannot be written: the status says so, and one line. */
static void test_file_fails(void **state)
{
    struct capture capture;
    char text[256];
    int fd = open("vars", O_RDONLY);

    (void)state;
    assert_true(fd >= 0 && dup2(fd, flash->vars.fd) >= 0 && close(fd) == 0);
    capture_begin(&capture, STDERR_FILENO);
    program(VARS, 0);
    expect_status(VARS, READY | PROGRAM_ERROR);
    erase(VARS);
    expect_status(VARS, READY | ERASE_ERROR);
    capture_end(&capture, text, sizeof(text));
    assert_int_equal(cell(VARS), 0x5a5a5a5a);
    assert_string_equal(text,
                        "dormouse: cannot write the firmware's variables: Bad file descriptor; "
                        "the firmware is told of the failure\n");
}

static void test_node(void **state)
{
    static const uint32_t reg[] = {0, 0, 0, CFI_BANK_SIZE, 0, CFI_BANK_SIZE, 0, CFI_BANK_SIZE};
    const struct device_instance instance = {.cls = cls};
    char bytes[1024];
    struct tree tree = {.fdt = bytes};
    int length;

    (void)state;
    assert_int_equal(fdt_create(bytes, sizeof(bytes)), 0);
    assert_int_equal(fdt_finish_reservemap(bytes), 0);
    node_begin(&tree, "");
    cls->describe(&instance, &tree);
    node_end(&tree);
    assert_int_equal(tree.error, 0);
    assert_int_equal(fdt_finish(bytes), 0);
    int node = fdt_path_offset(bytes, "/flash@0");
    assert_true(node >= 0);
    assert_string_equal(fdt_getprop(bytes, node, "compatible", NULL), "cfi-flash");
    const fdt32_t *cells = fdt_getprop(bytes, node, "reg", &length);
    assert_int_equal(length, sizeof(reg));
    for (unsigned i = 0; i < sizeof(reg) / sizeof(reg[0]); i++) {
        assert_int_equal(fdt32_to_cpu(cells[i]), reg[i]);
    }
    cells = fdt_getprop(bytes, node, "bank-width", &length);
    assert_int_equal(fdt32_to_cpu(cells[0]), 4);
}

#define FLASH_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLASH_TEST(test_cells),
        FLASH_TEST(test_status),
        FLASH_TEST(test_id),
        FLASH_TEST(test_query),
        FLASH_TEST(test_erase),
        FLASH_TEST(test_wrong_sequences),
        FLASH_TEST(test_program_clears_bits),
        FLASH_TEST(test_narrow_program),
        FLASH_TEST(test_wide_write),
        FLASH_TEST(test_buffer),
        FLASH_TEST(test_buffer_with_hole),
        FLASH_TEST(test_buffer_refused),
        FLASH_TEST(test_code_is_locked),
        FLASH_TEST(test_no_command),
        FLASH_TEST(test_torn),
        FLASH_TEST(test_reset),
        FLASH_TEST(test_rom_fails),
        FLASH_TEST(test_file_fails),
        FLASH_TEST(test_node),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
