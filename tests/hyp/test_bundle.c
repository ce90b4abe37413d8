/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp/tool: bundles that hyp-image makes are read by hyp, and have what dormouse would load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <libfdt.h>

#include "bundle.h"
#include "capture.h"
#include "hyp/core/describe.h"
#include "kernels.h"
#include "scratch.h"

#define MIB (UINT64_C(1) << 20)

enum { INITRD_SIZE = 50001, TREE_ROOM = 65536 };

static const struct kernel_shape shape = {.file_size = 70001, .image_size = 200000};
static struct blob kernel;
static uint8_t initrd[INITRD_SIZE];
static struct tool_vms all;
static uint8_t *bytes;

static int setup(void **state)
{
    if (scratch_enter(state) != 0) {
        return -1;
    }
    kernel = kernel_image(&shape);
    blob_write(&kernel, "kernel");
    memset(initrd, 0xc3, sizeof(initrd));
    scratch_write("initrd", initrd, sizeof(initrd));
    memset(&all, 0, sizeof(all));
    all.count = 1;
    tool_vm_init(&all.vm[0]);
    all.vm[0].config.kernel = "kernel";
    all.vm[0].config.initrd = "initrd";
    all.vm[0].config.append = "a command line";
    all.vm[0].config.cpu_count = 2;
    all.vm[0].config.memory_size = 32 * MIB;
    bytes = NULL;
    return 0;
}

static int teardown(void **state)
{
    free(bytes);
    blob_free(&kernel);
    return scratch_leave(state);
}

/* Makes the bundle, and reads it as hyp does. */
static void make_and_read(void)
{
    struct describe_fault fault;
    struct stat info;

    assert_true(tool_place(&all));
    assert_int_equal(bundle_make(&all, "bundle"), 0);
    assert_int_equal(stat("bundle", &info), 0);
    bytes = malloc((size_t)info.st_size);
    assert_non_null(bytes);
    FILE *file = scratch_open("bundle", "r");

    assert_int_equal(fread(bytes, 1, (size_t)info.st_size, file), info.st_size);
    assert_int_equal(fclose(file), 0);
    memset(vms, 0, sizeof(vms));
    memset(vcpus, 0, sizeof(vcpus));
    vm_count = 0;
    const struct describe_input input = {
        .bundle = bytes, .size = (uint64_t)info.st_size, .core_count = CORE_MAX};

    if (!describe_vms(&input, &fault)) {
        fail_msg("refused: %s", fault.text);
    }
    assert_int_equal(vm_count, all.count);
}

/* The module at this address; its bytes are in `bytes` at its `pa`. */
static const struct vm_module *module_at(const struct vm *vm, uint64_t ipa)
{
    unsigned i = 0;

    while (i < vm->module_count && vm->modules[i].ipa != ipa) {
        i++;
    }
    assert_true(i < vm->module_count);
    return &vm->modules[i];
}

/* The guest's device tree, with the zeros that its module may have lost. */
static const void *tree_of(const struct vm *vm)
{
    static uint8_t tree[TREE_ROOM] __attribute__((aligned(8)));
    const struct vm_module *module = module_at(vm, vm->argument);

    assert_true(module->size <= sizeof(tree));
    memset(tree, 0, sizeof(tree));
    memcpy(tree, bytes + module->pa, module->size);
    assert_int_equal(fdt_check_full(tree, module->room), 0);
    return tree;
}

static uint32_t cell_of(const void *tree, const char *path, const char *name, int index)
{
    int length;
    const fdt32_t *cells = fdt_getprop(tree, fdt_path_offset(tree, path), name, &length);

    assert_non_null(cells);
    assert_true(length > index * 4);
    return fdt32_to_cpu(cells[index]);
}

static void test_modules(void **state)
{
    (void)state;
    make_and_read();
    const struct vm_module *module = module_at(&vms[0], 0x40200000);

    assert_int_equal(vms[0].entry, 0x40200000);
    assert_true(module->size <= shape.file_size);
    assert_memory_equal(bytes + module->pa, kernel.bytes, module->size);
    for (size_t i = module->size; i < kernel.size; i++) {
        assert_int_equal(kernel.bytes[i], 0);
    }
    assert_int_equal(module->room, shape.image_size);
    module = module_at(&vms[0], 0x41000000);
    assert_int_equal(module->size, INITRD_SIZE);
    assert_memory_equal(bytes + module->pa, initrd, INITRD_SIZE);
}

