/* SPDX-License-Identifier: BSD-2-Clause */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libfdt.h>

#include "boot/fdt.h"
#include "core/map.h"
#include "dev/instances.h"
#include "dev/node.h"
#include "scratch.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

enum { TREE_SIZE = (int)MAP_DTB_SIZE };

static uint8_t *tree;

static void describe(const struct device_instance *instance, struct tree *writer)
{
    const struct node_region registers = {instance->base.value, instance->cls->size};

    node_begin_at(writer, instance->cls->name, instance->base.value);
    node_put_reg(writer, &registers, 1);
    node_end(writer);
}

static const struct device_class test_class = {"test", 0x1000, .describe = describe};

/* The fixed devices and three more, in mixed order. */
static struct instances devices;

static void add_devices(void)
{
    static const struct map_place places[] = {
        {"test", {0xc000000}, 12}, {"test", {0xb000000}, 13}, {"test", {0xd000000}, 14}};

    devices = (struct instances){0};
    instances_add_fixed(&devices);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        assert_int_equal(instances_add(&devices, &test_class, places[i].base, places[i].spi), 0);
    }
}

static int setup(void **state)
{
    tree = malloc(TREE_SIZE);
    add_devices();
    return !tree || scratch_enter(state);
}

static int teardown(void **state)
{
    free(tree);
    return scratch_leave(state);
}

static struct fdt_input usual_input(void)
{
    return (struct fdt_input){
        .name = "tester-1",
        .append = "console=ttyAMA0 quiet",
        .memory_size = 512 * MIB,
        .cpu_count = 2,
        .psci_version = 0x10001,
        .devices = &devices,
    };
}

static int build(const struct fdt_input *input)
{
    int size = fdt_build(input, tree, TREE_SIZE);

    assert_true(size > 0);
    assert_int_equal(size, fdt_totalsize(tree));
    assert_int_equal(fdt_check_full(tree, (size_t)size), 0);
    return size;
}

static int node(const char *path)
{
    int offset = fdt_path_offset(tree, path);

    if (offset < 0) {
        fail_msg("no node %s", path);
    }
    return offset;
}

static const void *property(const char *path, const char *name, int *size)
{
    const void *value = fdt_getprop(tree, node(path), name, size);

    if (!value) {
        fail_msg("no property %s in %s", name, path);
    }
    return value;
}

static void assert_string(const char *path, const char *name, const char *expected)
{
    int size;
    const char *value = property(path, name, &size);

    assert_int_equal(size, strlen(expected) + 1);
    assert_string_equal(value, expected);
}

static void assert_flag(const char *path, const char *name)
{
    int size;

    (void)property(path, name, &size);
    assert_int_equal(size, 0);
}

static void assert_cells(const char *path, const char *name, const uint32_t *cells, size_t count)
{
    int size;
    const uint8_t *value = property(path, name, &size);

    assert_int_equal(size, count * 4);
    for (size_t i = 0; i < count; i++) {
        uint32_t cell;

        memcpy(&cell, value + 4 * i, sizeof(cell));
        if (be32toh(cell) != cells[i]) {
            fail_msg("%s of %s, cell %zu: 0x%x", name, path, i, be32toh(cell));
        }
    }
}

