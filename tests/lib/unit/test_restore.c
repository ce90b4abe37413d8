/* SPDX-License-Identifier: BSD-2-Clause */
/* Records that are not as they should be: each is refused, and nothing has changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drives.h"
#include "record.h"

/* Where numbers of the record are; a vCPU's with its index. */
enum {
    AT_MAGIC = 0,
    AT_FORMAT = 8,
    AT_LENGTH = 12,
    AT_CHECKSUM = 16,
    AT_VCPU_COUNT = 20,
    AT_STATE_COUNT = 24,
    AT_DIGEST = 28,
    AT_VERSION = 32,
    AT_RESIDENT = 36,
    AT_ACTOR = 40,
    AT_STAGE = 42,
    AT_FLAGS = 43,
    AT_ZERO = 44
};

#define AT_VCPU(cpu)     (RECORD_HEADER_SIZE + RECORD_VCPU_SIZE * (cpu))
#define AT_AFFINITY(cpu) AT_VCPU(cpu)
#define AT_STATE(cpu)    (AT_VCPU(cpu) + 4)
#define AT_CODE(cpu)     (AT_VCPU(cpu) + 5)
#define AT_SLOT(cpu)     (AT_VCPU(cpu) + 6)
#define AT_WOKEN(cpu)    (AT_VCPU(cpu) + 7)
#define AT_ENTRY(cpu)    (AT_VCPU(cpu) + 8)
#define AT_CONTEXT(cpu)  (AT_VCPU(cpu) + 16)
#define AT_FORM(cpu)     (AT_VCPU(cpu) + 24)
#define AT_FLAG(cpu)     (AT_VCPU(cpu) + 25)
#define AT_PEER(cpu)     (AT_VCPU(cpu) + 26)
#define AT_NODE(cpu)     (AT_VCPU(cpu) + 28)

enum { PATCHES = 5, BOTH = 3 /* FORM_AARCH32, FORM_THUMB as a byte */ };

struct patch {
    uint32_t at;
    uint32_t size; /* 0: none */
    uint64_t value;
};

struct damage {
    enum drive where;
    int error;
    struct patch patches[PATCHES];
};

struct image {
    unsigned char memory[RIG_ROOM];
    unsigned char statistics[RIG_ROOM];
};

static struct rig source;
static struct rig target;
static uint8_t record[RIG_ROOM];
static size_t size;

static void take_record(enum drive where)
{
    ptrdiff_t length;

    assert_true(drive(&source, where));
    length = vpsci_save(source.vm, record, sizeof(record));
    assert_true(length > 0);
    size = (size_t)length;
}

/* The record, after it has been changed, is whole. */
static void seal_record(void)
{
    uint8_t *at = record + RECORD_CHECKSUM_AT;

    vpsci__put(&at, vpsci__checksum(record, size), 4);
}

static void apply_patches(const struct patch *patches)
{
    unsigned i;

    for (i = 0; i < PATCHES; i++) {
        uint8_t *at = record + patches[i].at;

        vpsci__put(&at, patches[i].value, patches[i].size);
    }
    seal_record();
}

/* Not in the state of the record: so it would show if something had been taken over. */
static void make_target(void)
{
    drive_describe(&target);
    assert_int_equal(rig_init(&target), 0);
}

static void make_target_without(uint32_t capabilities)
{
    drive_describe(&target);
    target.config.capabilities &= ~capabilities;
    assert_int_equal(rig_init(&target), 0);
}

/* From memory that ends where the record does. */
static int restore_record(size_t length)
{
    uint8_t *copy = (uint8_t *)malloc(length ? length : 1);
    int error;

    assert_non_null(copy);
    memcpy(copy, record, length);
    error = vpsci_restore(target.vm, copy, length);
    free(copy);
    return error;
}

