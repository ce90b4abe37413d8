/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp/core/bus.c and run.c: exits of a guest reach what they are for, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bus.h"
#include "calls.h"
#include "emulated.h"
#include "power.h"
#include "run.h"

/* ESR_EL2 of a data abort: valid, `size` as a power of two, of register `reg`, and a translation fault
 * at level 2. */
#define ABORT(size, reg) (UINT64_C(1) << 24 | (uint64_t)(size) << 22 | (uint64_t)(reg) << 16 | 6)
#define ABORT_WRITE      UINT64_C(0x40)
#define ABORT_64         UINT64_C(0x8000)
#define ABORT_SIGNED     (UINT64_C(1) << 21)
#define ABORT_WALK       UINT64_C(0x80)
#define ABORT_CACHE      UINT64_C(0x100)

enum { START = 0x40080000, UART = 0x09000000 };

/* What was asked of the other files. */
static struct {
    const char *whom;
    uint64_t place;
    unsigned size;
    uint64_t value;
    unsigned aborts;
    unsigned undefined;
    unsigned calls;
    bool big_endian;
    bool says_no;
} seen;

static uint64_t answer;
static struct vm vm;
static struct vcpu vcpu;

static bool note(const char *whom, uint64_t place, unsigned size, uint64_t value)
{
    seen.whom = whom;
    seen.place = place;
    seen.size = size;
    seen.value = value;
    return !seen.says_no;
}

#define READER(name, whom, first)                                                                  \
    bool name(struct first *it, uint64_t place, unsigned size, uint64_t *value)                    \
    {                                                                                              \
        (void)it;                                                                                  \
        *value = answer;                                                                           \
        return note(whom, place, size, answer);                                                    \
    }
#define WRITER(name, whom, first)                                                                  \
    bool name(struct first *it, uint64_t place, unsigned size, uint64_t value)                     \
    {                                                                                              \
        (void)it;                                                                                  \
        return note(whom, place, size, value);                                                     \
    }

READER(vgic_distributor_read, "distributor", vcpu)
WRITER(vgic_distributor_write, "distributor", vcpu)
READER(vgic_redistributor_read, "redistributor", vcpu)
WRITER(vgic_redistributor_write, "redistributor", vcpu)
READER(emulated_read, "device", vm)
WRITER(emulated_write, "device", vm)

void vgic_send(struct vcpu *sender, uint64_t sgi1r)
{
    (void)sender;
    note("SGI", 0, 8, sgi1r);
}

void vgic_fill(struct vcpu *filler)
{
    (void)filler;
}

bool calls_take(struct vcpu *caller, const struct arch_exit *exit)
{
    (void)caller;
    (void)exit;
    seen.calls++;
    return !seen.says_no;
}

bool power_step(struct vcpu *stepper)
{
    (void)stepper;
    return true;
}

void arch_run(struct arch_frame *frame, struct arch_exit *exit)
{
    (void)frame;
    (void)exit;
}

bool arch_guest_is_big_endian(void)
{
    return seen.big_endian;
}

void arch_inject_abort(struct arch_frame *frame, const struct arch_exit *exit)
{
    (void)frame;
    (void)exit;
    seen.aborts++;
}

void arch_inject_undefined(struct arch_frame *frame)
{
    (void)frame;
    seen.undefined++;
}

static int start(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    vm = (struct vm){.vcpu_count = 2};
    vcpu = (struct vcpu){.vm = &vm, .frame.pc = START};
    answer = 0;
    return 0;
}

static void abort_at(uint64_t ipa, uint64_t esr)
{
    const struct arch_exit exit = {.kind = ARCH_EXIT_DATA_ABORT, .esr = esr, .ipa = ipa};

    vcpu.frame.pc = START;
    assert_true(run_take_exit(&vcpu, &exit));
}

static void check_seen(const char *whom, uint64_t place, unsigned size)
{
    assert_non_null(seen.whom);
    assert_string_equal(seen.whom, whom);
    assert_int_equal(seen.place, place);
    assert_int_equal(seen.size, size);
    assert_int_equal(vcpu.frame.pc, START + 4);
    assert_int_equal(seen.aborts, 0);
}

static void test_places(void **state)
{
    (void)state;
    abort_at(0x08000100, ABORT(2, 0));
    check_seen("distributor", 0x100, 4);
    abort_at(0x0800ffff, ABORT(0, 0));
    check_seen("distributor", 0xffff, 1);
    abort_at(0x08010000, ABORT(2, 0));
    check_seen("device", 0x08010000, 4);
    abort_at(0x080a0000, ABORT(2, 0) | ABORT_WRITE);
    check_seen("redistributor", 0, 4);
    abort_at(0x080dfff8, ABORT(3, 0));
    check_seen("redistributor", 0x3fff8, 8);
    abort_at(0x080e0000, ABORT(2, 0)); /* of a third vCPU, which the VM does not have */
    check_seen("device", 0x080e0000, 4);
    abort_at(UART, ABORT(1, 0) | ABORT_WRITE);
    check_seen("device", UART, 2);
}

