/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's interrupts, from the hardware by list registers to the guest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fake/fake.h"
#include "vgic_list.h"
#include "vgic_rig.h"

enum { SGI_ALL_OTHERS_SHIFT = 40 };

static void level_comes_once_until_the_guest_ends_it(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_UART, 0xa0);
    fake_set_line(0, RIG_UART, true);
    assert_int_equal(rig_turn(vcpu), RIG_UART);
    assert_true(fake_intid(0, RIG_UART)->active);
    assert_int_equal(fake_signalled(vcpu->core), FAKE_SPURIOUS);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    fake_guest_end(RIG_UART);
    assert_false(fake_intid(0, RIG_UART)->active);
    assert_int_equal(rig_turn(vcpu), RIG_UART);
    fake_set_line(0, RIG_UART, false);
    fake_guest_end(RIG_UART);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
}

static void edge_while_its_handler_runs_comes_again(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_write(vcpu, 0xc08, 2u << (RIG_CLOCK - 32) * 2);
    rig_enable(vcpu, RIG_CLOCK, 0x80);
    fake_set_line(0, RIG_CLOCK, true);
    assert_int_equal(rig_turn(vcpu), RIG_CLOCK);
    fake_set_line(0, RIG_CLOCK, false);
    fake_set_line(0, RIG_CLOCK, true);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    fake_guest_end(RIG_CLOCK);
    assert_int_equal(rig_turn(vcpu), RIG_CLOCK);
    fake_guest_end(RIG_CLOCK);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
}

static void more_interrupts_than_list_registers_come_by_priority(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    for (unsigned i = 0; i < 6; i++) {
        rig_enable(vcpu, RIG_EXTRA + i, (uint8_t)(0xa0 - i * 0x10));
        vgic_raise(vcpu->vm, RIG_EXTRA + i);
    }
    vgic_take(vcpu);
    vgic_fill(vcpu);
    for (unsigned i = 0; i < 6; i++) {
        unsigned intid = fake_guest_acknowledge();

        assert_int_equal(intid, RIG_EXTRA + 5 - i);
        fake_guest_end(intid);
        if (fake_signalled(vcpu->core) == ARCH_INTID_MAINTENANCE) {
            vgic_take(vcpu);
            vgic_fill(vcpu);
        }
    }
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    assert_int_equal(arch_gic_read_hcr(), 1);
}

static void maintenance_comes_while_interrupts_have_no_list_register(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    for (unsigned i = 0; i < 6; i++) {
        rig_enable(vcpu, RIG_EXTRA + i, 0x80);
        vgic_raise(vcpu->vm, RIG_EXTRA + i);
    }
    vgic_take(vcpu);
    vgic_fill(vcpu);
    assert_int_equal(fake_signalled(vcpu->core), FAKE_SPURIOUS);
    for (unsigned i = 0; i < 4; i++) {
        fake_guest_end(fake_guest_acknowledge());
    }
    assert_int_equal(fake_signalled(vcpu->core), ARCH_INTID_MAINTENANCE);
    assert_true(rig_turn(vcpu) >= RIG_EXTRA);
    assert_int_equal(fake_signalled(vcpu->core), FAKE_SPURIOUS);
}

static void urgent_interrupt_takes_the_place_of_a_less_urgent_one(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    for (unsigned i = 0; i < 4; i++) {
        rig_enable(vcpu, RIG_EXTRA + i, 0xc0);
        vgic_raise(vcpu->vm, RIG_EXTRA + i);
    }
    vgic_take(vcpu);
    vgic_fill(vcpu);
    rig_enable(vcpu, RIG_UART, 0x20);
    vgic_raise(vcpu->vm, RIG_UART);
    assert_int_equal(rig_turn(vcpu), RIG_UART);
    fake_guest_end(RIG_UART);
    for (unsigned i = 0; i < 4; i++) {
        unsigned intid = rig_turn(vcpu);

        assert_in_range(intid, RIG_EXTRA, RIG_EXTRA + 3);
        fake_guest_end(intid);
    }
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
}