static void assert_refused(size_t length, int error)
{
    static struct image before;

    memcpy(before.memory, target.memory, RIG_ROOM);
    memcpy(before.statistics, target.statistics, RIG_ROOM);
    assert_int_equal(restore_record(length), error);
    assert_memory_equal(before.memory, target.memory, RIG_ROOM);
    assert_memory_equal(before.statistics, target.statistics, RIG_ROOM);
}

static void try_damage(const struct damage *damage)
{
    take_record(damage->where);
    apply_patches(damage->patches);
    make_target();
    if (damage->error) {
        assert_refused(size, damage->error);
    } else {
        assert_int_equal(restore_record(size), 0);
    }
}

static void try_all(const struct damage *damages, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        print_message("case %zu\n", i);
        try_damage(&damages[i]);
    }
}

#define TRY(damages) try_all(damages, sizeof(damages) / sizeof((damages)[0]))

static void every_state_as_it_was_saved_is_accepted(void **state)
{
    unsigned where;

    (void)state;
    for (where = 0; where < DRIVE_COUNT; where++) {
        const struct damage none = {(enum drive)where, 0, {{0}}};

        try_damage(&none);
    }
}

static void header_with_a_number_changed_is_refused(void **state)
{
    static const struct damage damages[] = {
        {DRIVE_CORES, VPSCI_E_MAGIC, {{AT_MAGIC, 1, 'x'}}},
        {DRIVE_CORES, VPSCI_E_MAGIC, {{AT_FORMAT, 4, 0}}},
        {DRIVE_CORES, VPSCI_E_NEWER, {{AT_FORMAT, 4, RECORD_FORMAT + 1}}},
        {DRIVE_CORES, VPSCI_E_TRUNCATED, {{AT_LENGTH, 4, 64}}},
        {DRIVE_CORES, VPSCI_E_MISMATCH, {{AT_VCPU_COUNT, 4, 3}}},
        {DRIVE_CORES, VPSCI_E_MISMATCH, {{AT_STATE_COUNT, 4, 5}}},
        {DRIVE_CORES, VPSCI_E_MISMATCH, {{AT_DIGEST, 4, 1}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_VERSION, 4, 0}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_VERSION, 4, VPSCI_VERSION_NEWEST + 1}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_RESIDENT, 4, 4}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_ACTOR, 2, 0}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_STAGE, 1, VPSCI__STOP_ASKED}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_STAGE, 1, VPSCI__STOP_ANSWERED}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_STAGE, 1, VPSCI__STOPPED + 1}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_FLAGS, 1, RECORD_STATISTICS | 0x10}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_FLAGS, 1, 0}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_ZERO, 4, 1}}},
        {DRIVE_RESETTING, VPSCI_E_IMPOSSIBLE, {{AT_ACTOR, 2, 4}}},
    };

    (void)state;
    TRY(damages);
}

static void vcpu_with_a_number_changed_is_refused(void **state)
{
    static const struct damage damages[] = {
        {DRIVE_CORES, VPSCI_E_MISMATCH, {{AT_AFFINITY(3), 4, 7}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_STATE(0), 1, VPSCI__SAVED_COUNT}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_CODE(0), 1, 1}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_SLOT(0), 1, 1}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_WOKEN(0), 1, 1}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_WOKEN(1), 1, 2}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_ENTRY(0), 8, 4}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_CONTEXT(0), 8, 4}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_FORM(0), 4, 1}}},
        {DRIVE_RETURNING, VPSCI_E_IMPOSSIBLE, {{AT_CODE(0), 1, 10}}},
        {DRIVE_PENDING, VPSCI_E_IMPOSSIBLE, {{AT_PEER(3), 2, 4}}},
        {DRIVE_PENDING, VPSCI_E_IMPOSSIBLE, {{AT_FORM(3), 1, VPSCI_FN_CPU_OFF}}},
        {DRIVE_SUSPENDED, VPSCI_E_IMPOSSIBLE, {{AT_FORM(0), 1, VPSCI_FN_CPU_ON}}},
        {DRIVE_SUSPENDED, VPSCI_E_IMPOSSIBLE, {{AT_WOKEN(0), 1, 2}}},
        {DRIVE_WOKEN, 0, {{AT_WOKEN(2), 1, 1}}},
        {DRIVE_SUSPENDED, 0, {{AT_WOKEN(0), 1, 1}}},
    };

    (void)state;
    TRY(damages);
}

