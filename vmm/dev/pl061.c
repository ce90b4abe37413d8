/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arm PrimeCell General Purpose Input/Output PL061 (DDI0190B). The operator's keys are wired to two
 * of its eight lines, as buttons that a machine's case has; its other inputs are low.
 *
 * A key that is pressed stays down until the guest has read its line, and HOLD_NS longer. So a
 * guest that is slow, paused or about to sleep sees each press, and sees it end.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/delay.h"
#include "dev/device.h"
#include "dev/irq.h"
#include "dev/node.h"
#include "dev/primecell.h"

/* Register offsets (DDI0190B 3.2). Each address below DIR is the data register of its own lines. */
enum {
    DIR = 0x400,
    IS = 0x404,
    IBE = 0x408,
    IEV = 0x40C,
    IE = 0x410,
    RIS = 0x414,
    MIS = 0x418,
    IC = 0x41C,
    AFSEL = 0x420,
};

static const uint8_t pl061_id[PRIMECELL_ID_COUNT] = {0x61, 0x10, 0x04, 0x00,
                                                     0x0D, 0xF0, 0x05, 0xB1};

/* A key's line, and its code in Linux (input-event-codes.h). The power key is where `virt` has it. */
static const struct pl061_key {
    const char *name;
    const char *label;
    uint32_t line;
    uint32_t code;
    bool ends_suspend; /* Linux stops a suspend that is under way if the key is pressed */
} pl061_keys[DEVICE_KEY_COUNT] = {
    [DEVICE_KEY_POWER] = {"power", "Power", 3, 116, true},
    [DEVICE_KEY_SLEEP] = {"sleep", "Sleep", 4, 142, false},
};

enum { HOLD_NS = 100000000 }; /* longer than any guest's debouncing; QEMU's keys have the same */

/* One bit a line. */
struct pl061_state {
    uint8_t output;      /* GPIODATA of the lines that are outputs */
    uint8_t direction;   /* GPIODIR */
    uint8_t by_level;    /* GPIOIS */
    uint8_t both_edges;  /* GPIOIBE */
    uint8_t high;        /* GPIOIEV */
    uint8_t unmasked;    /* GPIOIE */
    uint8_t edges;       /* that have come since GPIOIC cleared them */
    uint8_t alternative; /* GPIOAFSEL */
    uint8_t pressed;     /* keys that are down */
    uint8_t seen;        /* of these, those that the guest has seen down */
};

_Static_assert(sizeof(struct pl061_state) == sizeof(uint8_t[10]), "no padding");

struct device {
    struct device_env env;
    struct delay release;
    pthread_mutex_t lock; /* protects the state and the delay: vCPU threads against the loop */
    struct pl061_state state;
};

/* GPIORIS. Only inputs interrupt. */
static uint8_t pl061_raw(const struct pl061_state *state)
{
    unsigned active = ~((unsigned)state->pressed ^ state->high) & state->by_level;

    return (uint8_t)((active | (state->edges & ~(unsigned)state->by_level)) &
                     ~(unsigned)state->direction);
}

static void pl061_update_irq(struct device *device)
{
    irq_set(device->env.irq, (pl061_raw(&device->state) & device->state.unmasked) != 0);
}

/* Drives the inputs, and notes the edges that the guest waits for (3.3.4 to 3.3.6). */
static void pl061_set_keys(struct device *device, unsigned pressed)
{
    struct pl061_state *state = &device->state;
    unsigned changed = pressed ^ state->pressed;
    unsigned wanted = state->both_edges | ~(pressed ^ state->high);

    state->edges |= (uint8_t)(changed & wanted & ~(unsigned)state->by_level);
    state->pressed = (uint8_t)pressed;
    state->seen &= (uint8_t)pressed;
    pl061_update_irq(device);
}

static uint32_t pl061_read_lines(struct device *device, unsigned lines)
{
    struct pl061_state *state = &device->state;
    unsigned inputs = ~(unsigned)state->direction;
    unsigned fresh = state->pressed & lines & inputs & ~(unsigned)state->seen;

    if (fresh != 0) {
        state->seen |= (uint8_t)fresh;
        delay_set(&device->release, HOLD_NS);
    }
    return ((state->pressed & inputs) | (state->output & state->direction)) & lines;
}

static uint32_t pl061_read_register(struct device *device, uint64_t offset)
{
    const struct pl061_state *state = &device->state;

    if (offset >= PRIMECELL_ID_BASE) {
        return primecell_id(pl061_id, offset);
    }
    if (offset < DIR) {
        return pl061_read_lines(device, (unsigned)offset / sizeof(uint32_t));
    }
    switch (offset) {
    case DIR:
        return state->direction;
    case IS:
        return state->by_level;
    case IBE:
        return state->both_edges;
    case IEV:
        return state->high;
    case IE:
        return state->unmasked;
    case RIS:
        return pl061_raw(state);
    case MIS:
        return pl061_raw(state) & state->unmasked;
    case AFSEL:
        return state->alternative;
    default:
        return 0;
    }
}

static void pl061_write_lines(struct pl061_state *state, unsigned lines, unsigned value)
{
    lines &= state->direction;
    state->output = (uint8_t)((state->output & ~lines) | (value & lines));
}

/* The register that holds one bit a line, or NULL. */
static uint8_t *pl061_find_register(struct pl061_state *state, uint64_t offset)
{
    switch (offset) {
    case DIR:
        return &state->direction;
    case IS:
        return &state->by_level;
    case IBE:
        return &state->both_edges;
    case IEV:
        return &state->high;
    case IE:
        return &state->unmasked;
    case AFSEL:
        return &state->alternative;
    default:
        return NULL;
    }
}

