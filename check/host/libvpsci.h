/* SPDX-License-Identifier: BSD-2-Clause */
/** libvpsci behind the scenarios: the functions of its adapters. */
#ifndef CHECK_LIBVPSCI_H
#define CHECK_LIBVPSCI_H

#include "adapter.h"
#include "vpsci/vpsci.h"

/* The RAM of the machines, for entry points and MEM_PROTECT. */
#define LIBVPSCI_RAM_BASE   UINT64_C(0x40000000)
#define LIBVPSCI_RAM_LENGTH UINT64_C(0x20000000)
/* As if the script ran on the guest's CPUs: where the entry points are is its own code. */
#define LIBVPSCI_OWN_LENGTH UINT64_C(0x100000)
#define LIBVPSCI_ENTRY      (LIBVPSCI_RAM_BASE + 0x80000)
#define LIBVPSCI_BAD_ENTRY  UINT64_C(0x1000)

/** What `adapter->configuration` points to. */
struct libvpsci_configuration {
    struct vpsci_config config;   /* without vCPUs, states, domains, memory, ops, host */
    bool default_states;          /* the machine has the library's default states */
    bool moves;                   /* saved and restored before every step */
    uint32_t delay;               /* polls until a request is answered */
    enum vpsci_result on_suspend; /* the answer to SYSTEM_SUSPEND */
};

void *libvpsci_create(const struct adapter *adapter);
void libvpsci_call(void *system, uint32_t cpu, const struct guest_call *call, struct event *event);
void libvpsci_poll(void *system, uint32_t cpu, struct event *event);
void libvpsci_wake(void *system, uint32_t cpu);
void libvpsci_end(void *system, struct end *end);
void libvpsci_restart(void *system);
void libvpsci_pass(void *system, uint64_t microseconds);

#endif