static void sleeper_that_no_call_makes_is_refused(void **state)
{
    static const struct damage damages[] = {
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_SLOT(1), 1, 1}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_SLOT(1), 1, RIG_STATE_COUNT}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_SLOT(2), 1, 0}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_SLOT(2), 1, RIG_STATE_COUNT}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_FORM(2), 1, VPSCI_FN_CPU_ON}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_FLAG(2), 1, 8}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_FLAG(2), 1, 2}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_FLAG(2), 1, 1}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_FLAG(2), 1, BOTH}}},
        {DRIVE_CORES, 0, {{AT_FLAG(2), 1, BOTH}, {AT_CONTEXT(2), 8, UINT32_MAX}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_ENTRY(2), 1, 2}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_PEER(2), 2, 1}}},
        {DRIVE_DEFAULT, VPSCI_E_IMPOSSIBLE, {{AT_SLOT(1), 1, 0}}},
        {DRIVE_DEFAULT, 0, {{AT_FORM(1), 1, VPSCI_FN_CPU_SUSPEND}}},
        {DRIVE_DEFAULT, VPSCI_E_IMPOSSIBLE, {{AT_FLAG(1), 1, 1}, {AT_ENTRY(1), 1, 2}}},
    };

    (void)state;
    TRY(damages);
}

static void domain_that_cannot_be_down_is_refused(void **state)
{
    static const struct damage damages[] = {
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_NODE(2), 1, 1}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_NODE(2), 1, RIG_STATE_COUNT + 1}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_NODE(3), 1, 5}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_NODE(0), 1, 5}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_NODE(0) + 1, 1, 6}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_NODE(2) + 2, 1, 6}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_NODE(2) + 3, 1, 1}}},
        {DRIVE_CORES, VPSCI_E_IMPOSSIBLE, {{AT_SLOT(2), 1, 1}}},
        {DRIVE_CORES,
         0,
         {{AT_SLOT(2), 1, 1},
          {AT_FLAGS, 1, RECORD_STATISTICS | RECORD_MODE_USED | RECORD_OS_INITIATED}}},
        {DRIVE_CORES, 0, {{AT_NODE(2), 1, 0}}},
        {DRIVE_CORES, 0, {{AT_NODE(2), 1, 3}}},
    };

    (void)state;
    TRY(damages);
}

static void request_that_no_call_makes_is_refused(void **state)
{
    static const struct damage damages[] = {
        {DRIVE_ASKING, VPSCI_E_IMPOSSIBLE, {{AT_SLOT(3), 1, 2}}},
        {DRIVE_ASKING, VPSCI_E_IMPOSSIBLE, {{AT_PEER(3), 2, 4}}},
        {DRIVE_ASKING, VPSCI_E_IMPOSSIBLE, {{AT_PEER(3), 2, 1}}},
        {DRIVE_ASKING, VPSCI_E_IMPOSSIBLE, {{AT_FORM(3), 1, VPSCI_FN_CPU_OFF}}},
        {DRIVE_ASKING, VPSCI_E_IMPOSSIBLE, {{AT_PEER(0), 2, 4}}},
        {DRIVE_ASKING, VPSCI_E_IMPOSSIBLE, {{AT_PEER(0), 2, 1}}},
        {DRIVE_ASKING, VPSCI_E_IMPOSSIBLE, {{AT_FLAG(0), 1, 1}}},
        {DRIVE_ASKING, VPSCI_E_IMPOSSIBLE, {{AT_FORM(0), 1, VPSCI_FN_CPU_SUSPEND}}},
        {DRIVE_ASKING, VPSCI_E_IMPOSSIBLE, {{AT_FORM(0), 1, VPSCI_FN_MIGRATE}}},
        {DRIVE_ASKING,
         VPSCI_E_IMPOSSIBLE,
         {{AT_STATE(2), 1, VPSCI__STARTING}, {AT_FORM(2), 4, VPSCI_FN_CPU_ON}}},
        {DRIVE_ASKING,
         VPSCI_E_IMPOSSIBLE,
         {{AT_STATE(2), 1, VPSCI__STARTING}, {AT_FORM(2), 4, VPSCI_FN_CPU_ON | 4 << 16}}},
        {DRIVE_ASKING, 0, {{AT_SLOT(3), 1, VPSCI__FROZEN}}},
        {DRIVE_MIGRATING, VPSCI_E_IMPOSSIBLE, {{AT_PEER(0), 2, 4}}},
        {DRIVE_MIGRATING, VPSCI_E_IMPOSSIBLE, {{AT_FORM(0), 1, VPSCI_FN_CPU_ON}}},
    };

    (void)state;
    TRY(damages);
}

