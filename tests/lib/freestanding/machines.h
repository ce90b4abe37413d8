/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMs in states that are worth saving. The records that they make are the same on every machine,
 * and are kept in tests/lib/corpus, one for each and each version of the format.
 */
#ifndef FREESTANDING_MACHINES_H
#define FREESTANDING_MACHINES_H

#include "vpsci/vpsci.h"

enum { MACHINE_CPUS = 6, MACHINE_ROOM = 4096 };

/* A VM with all that it needs. */
struct machine {
    _Alignas(VPSCI_ALIGNMENT) unsigned char memory[MACHINE_ROOM];
    _Alignas(VPSCI_ALIGNMENT) unsigned char statistics[MACHINE_ROOM];
    struct vpsci_config config;
    struct vpsci_vm *vm;
    uint64_t time; /* every call takes a millisecond */
};

struct machine_kind {
    const char *name;
    uint32_t options;
    /* Brings it from the start to the state. */
    void (*drive)(struct machine *machine);
};

extern const struct machine_kind machine_kinds[];
extern const unsigned machine_kind_count;

/* Makes a VM of this kind that has just started. Returns what vpsci_init() does. */
int machine_make(struct machine *machine, const struct machine_kind *kind);

/* A call by a vCPU, and what it is to do. */
struct vpsci_outcome machine_call(struct machine *machine, uint32_t cpu, uint32_t function,
                                  uint64_t first, uint64_t second, uint64_t third);
struct vpsci_outcome machine_next(struct machine *machine, uint32_t cpu);

#endif
