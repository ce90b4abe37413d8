/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static struct rig rig;

/* One thing about a description that was good. */
struct change {
    void (*make)(struct vpsci_config *config);
    int result;
};

static int init_with(void (*change)(struct vpsci_config *config))
{
    rig_describe(&rig, 4);
    assert_int_equal(rig_init(&rig), 0);
    change(&rig.config);
    return rig_init(&rig);
}

static void no_size(struct vpsci_config *config)
{
    config->size = 0;
}

static void size_without_the_names(struct vpsci_config *config)
{
    config->size = offsetof(struct vpsci_config, mpidrs);
}

static void size_within_a_field(struct vpsci_config *config)
{
    config->size = offsetof(struct vpsci_config, state_count) + 1;
}

static void absurd_size(struct vpsci_config *config)
{
    config->size = SIZE_MAX;
}

static void no_mpidrs(struct vpsci_config *config)
{
    config->mpidrs = NULL;
}

static void no_vcpus(struct vpsci_config *config)
{
    config->vcpu_count = 0;
}

static void too_many_vcpus(struct vpsci_config *config)
{
    config->vcpu_count = VPSCI_VCPU_MAX + 1;
}

static void boot_vcpu_beyond(struct vpsci_config *config)
{
    config->boot_vcpu = 4;
}

static void no_such_trusted_os(struct vpsci_config *config)
{
    static const int none = VPSCI_TRUSTED_OS_FIXED + 1;

    memcpy(&config->trusted_os, &none, sizeof(none));
}

static void trusted_os_beyond(struct vpsci_config *config)
{
    config->trusted_os_vcpu = 4;
}

static void too_many_states(struct vpsci_config *config)
{
    config->state_count = VPSCI_STATE_MAX + 1;
}

static void states_without_count(struct vpsci_config *config)
{
    config->state_count = 0;
}

static void count_without_states(struct vpsci_config *config)
{
    config->states = NULL;
}

static void unknown_capability(struct vpsci_config *config)
{
    config->capabilities |= VPSCI_CAP_MEM_PROTECT << 1;
}

static void unknown_option(struct vpsci_config *config)
{
    config->options |= VPSCI_OPTION_NO_ON_PENDING << 1;
}

static void misaligned_statistics(struct vpsci_config *config)
{
    config->statistics = rig.statistics + 8;
}

static void small_statistics(struct vpsci_config *config)
{
    config->statistics_size = vpsci_statistics_size(4, RIG_STATE_COUNT) - 1;
}

static void small_default_statistics(struct vpsci_config *config)
{
    config->states = NULL;
    config->state_count = 0;
    config->statistics_size = vpsci_statistics_size(4, 2) - 1;
}

static void reserved_mpidr_bit(struct vpsci_config *config)
{
    (void)config;
    rig.mpidrs[3].value |= UINT64_C(1) << 31;
}

static void mpidr_twice(struct vpsci_config *config)
{
    (void)config;
    rig.mpidrs[3] = rig.mpidrs[1];
}

static void no_such_version(struct vpsci_config *config)
{
    config->version = VPSCI_VERSION_0_2 + 1;
}

static void newer_version(struct vpsci_config *config)
{
    config->version = VPSCI_VERSION_NEWEST + 1;
}

static void no_such_smccc(struct vpsci_config *config)
{
    config->smccc_version = 0xffff;
}

static void newer_smccc(struct vpsci_config *config)
{
    config->smccc_version = 0x10006;
}

static void what_is_wrong_is_told(void **state)
{
    static const struct change changes[] = {
        {no_size, VPSCI_E_ARGUMENT},
        {size_without_the_names, VPSCI_E_ARGUMENT},
        {size_within_a_field, VPSCI_E_ARGUMENT},
        {absurd_size, VPSCI_E_ARGUMENT},
        {no_mpidrs, VPSCI_E_ARGUMENT},
        {no_vcpus, VPSCI_E_ARGUMENT},
        {too_many_vcpus, VPSCI_E_ARGUMENT},
        {boot_vcpu_beyond, VPSCI_E_ARGUMENT},
        {no_such_trusted_os, VPSCI_E_ARGUMENT},
        {trusted_os_beyond, VPSCI_E_ARGUMENT},
        {too_many_states, VPSCI_E_ARGUMENT},
        {states_without_count, VPSCI_E_ARGUMENT},
        {count_without_states, VPSCI_E_ARGUMENT},
        {unknown_capability, VPSCI_E_ARGUMENT},
        {unknown_option, VPSCI_E_ARGUMENT},
        {misaligned_statistics, VPSCI_E_ARGUMENT},
        {small_statistics, VPSCI_E_MEMORY},
        {small_default_statistics, VPSCI_E_MEMORY},
        {reserved_mpidr_bit, VPSCI_E_MPIDR},
        {mpidr_twice, VPSCI_E_MPIDR},
        {no_such_version, VPSCI_E_VERSION},
        {newer_version, VPSCI_E_VERSION},
        {no_such_smccc, VPSCI_E_VERSION},
        {newer_smccc, VPSCI_E_VERSION},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        assert_int_equal(init_with(changes[i].make), changes[i].result);
        assert_null(rig.vm);
    }
}