static void sgi_that_comes_while_one_is_active_is_not_lost(void **state)
{
    struct vcpu *sender = rig_as(1);
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, 5, 0x80);
    rig_as(1);
    vgic_send(sender, 5ull << 24 | 1);
    rig_as(0);
    assert_int_equal(rig_turn(vcpu), 5);
    rig_as(1);
    vgic_send(sender, 5ull << 24 | 1);
    rig_as(0);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    fake_guest_end(5);
    assert_int_equal(rig_turn(vcpu), 5);
    fake_guest_end(5);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
}

static void sgis_go_to_cores_of_the_sender_only(void **state)
{
    struct vcpu *vcpu = rig_as(1);

    (void)state;
    for (unsigned i = 0; i < FAKE_CORES; i++) {
        fake_intid(i, 3)->enabled = true;
    }
    vgic_send(vcpu, 3ull << 24 | 0xffff);
    for (unsigned i = 0; i < FAKE_CORES; i++) {
        assert_int_equal(fake_intid(i, 3)->latch, i >= 4 && i < 8);
        fake_intid(i, 3)->latch = false;
    }
    vgic_send(vcpu, 3ull << 24 | 1ull << SGI_ALL_OTHERS_SHIFT);
    for (unsigned i = 0; i < FAKE_CORES; i++) {
        assert_int_equal(fake_intid(i, 3)->latch, i >= 4 && i < 8 && i != 5);
        fake_intid(i, 3)->latch = false;
    }
    /* The affinities of the other VM's physical cores, and a range that no VM has. */
    vgic_send(vcpu, 3ull << 24 | 1ull << 16 | 0xf);
    vgic_send(vcpu, 3ull << 24 | 1ull << 44 | 0xf);
    vgic_send(vcpu, 3ull << 24 | 1ull << 32 | 0xf);
    vgic_send(vcpu, 3ull << 24 | 1ull << 48 | 0xf);
    for (unsigned i = 0; i < FAKE_CORES; i++) {
        assert_false(fake_intid(i, 3)->latch);
    }
}

static void route_changes_while_an_interrupt_waits(void **state)
{
    struct vcpu *other = rig_as(2);
    struct vcpu *vcpu;

    (void)state;
    rig_open(other);
    vcpu = rig_as(0);
    rig_open(vcpu);
    fake_guest_set_group1(false); /* the guest does not take it */
    rig_enable(vcpu, RIG_EXTRA, 0x80);
    vgic_raise(vcpu->vm, RIG_EXTRA);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    rig_as(2);
    rig_route(other, RIG_EXTRA, 2);
    assert_int_equal(rig_turn(other), FAKE_SPURIOUS);
    rig_as(0);
    assert_int_equal(fake_signalled(vcpu->core), ARCH_INTID_KICK);
    vgic_take(vcpu);
    rig_as(2);
    assert_int_equal(rig_turn(other), RIG_EXTRA);
    rig_as(0);
    fake_guest_set_group1(true);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
}

static void disabled_interrupt_is_given_back(void **state)
{
    struct vcpu *other = rig_as(1);
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_EXTRA, 0x80);
    fake_waits_for_disabled = 3;
    vgic_raise(vcpu->vm, RIG_EXTRA);
    vgic_take(vcpu);
    vgic_fill(vcpu);
    rig_as(1);
    rig_write(other, 0x184, 1u << (RIG_EXTRA - 32));
    assert_int_equal(rig_read(other, 0) >> 31, 1); /* RWP: core 0 has not given it back */
    rig_as(0);
    rig_serve();
    rig_as(0);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    assert_int_equal(rig_read(vcpu, 0) >> 31, 0);
    assert_true(fake_intid(0, RIG_EXTRA)->latch);
    assert_false(fake_intid(0, RIG_EXTRA)->active);
    rig_write(vcpu, 0x104, 1u << (RIG_EXTRA - 32));
    assert_int_equal(rig_turn(vcpu), RIG_EXTRA);
}

/* Another core disables one more interrupt while this one gives the first back. */
static void disable_another(void)
{
    struct vcpu *other = rig_as(1);

    fake_hooks.deactivated = NULL;
    rig_write(other, 0x184, 1u << (RIG_EXTRA + 1 - 32));
    rig_as(0);
}

