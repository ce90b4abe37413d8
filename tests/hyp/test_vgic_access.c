/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest sees of distributor and redistributors, and that it reaches no interrupt but its
 * own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/fake.h"
#include "vgic_rig.h"

enum { OWNED_WORD1 = 1 << 1 | 1 << 2 | 0x3f << 8, FUZZ_RUNS = 200000 };

static void distributor_describes_itself(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    assert_int_equal(rig_read(vcpu, 0x0), 0x50);
    rig_write(vcpu, 0x0, UINT32_MAX);
    rig_serve();
    rig_as(0);
    assert_int_equal(rig_read(vcpu, 0x0), 0x52);
    assert_int_equal(rig_read(vcpu, 0x4), 1 << 25 | 1 << 24 | 9 << 19 | 31);
    assert_int_equal(rig_read(vcpu, 0x8) & 0xfff, 0x43b);
    assert_int_equal(rig_read(vcpu, 0xc), 0);  /* GICD_TYPER2 */
    assert_int_equal(rig_read(vcpu, 0x10), 0); /* GICD_STATUSR */
    assert_int_equal(rig_read(vcpu, 0xffe8) >> 4, 3);
    assert_int_equal(rig_read(vcpu, 0xfffc), 0xb1);
    assert_int_equal(rig_read(vcpu, 0x80), 0); /* private interrupts are in the redistributor */
    assert_int_equal(rig_read(vcpu, 0x84), OWNED_WORD1);
    assert_int_equal(rig_read(vcpu, 0xd04), 0);
}

static void redistributors_are_those_of_the_vm(void **state)
{
    struct vcpu *vcpu = rig_as_foreign(1);
    uint64_t value;

    (void)state;
    assert_true(vgic_redistributor_read(vcpu, 0x8, 8, &value));
    assert_true(value == 0);
    assert_true(vgic_redistributor_read(vcpu, 0x20008, 8, &value));
    assert_true(value == (1ull << 32 | 1 << 8 | 1 << 4));
    assert_int_equal(rig_read_redistributor(vcpu, 1, 0xc), 1);
    assert_int_equal(rig_read_redistributor(vcpu, 1, 0x8), 1 << 8 | 1 << 4);
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0), 0);
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0x4) & 0xfff, 0x43b);
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0xffe8) >> 4, 3);
    assert_false(vgic_redistributor_read(vcpu, 0x40008, 8, &value));
    assert_false(vgic_redistributor_write(vcpu, 0x40014, 4, 0));
    assert_false(vgic_redistributor_read(vcpu, UINT64_MAX - 7, 8, &value));
}

static void hyps_own_interrupts_are_hidden(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0x10080),
                     ~(1u << 16 | 1u << 25 | 1u << 26 | 3u << 28));
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0x10100), 0);
    for (unsigned offset = 0x10080; offset < 0x10400; offset += 0x80) {
        rig_write_redistributor(vcpu, 0, offset, UINT32_MAX);
    }
    rig_write_redistributor(vcpu, 0, 0x10400 + ARCH_INTID_TIMER - 2, UINT32_MAX);
    assert_true(fake_intid(vcpu->core, ARCH_INTID_KICK)->enabled);
    assert_false(fake_intid(vcpu->core, ARCH_INTID_KICK)->latch);
    assert_true(fake_intid(vcpu->core, ARCH_INTID_TIMER)->enabled);
    assert_int_equal(fake_intid(vcpu->core, ARCH_INTID_TIMER)->priority, 0);
    assert_int_equal(fake_intid(vcpu->core, 27)->priority, 0xff);
    assert_true(fake_intid(vcpu->core, ARCH_INTID_MAINTENANCE)->enabled);
}