static void test_reads(void **state)
{
    (void)state;
    answer = 0x1122334455667788;
    vcpu.frame.x[5] = UINT64_MAX;
    abort_at(UART, ABORT(0, 5));
    assert_int_equal(vcpu.frame.x[5], 0x88);
    abort_at(UART, ABORT(0, 5) | ABORT_SIGNED);
    assert_int_equal(vcpu.frame.x[5], 0xffffff88);
    abort_at(UART, ABORT(0, 5) | ABORT_SIGNED | ABORT_64);
    assert_int_equal(vcpu.frame.x[5], 0xffffffffffffff88);
    abort_at(UART, ABORT(3, 5) | ABORT_64);
    assert_int_equal(vcpu.frame.x[5], answer);
    abort_at(UART, ABORT(3, 31) | ABORT_64); /* to XZR */
    seen.big_endian = true;
    abort_at(UART, ABORT(2, 5));
    assert_int_equal(vcpu.frame.x[5], 0x88776655);
    abort_at(UART, ABORT(1, 5));
    assert_int_equal(vcpu.frame.x[5], 0x8877);
}

static void test_writes(void **state)
{
    (void)state;
    vcpu.frame.x[30] = 0x1122334455667788;
    abort_at(UART, ABORT(0, 30) | ABORT_WRITE);
    assert_int_equal(seen.value, 0x88);
    abort_at(UART, ABORT(3, 30) | ABORT_WRITE);
    assert_int_equal(seen.value, 0x1122334455667788);
    abort_at(UART, ABORT(3, 31) | ABORT_WRITE); /* of XZR */
    assert_int_equal(seen.value, 0);
    seen.big_endian = true;
    abort_at(UART, ABORT(2, 30) | ABORT_WRITE);
    assert_int_equal(seen.value, 0x88776655);
}

/* What a single step, a branch target and an IT block leave behind (Arm ARM, SPSR_EL2). */
static void check_skip(uint64_t before, uint64_t esr, uint64_t after, uint64_t bytes)
{
    vcpu.frame.pstate = before;
    abort_at(UART, ABORT(2, 0) | esr);
    assert_int_equal(vcpu.frame.pstate, after);
    assert_int_equal(vcpu.frame.pc, START + bytes);
}

static void test_skipped_instructions(void **state)
{
    enum { STEP = 1 << 21, BTYPE = 3 << 10, EL1H = 0x3c5, T32 = 0x30 };
    static const uint64_t is_four_long = 1 << 25;

    (void)state;
    check_skip(EL1H | STEP | BTYPE, is_four_long, EL1H, 4);
    check_skip(T32 | STEP, is_four_long, T32, 4);
    check_skip(T32, 0, T32, 2);
    check_skip(T32 | 2 << 10 | 1 << 25, 0, T32 | 4 << 10 | 2 << 25,
               2);                                                  /* ITSTATE 0x09, then 0x12 */
    check_skip(T32 | 0x39 << 10 | 2 << 25, 0, T32 | 0x3b << 10, 2); /* 0xe6, then 0xec */
    check_skip(T32 | 0x3a << 10, 0, T32, 2); /* 0xe8: the last of its block */
}

static void check_abort(uint64_t ipa, uint64_t esr)
{
    unsigned before = seen.aborts;

    vcpu.frame.x[5] = 5;
    abort_at(ipa, esr);
    assert_int_equal(seen.aborts, before + 1);
    assert_int_equal(vcpu.frame.pc, START);
    assert_int_equal(vcpu.frame.x[5], 5);
}

static void test_aborts(void **state)
{
    const struct arch_exit fetch = {.kind = ARCH_EXIT_FETCH_ABORT, .esr = ABORT(2, 5)};

    (void)state;
    check_abort(UART, 0);                        /* an instruction that is not decoded */
    check_abort(UART, ABORT(2, 5) | ABORT_WALK); /* the guest's own tables are nowhere */
    check_abort(UART, ABORT_CACHE | ABORT_WALK);
    assert_null(seen.whom);
    seen.says_no = true;
    check_abort(UART, ABORT(2, 5));
    check_abort(0x08000000, ABORT(2, 5));
    assert_true(run_take_exit(&vcpu, &fetch));
    assert_int_equal(seen.aborts, 6);
}