static void stop_that_no_call_makes_is_refused(void **state)
{
    static const struct damage damages[] = {
        {DRIVE_RESETTING, VPSCI_E_IMPOSSIBLE, {{AT_STATE(1), 1, VPSCI__ON}, {AT_CODE(1), 1, 0}}},
        {DRIVE_RESETTING, VPSCI_E_IMPOSSIBLE, {{AT_CODE(1), 1, 3}}},
        {DRIVE_RESETTING, VPSCI_E_IMPOSSIBLE, {{AT_FLAG(1), 1, 1}}},
        {DRIVE_RESETTING, VPSCI_E_IMPOSSIBLE, {{AT_ENTRY(1), 8, 1}}},
        {DRIVE_RESETTING, VPSCI_E_IMPOSSIBLE, {{AT_ENTRY(1), 8, UINT64_C(0x180000000)}}},
        {DRIVE_RESETTING, VPSCI_E_IMPOSSIBLE, {{AT_FORM(1), 1, VPSCI_FN_CPU_ON}}},
        {DRIVE_RESETTING, 0, {{AT_ENTRY(1), 8, 0}}},
        {DRIVE_RESETTING,
         VPSCI_E_IMPOSSIBLE,
         {{AT_FORM(1), 1, VPSCI_FN_SYSTEM_OFF2}, {AT_ENTRY(1), 8, 1}}},
        {DRIVE_RESETTING,
         VPSCI_E_IMPOSSIBLE,
         {{AT_FORM(1), 1, VPSCI_FN_SYSTEM_OFF2}, {AT_ENTRY(1), 8, 2}, {AT_CONTEXT(1), 8, 0}}},
        {DRIVE_RESETTING,
         0,
         {{AT_FORM(1), 1, VPSCI_FN_SYSTEM_OFF2}, {AT_ENTRY(1), 8, 1}, {AT_CONTEXT(1), 8, 0}}},
        {DRIVE_RESETTING,
         VPSCI_E_IMPOSSIBLE,
         {{AT_FORM(1), 1, VPSCI_FN_SYSTEM_OFF}, {AT_CONTEXT(1), 8, 0}}},
        {DRIVE_RESETTING,
         VPSCI_E_IMPOSSIBLE,
         {{AT_FORM(1), 1, VPSCI_FN_SYSTEM_RESET}, {AT_ENTRY(1), 8, 0}}},
        {DRIVE_RESETTING,
         0,
         {{AT_FORM(1), 1, VPSCI_FN_SYSTEM_OFF}, {AT_ENTRY(1), 8, 0}, {AT_CONTEXT(1), 8, 0}}},
        {DRIVE_RESETTING,
         0,
         {{AT_FORM(1), 1, VPSCI_FN_SYSTEM_RESET}, {AT_ENTRY(1), 8, 0}, {AT_CONTEXT(1), 8, 0}}},
    };

    (void)state;
    TRY(damages);
}