#define ASSERT_CELLS(path, name, ...)                                                              \
    assert_cells(path, name, (const uint32_t[]){__VA_ARGS__},                                      \
                 sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void assert_absent(const char *path, const char *name)
{
    assert_null(fdt_getprop(tree, node(path), name, NULL));
}

static void the_root_names_machine_and_vm(void **state)
{
    struct fdt_input input = usual_input();

    (void)state;
    build(&input);
    assert_string("/", "compatible", "linux,dummy-virt");
    assert_string("/", "model", "dormouse,virt");
    assert_string("/", "serial-number", "tester-1");
    ASSERT_CELLS("/", "#address-cells", 2);
    ASSERT_CELLS("/", "#size-cells", 2);
    ASSERT_CELLS("/", "interrupt-parent", NODE_PHANDLE_GIC);
}

static void chosen_has_only_what_was_given(void **state)
{
    struct fdt_input input = usual_input();

    (void)state;
    input.append = NULL;
    build(&input);
    assert_string("/chosen", "stdout-path", "/pl011@9000000");
    assert_true(node("/pl011@9000000") > 0);
    assert_absent("/chosen", "bootargs");
    assert_absent("/chosen", "linux,initrd-start");
    assert_absent("/chosen", "linux,initrd-end");
    assert_absent("/chosen", "kaslr-seed");
    assert_absent("/chosen", "rng-seed");
}

static void chosen_has_all_that_was_given(void **state)
{
    struct fdt_input input = usual_input();
    uint8_t seed[FDT_SEED_SIZE];
    int size;

    (void)state;
    for (size_t i = 0; i < sizeof(seed); i++) {
        seed[i] = (uint8_t)(i + 1);
    }
    input.seed = seed;
    input.initrd = ipa(UINT64_C(0x1ffff0000));
    input.initrd_size = 0x12345;
    build(&input);
    assert_string("/chosen", "bootargs", "console=ttyAMA0 quiet");
    ASSERT_CELLS("/chosen", "linux,initrd-start", 1, 0xffff0000);
    ASSERT_CELLS("/chosen", "linux,initrd-end", 2, 0x2345);
    assert_memory_equal(property("/chosen", "kaslr-seed", &size), seed, 8);
    assert_int_equal(size, 8);
    assert_memory_equal(property("/chosen", "rng-seed", &size), seed + 8, 64);
    assert_int_equal(size, 64);
}

static void memory_of_any_size_is_one_range(void **state)
{
    struct fdt_input input = usual_input();

    (void)state;
    build(&input);
    assert_string("/memory@40000000", "device_type", "memory");
    ASSERT_CELLS("/memory@40000000", "reg", 0, 0x40000000, 0, 0x20000000);
    input.memory_size = 6 * GIB;
    build(&input);
    ASSERT_CELLS("/memory@40000000", "reg", 0, 0x40000000, 1, 0x80000000);
}

static void affinities_are_those_of_kvm(void **state)
{
    (void)state;
    assert_int_equal(map_mpidr(0), 0);
    assert_int_equal(map_mpidr(15), 0xf);
    assert_int_equal(map_mpidr(16), 0x100);
    assert_int_equal(map_mpidr(511), 0x1f0f);
    assert_int_equal(map_mpidr(4095), 0xff0f);
    assert_int_equal(map_mpidr(4096), 0x10000);
}

static void every_cpu_has_a_node_with_its_affinity(void **state)
{
    unsigned counts[] = {1, 2, 8, 16, 17, 64, 123, 124, 512};
    char path[64];

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct fdt_input input = usual_input();
        unsigned found = 0;
        int child;

        input.cpu_count = counts[i];
        build(&input);
        ASSERT_CELLS("/cpus", "#address-cells", 1);
        ASSERT_CELLS("/cpus", "#size-cells", 0);
        for (unsigned cpu = 0; cpu < counts[i]; cpu++) {
            unsigned mpidr = (cpu / 16) << 8 | cpu % 16;

            (void)snprintf(path, sizeof(path), "/cpus/cpu@%x", mpidr);
            ASSERT_CELLS(path, "reg", mpidr);
            assert_string(path, "device_type", "cpu");
            assert_string(path, "compatible", "arm,armv8");
            assert_string(path, "enable-method", "psci");
        }
        fdt_for_each_subnode(child, tree, node("/cpus"))
        {
            found++;
        }
        assert_int_equal(found, counts[i]);
    }
}

/* Checks that property `name` of `path` refers to the node `expected`. */
static void assert_refers(const char *path, const char *name, const char *expected)
{
    int size;
    const uint8_t *value = property(path, name, &size);
    uint32_t cell;

    assert_int_equal(size, sizeof(cell));
    memcpy(&cell, value, sizeof(cell));
    assert_int_equal(fdt_node_offset_by_phandle(tree, be32toh(cell)), node(expected));
}

static void without_idle_the_tree_has_no_idle_states(void **state)
{
    struct fdt_input input = usual_input();
    struct idle_plan plan;

    (void)state;
    idle_plan(&plan, IDLE_NONE, 0, 2);
    input.idle = &plan;
    build(&input);
    assert_absent("/cpus/cpu@0", "phandle");
    assert_absent("/cpus/cpu@0", "cpu-idle-states");
    assert_int_equal(fdt_path_offset(tree, "/cpus/idle-states"), -FDT_ERR_NOTFOUND);
    assert_int_equal(fdt_path_offset(tree, "/cpus/cpu-map"), -FDT_ERR_NOTFOUND);
}

