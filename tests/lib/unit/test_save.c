/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drives.h"

static struct rig source;
static struct rig target;
static uint8_t record[RIG_ROOM];
static uint8_t again[RIG_ROOM];

/* What an embedder would ask of a VM. */
static void assert_same_vcpu(uint32_t cpu)
{
    struct vpsci_vcpu *ours = rig_vcpu(&target, cpu);
    struct vpsci_vcpu *theirs = rig_vcpu(&source, cpu);
    struct vpsci_request our_request;
    struct vpsci_request their_request;

    assert_int_equal(vpsci_vcpu_state(ours), vpsci_vcpu_state(theirs));
    assert_int_equal(vpsci_mp_state_get(ours), vpsci_mp_state_get(theirs));
    assert_int_equal(vpsci_pending_request(ours, &our_request),
                     vpsci_pending_request(theirs, &their_request));
    if (!our_request.pending) {
        return;
    }
    assert_int_equal(our_request.function, their_request.function);
    assert_int_equal(our_request.entry.value, their_request.entry.value);
    assert_int_equal(our_request.context, their_request.context);
    assert_int_equal(our_request.type, their_request.type);
    assert_int_equal(our_request.cookie, their_request.cookie);
    assert_int_equal(our_request.target ? vpsci_vcpu_index(our_request.target) : 99,
                     their_request.target ? vpsci_vcpu_index(their_request.target) : 99);
}

static void assert_same_step(uint32_t cpu)
{
    struct vpsci_outcome ours;
    struct vpsci_outcome theirs;

    (void)vpsci_wake(rig_vcpu(&target, cpu));
    (void)vpsci_wake(rig_vcpu(&source, cpu));
    ours = rig_next(&target, cpu);
    theirs = rig_next(&source, cpu);
    assert_true(rig_is_same_outcome(&ours, &theirs));
}

static void assert_same_vm(void)
{
    uint32_t cpu;

    assert_int_equal(vpsci_version(target.vm), vpsci_version(source.vm));
    assert_int_equal(vpsci_on_count(target.vm), vpsci_on_count(source.vm));
    assert_int_equal(vpsci_system_state(target.vm), vpsci_system_state(source.vm));
    assert_int_equal(vpsci_mem_protect(target.vm), vpsci_mem_protect(source.vm));
    for (cpu = 0; cpu < DRIVE_CPUS; cpu++) {
        assert_same_vcpu(cpu);
    }
    for (cpu = 0; cpu < DRIVE_CPUS; cpu++) {
        assert_same_step(cpu);
    }
}

static void every_state_goes_on_where_it_was_saved(void **state)
{
    unsigned where;

    (void)state;
    for (where = 0; where < DRIVE_COUNT; where++) {
        ptrdiff_t size;

        assert_true(drive(&source, (enum drive)where));
        size = vpsci_save(source.vm, record, sizeof(record));
        assert_int_equal(size, vpsci_save_size(source.vm));
        drive_describe(&target);
        assert_int_equal(rig_init(&target), 0);
        target.time = source.time;
        assert_int_equal(vpsci_restore(target.vm, record, (size_t)size), 0);
        assert_int_equal(vpsci_save(target.vm, again, sizeof(again)), size);
        assert_memory_equal(record, again, (size_t)size);
        assert_same_vm();
    }
}

static void trusted_os_is_where_it_moved_to(void **state)
{
    ptrdiff_t size;

    (void)state;
    assert_true(drive(&source, DRIVE_MIGRATING));
    assert_int_equal(vpsci_answer(rig_vcpu(&source, 0), VPSCI_SUCCESS), 0);
    assert_int_equal(rig_next(&source, 0).action, VPSCI_RETURN);
    size = vpsci_save(source.vm, record, sizeof(record));
    drive_describe(&target);
    assert_int_equal(rig_init(&target), 0);
    assert_int_equal(vpsci_restore(target.vm, record, (size_t)size), 0);
    assert_int_equal(rig_result(&target, 0, FN64(MIGRATE_INFO_UP_CPU), 0, 0, 0),
                     target.mpidrs[3].value);
}

static void record_needs_the_room_that_its_size_says(void **state)
{
    size_t size;

    (void)state;
    assert_true(drive(&source, DRIVE_CORES));
    size = vpsci_save_size(source.vm);
    assert_int_equal(vpsci_save(source.vm, record, size - 1), VPSCI_E_MEMORY);
    assert_int_equal(vpsci_save(source.vm, record, 0), VPSCI_E_MEMORY);
    assert_int_equal(vpsci_save(source.vm, record, size), size);
}

static void record_without_statistics_is_shorter(void **state)
{
    (void)state;
    drive_describe(&source);
    source.config.statistics = NULL;
    assert_int_equal(rig_init(&source), 0);
    assert_int_equal(vpsci_save_size(source.vm), 48 + 32 * DRIVE_CPUS);
}

static void record_begins_with_its_name_format_and_length(void **state)
{
    static const uint8_t start[16] = "vPSCIrec\1\0\0\0\xb0\0\0";

    (void)state;
    drive_describe(&source);
    source.config.statistics = NULL;
    assert_int_equal(rig_init(&source), 0);
    assert_int_equal(vpsci_save(source.vm, record, sizeof(record)), 0xb0);
    assert_memory_equal(record, start, sizeof(start));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_goes_on_where_it_was_saved),
        cmocka_unit_test(trusted_os_is_where_it_moved_to),
        cmocka_unit_test(record_needs_the_room_that_its_size_says),
        cmocka_unit_test(record_without_statistics_is_shorter),
        cmocka_unit_test(record_begins_with_its_name_format_and_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