static void bits_of_other_vms_are_zero_and_stay(void **state)
{
    struct vcpu *foreign = rig_as_foreign(0);
    struct vcpu *vcpu;

    (void)state;
    rig_enable(foreign, RIG_FOREIGN, 0x60);
    rig_write(foreign, 0xc08, UINT32_MAX);
    assert_true(fake_intid(0, RIG_FOREIGN)->edge);
    assert_false(fake_intid(0, RIG_UART)->edge);
    vcpu = rig_as(0);
    assert_int_equal(rig_read(vcpu, 0x104), 0);
    rig_write(vcpu, 0x104, UINT32_MAX);
    assert_int_equal(rig_read(vcpu, 0x104), OWNED_WORD1);
    assert_int_equal(rig_read(vcpu, 0x184), OWNED_WORD1);
    assert_false(fake_intid(0, RIG_NOBODY)->enabled);
    rig_write(vcpu, 0x184, UINT32_MAX);
    assert_true(fake_intid(0, RIG_FOREIGN)->enabled);
    assert_int_equal(rig_read(vcpu, 0x420), 0);
    rig_write(vcpu, 0x420, 0x11223344);
    assert_int_equal(rig_read(vcpu, 0x420), 0x00223300);
    assert_int_equal(fake_intid(0, RIG_FOREIGN)->priority, 0x60);
    rig_write(vcpu, 0xc08, 0);
    assert_true(fake_intid(0, RIG_FOREIGN)->edge);
    rig_write(vcpu, 0xc08, 2u << 2);
    assert_int_equal(rig_read(vcpu, 0xc08), 2u << 2);
    assert_true(fake_intid(0, RIG_UART)->edge);
}

static void routes_are_affinities_of_the_vm(void **state)
{
    struct vcpu *vcpu = rig_as(0);
    uint64_t value;
    uint64_t uart = 0x6000 + RIG_UART * 8;

    (void)state;
    assert_true(vgic_distributor_read(vcpu, uart, 8, &value));
    assert_int_equal(value, 0);
    assert_true(vgic_distributor_write(vcpu, uart, 8, 3));
    assert_int_equal(fake_intid(0, RIG_UART)->route, 0x103);
    assert_true(vgic_distributor_read(vcpu, uart, 8, &value));
    assert_int_equal(value, 3);
    rig_write(vcpu, uart, 2);
    assert_int_equal(rig_read(vcpu, uart), 2);
    rig_write(vcpu, uart + 4, 0);
    assert_int_equal(rig_read(vcpu, uart), 2);
    assert_int_equal(rig_read(vcpu, uart + 4), 0);
    /* Affinities of other VMs' cores, of no core, and "any core". */
    assert_true(vgic_distributor_write(vcpu, uart, 8, 0x100));
    assert_true(vgic_distributor_write(vcpu, uart, 8, UINT64_MAX));
    assert_true(vgic_distributor_write(vcpu, uart, 8, 1u << 31));
    assert_int_equal(fake_intid(0, RIG_UART)->route, 0x102);
    assert_true(vgic_distributor_write(vcpu, 0x6000 + RIG_FOREIGN * 8, 8, 1));
    assert_int_equal(fake_intid(0, RIG_FOREIGN)->route, arch_core_mpidr(0));
    assert_true(vgic_distributor_read(vcpu, 0x6000 + RIG_FOREIGN * 8, 8, &value));
    assert_int_equal(value, 0);
}

static void other_cores_redistributor_can_be_set_up(void **state)
{
    struct vcpu *other = rig_as(1);
    struct vcpu *vcpu;

    (void)state;
    rig_open(other);
    vcpu = rig_as(0);
    rig_open(vcpu);
    rig_write_redistributor(vcpu, 1, 0x10100, 1u << 3);
    rig_write_redistributor(vcpu, 1, 0x10200, 1u << 3);
    assert_int_equal(rig_read_redistributor(vcpu, 1, 0x10100), 1u << 3);
    assert_int_equal(rig_read_redistributor(vcpu, 1, 0x10200), 1u << 3);
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0x10200), 0);
    rig_as(1);
    vgic_take(other);
    rig_as(0);
    assert_int_equal(rig_read_redistributor(vcpu, 1, 0x10200), 1u << 3); /* it waits there */
    rig_write_redistributor(vcpu, 1, 0x10180, 1u << 3);
    assert_int_equal(rig_read_redistributor(vcpu, 1, 0), 1u << 3); /* GICR_CTLR.RWP */
    rig_as(1);
    assert_int_equal(rig_turn(other), FAKE_SPURIOUS);
    assert_int_equal(rig_read_redistributor(other, 1, 0), 0);
    rig_write_redistributor(other, 1, 0x10100, 1u << 3);
    assert_int_equal(rig_turn(other), 3);
}