static void request_while_others_are_served_is_not_lost(void **state)
{
    struct vcpu *other = rig_as(1);
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    for (unsigned i = 0; i < 2; i++) {
        rig_enable(vcpu, RIG_EXTRA + i, 0x80);
        vgic_raise(vcpu->vm, RIG_EXTRA + i);
    }
    vgic_take(vcpu);
    vgic_fill(vcpu);
    rig_as(1);
    rig_write(other, 0x184, 1u << (RIG_EXTRA - 32));
    rig_as(0);
    assert_int_equal(fake_signalled(vcpu->core), ARCH_INTID_KICK);
    fake_intid(vcpu->core, ARCH_INTID_KICK)->latch = false; /* only requests end something */
    fake_hooks.deactivated = disable_another;
    vgic_take(vcpu);
    assert_null(fake_hooks.deactivated);
    assert_int_equal(fake_signalled(vcpu->core), ARCH_INTID_KICK);
    rig_serve();
    rig_as(0);
    assert_int_equal(rig_read(vcpu, 0) >> 31, 0);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
}

static void pending_state_that_is_cleared_is_gone(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_EXTRA, 0x80);
    rig_enable(vcpu, 7, 0x80);
    vgic_raise(vcpu->vm, RIG_EXTRA);
    vgic_send(vcpu, 7ull << 24 | 1);
    vgic_take(vcpu);
    vgic_fill(vcpu);
    assert_int_equal(rig_read(vcpu, 0x204), 1u << (RIG_EXTRA - 32));
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0x10200), 1u << 7);
    rig_write(vcpu, 0x284, UINT32_MAX);
    rig_write_redistributor(vcpu, 0, 0x10280, UINT32_MAX);
    assert_int_equal(rig_read(vcpu, 0x204), 0);
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0x10200), 0);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    assert_false(fake_intid(0, RIG_EXTRA)->active);
}

/* The handler ends while another core has still to be asked, and the next edge comes before it is. */
static void edge_after_a_drop_is_not_lost(void **state)
{
    struct vcpu *other = rig_as(1);
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_EXTRA, 0x80);
    vgic_raise(vcpu->vm, RIG_EXTRA);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(rig_turn(vcpu), RIG_EXTRA);
        rig_as(1);
        if (i == 0) {
            vgic_lower(vcpu->vm, RIG_EXTRA);
        } else {
            rig_write(other, 0x284, 1u << (RIG_EXTRA - 32));
        }
        rig_as(0);
        fake_guest_end(RIG_EXTRA);
        rig_as_foreign(0);
        vgic_raise(vcpu->vm, RIG_EXTRA);
        rig_as(0);
    }
    assert_int_equal(rig_turn(vcpu), RIG_EXTRA);
    fake_guest_end(RIG_EXTRA);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
}

/* Another core resets the VM while this one takes an interrupt. */
static void reset_meanwhile(void)
{
    fake_hooks.acknowledged = NULL;
    rig_as(1);
    vgic_reset_vm(&vms[0]);
    rig_as(0);
}

static void interrupt_that_is_taken_during_a_reset(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_EXTRA, 0x80);
    vgic_raise(vcpu->vm, RIG_EXTRA);
    fake_hooks.acknowledged = reset_meanwhile;
    vgic_take(vcpu);
    assert_null(fake_hooks.acknowledged);
    rig_open(vcpu);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    assert_false(fake_intid(0, RIG_EXTRA)->active);
}

/* Its INTID is in no register of the distributor. */
static void lpi_of_the_firmware_is_in_nobodys_way(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_EXTRA, 0x80);
    vgic_raise(vcpu->vm, RIG_EXTRA);
    fake_foreign = 8192 + 32;
    assert_int_equal(rig_turn(vcpu), RIG_EXTRA);
    assert_int_equal(fake_foreign, 0);
    fake_guest_end(RIG_EXTRA);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
}