static void null_pointers_are_refused(void **state)
{
    struct vpsci_vm *vm;

    (void)state;
    assert_true(rig_make(&rig, 4));
    vm = rig.vm;
    assert_int_equal(vpsci_init(NULL, RIG_ROOM, &rig.config, &vm), VPSCI_E_ARGUMENT);
    assert_null(vm);
    assert_int_equal(vpsci_init(rig.memory, RIG_ROOM, NULL, &vm), VPSCI_E_ARGUMENT);
    assert_int_equal(vpsci_init(rig.memory, RIG_ROOM, &rig.config, NULL), VPSCI_E_ARGUMENT);
}

/* A caller that was compiled for an older version has something else where later fields are. */
static void fields_beyond_the_size_are_zero(void **state)
{
    (void)state;
    rig_describe(&rig, 4);
    rig.config.size = offsetof(struct vpsci_config, boot_vcpu);
    memset(&rig.config.boot_vcpu, 0xa5, sizeof(rig.config) - rig.config.size);
    assert_int_equal(rig_init(&rig), 0);
    assert_int_equal(vpsci_version(rig.vm), VPSCI_VERSION_NEWEST);
    assert_int_equal(rig_result(&rig, 0, FN32(FEATURES), FN32(SYSTEM_RESET2), 0, 0),
                     VPSCI_NOT_SUPPORTED);
    assert_int_equal(rig_state(&rig, 0), VPSCI_STATE_ON);

    rig_describe(&rig, 4);
    rig.config.size = offsetof(struct vpsci_config, smccc_version);
    rig.config.boot_vcpu = 3;
    rig.config.smccc_version = 1;
    assert_int_equal(rig_init(&rig), 0);
    assert_int_equal(rig_state(&rig, 3), VPSCI_STATE_ON);
}

/* One that was compiled for a newer version may ask for nothing that this one does not know. */
static void larger_descriptions_are_taken_if_the_rest_is_zero(void **state)
{
    struct {
        struct vpsci_config known;
        uint64_t later[4];
    } newer;

    (void)state;
    rig_describe(&rig, 4);
    memset(&newer, 0, sizeof(newer));
    newer.known = rig.config;
    newer.known.size = sizeof(newer);
    assert_int_equal(vpsci_init(rig.memory, RIG_ROOM, &newer.known, &rig.vm), 0);
    newer.later[3] = 1;
    assert_int_equal(vpsci_init(rig.memory, RIG_ROOM, &newer.known, &rig.vm), VPSCI_E_ARGUMENT);
    assert_null(rig.vm);
}

static void description_is_not_needed_afterwards(void **state)
{
    (void)state;
    assert_true(rig_make(&rig, 4));
    memset(&rig.config, 0xa5, sizeof(rig.config));
    memset(rig.mpidrs, 0xa5, sizeof(rig.mpidrs));
    assert_int_equal(rig_result(&rig, 0, FN64(CPU_ON), 0x101, 0x1000, 0), VPSCI_SUCCESS);
    assert_int_equal(rig_state(&rig, 3), VPSCI_STATE_ON_PENDING);
    vpsci_reset(rig.vm);
    assert_int_equal(rig_state(&rig, 0), VPSCI_STATE_ON);
    assert_ptr_equal(vpsci_find(rig.vm, (struct vpsci_mpidr){0x101}), rig_vcpu(&rig, 3));
}