static void wrong_checksum_is_refused(void **state)
{
    (void)state;
    take_record(DRIVE_CORES);
    record[AT_CHECKSUM] ^= 1;
    make_target();
    assert_refused(size, VPSCI_E_CHECKSUM);
}

static void record_that_needs_what_is_not_there_is_refused(void **state)
{
    static const struct {
        enum drive where;
        uint32_t lacks;
    } cases[] = {
        {DRIVE_FROZEN, VPSCI_CAP_CPU_FREEZE},
        {DRIVE_DEFAULT, VPSCI_CAP_CPU_DEFAULT_SUSPEND},
        {DRIVE_SUSPENDING, VPSCI_CAP_SYSTEM_SUSPEND},
        {DRIVE_SUSPENDED, VPSCI_CAP_SYSTEM_SUSPEND},
        {DRIVE_RESETTING, VPSCI_CAP_VENDOR_RESET},
        {DRIVE_RESETTING, VPSCI_CAP_SYSTEM_RESET2},
        {DRIVE_MODES, VPSCI_CAP_OS_INITIATED},
        {DRIVE_MODES, VPSCI_CAP_MEM_PROTECT},
    };
    static const struct patch frozen[PATCHES] = {{AT_SLOT(3), 1, VPSCI__FROZEN}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        take_record(cases[i].where);
        make_target_without(cases[i].lacks);
        assert_refused(size, VPSCI_E_MISMATCH);
    }
    /* If the host refused that CPU_ON, the target would be frozen. */
    take_record(DRIVE_ASKING);
    apply_patches(frozen);
    make_target_without(VPSCI_CAP_CPU_FREEZE);
    assert_refused(size, VPSCI_E_MISMATCH);
}

static void record_that_needs_nothing_goes_where_nothing_is(void **state)
{
    static const enum drive needless[] = {DRIVE_NOWHERE, DRIVE_CORES, DRIVE_PENDING, DRIVE_HELD};
    static const struct patch warm[PATCHES] = {{AT_ENTRY(1), 8, 0}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(needless) / sizeof(needless[0]); i++) {
        take_record(needless[i]);
        make_target_without(UINT32_MAX);
        assert_int_equal(restore_record(size), 0);
    }
    take_record(DRIVE_RESETTING);
    apply_patches(warm);
    make_target_without(VPSCI_CAP_VENDOR_RESET);
    assert_int_equal(restore_record(size), 0);
}

static void make_target_with(enum vpsci_trusted_os trusted_os, uint32_t vcpu)
{
    drive_describe(&target);
    target.config.trusted_os = trusted_os;
    target.config.trusted_os_vcpu = vcpu;
    assert_int_equal(rig_init(&target), 0);
}

static void trusted_os_that_cannot_be_there_is_refused(void **state)
{
    (void)state;
    take_record(DRIVE_MIGRATING);
    make_target_with(VPSCI_TRUSTED_OS_FIXED, 0);
    assert_refused(size, VPSCI_E_IMPOSSIBLE);
    make_target_with(VPSCI_TRUSTED_OS_NONE, 0);
    assert_refused(size, VPSCI_E_MISMATCH);
    make_target_with(VPSCI_TRUSTED_OS_FIXED, 1);
    assert_refused(size, VPSCI_E_IMPOSSIBLE);
}

static void record_of_other_domains_or_states_is_refused(void **state)
{
    static const uint16_t all_in_one[DRIVE_CPUS] = {0, 0, 0, 0};

    (void)state;
    take_record(DRIVE_NOWHERE);
    drive_describe(&target);
    target.config.domains[0] = all_in_one;
    assert_int_equal(rig_init(&target), 0);
    assert_refused(size, VPSCI_E_MISMATCH);
    drive_describe(&target);
    target.config.state_count--;
    assert_int_equal(rig_init(&target), 0);
    assert_refused(size, VPSCI_E_MISMATCH);
}

