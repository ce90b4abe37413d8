/* SPDX-License-Identifier: BSD-2-Clause */
/* The read-only memory of devices, in the board that is there. A new board gets what is shown. */
#include <errno.h>

#include "machine/parts.h"

static struct rom *rom_find(struct roms *roms, struct ipa base)
{
    for (unsigned i = 0; i < roms->count; i++) {
        if (roms->at[i].base.value == base.value) {
            return &roms->at[i];
        }
    }
    return NULL;
}

static struct rom *rom_add(struct roms *roms, struct ipa base, const struct device_rom *parts)
{
    if (roms->count == ROMS_MAX) {
        return NULL;
    }
    struct rom *rom = &roms->at[roms->count];

    *rom = (struct rom){.base = base, .size = parts->size, .host = parts->host};
    roms->count++;
    return rom;
}

static int rom_set(const struct machine *machine, const struct rom *rom, bool shown)
{
    unsigned number = (unsigned)(rom - machine->roms.at);

    return vm_set_rom(machine->board.vm, number, rom->base, shown ? rom->size : 0, rom->host);
}

int roms_show(void *arg, struct ipa base, const struct device_rom *parts, bool shown)
{
    struct machine *machine = arg;
    struct rom *rom = rom_find(&machine->roms, base);

    if (rom == NULL) {
        rom = rom_add(&machine->roms, base, parts);
    }
    if (rom == NULL) {
        return -ENOSPC;
    }
    if (rom->shown == shown) {
        return 0;
    }
    int error = machine->board.vm != NULL ? rom_set(machine, rom, shown) : 0;
    if (error == 0) {
        rom->shown = shown;
    }
    return error;
}

int roms_attach(const struct machine *machine)
{
    int error = 0;

    for (unsigned i = 0; i < machine->roms.count && error == 0; i++) {
        const struct rom *rom = &machine->roms.at[i];

        error = rom->shown ? rom_set(machine, rom, true) : 0;
    }
    return error;
}
