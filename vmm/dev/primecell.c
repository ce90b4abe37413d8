/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/primecell.h"

#include <stdio.h>
#include <string.h>

#include "dev/node.h"

enum { WORD_SIZE = 4, WORD_BITS = 32 };

static uint64_t primecell_lanes(unsigned size)
{
    return size >= sizeof(uint64_t) ? UINT64_MAX : (UINT64_C(1) << size * 8) - 1;
}

uint64_t primecell_read(struct device *device, primecell_read_fn *read, uint64_t offset,
                        unsigned size)
{
    uint64_t skipped = offset % WORD_SIZE;
    uint64_t value = read(device, offset - skipped);

    if (size > WORD_SIZE && skipped == 0) {
        value |= (uint64_t)read(device, offset + WORD_SIZE) << WORD_BITS;
    }
    return (value >> skipped * 8) & primecell_lanes(size);
}

void primecell_write(struct device *device, primecell_write_fn *write, uint64_t offset,
                     unsigned size, uint64_t value)
{
    uint64_t skipped = offset % WORD_SIZE;

    value &= primecell_lanes(size);
    write(device, offset - skipped, (uint32_t)(value << skipped * 8));
    if (size > WORD_SIZE && skipped == 0) {
        write(device, offset + WORD_SIZE, (uint32_t)(value >> WORD_BITS));
    }
}

uint32_t primecell_id(const uint8_t id[PRIMECELL_ID_COUNT], uint64_t offset)
{
    return id[(offset - PRIMECELL_ID_BASE) / WORD_SIZE % PRIMECELL_ID_COUNT];
}

static void primecell_put_compatible(struct tree *tree, const char *name)
{
    char list[NODE_NAME_SIZE];
    /* The NUL in the middle separates the members of a list. */
    int length = snprintf(list, sizeof(list), "arm,%s%carm,primecell", name, '\0');

    node_put_bytes(tree, "compatible", list, (size_t)length + 1);
}

static void primecell_put_clocks(struct tree *tree, const char *clock_names, size_t size)
{
    enum { CLOCK_MAX = 4 };
    uint32_t clocks[CLOCK_MAX];
    size_t count = 0;

    for (size_t i = 0; i < size && count < CLOCK_MAX; i += strlen(clock_names + i) + 1) {
        clocks[count++] = NODE_PHANDLE_APB_CLOCK;
    }
    node_put_cells(tree, "clocks", clocks, count);
    node_put_bytes(tree, "clock-names", clock_names, size);
}

void primecell_begin(const struct device_instance *instance, struct tree *tree,
                     const char *clock_names, size_t clock_names_size)
{
    const char *name = instance->cls->name;
    const struct node_region registers = {instance->base.value, instance->cls->size};

    node_begin_at(tree, name, instance->base.value);
    primecell_put_compatible(tree, name);
    node_put_reg(tree, &registers, 1);
    node_put_spi(tree, instance->spi);
    primecell_put_clocks(tree, clock_names, clock_names_size);
}

void primecell_describe(const struct device_instance *instance, struct tree *tree,
                        const char *clock_names, size_t clock_names_size)
{
    primecell_begin(instance, tree, clock_names, clock_names_size);
    node_end(tree);
}