static void lowered_interrupt_is_gone_unless_the_guest_has_it(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_CLOCK, 0x80);
    vgic_raise(vcpu->vm, RIG_CLOCK);
    vgic_take(vcpu);
    vgic_fill(vcpu);
    rig_as_foreign(0);
    vgic_lower(vcpu->vm, RIG_CLOCK);
    rig_as(0);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    vgic_raise(vcpu->vm, RIG_CLOCK);
    assert_int_equal(rig_turn(vcpu), RIG_CLOCK);
    vgic_lower(vcpu->vm, RIG_CLOCK);
    assert_int_equal(rig_read(vcpu, 0x304), 1u << (RIG_CLOCK - 32));
    fake_guest_end(RIG_CLOCK);
    assert_int_equal(rig_read(vcpu, 0x304), 0);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    vgic_raise(vcpu->vm, RIG_FOREIGN);
    vgic_raise(vcpu->vm, 20);
    assert_false(fake_intid(0, RIG_FOREIGN)->latch);
    assert_false(fake_intid(0, 20)->latch);
}

static void active_interrupts_can_be_ended_by_register(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_EXTRA, 0x80);
    rig_enable(vcpu, 7, 0x40);
    vgic_raise(vcpu->vm, RIG_EXTRA);
    assert_int_equal(rig_turn(vcpu), RIG_EXTRA);
    vgic_send(vcpu, 7ull << 24 | 1);
    assert_int_equal(rig_turn(vcpu), 7);
    assert_int_equal(rig_read(vcpu, 0x304), 1u << (RIG_EXTRA - 32));
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0x10300), 1u << 7);
    rig_write(vcpu, 0x384, UINT32_MAX);
    rig_write_redistributor(vcpu, 0, 0x10380, UINT32_MAX);
    assert_int_equal(rig_read(vcpu, 0x304), 0);
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0x10300), 0);
    assert_false(fake_intid(0, RIG_EXTRA)->active);
    assert_int_equal(arch_gic_empty_lists(), 0xf);
}

static void distributor_that_is_off_signals_nothing(void **state)
{
    struct vcpu *other = rig_as(1);
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_EXTRA, 0x80);
    rig_as(1);
    rig_write(other, 0, 0);
    rig_as(0);
    assert_int_equal(fake_signalled(vcpu->core), ARCH_INTID_KICK);
    vgic_raise(vcpu->vm, RIG_EXTRA);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    assert_false(vgic_is_pending(vcpu));
    rig_write(vcpu, 0, 2);
    assert_true(vgic_is_pending(vcpu));
    assert_int_equal(rig_turn(vcpu), RIG_EXTRA);
}

static void pending_honours_mask_group_and_active_priority(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_EXTRA, 0x80);
    assert_false(vgic_is_pending(vcpu));
    vgic_raise(vcpu->vm, RIG_EXTRA);
    vgic_take(vcpu);
    assert_true(vgic_is_pending(vcpu));
    vgic_fill(vcpu);
    assert_true(vgic_is_pending(vcpu));
    fake_guest_set_mask(0x80);
    assert_false(vgic_is_pending(vcpu));
    fake_guest_set_mask(0x81);
    assert_true(vgic_is_pending(vcpu));
    fake_guest_set_group1(false);
    assert_false(vgic_is_pending(vcpu));
    fake_guest_set_group1(true);
    assert_int_equal(fake_guest_acknowledge(), RIG_EXTRA);
    assert_false(vgic_is_pending(vcpu));
    rig_enable(vcpu, RIG_UART, 0x80);
    vgic_raise(vcpu->vm, RIG_UART);
    vgic_take(vcpu);
    assert_false(vgic_is_pending(vcpu)); /* as urgent as the active one */
    rig_enable(vcpu, RIG_CLOCK, 0x78);
    vgic_raise(vcpu->vm, RIG_CLOCK);
    vgic_take(vcpu);
    assert_true(vgic_is_pending(vcpu));
}