static void record_that_ends_early_or_late_is_refused(void **state)
{
    size_t length;

    (void)state;
    take_record(DRIVE_CORES);
    make_target();
    for (length = 0; length < size; length++) {
        assert_refused(length, VPSCI_E_TRUNCATED);
    }
    assert_refused(size + 1, VPSCI_E_TRUNCATED);
    record[AT_MAGIC] ^= 1;
    assert_refused(RECORD_HEADER_SIZE, VPSCI_E_MAGIC);
}

static int expected_of_flip(size_t at)
{
    if (at < AT_FORMAT) {
        return VPSCI_E_MAGIC;
    }
    return at < AT_CHECKSUM ? VPSCI_E_TRUNCATED : VPSCI_E_CHECKSUM;
}

static void each_flipped_bit_is_noticed(void **state)
{
    size_t bit;

    (void)state;
    take_record(DRIVE_CORES);
    make_target();
    for (bit = 0; bit < 8 * size; bit++) {
        size_t at = bit / 8;
        int error = expected_of_flip(at);

        record[at] ^= (uint8_t)(1 << bit % 8);
        if (at >= AT_FORMAT && at < AT_LENGTH) {
            /* There was never a format 0; all others are newer. */
            error = bit == 8 * (size_t)AT_FORMAT ? VPSCI_E_MAGIC : VPSCI_E_NEWER;
        }
        assert_refused(size, error);
        record[at] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(restore_record(size), 0);
}

static void old_state_is_gone_after_a_restore(void **state)
{
    (void)state;
    take_record(DRIVE_NOWHERE);
    assert_true(drive(&target, DRIVE_RESETTING));
    assert_int_equal(restore_record(size), 0);
    assert_int_equal(vpsci_system_state(target.vm), VPSCI_SYSTEM_RUNNING);
    assert_int_equal(vpsci_on_count(target.vm), 1);
    assert_int_equal(vpsci_answer(rig_vcpu(&target, 1), VPSCI_SUCCESS), VPSCI_E_STATE);
}

/* A library without domains notes no use of the mode; a core that sleeps has used it all the same. */
static void mode_of_a_sleeper_cannot_be_changed(void **state)
{
    static const struct patch patches[PATCHES] = {{AT_FLAGS, 1, RECORD_STATISTICS}};

    (void)state;
    assert_true(rig_make(&source, 2) && rig_run(&source, 1) && rig_sleep(&source, 1, RIG_STANDBY));
    size = (size_t)vpsci_save(source.vm, record, sizeof(record));
    apply_patches(patches);
    assert_true(rig_make(&target, 2));
    assert_int_equal(restore_record(size), 0);
    assert_int_equal(
        rig_result(&target, 0, FN32(SET_SUSPEND_MODE), VPSCI_SUSPEND_MODE_OS_INITIATED, 0, 0),
        VPSCI_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_as_it_was_saved_is_accepted),
        cmocka_unit_test(header_with_a_number_changed_is_refused),
        cmocka_unit_test(vcpu_with_a_number_changed_is_refused),
        cmocka_unit_test(sleeper_that_no_call_makes_is_refused),
        cmocka_unit_test(domain_that_cannot_be_down_is_refused),
        cmocka_unit_test(request_that_no_call_makes_is_refused),
        cmocka_unit_test(stop_that_no_call_makes_is_refused),
        cmocka_unit_test(wrong_checksum_is_refused),
        cmocka_unit_test(record_that_needs_what_is_not_there_is_refused),
        cmocka_unit_test(record_that_needs_nothing_goes_where_nothing_is),
        cmocka_unit_test(trusted_os_that_cannot_be_there_is_refused),
        cmocka_unit_test(record_of_other_domains_or_states_is_refused),
        cmocka_unit_test(record_that_ends_early_or_late_is_refused),
        cmocka_unit_test(each_flipped_bit_is_noticed),
        cmocka_unit_test(old_state_is_gone_after_a_restore),
        cmocka_unit_test(mode_of_a_sleeper_cannot_be_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
