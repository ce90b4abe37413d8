/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets up libvpsci for a machine, and all that lives as long. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/map.h"
#include "psci/psci.h"

enum { INSTRUCTION_SIZE = 4 };

static bool host_entry_is_valid(void *host, struct vpsci_ipa address)
{
    return memory_contains(host, ipa(address.value), INSTRUCTION_SIZE);
}

/* A cold reset makes all of guest memory anew, and so zero; MEM_PROTECT promises no more. */
static bool host_range_is_protected(void *host, struct vpsci_ipa base, uint64_t length)
{
    return memory_contains(host, ipa(base.value), length);
}

/*
 * The optional functions that a guest is offered: all that libvpsci has and that make sense on this
 * machine.
 */
static uint32_t setup_capabilities(const struct psci_options *options)
{
    uint32_t always = VPSCI_CAP_SYSTEM_RESET2 | VPSCI_CAP_VENDOR_RESET | VPSCI_CAP_SYSTEM_OFF2 |
                      VPSCI_CAP_CPU_FREEZE | VPSCI_CAP_CPU_DEFAULT_SUSPEND |
                      VPSCI_CAP_NODE_HW_STATE | VPSCI_CAP_STATISTICS | VPSCI_CAP_MEM_PROTECT;

    return always | (options->system_suspend ? VPSCI_CAP_SYSTEM_SUSPEND : 0) |
           (options->idle != IDLE_NONE && options->clusters != 0 ? VPSCI_CAP_OS_INITIATED : 0);
}

static uint64_t host_microseconds(void *host)
{
    (void)host;
    return (uint64_t)clock_now_ns() / 1000;
}

/* Idle states, if there are any, for libvpsci. 0 or -ENOMEM. */
static int setup_idle(struct psci *psci, const struct psci_options *options)
{
    unsigned cpus = options->cpu_count;

    idle_plan(&psci->plan, options->idle, options->clusters, cpus);
    if (psci->plan.count == 0) {
        return 0;
    }
    for (unsigned i = 0; i < psci->plan.count; i++) {
        psci->states[i] = psci->plan.states[i].power;
    }
    psci->config.states = psci->states;
    psci->config.state_count = psci->plan.count;
    psci->clusters = calloc(cpus, sizeof(psci->clusters[0]));
    psci->idle_counts = calloc((size_t)cpus * IDLE_STATES_MAX, sizeof(psci->idle_counts[0]));
    if (psci->clusters == NULL || psci->idle_counts == NULL) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < cpus; i++) {
        psci->clusters[i] = (uint16_t)idle_first_cpu(&psci->plan, idle_cluster(&psci->plan, i));
    }
    psci->config.domains[0] = psci->clusters;
    return 0;
}

/*
 * Statistics (PSCI_STAT) of the idle states, or of the two states that libvpsci has without them. 0
 * or -ENOMEM.
 */
static int setup_statistics(struct psci *psci)
{
    enum { STATES_WITHOUT_TABLE = 2 };
    unsigned states = psci->plan.count != 0 ? psci->plan.count : STATES_WITHOUT_TABLE;

    psci->config.statistics_size = vpsci_statistics_size(psci->config.vcpu_count, states);
    psci->statistics = aligned_alloc(VPSCI_ALIGNMENT, psci->config.statistics_size);
    psci->config.statistics = psci->statistics;
    return psci->statistics != NULL ? 0 : -ENOMEM;
}

static void setup_config(struct psci *psci, const struct psci_options *options)
{
    for (unsigned i = 0; i < options->cpu_count; i++) {
        psci->mpidrs[i].value = map_mpidr(i);
    }
    psci->ops = (struct vpsci_ops){
        .entry_is_valid = host_entry_is_valid,
        .range_is_protected = host_range_is_protected,
        .now = host_microseconds,
    };
    psci->config = (struct vpsci_config){
        .size = sizeof(struct vpsci_config),
        .vcpu_count = options->cpu_count,
        .mpidrs = psci->mpidrs,
        .version = options->version,
        .capabilities = setup_capabilities(options),
        .options = (options->hide_on_pending ? VPSCI_OPTION_NO_ON_PENDING : 0) |
                   (options->cpus_admitted != 0 ? VPSCI_OPTION_ASK_CPU_ON : 0),
        .ops = &psci->ops,
        .host = options->memory,
    };
}

/* Changes for the observer, and admission, if they are asked for. 0 or -ENOMEM. */
static int setup_operators(struct psci *psci, const struct psci_options *options)
{
    unsigned cpus = options->cpu_count;

    if (options->observer != NULL) {
        psci->changes = changes_create(cpus);
        if (psci->changes == NULL) {
            return -ENOMEM;
        }
    }
    if (options->cpus_admitted != 0) {
        psci->admission = admission_create(cpus, options->cpus_admitted);
        if (psci->admission == NULL) {
            return -ENOMEM;
        }
    }
    return 0;
}

/* 0, -ENOMEM or -EINVAL. */
static int setup_vm(struct psci *psci)
{
    size_t size = vpsci_size(&psci->config);

    psci->memory = size != 0 ? aligned_alloc(VPSCI_ALIGNMENT, size) : NULL;
    if (psci->memory == NULL) {
        return -ENOMEM;
    }
    return vpsci_init(psci->memory, size, &psci->config, &psci->vm) == 0 ? 0 : -EINVAL;
}

int psci_create(struct psci *psci, const struct psci_options *options)
{
    psci->mpidrs = calloc(options->cpu_count, sizeof(psci->mpidrs[0]));
    if (psci->mpidrs == NULL) {
        return -ENOMEM;
    }
    psci->notify_fd = options->notify_fd;
    psci->naps = options->naps;
    setup_config(psci, options);
    int error = setup_operators(psci, options);
    if (error == 0) {
        error = setup_idle(psci, options);
    }
    if (error == 0) {
        error = setup_statistics(psci);
    }
    return error == 0 ? setup_vm(psci) : error;
}

void psci_destroy(struct psci *psci)
{
    changes_destroy(psci->changes);
    admission_destroy(psci->admission);
    free(psci->clusters);
    free(psci->statistics);
    free(psci->idle_counts);
    free(psci->memory);
    free(psci->mpidrs);
    *psci = (struct psci){.vm = NULL};
}

void psci_reset(struct psci *psci)
{
    vpsci_reset(psci->vm);
    if (psci->idle_counts != NULL) {
        memset(psci->idle_counts, 0,
               (size_t)psci->config.vcpu_count * IDLE_STATES_MAX * sizeof(psci->idle_counts[0]));
    }
    if (psci->changes != NULL) {
        changes_clear(psci->changes);
    }
}

uint64_t psci_idle_count(const struct psci *psci, unsigned index, unsigned state)
{
    return psci->idle_counts[(size_t)index * IDLE_STATES_MAX + state];
}

uint32_t psci_version(const struct psci *psci)
{
    return vpsci_version(psci->vm);
}