static void only_the_bits_above_the_binary_point_preempt(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    arch_gic_write_vmcr(arch_gic_read_vmcr() | 5u << 18); /* ICC_BPR1_EL1 */
    rig_enable(vcpu, RIG_EXTRA, 0x70);
    vgic_raise(vcpu->vm, RIG_EXTRA);
    assert_int_equal(rig_turn(vcpu), RIG_EXTRA);
    rig_enable(vcpu, RIG_CLOCK, 0x60);
    vgic_raise(vcpu->vm, RIG_CLOCK);
    vgic_take(vcpu);
    assert_false(vgic_is_pending(vcpu));
    rig_enable(vcpu, RIG_CLOCK, 0x58);
    vgic_take(vcpu);
    assert_true(vgic_is_pending(vcpu));
    /* ICC_BPR0_EL1, for both groups */
    arch_gic_write_vmcr(arch_gic_read_vmcr() | 6u << 21 | 1u << 4);
    rig_enable(vcpu, RIG_CLOCK, 0x60);
    vgic_take(vcpu);
    assert_true(vgic_is_pending(vcpu));
}

/* Linux turns its CPU interface off before CPU_SUSPEND, and says by GICR_WAKER that the core
 * sleeps. */
static void sleeping_core_is_woken_with_its_interface_off(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    fake_guest_set_group1(false);
    rig_write_redistributor(vcpu, 0, 0x14, 2);
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0x14), 6);
    assert_false(vgic_is_pending(vcpu));
    vgic_raise(vcpu->vm, RIG_EXTRA); /* disabled */
    vgic_take(vcpu);
    assert_false(vgic_is_pending(vcpu));
    rig_enable(vcpu, RIG_EXTRA, 0xf8);
    vgic_take(vcpu);
    assert_true(vgic_is_pending(vcpu));
    rig_write_redistributor(vcpu, 0, 0x14, 0);
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0x14), 0);
    assert_false(vgic_is_pending(vcpu));
}

static void check_timer_that_ends(unsigned intid)
{
    struct vcpu *vcpu = rig_as(0);

    rig_open(vcpu);
    rig_enable(vcpu, intid, 0x80);
    fake_set_timer(vcpu->core, intid, true);
    vgic_take(vcpu);
    vgic_fill(vcpu);
    assert_true(vgic_is_pending(vcpu));
    fake_set_timer(vcpu->core, intid, false);
    assert_false(vgic_is_pending(vcpu));
    assert_false(fake_intid(vcpu->core, intid)->active);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    fake_set_timer(vcpu->core, intid, true);
    assert_int_equal(rig_turn(vcpu), intid);
}

static void timer_that_is_not_due_any_more_wakes_nobody(void **state)
{
    (void)state;
    check_timer_that_ends(ARCH_INTID_VIRTUAL_TIMER);
}

static void nor_does_the_physical_timer(void **state)
{
    (void)state;
    check_timer_that_ends(ARCH_INTID_PHYSICAL_TIMER);
}

/* A guest that was woken by its timer, with interrupts masked, turns the timer off and goes on. */
static void nor_does_it_interrupt_a_guest_that_runs(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, ARCH_INTID_VIRTUAL_TIMER, 0x80);
    fake_set_timer(vcpu->core, ARCH_INTID_VIRTUAL_TIMER, true);
    vgic_take(vcpu);
    vgic_fill(vcpu);
    fake_set_timer(vcpu->core, ARCH_INTID_VIRTUAL_TIMER, false);
    vgic_fill(vcpu); /* at an exit of another kind */
    assert_int_equal(fake_guest_acknowledge(), FAKE_SPURIOUS);
    assert_false(fake_intid(vcpu->core, ARCH_INTID_VIRTUAL_TIMER)->active);
}

/* Though the guest has tried to make it an edge, which would be lost with the first disable. */
static void timer_interrupt_comes_back_when_it_is_enabled_again(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_write_redistributor(vcpu, 0, 0x10c04, UINT32_MAX);
    rig_enable(vcpu, ARCH_INTID_VIRTUAL_TIMER, 0x80);
    fake_set_timer(vcpu->core, ARCH_INTID_VIRTUAL_TIMER, true);
    vgic_take(vcpu);
    vgic_fill(vcpu);
    rig_write_redistributor(vcpu, 0, 0x10180, 1u << ARCH_INTID_VIRTUAL_TIMER);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    rig_write_redistributor(vcpu, 0, 0x10100, 1u << ARCH_INTID_VIRTUAL_TIMER);
    assert_int_equal(rig_turn(vcpu), ARCH_INTID_VIRTUAL_TIMER);
}

