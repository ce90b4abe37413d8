/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flash of QEMU's `virt`: a bank with the firmware's code, which is locked, and one with its
 * variables. While a bank shows its cells it is read-only memory of the guest: reads and fetches
 * stay in the guest, and only writes come here. A command takes that memory away, so that reads come
 * here too and get the status; the command "read array" puts it back.
 *
 * A vCPU's write changes what the other vCPUs read while they run. The lock orders the accesses that
 * come here. KVM takes the memory away before show_rom() returns, so the status that a vCPU waits
 * for is never missed; and what the cells become is written only while the memory is away.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "dev/cfi_chip.h"
#include "dev/device.h"
#include "dev/node.h"
#include "host/flash/flash.h"

enum { BANK_CODE, BANK_VARS, BANK_COUNT };

_Static_assert((size_t)CFI_BANK_SIZE == (size_t)FLASH_BANK_SIZE, "a file fills a bank");

struct cfi_flash_state {
    struct cfi_state bank[BANK_COUNT];
};

struct cfi_bank {
    struct flash_bank *file;
    struct cfi_cells cells;
    struct device_rom rom;
};

struct device {
    struct device_env env;
    struct cfi_bank bank[BANK_COUNT];
    pthread_mutex_t lock; /* protects the state and the files */
    struct cfi_flash_state state;
};

static bool cfi_flash_program(void *arg, uint32_t offset, const uint32_t *words, unsigned count)
{
    const struct cfi_bank *bank = arg;
    uint32_t cells[CFI_BUFFER_WORDS];
    size_t size = count * sizeof(cells[0]);

    flash_read(bank->file, offset, cells, size);
    for (unsigned i = 0; i < count; i++) {
        cells[i] &= words[i];
    }
    return flash_write(bank->file, offset, cells, size);
}

static bool cfi_flash_erase(void *arg, uint32_t offset)
{
    enum { PIECE = 16 << 10 };
    const struct cfi_bank *bank = arg;
    uint8_t erased[PIECE];
    bool done = true;

    memset(erased, 0xff, sizeof(erased));
    for (uint32_t at = 0; done && at < CFI_BLOCK_SIZE; at += PIECE) {
        done = flash_write(bank->file, offset + at, erased, sizeof(erased));
    }
    return done;
}

static uint8_t cfi_flash_read_byte(const struct device *device, unsigned index, uint64_t offset)
{
    uint32_t word = cfi_read(&device->state.bank[index], &device->bank[index].cells,
                             (uint32_t)(offset & ~UINT64_C(3)));

    return (uint8_t)(word >> offset % 4 * 8);
}

/* An access that reaches from one bank into the other ends with the first. */
static unsigned cfi_flash_size_in_bank(uint64_t *offset, unsigned size, unsigned *index)
{
    *index = (unsigned)(*offset / CFI_BANK_SIZE);
    *offset %= CFI_BANK_SIZE;
    return size <= CFI_BANK_SIZE - *offset ? size : (unsigned)(CFI_BANK_SIZE - *offset);
}

static uint64_t cfi_flash_read(struct device *device, uint64_t offset, unsigned size)
{
    uint8_t bytes[sizeof(uint64_t)] = {0};
    unsigned index;
    uint64_t value;
    unsigned count = cfi_flash_size_in_bank(&offset, size, &index);

    pthread_mutex_lock(&device->lock);
    if (cfi_shows_cells(&device->state.bank[index])) {
        flash_read(device->bank[index].file, offset, bytes, count);
    } else {
        for (unsigned i = 0; i < count; i++) {
            bytes[i] = cfi_flash_read_byte(device, index, offset + i);
        }
    }
    pthread_mutex_unlock(&device->lock);
    memcpy(&value, bytes, sizeof(value));
    return value;
}

/* Shows or hides the bank's memory, as its state says. 0 or -errno. */
static int cfi_flash_show(struct device *device, unsigned index)
{
    bool shown = cfi_shows_cells(&device->state.bank[index]);
    int error = device->env.show_rom(device->env.rom_arg, &device->bank[index].rom, shown);

    if (error != 0) {
        report("KVM cannot %s the memory of a flash: %s", shown ? "map" : "unmap",
               strerror(-error));
    }
    return error;
}

/*
 * If the memory cannot be taken away, the flash has not received the command. If it cannot be put
 * back, reads continue to come here.
 */
static void cfi_flash_write_word(struct device *device, unsigned index, uint32_t offset,
                                 uint32_t value, uint32_t lanes)
{
    struct cfi_state *state = &device->state.bank[index];
    const struct cfi_state before = *state;

    cfi_write(state, &device->bank[index].cells, offset, value, lanes);
    if (cfi_shows_cells(state) != cfi_shows_cells(&before) && cfi_flash_show(device, index) != 0 &&
        cfi_shows_cells(&before)) {
        *state = before;
    }
}

