/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <valgrind/callgrind.h>

#include "vpsci_count.h"

static void end_part(const struct bench *bench, const char *name)
{
    char text[96];

    (void)snprintf(text, sizeof(text), "%s|%u", name, (unsigned)bench->count);
    CALLGRIND_DUMP_STATS_AT(text);
}

void count_call(struct bench *bench, const char *name, uint32_t cpu,
                const struct vpsci_guest_call *call)
{
    struct vpsci_vcpu *vcpu = vpsci_vcpu_at(bench->vm, cpu);

    CALLGRIND_ZERO_STATS;
    vpsci_call(vcpu, call, &bench->out);
    end_part(bench, name);
}

void count_next(struct bench *bench, const char *name, uint32_t cpu)
{
    struct vpsci_vcpu *vcpu = vpsci_vcpu_at(bench->vm, cpu);

    CALLGRIND_ZERO_STATS;
    vpsci_next(vcpu, &bench->out);
    end_part(bench, name);
}

void count_wake(struct bench *bench, const char *name, uint32_t cpu)
{
    struct vpsci_vcpu *vcpu = vpsci_vcpu_at(bench->vm, cpu);

    CALLGRIND_ZERO_STATS;
    (void)vpsci_wake(vcpu);
    end_part(bench, name);
}

void count_answer(struct bench *bench, const char *name, enum vpsci_result result)
{
    struct vpsci_vcpu *vcpu = vpsci_vcpu_at(bench->vm, 0);

    CALLGRIND_ZERO_STATS;
    (void)vpsci_answer(vcpu, result);
    end_part(bench, name);
}

void count_find(struct bench *bench, const char *name, uint64_t mpidr)
{
    CALLGRIND_ZERO_STATS;
    (void)vpsci_find(bench->vm, (struct vpsci_mpidr){mpidr});
    end_part(bench, name);
}

void count_mp_state(struct bench *bench, const char *name, enum vpsci_mp_state state)
{
    struct vpsci_vcpu *vcpu = vpsci_vcpu_at(bench->vm, bench->count - 1);

    CALLGRIND_ZERO_STATS;
    (void)vpsci_mp_state_set(vcpu, state);
    end_part(bench, name);
}

void count_save(struct bench *bench, const char *name)
{
    size_t size = vpsci_save_size(bench->vm);

    free(bench->record);
    bench->record = malloc(size);
    CALLGRIND_ZERO_STATS;
    (void)vpsci_save(bench->vm, bench->record, size);
    end_part(bench, name);
}

void count_restore(struct bench *bench, const char *name)
{
    size_t size = vpsci_save_size(bench->vm);

    CALLGRIND_ZERO_STATS;
    (void)vpsci_restore(bench->vm, bench->record, size);
    end_part(bench, name);
}

void count_reset(struct bench *bench, const char *name)
{
    CALLGRIND_ZERO_STATS;
    vpsci_reset(bench->vm);
    end_part(bench, name);
}

void count_init(struct bench *bench, const char *name)
{
    CALLGRIND_ZERO_STATS;
    (void)vpsci_init(bench->memory, bench->size, &bench->config, &bench->vm);
    end_part(bench, name);
}