/* Software made it pending, so it stays so whatever the timer does. */
static void timer_interrupt_by_software_stays(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, ARCH_INTID_VIRTUAL_TIMER, 0x80);
    fake_set_timer(vcpu->core, ARCH_INTID_VIRTUAL_TIMER, true);
    assert_int_equal(rig_turn(vcpu), ARCH_INTID_VIRTUAL_TIMER);
    fake_set_timer(vcpu->core, ARCH_INTID_VIRTUAL_TIMER, false);
    fake_guest_end(ARCH_INTID_VIRTUAL_TIMER);
    rig_write_redistributor(vcpu, 0, 0x10200, 1u << ARCH_INTID_VIRTUAL_TIMER);
    vgic_take(vcpu);
    assert_true(vgic_is_pending(vcpu));
}

static void core_that_starts_has_what_was_pending_and_nothing_active(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_UART, 0xa0);
    rig_enable(vcpu, RIG_EXTRA, 0xa0);
    rig_enable(vcpu, 3, 0x10);
    rig_enable(vcpu, 4, 0xb0);
    vgic_send(vcpu, 3ull << 24 | 1);
    assert_int_equal(rig_turn(vcpu), 3);
    vgic_send(vcpu, 3ull << 24 | 1); /* pending and active */
    vgic_send(vcpu, 4ull << 24 | 1);
    fake_set_line(0, RIG_UART, true);
    vgic_raise(vcpu->vm, RIG_EXTRA);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    vgic_reset_vcpu(vcpu);
    assert_int_equal(arch_gic_empty_lists(), 0xf);
    assert_int_equal(arch_gic_read_vmcr(), 0);
    assert_false(fake_intid(0, RIG_UART)->active);
    assert_false(fake_intid(0, RIG_EXTRA)->active);
    rig_open(vcpu);
    static const unsigned expected[] = {3, RIG_UART, RIG_EXTRA, 4};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(rig_turn(vcpu), expected[i]);
        fake_set_line(0, RIG_UART, false);
        fake_guest_end(expected[i]);
    }
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
}

static void core_that_stops_in_a_handler_does_not_block_the_interrupt(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_UART, 0xa0);
    fake_set_line(0, RIG_UART, true);
    assert_int_equal(rig_turn(vcpu), RIG_UART);
    vgic_reset_vcpu(vcpu);
    rig_open(vcpu);
    assert_int_equal(rig_turn(vcpu), RIG_UART);
}

static void reset_leaves_nothing_and_touches_no_other_vm(void **state)
{
    struct vcpu *foreign = rig_as_foreign(0);
    struct vcpu *vcpu;

    (void)state;
    rig_open(foreign);
    rig_enable(foreign, RIG_FOREIGN, 0x50);
    vgic_raise(foreign->vm, RIG_FOREIGN);
    vcpu = rig_as(1);
    rig_open(vcpu);
    rig_enable(vcpu, RIG_EXTRA, 0x80);
    rig_enable(vcpu, 9, 0x80);
    rig_route(vcpu, RIG_EXTRA, 1);
    vgic_raise(vcpu->vm, RIG_EXTRA);
    vgic_send(vcpu, 9ull << 24 | 2);
    assert_int_equal(rig_turn(vcpu), 9);
    rig_as(3);
    vgic_reset_vm(vcpu->vm);
    rig_serve();
    rig_as(1);
    assert_int_equal(arch_gic_empty_lists(), 0xf);
    vgic_reset_vcpu(vcpu);
    assert_int_equal(rig_read(vcpu, 0), 0x50);
    assert_int_equal(rig_read(vcpu, 0x104), 0);
    assert_int_equal(rig_read(vcpu, 0x204), 0);
    assert_int_equal(rig_read(vcpu, 0x400 + RIG_EXTRA), 0);
    assert_int_equal(fake_intid(0, RIG_EXTRA)->route, arch_core_mpidr(4));
    assert_int_equal(rig_read_redistributor(vcpu, 1, 0x10100), 0);
    rig_open(vcpu);
    rig_enable(vcpu, RIG_EXTRA, 0x80);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    rig_as_foreign(0);
    assert_int_equal(rig_turn(foreign), RIG_FOREIGN);
}