static void cpus_have_the_idle_states_of_cores(void **state)
{
    struct fdt_input input = usual_input();
    struct idle_plan plan;

    (void)state;
    idle_plan(&plan, IDLE_STANDBY, 0, 2);
    input.idle = &plan;
    build(&input);
    assert_string("/cpus/idle-states", "entry-method", "psci");
    assert_string("/cpus/idle-states/cpu-standby", "compatible", "arm,idle-state");
    ASSERT_CELLS("/cpus/idle-states/cpu-standby", "arm,psci-suspend-param", 1);
    assert_refers("/cpus/cpu@1", "cpu-idle-states", "/cpus/idle-states/cpu-standby");
    assert_absent("/cpus/cpu@1", "power-domains");

    /* PSCI 0.2 has no OS-initiated mode, so its tree has no states of clusters. */
    idle_plan(&plan, IDLE_POWERDOWN, 2, 2);
    input.psci_version = 2;
    build(&input);
    assert_absent("/cpus/cpu@0", "power-domains");
    assert_int_equal(fdt_path_offset(tree, "/cpus/domain-idle-states"), -FDT_ERR_NOTFOUND);
}

static void clusters_are_power_domains(void **state)
{
    struct fdt_input input = usual_input();
    struct idle_plan plan;

    (void)state;
    idle_plan(&plan, IDLE_POWERDOWN, 2, 3);
    input.cpu_count = 3;
    input.idle = &plan;
    build(&input);
    assert_refers("/cpus/cpu-map/cluster0/core0", "cpu", "/cpus/cpu@0");
    assert_refers("/cpus/cpu-map/cluster0/core1", "cpu", "/cpus/cpu@1");
    assert_refers("/cpus/cpu-map/cluster1/core0", "cpu", "/cpus/cpu@2");
    assert_refers("/cpus/cpu@2", "power-domains", "/psci/power-domain-cpu2");
    assert_string("/cpus/cpu@2", "power-domain-names", "psci");
    assert_absent("/cpus/cpu@2", "cpu-idle-states");
    assert_refers("/psci/power-domain-cpu1", "power-domains", "/psci/power-domain-cluster0");
    assert_refers("/psci/power-domain-cpu2", "power-domains", "/psci/power-domain-cluster1");
    ASSERT_CELLS("/psci/power-domain-cpu2", "#power-domain-cells", 0);
    assert_refers("/psci/power-domain-cluster1", "domain-idle-states",
                  "/cpus/domain-idle-states/cluster-powerdown");
    assert_absent("/psci/power-domain-cluster1", "power-domains");
    assert_string("/cpus/domain-idle-states/cluster-powerdown", "compatible", "domain-idle-state");
    ASSERT_CELLS("/cpus/domain-idle-states/cluster-powerdown", "arm,psci-suspend-param",
                 0x01010022);
}

/* For every number of clusters, no cluster is empty. */
static void plans_are_sound(void **state)
{
    (void)state;
    for (unsigned cpus = 1; cpus <= 9; cpus++) {
        for (unsigned clusters = 1; clusters <= cpus; clusters++) {
            struct idle_plan plan;

            idle_plan(&plan, IDLE_POWERDOWN, clusters, cpus);
            assert_int_equal(idle_first_cpu(&plan, 0), 0);
            assert_int_equal(idle_first_cpu(&plan, clusters), cpus);
            for (unsigned i = 0; i < clusters; i++) {
                unsigned lowest = idle_first_cpu(&plan, i);

                assert_true(lowest < idle_first_cpu(&plan, i + 1));
                assert_int_equal(idle_cluster(&plan, lowest), i);
                assert_int_equal(idle_cluster(&plan, idle_first_cpu(&plan, i + 1) - 1), i);
            }
        }
    }
}

static void psci_node_has_its_version(void **state)
{
    static const char since_1_0[] = "arm,psci-1.0\0arm,psci-0.2";
    uint32_t versions[] = {0x10000, 0x10001, 0x10003};
    struct fdt_input input = usual_input();
    int size;

    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        input.psci_version = versions[i];
        build(&input);
        assert_memory_equal(property("/psci", "compatible", &size), since_1_0, sizeof(since_1_0));
        assert_int_equal(size, sizeof(since_1_0));
        assert_string("/psci", "method", "hvc");
    }
    input.psci_version = 2;
    build(&input);
    assert_string("/psci", "compatible", "arm,psci-0.2");
}

