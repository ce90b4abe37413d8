/* SPDX-License-Identifier: BSD-2-Clause */
/* What dormouse writes down for its guests, as the bare-metal runtime reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bare/platform.h"
#include "bare/platform_idle.h"
#include "bare/smp.h"
#include "boot/fdt.h"
#include "core/map.h"
#include "guest_rig.h"
#include "psci/idle.h"

enum { CPUS = 5, CLUSTERS = 2 };

static uint8_t tree[MAP_DTB_SIZE];

static void read_machine(struct idle_plan *plan, unsigned clusters, uint32_t psci_version)
{
    struct instances devices = {0};

    instances_add_fixed(&devices);
    idle_plan(plan, IDLE_POWERDOWN, clusters, CPUS);
    struct fdt_input input = {
        .name = "tester",
        .append = "scenario=features",
        .memory_size = UINT64_C(1) << 29,
        .cpu_count = CPUS,
        .psci_version = psci_version,
        .idle = plan,
        .devices = &devices,
    };
    int size = fdt_build(&input, tree, sizeof(tree));

    assert_true(size > 0);
    assert_true(guest_rig_read(tree, (size_t)size));
}

static void assert_states(const struct idle_plan *plan)
{
    assert_int_equal(platform_idle_count(), plan->count);
    for (unsigned i = 0; i < plan->count; i++) {
        const struct platform_idle *state = platform_idle(i);

        assert_int_equal(state->value, plan->states[i].power.value);
        assert_int_equal(state->level, plan->states[i].power.level);
        for (unsigned cpu = 0; cpu < CPUS; cpu++) {
            assert_true(platform_cpu_idles(cpu, i));
        }
    }
}

static void test_machine(void **state)
{
    struct idle_plan plan;

    (void)state;
    read_machine(&plan, CLUSTERS, 0x10003);
    assert_string_equal(platform.bootargs, "scenario=features");
    assert_int_equal(cpu_count, CPUS);
    assert_int_equal(platform.ram_count, 1);
    assert_int_equal(platform.ram[0].base, MAP_RAM_BASE);
    assert_int_equal(platform.gic, PLATFORM_GIC_V3);
    assert_int_equal(platform.gicd.base, MAP_GICD_BASE);
    assert_int_equal(platform.gicr[0].base, MAP_GICR_BASE);
    assert_int_equal(platform.virtual_timer_intid, MAP_INTID_VTIMER);
    assert_int_equal(platform.physical_timer_intid, MAP_INTID_PTIMER);
    assert_true(platform.timer_always_on);
    assert_true(platform.psci_present);
    assert_false(platform.psci_smc);
}

/* OS-initiated mode: a domain for every core, in one for its cluster. */
static void test_domains(void **state)
{
    struct idle_plan plan;

    (void)state;
    read_machine(&plan, CLUSTERS, 0x10003);
    assert_true(plan.count > 1);
    assert_states(&plan);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        assert_int_equal(platform_domain(cpu, 0), cpu);
        assert_int_equal(platform_domain(cpu, 1), idle_cluster(&plan, cpu));
        assert_int_equal(platform_domain(cpu, 2), PLATFORM_NO_DOMAIN);
    }
}

/* The platform's own coordination: a list of states for every core. */
static void test_lists(void **state)
{
    struct idle_plan plan;

    (void)state;
    read_machine(&plan, 0, 0x10003);
    assert_true(plan.count > 0);
    assert_states(&plan);
    assert_int_equal(platform_domain(0, 0), PLATFORM_NO_DOMAIN);
    assert_int_equal(platform_domain(0, 1), PLATFORM_NO_DOMAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