static void own_interrupts_of_hyp_are_ended(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    arch_kick(vcpu->core);
    arch_set_deadline(0);
    assert_int_not_equal(fake_signalled(vcpu->core), FAKE_SPURIOUS);
    vgic_take(vcpu);
    assert_int_equal(fake_signalled(vcpu->core), FAKE_SPURIOUS);
    assert_true(fake_deadline(vcpu->core) == UINT64_MAX);
    assert_int_equal(vcpu->gic.waiting_words, 0);
}

static void interrupt_of_nobody_is_turned_off(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    *fake_intid(0, RIG_NOBODY) = (struct fake_intid){
        .enabled = true, .group1 = true, .line = true, .route = arch_core_mpidr(vcpu->core)};
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    assert_false(fake_intid(0, RIG_NOBODY)->enabled);
    assert_false(fake_intid(0, RIG_NOBODY)->active);
}

static void deactivated_behind_hyps_back_is_taken_once(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, RIG_UART, 0xa0);
    fake_set_line(0, RIG_UART, true);
    assert_int_equal(rig_turn(vcpu), RIG_UART);
    fake_intid(0, RIG_UART)->active = false;
    vgic_take(vcpu);
    vgic_fill(vcpu); /* the fake ends the program if it is in two list registers */
    fake_guest_end(RIG_UART);
    assert_int_equal(rig_turn(vcpu), RIG_UART);
}

static void nested_handlers_need_no_list_registers(void **state)
{
    struct vcpu *vcpu = rig_as(0);
    unsigned order[7];

    (void)state;
    rig_open(vcpu);
    for (unsigned i = 0; i < 6; i++) {
        rig_enable(vcpu, RIG_EXTRA + i, (uint8_t)(0xa0 - i * 0x10));
        vgic_raise(vcpu->vm, RIG_EXTRA + i);
        order[i] = rig_turn(vcpu);
        assert_int_equal(order[i], RIG_EXTRA + i);
    }
    rig_enable(vcpu, 2, 0);
    vgic_send(vcpu, 2ull << 24 | 1);
    order[6] = rig_turn(vcpu);
    assert_int_equal(order[6], 2);
    assert_int_equal(vcpu->gic.parked_count, 3);
    assert_int_equal(rig_read(vcpu, 0x304), 0x3fu << (RIG_EXTRA - 32));
    vgic_raise(vcpu->vm, RIG_EXTRA); /* again: as soon as its handler has ended */
    for (unsigned i = 7; i-- != 0;) {
        assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
        fake_guest_end(order[i]);
        if (i < 3) {
            assert_int_equal(fake_signalled(vcpu->core), ARCH_INTID_MAINTENANCE);
            vgic_unpark(vcpu);
            assert_int_equal(rig_read(vcpu, 0x304), ((1u << i) - 1) << (RIG_EXTRA - 32));
        }
    }
    assert_int_equal(vcpu->gic.parked_count, 0);
    assert_int_equal(rig_turn(vcpu), RIG_EXTRA);
}

/* With one list register, `count` interrupts are active, each more urgent than the one before. */
static void park_all_but_one(struct vcpu *vcpu, unsigned count)
{
    fake_list_count = 1;
    rig_open(vcpu);
    for (unsigned i = 0; i < count; i++) {
        rig_enable(vcpu, RIG_EXTRA + i, (uint8_t)(0xa0 - i * 0x10));
        vgic_raise(vcpu->vm, RIG_EXTRA + i);
        assert_int_equal(rig_turn(vcpu), RIG_EXTRA + i);
    }
    assert_int_equal(vcpu->gic.parked_count, count - 1);
}

/* The guest accesses the distributor after it has ended a parked interrupt, before the maintenance
 * interrupt of that has come. */