static void memory_has_to_be_aligned_and_large_enough(void **state)
{
    struct vpsci_vm *vm;

    (void)state;
    rig_describe(&rig, 4);
    assert_int_equal(vpsci_init(rig.memory + 32, RIG_ROOM - 32, &rig.config, &vm),
                     VPSCI_E_ARGUMENT);
    assert_int_equal(vpsci_init(rig.memory, vpsci_size(&rig.config) - 1, &rig.config, &vm),
                     VPSCI_E_MEMORY);
    assert_int_equal(vpsci_init(rig.memory, vpsci_size(&rig.config), &rig.config, &vm), 0);
}

static void memory_beyond_the_size_is_not_touched(void **state)
{
    size_t size;
    size_t i;

    (void)state;
    rig_describe(&rig, 4);
    size = vpsci_size(&rig.config);
    memset(rig.memory, 0xa5, sizeof(rig.memory));
    assert_int_equal(vpsci_init(rig.memory, size, &rig.config, &rig.vm), 0);
    for (i = size; i < sizeof(rig.memory); i++) {
        assert_int_equal(rig.memory[i], 0xa5);
    }
}

static size_t size_of(uint32_t count)
{
    const struct vpsci_config config = {.size = sizeof(config), .vcpu_count = count};

    return vpsci_size(&config);
}

static void sizes_are_aligned_and_56_bytes_a_vcpu(void **state)
{
    uint32_t count;

    (void)state;
    for (count = 1; count <= VPSCI_VCPU_MAX; count *= 2) {
        assert_int_equal(size_of(count) % VPSCI_ALIGNMENT, 0);
        assert_true(size_of(count) > 32 * (size_t)count);
        assert_true(vpsci_statistics_size(count, 2) > 32 * (size_t)count);
        assert_true(size_of(count) <= 512 + 56 * (size_t)count);
        assert_int_equal(vpsci_statistics_size(count, 2) % VPSCI_ALIGNMENT, 0);
    }
    assert_true(vpsci_statistics_size(1, VPSCI_STATE_MAX) >= 16 * (size_t)VPSCI_STATE_MAX);
}

static size_t size_with(const struct vpsci_power_state *states, uint32_t state_count,
                        uint32_t count)
{
    const struct vpsci_config config = {
        .size = sizeof(config), .vcpu_count = count, .states = states, .state_count = state_count};

    return vpsci_size(&config);
}

/* A row for each level above the core: 16 bytes, and 8 for each four states of the level. */
static void domains_cost_a_row_a_level(void **state)
{
    struct vpsci_power_state states[8] = {{0}};
    size_t plain = size_of(4096);
    uint32_t i;

    (void)state;
    assert_int_equal(size_with(states, 8, 4096), plain);
    states[7].level = 1;
    assert_int_equal(size_with(states, 8, 4096), plain + (size_t)4096 * 24);
    assert_int_equal(size_with(states, 7, 4096), plain);
    states[6].level = 3;
    assert_int_equal(size_with(states, 8, 4096), plain + (size_t)4096 * 48);
    states[6].level = VPSCI_LEVEL_MAX + 1;
    assert_int_equal(size_with(states, 8, 4096), plain + (size_t)4096 * 24);
    for (i = 0; i < 8; i++) {
        states[i].level = 2;
        assert_int_equal(size_with(states, i + 1, 4096), plain + (size_t)4096 * (i < 4 ? 24 : 32));
    }
    assert_int_equal(size_with(NULL, 8, 4096), plain);
    assert_int_equal(size_with(states, VPSCI_STATE_MAX + 1, 4096), 0);
}

static void size_of_no_vm_is_0(void **state)
{
    struct vpsci_config config = {.size = sizeof(config), .vcpu_count = 1};

    (void)state;
    assert_int_equal(size_of(0), 0);
    assert_int_equal(size_of(VPSCI_VCPU_MAX + 1), 0);
    assert_int_equal(size_of(UINT32_MAX), 0);
    assert_int_equal(vpsci_size(NULL), 0);
    config.size = offsetof(struct vpsci_config, mpidrs);
    assert_int_equal(vpsci_size(&config), 0);
    assert_int_equal(vpsci_statistics_size(0, 2), 0);
    assert_int_equal(vpsci_statistics_size(VPSCI_VCPU_MAX + 1, 2), 0);
    assert_int_equal(vpsci_statistics_size(1, 0), 0);
    assert_int_equal(vpsci_statistics_size(1, VPSCI_STATE_MAX + 1), 0);
}