static void test_tree(void **state)
{
    (void)state;
    make_and_read();
    const void *tree = tree_of(&vms[0]);
    int chosen = fdt_path_offset(tree, "/chosen");

    assert_string_equal(fdt_getprop(tree, 0, "model", NULL), "dormouse,hyp");
    assert_string_equal(fdt_getprop(tree, chosen, "bootargs", NULL), "a command line");
    assert_string_equal(fdt_getprop(tree, chosen, "stdout-path", NULL), "/pl011@9000000");
    assert_int_equal(cell_of(tree, "/chosen", "linux,initrd-start", 1), 0x41000000);
    assert_int_equal(cell_of(tree, "/chosen", "linux,initrd-end", 1), 0x41000000 + INITRD_SIZE);
    assert_int_equal(fdt_node_offset_by_compatible(tree, -1, "arm,gic-v3-its"), -FDT_ERR_NOTFOUND);
    assert_true(fdt_path_offset(tree, "/cpus/cpu@1") > 0);
    assert_true(fdt_path_offset(tree, "/cpus/cpu@2") < 0);
    assert_int_equal(cell_of(tree, "/pl031@9010000", "interrupts", 1), 2);
    assert_string_equal(fdt_getprop(tree, fdt_path_offset(tree, "/psci"), "method", NULL), "hvc");
}

/* The second VM has the second UART's interrupt; the third one has no console. */
static void test_several(void **state)
{
    (void)state;
    all.count = 3;
    all.vm[1] = all.vm[0];
    all.vm[2] = all.vm[0];
    all.vm[2].control = true;
    all.vm[0].suspend = VM_POLICY_CONTROL;
    all.vm[1].held = true;
    all.vm[1].config.idle = IDLE_POWERDOWN;
    all.vm[1].config.clusters = 2;
    all.vm[1].config.psci_version = VPSCI_VERSION_1_0;
    make_and_read();
    assert_int_equal(vms[1].vcpus[0].core, 2);
    assert_int_equal(vms[1].regions[1].pa, 0x09040000);
    assert_int_equal(cell_of(tree_of(&vms[1]), "/pl011@9000000", "interrupts", 1), 8);
    assert_int_equal(vms[1].psci_config.version, VPSCI_VERSION_1_0);
    assert_int_equal(vms[1].psci_config.state_count, 3);
    assert_int_equal(vms[1].clusters[1], 1);
    assert_true(vms[1].is_held);
    assert_int_equal(vms[0].suspend_policy, VM_POLICY_CONTROL);
    assert_int_equal(vms[2].region_count, 1);
    assert_true(vms[2].is_control);
    const void *tree = tree_of(&vms[2]);

    assert_null(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "stdout-path", NULL));
    assert_int_equal(cell_of(tree, "/hyp-control", "interrupts", 1) + 32, vms[2].control_intid);
    assert_true(fdt_path_offset(tree, "/pl011@9000000") < 0);
}

/* The rules of the place are dormouse's; a bundle that cannot be made leaves the old one. */
static void test_too_small(void **state)
{
    struct capture capture;
    char said[512];

    (void)state;
    scratch_write("bundle", "old", 3);
    all.vm[0].config.memory_size = 2 * MIB;
    assert_true(tool_place(&all));
    capture_begin(&capture, STDERR_FILENO);
    assert_int_not_equal(bundle_make(&all, "bundle"), 0);
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said, "give more with --memory\n"));
    struct stat info;

    assert_int_equal(stat("bundle", &info), 0);
    assert_int_equal(info.st_size, 3);
    assert_int_equal(scratch_entry_count(), 3);
}

static void test_too_many_cores(void **state)
{
    struct capture capture;
    char said[512];

    (void)state;
    all.count = 2;
    all.vm[0].config.cpu_count = 16;
    all.vm[1] = all.vm[0];
    all.vm[1].config.cpu_count = 1;
    capture_begin(&capture, STDERR_FILENO);
    assert_false(tool_place(&all));
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said, "the VMs have 17 CPUs in all"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_modules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_small, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_cores, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
