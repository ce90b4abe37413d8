/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of the library that callgrind counts. lib_calls.awk reads their names. */
#ifndef BENCH_VPSCI_COUNT_H
#define BENCH_VPSCI_COUNT_H

#include "vpsci/vpsci.h"

/* A VM and its memory. */
struct bench {
    uint32_t count;
    size_t size;
    void *memory;
    void *record;
    struct vpsci_mpidr *mpidrs;
    struct vpsci_config config;
    struct vpsci_vm *vm;
    uint64_t time;
    struct vpsci_outcome out;
};

/* Each makes one call, and ends a part of callgrind's output, which gets the name. */
void count_call(struct bench *bench, const char *name, uint32_t cpu,
                const struct vpsci_guest_call *call);
void count_next(struct bench *bench, const char *name, uint32_t cpu);
void count_wake(struct bench *bench, const char *name, uint32_t cpu);
void count_answer(struct bench *bench, const char *name, enum vpsci_result result);
void count_find(struct bench *bench, const char *name, uint64_t mpidr);
void count_mp_state(struct bench *bench, const char *name, enum vpsci_mp_state state);
void count_save(struct bench *bench, const char *name);
void count_restore(struct bench *bench, const char *name);
void count_reset(struct bench *bench, const char *name);
void count_init(struct bench *bench, const char *name);

#endif
