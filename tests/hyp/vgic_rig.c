/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake/fake.h"

enum { FIRST_CORE = 4, FIRST_COUNT = 4, FOREIGN_COUNT = 2, SGI_FRAME = 0x10000, STRIDE = 0x20000 };

static void rig_own(struct vm *vm, unsigned intid)
{
    vm->gic.owned[intid / 32] |= 1u << intid % 32;
}

static void rig_add_vm(struct vm *vm, struct vcpu *first, unsigned count, unsigned core)
{
    vm->index = (unsigned)(vm - vms);
    vm->vcpus = first;
    vm->vcpu_count = count;
    for (unsigned i = 0; i < count; i++) {
        first[i].vm = vm;
        first[i].index = i;
        first[i].core = core + i;
        first[i].mpidr = i;
    }
}

int rig_start(void **state)
{
    (void)state;
    fake_reset();
    memset(vms, 0, sizeof(vms));
    memset(vcpus, 0, sizeof(vcpus));
    vm_count = 2;
    rig_add_vm(&vms[0], &vcpus[0], FIRST_COUNT, FIRST_CORE);
    rig_add_vm(&vms[1], &vcpus[FIRST_COUNT], FOREIGN_COUNT, 0);
    rig_own(&vms[0], RIG_UART);
    rig_own(&vms[0], RIG_CLOCK);
    for (unsigned i = 0; i < 6; i++) {
        rig_own(&vms[0], RIG_EXTRA + i);
    }
    rig_own(&vms[1], RIG_FOREIGN);
    rig_own(&vms[1], RIG_FOREIGN_2);
    for (unsigned i = 0; i < vm_count; i++) {
        fake_run_as(vms[i].vcpus[0].core);
        vgic_reset_vm(&vms[i]);
    }
    for (unsigned i = 0; i < FIRST_COUNT + FOREIGN_COUNT; i++) {
        fake_run_as(vcpus[i].core);
        vgic_take(&vcpus[i]);
        vgic_reset_vcpu(&vcpus[i]);
    }
    return 0;
}

struct vcpu *rig_as(unsigned index)
{
    fake_run_as(vms[0].vcpus[index].core);
    return &vms[0].vcpus[index];
}

struct vcpu *rig_as_foreign(unsigned index)
{
    fake_run_as(vms[1].vcpus[index].core);
    return &vms[1].vcpus[index];
}

uint32_t rig_read(struct vcpu *vcpu, uint64_t offset)
{
    uint64_t value = UINT64_MAX;

    assert_true(vgic_distributor_read(vcpu, offset, 4, &value));
    assert_true(value <= UINT32_MAX);
    return (uint32_t)value;
}

void rig_write(struct vcpu *vcpu, uint64_t offset, uint32_t value)
{
    assert_true(vgic_distributor_write(vcpu, offset, 4, value));
}

uint32_t rig_read_redistributor(struct vcpu *vcpu, unsigned of, uint64_t offset)
{
    uint64_t value = UINT64_MAX;

    assert_true(vgic_redistributor_read(vcpu, (uint64_t)of * STRIDE + offset, 4, &value));
    assert_true(value <= UINT32_MAX);
    return (uint32_t)value;
}

void rig_write_redistributor(struct vcpu *vcpu, unsigned of, uint64_t offset, uint32_t value)
{
    assert_true(vgic_redistributor_write(vcpu, (uint64_t)of * STRIDE + offset, 4, value));
}

void rig_open(struct vcpu *vcpu)
{
    rig_write(vcpu, 0, 0x12);
    rig_write_redistributor(vcpu, vcpu->index, 0x14, 0);
    fake_guest_set_mask(0xf0);
    fake_guest_set_group1(true);
    vgic_take(vcpu);
    vgic_fill(vcpu);
}

void rig_enable(struct vcpu *vcpu, unsigned intid, uint8_t priority)
{
    uint64_t word = (uint64_t)intid / 32 * 4;

    if (intid < 32) {
        uint64_t base = (uint64_t)vcpu->index * STRIDE + SGI_FRAME;

        assert_true(vgic_redistributor_write(vcpu, base + 0x400 + intid, 1, priority));
        assert_true(vgic_redistributor_write(vcpu, base + 0x100, 4, 1u << intid));
        return;
    }
    assert_true(vgic_distributor_write(vcpu, 0x400 + intid, 1, priority));
    assert_true(vgic_distributor_write(vcpu, 0x100 + word, 4, 1u << intid % 32));
}

void rig_route(struct vcpu *vcpu, unsigned intid, unsigned to)
{
    assert_true(
        vgic_distributor_write(vcpu, 0x6000 + (uint64_t)intid * 8, 8, vcpu->vm->vcpus[to].mpidr));
}

void rig_serve(void)
{
    for (unsigned i = 0; i < FIRST_COUNT; i++) {
        vgic_take(rig_as(i));
    }
}

unsigned rig_turn(struct vcpu *vcpu)
{
    vgic_take(vcpu);
    vgic_fill(vcpu);
    return fake_guest_acknowledge();
}