/* Writes up to the end of the word. Returns the number of bytes written. */
static unsigned cfi_flash_write_part(struct device *device, unsigned index, uint32_t offset,
                                     unsigned size, uint64_t value)
{
    unsigned skipped = offset % 4;
    unsigned count = size < 4 - skipped ? size : 4 - skipped;
    uint32_t lanes = UINT32_MAX >> (4 - count) * 8 << skipped * 8;

    cfi_flash_write_word(device, index, offset - skipped, (uint32_t)(value << skipped * 8) & lanes,
                         lanes);
    return count;
}

static void cfi_flash_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
    unsigned index;
    unsigned count = cfi_flash_size_in_bank(&offset, size, &index);

    pthread_mutex_lock(&device->lock);
    for (unsigned done = 0; done < count;) {
        done += cfi_flash_write_part(device, index, (uint32_t)offset + done, count - done,
                                     value >> done * 8);
    }
    pthread_mutex_unlock(&device->lock);
}

/* A reset reaches the chips, not their cells. */
static void cfi_flash_reset(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    for (unsigned i = 0; i < BANK_COUNT; i++) {
        cfi_reset(&device->state.bank[i]);
        (void)cfi_flash_show(device, i);
    }
    pthread_mutex_unlock(&device->lock);
}

static bool cfi_flash_is_possible(const struct cfi_flash_state *state)
{
    for (unsigned i = 0; i < BANK_COUNT; i++) {
        if (!cfi_state_is_possible(&state->bank[i])) {
            return false;
        }
    }
    return true;
}

static bool cfi_flash_restore(struct device *device, const void *state)
{
    if (!cfi_flash_is_possible(state)) {
        return false;
    }
    pthread_mutex_lock(&device->lock);
    memcpy(&device->state, state, sizeof(device->state));
    for (unsigned i = 0; i < BANK_COUNT; i++) {
        (void)cfi_flash_show(device, i);
    }
    pthread_mutex_unlock(&device->lock);
    return true;
}

static bool cfi_flash_busy(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    bool busy = !cfi_flash_is_possible(&device->state);
    pthread_mutex_unlock(&device->lock);
    return busy;
}

static void cfi_flash_destroy(struct device *device)
{
    pthread_mutex_destroy(&device->lock);
    free(device);
}

static void cfi_flash_set_bank(struct cfi_bank *bank, struct flash_bank *file, unsigned index,
                               bool locked)
{
    *bank = (struct cfi_bank){
        .file = file,
        .cells = {.program = cfi_flash_program,
                  .erase = cfi_flash_erase,
                  .arg = bank,
                  .locked = locked},
        .rom = {.offset = (uint64_t)index * CFI_BANK_SIZE,
                .size = CFI_BANK_SIZE,
                .host = file->host},
    };
}

static int cfi_flash_create(const struct device_env *env, struct device **out)
{
    struct device *device = calloc(1, sizeof(*device));

    if (device == NULL) {
        return -ENOMEM;
    }
    device->env = *env;
    pthread_mutex_init(&device->lock, NULL);
    cfi_flash_set_bank(&device->bank[BANK_CODE], &env->flash->code, BANK_CODE, true);
    cfi_flash_set_bank(&device->bank[BANK_VARS], &env->flash->vars, BANK_VARS, false);
    cfi_flash_reset(device);
    *out = device;
    return 0;
}

/* One node for both banks, as on `virt`. */
static void cfi_flash_describe(const struct device_instance *instance, struct tree *tree)
{
    enum { BANK_WIDTH = 4 };
    const struct node_region banks[BANK_COUNT] = {
        {instance->base.value, CFI_BANK_SIZE},
        {instance->base.value + CFI_BANK_SIZE, CFI_BANK_SIZE},
    };

    node_begin_at(tree, "flash", instance->base.value);
    node_put_string(tree, "compatible", "cfi-flash");
    node_put_reg(tree, banks, BANK_COUNT);
    node_put_u32(tree, "bank-width", BANK_WIDTH);
    node_end(tree);
}

static const struct device_class cfi_flash = {
    .name = "cfi-flash",
    .size = (uint64_t)BANK_COUNT * CFI_BANK_SIZE,
    .state_offset = offsetof(struct device, state),
    .state_size = sizeof(struct cfi_flash_state),
    .create = cfi_flash_create,
    .destroy = cfi_flash_destroy,
    .reset = cfi_flash_reset,
    .restore = cfi_flash_restore,
    .busy = cfi_flash_busy,
    .read = cfi_flash_read,
    .write = cfi_flash_write,
    .describe = cfi_flash_describe,
};
DEVICE_REGISTER(cfi_flash);
