/* SPDX-License-Identifier: BSD-2-Clause */
/* A small VM with everything that the library offers, and short ways to drive it. */
#ifndef VPSCI_RIG_H
#define VPSCI_RIG_H

#include "vpsci/vpsci.h"

enum { RIG_CPUS_MAX = 8, RIG_ROOM = 8192, RIG_STATE_COUNT = 6 };

/* What the rig's guests pass as power_state; the numbers behind are places in rig_states. */
enum {
    RIG_STANDBY = 0x00000001,           /* 0 */
    RIG_CORE_DOWN = 0x40000002,         /* 1 */
    RIG_CLUSTER_STANDBY = 0x00000011,   /* 2 */
    RIG_CLUSTER_RETENTION = 0x40000012, /* 3: the cores are off */
    RIG_CLUSTER_DOWN = 0x40000013,      /* 4 */
    RIG_SYSTEM_DOWN = 0x40000024        /* 5: of level 2 */
};

extern const struct vpsci_power_state rig_states[RIG_STATE_COUNT];

#define FN32(name) (VPSCI_FID_32 + VPSCI_FN_##name)
#define FN64(name) (VPSCI_FID_64 + VPSCI_FN_##name)

#define RIG_ENTRY   UINT64_C(0x80000)
#define RIG_CONTEXT UINT64_C(0xfedcba9876543210)

struct rig {
    _Alignas(VPSCI_ALIGNMENT) unsigned char memory[RIG_ROOM];
    _Alignas(VPSCI_ALIGNMENT) unsigned char statistics[RIG_ROOM];
    struct vpsci_mpidr mpidrs[RIG_CPUS_MAX];
    struct vpsci_ops ops;
    struct vpsci_config config;
    struct vpsci_vm *vm;
    uint64_t time;
};

/* Describes a VM with clusters of two: all capabilities, rig_states, statistics by `time`. */
void rig_describe(struct rig *rig, uint32_t cpus);

/* Makes the VM that is described. Returns what vpsci_init() does. */
int rig_init(struct rig *rig);

/* Both of them. False if that fails. */
bool rig_make(struct rig *rig, uint32_t cpus);

struct vpsci_vcpu *rig_vcpu(struct rig *rig, uint32_t cpu);
/* Fills an outcome with bytes that no test expects in a field that is undefined. */
void rig_poison(struct vpsci_outcome *out);

struct vpsci_outcome rig_call(struct rig *rig, uint32_t cpu, uint32_t function, uint64_t first,
                              uint64_t second, uint64_t third);
/* Do two outcomes of VMs that are alike say the same? */
bool rig_is_same_outcome(const struct vpsci_outcome *a, const struct vpsci_outcome *b);
struct vpsci_outcome rig_next(struct rig *rig, uint32_t cpu);

/* The result of a call that returns at once, or INT64_MIN if it does not. */
int64_t rig_result(struct rig *rig, uint32_t cpu, uint32_t function, uint64_t first,
                   uint64_t second, uint64_t third);

/* CPU_ON of `cpu` by vCPU 0; rig_run() also lets it begin. False if that fails. */
bool rig_turn_on(struct rig *rig, uint32_t cpu);
bool rig_run(struct rig *rig, uint32_t cpu);

/* CPU_SUSPEND. False if the vCPU does not sleep then. */
bool rig_sleep(struct rig *rig, uint32_t cpu, uint32_t power_state);

/* Wakes a vCPU and lets it begin. False if it does not. */
bool rig_wake(struct rig *rig, uint32_t cpu);

enum vpsci_state rig_state(struct rig *rig, uint32_t cpu);

/* NODE_HW_STATE, as vCPU `by` is told. */
int64_t rig_node(struct rig *rig, uint32_t by, uint32_t cpu, uint32_t level);

#endif