static void sizes_that_registers_have_not_are_refused(void **state)
{
    struct vcpu *vcpu = rig_as(0);
    uint64_t value;

    (void)state;
    assert_false(vgic_distributor_read(vcpu, 0x0, 1, &value));
    assert_false(vgic_distributor_read(vcpu, 0x0, 2, &value));
    assert_false(vgic_distributor_read(vcpu, 0x2, 4, &value));
    assert_false(vgic_distributor_write(vcpu, 0x0, 8, 0));
    assert_false(vgic_distributor_read(vcpu, 0x104, 8, &value));
    assert_false(vgic_distributor_write(vcpu, 0x421, 4, 0));
    assert_true(vgic_distributor_write(vcpu, 0x421, 1, 0x70));
    assert_true(vgic_distributor_read(vcpu, 0x421, 1, &value));
    assert_int_equal(value, 0x70);
    assert_true(vgic_distributor_read(vcpu, 0x821, 1, &value)); /* GICD_ITARGETSR: reserved */
    assert_int_equal(value, 0);
    assert_false(vgic_distributor_read(vcpu, 0x10000, 4, &value));
    assert_false(vgic_redistributor_read(vcpu, 0x8, 1, &value));
    assert_true(vgic_redistributor_read(vcpu, 0x70, 8, &value)); /* GICR_PROPBASER: no LPIs */
    assert_int_equal(value, 0);
}

static void sgis_are_edges_and_ppis_stay_as_they_are(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0x10c00), 0xaaaaaaaa);
    rig_write_redistributor(vcpu, 0, 0x10c00, 0);
    assert_int_equal(rig_read_redistributor(vcpu, 0, 0x10c00), 0xaaaaaaaa);
    rig_write_redistributor(vcpu, 0, 0x10c04, UINT32_MAX);
    assert_false(fake_intid(vcpu->core, 23)->edge);
    assert_false(fake_intid(vcpu->core, ARCH_INTID_TIMER)->edge);
}

/* ---- A hostile guest ---- */

struct fuzz_machine {
    struct fake_intid of_cores[FAKE_CORES][FAKE_PRIVATE];
    struct fake_intid shared[FAKE_INTIDS];
};

/* All that is not the first VM's. The kick of its cores is hyp's own, and becomes pending. */
static void fuzz_keep(struct fuzz_machine *machine)
{
    memset(machine, 0, sizeof(*machine));
    for (unsigned intid = 0; intid < FAKE_INTIDS; intid++) {
        for (unsigned core = 0; core < FAKE_CORES && intid < FAKE_PRIVATE; core++) {
            bool is_own = core >= 4 && core < 8;

            if (!is_own || (0x36010000u >> intid & 1) != 0) {
                machine->of_cores[core][intid] = *fake_intid(core, intid);
                machine->of_cores[core][intid].latch &= intid != ARCH_INTID_KICK;
                machine->of_cores[core][intid].line &= intid != ARCH_INTID_MAINTENANCE;
            }
        }
        if (intid >= FAKE_PRIVATE && (vms[0].gic.owned[intid / 32] >> intid % 32 & 1) == 0) {
            machine->shared[intid] = *fake_intid(0, intid);
        }
    }
}

static uint64_t fuzz_value(void)
{
    uint64_t value = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ (uint64_t)rand();

    switch (rand() % 4) {
    case 0:
        return UINT64_MAX;
    case 1:
        return 1ull << value % 64;
    default:
        return value;
    }
}

/* Mostly offsets with registers. */
static uint64_t fuzz_offset(void)
{
    uint64_t offset = (uint64_t)rand() % 0x1000;

    if (rand() % 8 == 0) {
        offset = 0x6000 + (uint64_t)rand() % 0x400;
    } else if (rand() % 16 == 0) {
        offset = fuzz_value();
    }
    return rand() % 8 == 0 ? offset : offset & ~7ull;
}