static void ids_of_0_1_are_all_different(void **state)
{
    unsigned one;
    unsigned other;

    (void)state;
    for (one = 0; one < 4; one++) {
        for (other = one + 1; other < 4; other++) {
            rig_describe(&rig, 1);
            memcpy(rig.config.ids_0_1, (const uint32_t[]){1, 2, 3, 4}, 16);
            assert_int_equal(rig_init(&rig), 0);
            rig.config.ids_0_1[other] = rig.config.ids_0_1[one];
            assert_int_equal(rig_init(&rig), VPSCI_E_ARGUMENT);
        }
    }
}

static void versions_that_exist_can_be_pinned(void **state)
{
    static const uint32_t versions[] = {
        VPSCI_VERSION_0_1, VPSCI_VERSION_0_2, VPSCI_VERSION_1_0,
        VPSCI_VERSION_1_1, VPSCI_VERSION_1_2, VPSCI_VERSION_1_3,
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        rig_describe(&rig, 1);
        rig.config.version = versions[i];
        assert_int_equal(rig_init(&rig), 0);
        assert_int_equal(vpsci_version(rig.vm), versions[i]);
        assert_int_equal(vpsci_version_set(rig.vm, 0), VPSCI_E_VERSION);
        assert_int_equal(vpsci_version(rig.vm), versions[i]);
    }
}

static void vm_starts_with_its_boot_vcpu_only(void **state)
{
    uint32_t cpu;

    (void)state;
    rig_describe(&rig, 4);
    rig.config.boot_vcpu = 2;
    assert_int_equal(rig_init(&rig), 0);
    for (cpu = 0; cpu < 4; cpu++) {
        assert_int_equal(rig_state(&rig, cpu), cpu == 2 ? VPSCI_STATE_ON : VPSCI_STATE_OFF);
        assert_int_equal(rig_next(&rig, cpu).action, cpu == 2 ? VPSCI_RUN : VPSCI_WAIT);
    }
    assert_int_equal(vpsci_on_count(rig.vm), 1);
    assert_int_equal(vpsci_system_state(rig.vm), VPSCI_SYSTEM_RUNNING);
    assert_int_equal(vpsci_version(rig.vm), VPSCI_VERSION_NEWEST);
    assert_false(vpsci_mem_protect(rig.vm));
}

static void reset_forgets_all_but_version_and_protection(void **state)
{
    (void)state;
    assert_true(rig_make(&rig, 4));
    assert_true(rig_run(&rig, 1));
    assert_true(rig_turn_on(&rig, 2));
    assert_int_equal(rig_result(&rig, 0, FN32(MEM_PROTECT), 1, 0, 0), 0);
    assert_int_equal(vpsci_version_set(rig.vm, VPSCI_VERSION_1_1), 0);
    assert_int_equal(rig_call(&rig, 1, FN32(SYSTEM_RESET), 0, 0, 0).wait, VPSCI_WAIT_STOPPED);
    vpsci_reset(rig.vm);
    assert_int_equal(vpsci_system_state(rig.vm), VPSCI_SYSTEM_RUNNING);
    assert_int_equal(rig_state(&rig, 0), VPSCI_STATE_ON);
    assert_int_equal(rig_state(&rig, 1), VPSCI_STATE_OFF);
    assert_int_equal(rig_state(&rig, 2), VPSCI_STATE_OFF);
    assert_int_equal(vpsci_on_count(rig.vm), 1);
    assert_int_equal(vpsci_version(rig.vm), VPSCI_VERSION_1_1);
    assert_true(vpsci_mem_protect(rig.vm));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(null_pointers_are_refused),
        cmocka_unit_test(fields_beyond_the_size_are_zero),
        cmocka_unit_test(larger_descriptions_are_taken_if_the_rest_is_zero),
        cmocka_unit_test(description_is_not_needed_afterwards),
        cmocka_unit_test(memory_has_to_be_aligned_and_large_enough),
        cmocka_unit_test(memory_beyond_the_size_is_not_touched),
        cmocka_unit_test(sizes_are_aligned_and_56_bytes_a_vcpu),
        cmocka_unit_test(domains_cost_a_row_a_level),
        cmocka_unit_test(size_of_no_vm_is_0),
        cmocka_unit_test(ids_of_0_1_are_all_different),
        cmocka_unit_test(versions_that_exist_can_be_pinned),
        cmocka_unit_test(vm_starts_with_its_boot_vcpu_only),
        cmocka_unit_test(reset_forgets_all_but_version_and_protection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