static void end_of_a_parked_interrupt_counts_at_any_exit(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    park_all_but_one(vcpu, 2);
    fake_guest_end(RIG_EXTRA + 1);
    fake_guest_end(RIG_EXTRA);
    vgic_fill(vcpu);
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
    assert_int_equal(vcpu->gic.parked_count, 0);
    assert_false(fake_intid(0, RIG_EXTRA)->active);
    vgic_raise(vcpu->vm, RIG_EXTRA);
    assert_int_equal(rig_turn(vcpu), RIG_EXTRA);
}

static void core_that_starts_has_nothing_parked(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    park_all_but_one(vcpu, 3);
    rig_write(vcpu, 0x384, 1u << (RIG_EXTRA - 32)); /* GICD_ICACTIVER */
    assert_int_equal(vcpu->gic.parked_count, 1);
    assert_false(fake_intid(0, RIG_EXTRA)->active);
    vgic_reset_vcpu(vcpu);
    assert_int_equal(vcpu->gic.parked_count, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_false(fake_intid(0, RIG_EXTRA + i)->active);
    }
    rig_open(vcpu);
    assert_int_equal(arch_gic_read_hcr(), 1);
}

static void one_list_register_is_enough(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    fake_list_count = 1;
    rig_open(vcpu);
    for (unsigned i = 0; i < 3; i++) {
        rig_enable(vcpu, RIG_EXTRA + i, (uint8_t)(0x90 - i * 0x10));
        vgic_raise(vcpu->vm, RIG_EXTRA + i);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(rig_turn(vcpu), RIG_EXTRA + 2 - i);
        fake_guest_end(RIG_EXTRA + 2 - i);
    }
    assert_int_equal(rig_turn(vcpu), FAKE_SPURIOUS);
}

#define TEST(name) cmocka_unit_test_setup(name, rig_start)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(level_comes_once_until_the_guest_ends_it),
        TEST(edge_while_its_handler_runs_comes_again),
        TEST(more_interrupts_than_list_registers_come_by_priority),
        TEST(maintenance_comes_while_interrupts_have_no_list_register),
        TEST(urgent_interrupt_takes_the_place_of_a_less_urgent_one),
        TEST(sgi_that_comes_while_one_is_active_is_not_lost),
        TEST(sgis_go_to_cores_of_the_sender_only),
        TEST(route_changes_while_an_interrupt_waits),
        TEST(disabled_interrupt_is_given_back),
        TEST(request_while_others_are_served_is_not_lost),
        TEST(pending_state_that_is_cleared_is_gone),
        TEST(edge_after_a_drop_is_not_lost),
        TEST(interrupt_that_is_taken_during_a_reset),
        TEST(lpi_of_the_firmware_is_in_nobodys_way),
        TEST(lowered_interrupt_is_gone_unless_the_guest_has_it),
        TEST(active_interrupts_can_be_ended_by_register),
        TEST(distributor_that_is_off_signals_nothing),
        TEST(pending_honours_mask_group_and_active_priority),
        TEST(only_the_bits_above_the_binary_point_preempt),
        TEST(sleeping_core_is_woken_with_its_interface_off),
        TEST(timer_that_is_not_due_any_more_wakes_nobody),
        TEST(nor_does_the_physical_timer),
        TEST(nor_does_it_interrupt_a_guest_that_runs),
        TEST(timer_interrupt_comes_back_when_it_is_enabled_again),
        TEST(timer_interrupt_by_software_stays),
        TEST(core_that_starts_has_what_was_pending_and_nothing_active),
        TEST(core_that_stops_in_a_handler_does_not_block_the_interrupt),
        TEST(reset_leaves_nothing_and_touches_no_other_vm),
        TEST(own_interrupts_of_hyp_are_ended),
        TEST(interrupt_of_nobody_is_turned_off),
        TEST(deactivated_behind_hyps_back_is_taken_once),
        TEST(nested_handlers_need_no_list_registers),
        TEST(end_of_a_parked_interrupt_counts_at_any_exit),
        TEST(core_that_starts_has_nothing_parked),
        TEST(one_list_register_is_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