static void fuzz_access(struct vcpu *vcpu)
{
    static const unsigned sizes[] = {1, 2, 4, 4, 4, 4, 8, 8};
    unsigned size = sizes[rand() % 8];
    uint64_t offset = fuzz_offset();
    uint64_t frame = (uint64_t)rand() % 10 * 0x10000;
    uint64_t value;

    switch (rand() % 5) {
    case 0:
        vgic_distributor_read(vcpu, offset, size, &value);
        break;
    case 1:
        vgic_redistributor_read(vcpu, frame + offset, size, &value);
        break;
    case 2:
        vgic_redistributor_write(vcpu, frame + offset, size, fuzz_value());
        break;
    case 3:
        vgic_send(vcpu, fuzz_value());
        break;
    default:
        vgic_distributor_write(vcpu, offset, size, fuzz_value());
        break;
    }
}

/* What the guest and its devices do meanwhile. */
static void fuzz_turn(struct vcpu *vcpu)
{
    unsigned intid;

    fake_guest_set_mask((uint8_t)rand());
    fake_guest_set_group1(rand() % 4 != 0);
    fake_set_line(0, RIG_EXTRA + (unsigned)rand() % 6, rand() % 2 == 0);
    fake_set_timer(vcpu->core, ARCH_INTID_VIRTUAL_TIMER, rand() % 2 == 0);
    vgic_take(vcpu);
    vgic_is_pending(vcpu);
    vgic_fill(vcpu);
    intid = fake_guest_acknowledge();
    if (intid != FAKE_SPURIOUS) {
        assert_true(intid < FAKE_PRIVATE || (vms[0].gic.owned[intid / 32] >> intid % 32 & 1) != 0);
        fake_guest_end(intid);
    }
    if (rand() % 64 == 0) {
        vgic_reset_vcpu(vcpu);
    }
}

static void hostile_guest_reaches_nothing_of_others(void **state)
{
    static struct fuzz_machine before, after;
    struct vcpu *foreign = rig_as_foreign(0);

    (void)state;
    srand(15);
    rig_open(foreign);
    rig_enable(foreign, RIG_FOREIGN, 0x30);
    rig_enable(foreign, RIG_FOREIGN_2, 0x40);
    rig_route(foreign, RIG_FOREIGN_2, 1);
    vgic_raise(foreign->vm, RIG_FOREIGN);
    fuzz_keep(&before);
    for (unsigned i = 0; i < FUZZ_RUNS; i++) {
        struct vcpu *vcpu = rig_as((unsigned)rand() % 4);

        fuzz_access(vcpu);
        if (rand() % 4 == 0) {
            fuzz_turn(vcpu);
        }
        if (rand() % 8192 == 0) {
            vgic_reset_vm(vcpu->vm);
        }
    }
    rig_serve();
    fuzz_keep(&after);
    assert_memory_equal(&before, &after, sizeof(before));
    rig_as_foreign(0);
    assert_int_equal(rig_turn(foreign), RIG_FOREIGN);
}

/* Other cores of the VM send SGIs as fast as this one takes them. */
static uint64_t storm_left;

static void storm_send(void)
{
    if (storm_left != 0) {
        storm_left--;
        fake_intid(vms[0].vcpus[0].core, 3)->latch = true;
    }
}

static void storm_of_sgis_ends_each_take(void **state)
{
    struct vcpu *vcpu = rig_as(0);

    (void)state;
    rig_open(vcpu);
    rig_enable(vcpu, 3, 0);
    storm_left = 100000;
    fake_hooks.acknowledged = storm_send;
    storm_send();
    vgic_take(vcpu);
    assert_true(storm_left > 99000);
    vgic_fill(vcpu);
    assert_int_equal(fake_guest_acknowledge(), 3);
}

#define TEST(name) cmocka_unit_test_setup(name, rig_start)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(distributor_describes_itself),
        TEST(redistributors_are_those_of_the_vm),
        TEST(hyps_own_interrupts_are_hidden),
        TEST(bits_of_other_vms_are_zero_and_stay),
        TEST(routes_are_affinities_of_the_vm),
        TEST(other_cores_redistributor_can_be_set_up),
        TEST(sizes_that_registers_have_not_are_refused),
        TEST(sgis_are_edges_and_ppis_stay_as_they_are),
        TEST(hostile_guest_reaches_nothing_of_others),
        TEST(storm_of_sgis_ends_each_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