static void pl061_write_register(struct device *device, uint64_t offset, uint32_t value)
{
    struct pl061_state *state = &device->state;
    uint8_t *found = pl061_find_register(state, offset);

    if (found != NULL) {
        *found = (uint8_t)value;
    } else if (offset < DIR) {
        pl061_write_lines(state, (unsigned)offset / sizeof(uint32_t), value);
    } else if (offset == IC) {
        state->edges &= (uint8_t)~value;
    }
}

static uint64_t pl061_read(struct device *device, uint64_t offset, unsigned size)
{
    pthread_mutex_lock(&device->lock);
    uint64_t value = primecell_read(device, pl061_read_register, offset, size);
    pthread_mutex_unlock(&device->lock);
    return value;
}

static void pl061_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
    pthread_mutex_lock(&device->lock);
    primecell_write(device, pl061_write_register, offset, size, value);
    pl061_update_irq(device);
    pthread_mutex_unlock(&device->lock);
}

static unsigned pl061_key_line(enum device_key key)
{
    return 1u << pl061_keys[key].line;
}

static bool pl061_hears(struct device *device, enum device_key key)
{
    pthread_mutex_lock(&device->lock);
    unsigned heard = device->state.unmasked & ~(unsigned)device->state.direction;
    pthread_mutex_unlock(&device->lock);
    return (heard & pl061_key_line(key)) != 0;
}

static void pl061_press(struct device *device, enum device_key key)
{
    pthread_mutex_lock(&device->lock);
    pl061_set_keys(device, device->state.pressed | pl061_key_line(key));
    pthread_mutex_unlock(&device->lock);
}

/* A key that was pressed meanwhile, and that the guest has not seen, stays down. */
static void pl061_on_release(void *arg)
{
    struct device *device = arg;

    pthread_mutex_lock(&device->lock);
    pl061_set_keys(device, device->state.pressed & ~(unsigned)device->state.seen);
    pthread_mutex_unlock(&device->lock);
}

static void pl061_reset(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    device->state = (struct pl061_state){0};
    delay_set(&device->release, 0);
    pl061_update_irq(device);
    pthread_mutex_unlock(&device->lock);
}

static bool pl061_restore(struct device *device, const void *saved)
{
    const struct pl061_state *state = saved;

    if ((state->seen & ~(unsigned)state->pressed) != 0) {
        return false;
    }
    pthread_mutex_lock(&device->lock);
    device->state = *state;
    if (state->seen != 0) {
        delay_set(&device->release, HOLD_NS);
    }
    pl061_update_irq(device);
    pthread_mutex_unlock(&device->lock);
    return true;
}

static int pl061_create(const struct device_env *env, struct device **out)
{
    struct device *device = calloc(1, sizeof(*device));

    if (device == NULL) {
        return -ENOMEM;
    }
    device->env = *env;
    int error = delay_open(&device->release, env->loop, pl061_on_release, device);
    if (error != 0) {
        free(device);
        return error;
    }
    pthread_mutex_init(&device->lock, NULL);
    *out = device;
    return 0;
}

static void pl061_destroy(struct device *device)
{
    delay_close(&device->release);
    pthread_mutex_destroy(&device->lock);
    free(device);
}

/* Linux's bindings gpio-keys.yaml and wakeup-source.txt. */
static void pl061_describe_key(const struct pl061_key *key, struct tree *tree)
{
    const uint32_t gpios[] = {NODE_PHANDLE_GPIO, key->line, NODE_GPIO_ACTIVE_HIGH};

    node_begin(tree, key->name);
    node_put_string(tree, "label", key->label);
    node_put_u32(tree, "linux,code", key->code);
    node_put_cells(tree, "gpios", gpios, sizeof(gpios) / sizeof(gpios[0]));
    if (key->ends_suspend) {
        node_put_flag(tree, "wakeup-source");
    }
    node_end(tree);
}

/* Linux's binding pl061-gpio.yaml. */
static void pl061_describe(const struct device_instance *instance, struct tree *tree)
{
    static const char clock_names[] = "apb_pclk";

    primecell_begin(instance, tree, clock_names, sizeof(clock_names));
    node_put_flag(tree, "gpio-controller");
    node_put_u32(tree, "#gpio-cells", 2);
    node_put_flag(tree, "interrupt-controller");
    node_put_u32(tree, "#address-cells", 0);
    node_put_u32(tree, "#interrupt-cells", 2);
    node_put_u32(tree, "phandle", NODE_PHANDLE_GPIO);
    node_end(tree);

    node_begin(tree, "gpio-keys");
    node_put_string(tree, "compatible", "gpio-keys");
    for (unsigned i = 0; i < DEVICE_KEY_COUNT; i++) {
        pl061_describe_key(&pl061_keys[i], tree);
    }
    node_end(tree);
}

static const struct device_class pl061 = {
    .name = "pl061",
    .size = PRIMECELL_SIZE,
    .quiet_asleep = true,
    .state_offset = offsetof(struct device, state),
    .state_size = sizeof(struct pl061_state),
    .create = pl061_create,
    .destroy = pl061_destroy,
    .reset = pl061_reset,
    .restore = pl061_restore,
    .read = pl061_read,
    .write = pl061_write,
    .hears = pl061_hears,
    .press = pl061_press,
    .describe = pl061_describe,
};
DEVICE_REGISTER(pl061);
