/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/primecell.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "dev/node.h"

enum { WORD_SIZE = 4, WORD_BITS = 32 };

static uint64_t lanes(unsigned size)
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
    return (value >> skipped * 8) & lanes(size);
}

void primecell_write(struct device *device, primecell_write_fn *write, uint64_t offset,
                     unsigned size, uint64_t value)
{
    uint64_t skipped = offset % WORD_SIZE;

    value &= lanes(size);
    write(device, offset - skipped, (uint32_t)(value << skipped * 8));
    if (size > WORD_SIZE && skipped == 0) {
        write(device, offset + WORD_SIZE, (uint32_t)(value >> WORD_BITS));
    }
}

uint32_t primecell_id(const uint8_t id[PRIMECELL_ID_COUNT], uint64_t offset)
{
    return id[(offset - PRIMECELL_ID_BASE) / WORD_SIZE % PRIMECELL_ID_COUNT];
}

/* Appends a string with its NUL, which separates the members of a list in the tree. */
static size_t append(char *list, size_t size, size_t length, const char *text)
{
    return length + (size_t)snprintf(list + length, size - length, "%s", text) + 1;
}

static int describe_compatible(const struct device_class *cls, void *fdt)
{
    char list[64];
    size_t length = append(list, sizeof(list), 0, "arm,");

    length = append(list, sizeof(list), length - 1, cls->name);
    length = append(list, sizeof(list), length, "arm,primecell");
    return fdt_property(fdt, "compatible", list, (int)length);
}

static int describe_clocks(void *fdt, const char *clock_names, size_t clock_names_size)
{
    enum { CLOCK_MAX = 4 };
    fdt32_t clocks[CLOCK_MAX];
    size_t count = 0;

    for (size_t i = 0; i < clock_names_size && count < CLOCK_MAX;
         i += strlen(clock_names + i) + 1) {
        clocks[count++] = cpu_to_fdt32(NODE_PHANDLE_APB_CLOCK);
    }
    int error = fdt_property(fdt, "clocks", clocks, (int)(count * sizeof(clocks[0])));
    return error != 0 ? error
                      : fdt_property(fdt, "clock-names", clock_names, (int)clock_names_size);
}

int primecell_describe(const struct device_class *cls, void *fdt, const char *clock_names,
                       size_t clock_names_size)
{
    enum { GIC_SPI = 0, LEVEL_HIGH = 4 };
    const fdt64_t reg[] = {cpu_to_fdt64(cls->base), cpu_to_fdt64(cls->size)};
    const fdt32_t interrupt[] = {cpu_to_fdt32(GIC_SPI), cpu_to_fdt32(cls->spi),
                                 cpu_to_fdt32(LEVEL_HIGH)};
    char name[64];

    snprintf(name, sizeof(name), "%s@%" PRIx64, cls->name, cls->base);
    int error = fdt_begin_node(fdt, name);
    if (error == 0) {
        error = describe_compatible(cls, fdt);
    }
    if (error == 0) {
        error = fdt_property(fdt, "reg", reg, sizeof(reg));
    }
    if (error == 0) {
        error = fdt_property(fdt, "interrupts", interrupt, sizeof(interrupt));
    }
    if (error == 0) {
        error = describe_clocks(fdt, clock_names, clock_names_size);
    }
    return error != 0 ? error : fdt_end_node(fdt);
}