/* The IPA says nothing, unless it is an address size fault or a translation fault. */
static void test_other_faults(void **state)
{
    static const uint64_t others[] = {
        0x08 - 6, /* access flag */
        0x0f - 6, /* permission */
        0x10 - 6, /* external abort */
        0x21 - 6, /* alignment */
        0x30 - 6, /* conflict of TLB entries */
        0x35 - 6, /* unsupported exclusive or atomic access */
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        check_abort(UART, ABORT(2, 5) + others[i]);
        check_abort(UART, (ABORT(2, 5) + others[i]) | ABORT_CACHE);
    }
    assert_null(seen.whom);
    seen.aborts = 0;
    abort_at(UART, ABORT(2, 5) - 6); /* address size, level 0 */
    check_seen("device", UART, 4);
}

static void test_cache_maintenance_does_nothing(void **state)
{
    (void)state;
    abort_at(UART, ABORT_CACHE | ABORT_WRITE | 7);
    assert_null(seen.whom);
    assert_int_equal(seen.aborts, 0);
    assert_int_equal(vcpu.frame.pc, START + 4);
}

/* A trapped access of S3_0_CRN_CRM_OP2, as ESR_EL2 has it. */
static void access_any_sysreg(uint64_t crn, uint64_t crm, uint64_t op2, unsigned reg, bool is_read)
{
    const struct arch_exit exit = {
        .kind = ARCH_EXIT_SYSREG,
        .esr = 3 << 20 | op2 << 17 | crn << 10 | (uint64_t)reg << 5 | crm << 1 | is_read,
    };

    vcpu.frame.pc = START;
    seen.whom = NULL;
    assert_true(run_take_exit(&vcpu, &exit));
}

/* Those that send SGIs. */
static void access_sysreg(unsigned op2, unsigned reg, bool is_read)
{
    access_any_sysreg(12, 11, op2, reg, is_read);
}

static void test_registers_of_nothing(void **state)
{
    static const uint64_t places[][3] = {
        {1, 0, 1}, /* ACTLR_EL1 */
        {5, 3, 0}, /* ERRIDR_EL1 */
        {5, 3, 1}, /* ERRSELR_EL1 */
        {5, 4, 2}, /* ERXSTATUS_EL1 */
        {5, 5, 7}, /* ERXMISC3_EL1 */
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        vcpu.frame.x[7] = 7;
        access_any_sysreg(places[i][0], places[i][1], places[i][2], 7, false);
        assert_int_equal(vcpu.frame.x[7], 7);
        access_any_sysreg(places[i][0], places[i][1], places[i][2], 7, true);
        assert_int_equal(vcpu.frame.x[7], 0);
        access_any_sysreg(places[i][0], places[i][1], places[i][2], 31, true);
        assert_int_equal(vcpu.frame.pc, START + 4);
    }
    assert_int_equal(seen.undefined, 0);
    assert_null(seen.whom);
    access_any_sysreg(11, 0, 2, 7, true); /* a register of the vendor's */
    access_any_sysreg(1, 0, 0, 7, true);
    assert_int_equal(seen.undefined, 2);
}

static void test_system_registers(void **state)
{
    (void)state;
    vcpu.frame.x[7] = 0x1000001;
    access_sysreg(5, 7, false);
    check_seen("SGI", 0, 8);
    assert_int_equal(seen.value, 0x1000001);
    access_sysreg(6, 7, false); /* ICC_ASGI1R_EL1 and ICC_SGI0R_EL1 send nothing */
    access_sysreg(7, 7, false);
    assert_null(seen.whom);
    assert_int_equal(seen.undefined, 0);
    access_sysreg(5, 7, true);
    access_sysreg(4, 7, false);
    assert_null(seen.whom);
    assert_int_equal(seen.undefined, 2);
    assert_int_equal(vcpu.frame.pc, START);
}

static void test_other_exits(void **state)
{
    struct arch_exit exit = {.kind = ARCH_EXIT_INTERRUPT};

    (void)state;
    assert_false(run_take_exit(&vcpu, &exit));
    exit.kind = ARCH_EXIT_CALLED;
    assert_false(run_take_exit(&vcpu, &exit));
    exit.kind = ARCH_EXIT_OTHER;
    assert_true(run_take_exit(&vcpu, &exit));
    assert_int_equal(seen.undefined, 1);
    exit.kind = ARCH_EXIT_HVC;
    assert_true(run_take_exit(&vcpu, &exit));
    seen.says_no = true;
    assert_false(run_take_exit(&vcpu, &exit));
    assert_false(hyp_call(&vcpu.frame, UINT64_C(0x17) << 26));
    assert_int_equal(seen.calls, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_places, start),
        cmocka_unit_test_setup(test_reads, start),
        cmocka_unit_test_setup(test_writes, start),
        cmocka_unit_test_setup(test_skipped_instructions, start),
        cmocka_unit_test_setup(test_aborts, start),
        cmocka_unit_test_setup(test_other_faults, start),
        cmocka_unit_test_setup(test_cache_maintenance_does_nothing, start),
        cmocka_unit_test_setup(test_system_registers, start),
        cmocka_unit_test_setup(test_registers_of_nothing, start),
        cmocka_unit_test_setup(test_other_exits, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