static void the_timer_is_always_on(void **state)
{
    struct fdt_input input = usual_input();

    (void)state;
    build(&input);
    assert_string("/timer", "compatible", "arm,armv8-timer");
    ASSERT_CELLS("/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
    assert_flag("/timer", "always-on");
}

static void the_gic_has_an_its(void **state)
{
    struct fdt_input input = usual_input();

    (void)state;
    build(&input);
    assert_string("/intc@8000000", "compatible", "arm,gic-v3");
    assert_flag("/intc@8000000", "interrupt-controller");
    assert_flag("/intc@8000000", "ranges");
    ASSERT_CELLS("/intc@8000000", "#interrupt-cells", 3);
    ASSERT_CELLS("/intc@8000000", "phandle", NODE_PHANDLE_GIC);
    assert_string("/intc@8000000/its@8080000", "compatible", "arm,gic-v3-its");
    assert_flag("/intc@8000000/its@8080000", "msi-controller");
    ASSERT_CELLS("/intc@8000000/its@8080000", "#msi-cells", 1);
    ASSERT_CELLS("/intc@8000000/its@8080000", "phandle", NODE_PHANDLE_ITS);
    ASSERT_CELLS("/intc@8000000/its@8080000", "reg", 0, 0x08080000, 0, 0x20000);
}

static void redistributors_use_two_regions_if_one_is_too_small(void **state)
{
    struct fdt_input input = usual_input();

    (void)state;
    build(&input);
    ASSERT_CELLS("/intc@8000000", "#redistributor-regions", 1);
    ASSERT_CELLS("/intc@8000000", "reg", 0, 0x08000000, 0, 0x10000, 0, 0x080a0000, 0, 0x40000);
    input.cpu_count = 123;
    build(&input);
    ASSERT_CELLS("/intc@8000000", "#redistributor-regions", 1);
    ASSERT_CELLS("/intc@8000000", "reg", 0, 0x08000000, 0, 0x10000, 0, 0x080a0000, 0, 0xf60000);
    input.cpu_count = 512;
    build(&input);
    ASSERT_CELLS("/intc@8000000", "#redistributor-regions", 2);
    ASSERT_CELLS("/intc@8000000", "reg", 0, 0x08000000, 0, 0x10000, 0, 0x080a0000, 0, 0xf60000,
                 0x40, 0, 0, 389 * 0x20000);
}

static void the_second_region_stays_clear_of_memory(void **state)
{
    (void)state;
    assert_int_equal(map_gicr2_base(2 * MIB).value, MAP_GICR2_MIN);
    assert_int_equal(map_gicr2_base(255 * GIB).value, MAP_GICR2_MIN);
    assert_int_equal(map_gicr2_base(255 * GIB + 2 * MIB).value, MAP_GICR2_MIN + 64 * MIB);
    assert_int_equal(map_gicr2_base(255 * GIB + 64 * MIB).value, MAP_GICR2_MIN + 64 * MIB);
    assert_int_equal(map_gicr2_base(512 * GIB).value, 513 * GIB);
}

static void the_bus_clock_runs_at_24_mhz(void **state)
{
    struct fdt_input input = usual_input();

    (void)state;
    build(&input);
    assert_string("/apb-pclk", "compatible", "fixed-clock");
    ASSERT_CELLS("/apb-pclk", "#clock-cells", 0);
    ASSERT_CELLS("/apb-pclk", "clock-frequency", 24000000);
    ASSERT_CELLS("/apb-pclk", "phandle", NODE_PHANDLE_APB_CLOCK);
}

static void devices_are_in_order_of_address(void **state)
{
    struct fdt_input input = usual_input();
    unsigned long long before = 0;
    int device;

    (void)state;
    build(&input);
    ASSERT_CELLS("/test@b000000", "reg", 0, 0xb000000, 0, 0x1000);
    ASSERT_CELLS("/test@c000000", "reg", 0, 0xc000000, 0, 0x1000);
    ASSERT_CELLS("/test@d000000", "reg", 0, 0xd000000, 0, 0x1000);
    device = fdt_next_subnode(tree, node("/apb-pclk"));
    while (device >= 0) {
        const char *at = strchr(fdt_get_name(tree, device, NULL), '@');
        unsigned long long base = at ? strtoull(at + 1, NULL, 16) : before + 1;

        /* A device may add nodes without an address: keys. */
        assert_true(base > before);
        before = at ? base : before;
        device = fdt_next_subnode(tree, device);
    }
    assert_int_equal(before, 0xd000000);
}

/* EDK2 takes the first PL031 away from the operating system: that must not be the real one. */
static void firmware_finds_a_clock_that_is_none_first(void **state)
{
    struct fdt_input input = usual_input();

    (void)state;
    input.firmware = true;
    build(&input);
    int first = fdt_node_offset_by_compatible(tree, -1, "arm,pl031");
    assert_int_equal(first, node("/rtc@9ff0000"));
    assert_int_equal(fdt_node_offset_by_compatible(tree, first, "arm,pl031"),
                     node("/pl031@9010000"));
    ASSERT_CELLS("/rtc@9ff0000", "reg", 0, 0x9ff0000, 0, 0x1000);
    for (unsigned i = 0; i < devices.count; i++) {
        uint64_t base = devices.at[i].base.value;

        assert_false(base + devices.at[i].cls->size > 0x9ff0000 && base < 0x9ff1000);
    }
    input.firmware = false;
    build(&input);
    assert_true(fdt_path_offset(tree, "/rtc@9ff0000") < 0);
}

/* The old contents of the buffer do not matter. */
static void the_same_input_gives_the_same_bytes(void **state)
{
    struct fdt_input input = usual_input();
    uint8_t *other = malloc(TREE_SIZE);
    int size;

    (void)state;
    assert_non_null(other);
    memset(tree, 0xaa, TREE_SIZE);
    memset(other, 0x55, TREE_SIZE);
    size = build(&input);
    assert_int_equal(fdt_build(&input, other, TREE_SIZE / 2), size);
    assert_memory_equal(tree, other, (size_t)size);
    free(other);
}

static void a_buffer_too_small_is_never_overrun(void **state)
{
    struct fdt_input input = usual_input();
    size_t needed;
    int size;

    (void)state;
    /* While it builds, libfdt needs a little more room than the finished tree has. */
    for (needed = 0; (size = fdt_build(&input, tree, needed)) < 0; needed++) {
        uint8_t *exact = malloc(needed + 1);

        assert_int_equal(size, -FDT_ERR_NOSPACE);
        assert_non_null(exact);
        exact[needed] = 0x5a;
        assert_int_equal(fdt_build(&input, exact, needed), -FDT_ERR_NOSPACE);
        assert_int_equal(exact[needed], 0x5a);
        free(exact);
    }
    assert_true(needed < 8192);
}

static void a_command_line_as_large_as_the_tree_is_refused(void **state)
{
    struct fdt_input input = usual_input();
    char *append = malloc(TREE_SIZE + 1);

    (void)state;
    assert_non_null(append);
    memset(append, 'x', TREE_SIZE);
    append[TREE_SIZE] = '\0';
    input.append = append;
    assert_int_equal(fdt_build(&input, tree, TREE_SIZE), -FDT_ERR_NOSPACE);
    free(append);
}

/* The device tree compiler checks many of the bindings. */
static void dtc_gives_no_warnings(void **state)
{
    struct fdt_input input = usual_input();
    char line[1024] = "";
    FILE *dtc;

    (void)state;
    if (system("dtc --version >/dev/null 2>&1") != 0) {
        skip();
    }
    input.cpu_count = 130;
    input.initrd = ipa(0x48000000);
    input.initrd_size = 1;
    input.firmware = true;
    scratch_write("tree.dtb", tree, (size_t)build(&input));
    dtc = popen("dtc -I dtb -O dts -o /dev/null tree.dtb 2>&1", "re");
    if (!dtc) {
        fail_msg("cannot start dtc");
        return;
    }
    if (!fgets(line, sizeof(line), dtc)) {
        line[0] = '\0';
    }
    assert_int_equal(pclose(dtc), 0);
    assert_string_equal(line, "");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_root_names_machine_and_vm),
        TEST(chosen_has_only_what_was_given),
        TEST(chosen_has_all_that_was_given),
        TEST(memory_of_any_size_is_one_range),
        TEST(affinities_are_those_of_kvm),
        TEST(every_cpu_has_a_node_with_its_affinity),
        TEST(without_idle_the_tree_has_no_idle_states),
        TEST(cpus_have_the_idle_states_of_cores),
        TEST(clusters_are_power_domains),
        TEST(plans_are_sound),
        TEST(psci_node_has_its_version),
        TEST(the_timer_is_always_on),
        TEST(the_gic_has_an_its),
        TEST(redistributors_use_two_regions_if_one_is_too_small),
        TEST(the_second_region_stays_clear_of_memory),
        TEST(the_bus_clock_runs_at_24_mhz),
        TEST(devices_are_in_order_of_address),
        TEST(firmware_finds_a_clock_that_is_none_first),
        TEST(the_same_input_gives_the_same_bytes),
        TEST(a_buffer_too_small_is_never_overrun),
        TEST(a_command_line_as_large_as_the_tree_is_refused),
        TEST(dtc_gives_no_warnings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
