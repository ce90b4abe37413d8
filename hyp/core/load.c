/* SPDX-License-Identifier: BSD-2-Clause */
#include "load.h"

#include "bare/string.h"

#define RAM_GRANULE (UINT64_C(2) << 20)

static uint64_t load_align_down(uint64_t address)
{
    return address & ~(RAM_GRANULE - 1);
}

/* What is in the way of [start, start + size), or NULL. */
static const struct memory_range *load_find_used(const struct memory_map *map, uint64_t start,
                                                 uint64_t size)
{
    for (unsigned i = 0; i < map->used_count; i++) {
        const struct memory_range *used = &map->used[i];

        if (start < used->base + used->size && used->base < start + size) {
            return used;
        }
    }
    return NULL;
}

/* The highest place in one range of RAM, or 0: below each thing that is in the way. */
static uint64_t load_find_place(const struct memory_map *map, const struct memory_range *ram,
                                uint64_t size)
{
    uint64_t end = ram->base + ram->size;

    end = end < ARCH_MEMORY_END ? end : ARCH_MEMORY_END;
    while (end >= size && load_align_down(end - size) >= ram->base) {
        uint64_t start = load_align_down(end - size);
        const struct memory_range *used = load_find_used(map, start, size);

        if (used == NULL) {
            return start;
        }
        end = used->base;
    }
    return 0;
}

static bool load_place_vm(struct vm *vm, struct memory_map *map)
{
    struct vm_region *region = &vm->regions[0];
    uint64_t best = 0;

    for (unsigned i = 0; i < map->ram_count; i++) {
        uint64_t place = load_find_place(map, &map->ram[i], region->size);

        best = place > best ? place : best;
    }
    region->pa = best;
    return best != 0 && memory_map_use(map, best, region->size);
}

const struct vm *load_place(const struct memory_map *map)
{
    struct memory_map left = *map;

    for (unsigned i = 0; i < vm_count; i++) {
        if (!load_place_vm(&vms[i], &left)) {
            return &vms[i];
        }
    }
    return NULL;
}

static void *load_at(const struct vm *vm, uint64_t ipa)
{
    const struct vm_region *ram = &vm->regions[0];

    return arch_memory(ram->pa + (ipa - ram->ipa));
}

void load_vm(const struct vm *vm, bool clear)
{
    const struct vm_region *ram = &vm->regions[0];

    if (clear) {
        memset(arch_memory(ram->pa), 0, ram->size);
        arch_clean(arch_memory(ram->pa), ram->size);
    }
    for (unsigned i = 0; i < vm->module_count; i++) {
        const struct vm_module *module = &vm->modules[i];
        uint8_t *to = load_at(vm, module->ipa);

        memcpy(to, arch_memory(module->pa), module->size);
        memset(to + module->size, 0, module->room - module->size);
        arch_clean(to, module->room);
    }
}
