/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A KVM that is not there: what vmm/kvm asks it by kvm_call() and kvm/ by ioctl(), as Linux documents it (Documentation/virt/kvm/api.rst,
 * devices/arm-vgic-v3.rst and arm-vgic-its.rst), for two vCPUs. It is stricter than KVM in what Linux leaves to the order
 * of calls: what must come first has no effect if it comes late.
 */
#ifndef TESTS_FAKE_KVM_H
#define TESTS_FAKE_KVM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/memory.h"
#include "kvm/kvm_parts.h"

enum {
    FAKE_CPUS = 2,
    FAKE_GICD_SIZE = 0x10000,
    FAKE_GICR_SIZE = 0x20000,
    FAKE_ICC_COUNT = 0x10000,
    FAKE_ITS_SIZE = 0x10000,
    FAKE_REGISTERS = 16,
    FAKE_LPI_PLACE = 0x1000, /* in guest memory: where the pending table is */
};

/* A register of KVM_GET_REG_LIST that a host may have. */
struct fake_register {
    uint64_t id;
    uint64_t value;
    uint64_t lowers; /* bits that KVM lets a monitor clear */
};

enum fake_timer { FAKE_VIRTUAL, FAKE_PHYSICAL, FAKE_TIMERS };

struct fake_vcpu {
    uint32_t mp_state;
    uint64_t pc;
    uint64_t compare[FAKE_TIMERS];
    uint64_t control[FAKE_TIMERS];
    bool fired[FAKE_TIMERS]; /* it was on, and its time had come: that cannot be taken back */
    uint32_t gicr[FAKE_GICR_SIZE / 4];
    uint64_t icc[FAKE_ICC_COUNT];
};

struct fake_kvm {
    struct vm vm;
    struct vcpu vcpus[FAKE_CPUS];
    struct fake_vcpu cpu[FAKE_CPUS];
    struct fake_register registers[FAKE_REGISTERS];
    unsigned register_count;
    bool hides_physical; /* as before Linux 6.4 */
    uint64_t counter[FAKE_TIMERS];
    bool revision_is_set; /* GICD_IIDR was written */
    uint32_t gicd[FAKE_GICD_SIZE / 4];
    uint32_t lines[MAP_SPI_COUNT / 32 + 1];
    uint64_t its[FAKE_ITS_SIZE / 8];
    uint64_t its_cache;  /* what the tables would have; they are written to memory when asked for */
    uint8_t lpi_pending; /* the same of the pending table */
    bool lpis_enabled;   /* by GICR_CTLR of vCPU 0 */
    struct memory *memory; /* the guest's */
};

/* The one that kvm_call() asks. */
extern struct fake_kvm *fake_kvm;

/* A new VM, as after KVM_CREATE_VM, with a GIC and vCPUs that are off. */
void fake_create(struct fake_kvm *kvm, struct memory *memory);

/* Whether a vCPU wakes from KVM_MP_STATE_SUSPENDED: Linux, kvm_vgic_vcpu_pending_irq(). */
bool fake_wakes(struct fake_kvm *kvm, unsigned vcpu);

/* The GIC's half of kvm_call(): attributes of its two devices. */
int fake_gic_call(struct fake_kvm *kvm, bool its, bool set, struct kvm_device_attr *attr);
/* A vCPU's private interrupt has this level. */
bool fake_timer_line(const struct fake_kvm *kvm, unsigned vcpu, unsigned intid);

#endif
