/* SPDX-License-Identifier: BSD-2-Clause */
/* The VM that is explored: its memory, its configuration, and calls into the library. */
#ifndef EXPLORE_VM_H
#define EXPLORE_VM_H

#include "internal.h"
#include "scenario.h"
#include "spec.h"

enum { CELL_MAX = 512 };

/* A VM and its statistics, as cells of 64 bits. */
struct arena {
    _Alignas(VPSCI_ALIGNMENT) uint64_t cells[CELL_MAX];
};

struct vpsci_vm *vm_make(struct arena *arena, const struct scenario *scenario);
/* Runs one action. It may be left by longjmp() at any access to a cell. */
void vm_do(struct vpsci_vm *vm, const struct action *action, struct result *result);
/* The state of a VM while no thread is inside the library, in the specification's terms.
 * NULL, or what is wrong. */
const char *vm_project(const struct vpsci_vm *vm, struct spec *spec);
/* What a record holds, as a number: that of spec_digest(), or an error of vpsci_restore(). */
int64_t vm_record_digest(const struct vpsci_vm *vm, const uint8_t *record, size_t size);
/* All that must hold while no thread is inside the library. NULL, or what is wrong. */
const char *vm_check_quiet(const struct vpsci_vm *vm, struct spec *spec);
/* What must hold of domains at every moment. NULL, or what is wrong. */
const char *vm_check_step(const struct vpsci_vm *vm);
/* Between true and false, accesses to cells are no steps. In machine.c. */
void explore_quietly(bool begins);
/* The token of the payload that has this address, 0 for none. */
uint32_t vm_token_at(uint64_t address);
/* "word of vCPU 1" and the like, for cell `index` of the arena. */
void vm_cell_name(const struct vpsci_vm *vm, uint32_t index, char *text, size_t size);

#endif
