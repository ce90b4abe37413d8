/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp/core/describe.c: what a good bundle says, and the one line for each mistake in another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "describe.h"
#include "good_bundle.h"

enum { SPOILT_SIZE = GOOD_BUNDLE_SIZE };

#define MIB (UINT64_C(1) << 20)

static uint8_t bundle[SPOILT_SIZE] __attribute__((aligned(8)));
static struct describe_fault fault;
static const struct memory_range kept[] = {{0x40000000, 0x40000000}, {0x08000000, 0x10000}};

static bool describe_bytes(const void *bytes, uint64_t size)
{
    const struct describe_input input = {.bundle = bytes,
                                         .pa = GOOD_BUNDLE_PA,
                                         .size = size,
                                         .core_count = 8,
                                         .kept = kept,
                                         .kept_count = 2};

    vm_count = 0;
    memset(vms, 0, sizeof(vms));
    memset(vcpus, 0, sizeof(vcpus));
    return describe_vms(&input, &fault);
}

static bool is_owned(const struct vm *vm, unsigned intid)
{
    return (vm->gic.owned[intid / 32] >> intid % 32 & 1) != 0;
}

static void test_good(void **state)
{
    const struct vm *one = &vms[0];
    const struct vm *two = &vms[1];

    (void)state;
    good_bundle(bundle);
    assert_true(describe_bytes(bundle, sizeof(bundle)));
    assert_int_equal(vm_count, 2);
    assert_string_equal(one->name, "first");
    assert_int_equal(one->vcpu_count, 2);
    assert_ptr_equal(vcpu_of_core(3), &one->vcpus[1]);
    assert_int_equal(one->vcpus[1].mpidr, 1);
    assert_int_equal(one->vcpus[1].index, 1);
    assert_ptr_equal(one->vcpus[1].vm, one);
    assert_null(vcpu_of_core(2));
    assert_int_equal(one->regions[0].ipa, 0x40000000);
    assert_int_equal(one->regions[0].size, 64 * MIB);
    assert_false(one->regions[0].is_device);
    assert_int_equal(one->region_count, 2);
    assert_int_equal(one->regions[1].ipa, 0x09000000);
    assert_int_equal(one->regions[1].pa, 0x09000000);
    assert_true(one->regions[1].is_device);
    assert_true(is_owned(one, 33));
    assert_true(is_owned(one, 34));
    assert_false(is_owned(one, 35));
    assert_int_equal(one->device_count, 1);
    assert_int_equal(one->devices[0].ipa, 0x09010000);
    assert_int_equal(one->devices[0].intid, 34);
    assert_int_equal(one->module_count, 2);
    assert_int_equal(one->modules[0].pa, GOOD_BUNDLE_PA + GOOD_MODULE);
    assert_int_equal(one->modules[0].size, 4096);
    assert_int_equal(one->modules[0].room, 8192);
    assert_int_equal(one->modules[1].room, one->modules[1].size);
    assert_int_equal(one->entry, 0x40200000);
    assert_int_equal(one->argument, 0x40300000);
    assert_int_equal(one->suspend_policy, VM_POLICY_CONTROL);
    assert_int_equal(one->psci_config.capabilities,
                     VPSCI_CAP_SYSTEM_SUSPEND | VPSCI_CAP_OS_INITIATED);
    assert_int_equal(one->psci_config.version, VPSCI_VERSION_1_1);
    assert_int_equal(one->psci_config.vcpu_count, 2);
    assert_int_equal(one->psci_config.state_count, 2);
    assert_ptr_equal(one->psci_config.states, one->states);
    assert_int_equal(one->states[1].value, 0x10002);
    assert_int_equal(one->states[1].local, VPSCI_HW_OFF);
    assert_int_equal(one->states[1].below, VPSCI_NO_STATE);
    assert_ptr_equal(one->psci_config.domains[0], one->clusters);
    assert_int_equal(one->clusters[1], 1);
    assert_string_equal(two->name, "vm@1");
    assert_true(two->is_control);
    assert_int_equal(two->control_intid, 46);
    assert_true(is_owned(two, 46));
    assert_int_equal(two->suspend_policy, VM_POLICY_HONOUR);
    assert_int_equal(two->psci_config.capabilities, 0); /* off unless enabled */
    assert_int_equal(two->psci_config.state_count, 0);
    assert_ptr_equal(vcpu_of_core(0), &two->vcpus[0]);
}

/* What makes it a bad one: `size` bytes as this property; REMOVE: the property, or the node, goes. */
struct spoil {
    const char *path;
    const char *property; /* NULL: a new node of this name, or away with it */
    const char *bytes;
    int size;
    const char *said;
};

enum { REMOVE = -1 };

#define BYTES(text) (text), (int)sizeof(text) - 1
#define FIRST       "/vm@0"
#define UART        "/vm@0/device@9000000"
#define RTC         "/vm@0/device@9010000"
#define MODULE      "/vm@0/module@0"

static const struct spoil spoils[] = {
    {"/", "compatible", BYTES("linux,dummy\0"),
     "its device tree is not compatible with dormouse,hyp-vms"},
    {"/", "memory@0", BYTES(""), "memory@0: there is no such node in a description"},
    {FIRST, "label", BYTES("sixteen-long-xxx\0"), "vm@0: label has more than 15 characters"},
    {FIRST, "label", BYTES("a\nb\0"), "vm@0: label has a character that cannot be printed"},
    {FIRST, "cores", NULL, REMOVE, "vm@0: the VM has no cores"},
    {FIRST, "cores", BYTES("\0\0"), "vm@0: the VM has no cores"},
    {FIRST, "cores", BYTES("\0\0\0\1\0\0\0\1"), "vm@0: cores: a core can have one vCPU only"},
    {FIRST, "cores", BYTES("\0\0\0\0\0\0\0\1"), "vm@1: cores: a core can have one vCPU only"},
    {FIRST, "cores", BYTES("\0\0\0\1\0\0\0\x08"),
     "vm@0: cores: the machine does not have that many cores"},
    {FIRST, "cores", BYTES("\0\0\0\1\xff\xff\xff\xff"),
     "vm@0: cores: the machine does not have that many cores"},
    {FIRST, "memory", NULL, REMOVE, "vm@0: memory must be a multiple of 2 MiB, and at most 64 GiB"},
    {FIRST, "memory", BYTES("\4\0\0\0"),
     "vm@0: memory must be a multiple of 2 MiB, and at most 64 GiB"},
    {FIRST, "memory", BYTES("\0\0\0\0\0\0\0\0"),
     "vm@0: memory must be a multiple of 2 MiB, and at most 64 GiB"},
    {FIRST, "memory", BYTES("\0\0\0\0\4\x10\0\0"),
     "vm@0: memory must be a multiple of 2 MiB, and at most 64 GiB"},
    {FIRST, "memory", BYTES("\xff\xff\xff\xff\xc0\0\0\0"),
     "vm@0: memory must be a multiple of 2 MiB, and at most 64 GiB"},
    {FIRST, "entry", NULL, REMOVE, "vm@0: entry is not in the VM's RAM"},
    {FIRST, "entry", BYTES("\0\0\0\0\x40\x20\0\2"), "vm@0: entry is not in the VM's RAM"},
    {FIRST, "entry", BYTES("\0\0\0\0\x44\0\0\0"), "vm@0: entry is not in the VM's RAM"},
    {FIRST, "entry", BYTES("\0\0\0\0\x3f\xff\xff\xfc"), "vm@0: entry is not in the VM's RAM"},
    {FIRST, "suspend", BYTES("ask\0"), "vm@0: suspend must be honour, refuse or control"},
    {FIRST, "control", BYTES(""), "the control VM cannot be held, or decide about itself"},
    {"/vm@1", "control", NULL, REMOVE, "a VM needs a control VM, and there is none"},
    {"/vm@1", "held", BYTES(""), "the control VM cannot be held, or decide about itself"},
    {"/vm@1", "control-interrupt", BYTES("\0\0\0\x21"),
     "vm@1: an interrupt can belong to one device only"},
    {FIRST, "enable", BYTES("system-suspend\0x\0"),
     "vm@0: enable names a function that hyp does not know"},
    {FIRST, "enable", BYTES("system-suspend"), "vm@0: enable is not text"},
    {FIRST, "psci-version", BYTES("\0\1\0\4"), "vm@0: psci-version is newer than hyp knows"},
    {FIRST, "power-states", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0"),
     "vm@0: power-states must have 1 to 8 rows of 4 cells"},
    {FIRST, "power-states", BYTES(""), "vm@0: power-states must have 1 to 8 rows of 4 cells"},
    {FIRST, "power-states", BYTES("\0\0\0\1\0\0\1\0\0\0\0\2\0\0\0\xff"),
     "vm@0: power-states: a level, local or below is out of range"},
    {FIRST, "clusters", BYTES("\0\0\0\0"), "vm@0: clusters must have a cell for each vCPU"},
    {FIRST, "clusters", BYTES("\0\0\0\1\0\0\0\1"),
     "vm@0: clusters must name the lowest vCPU of each cluster"},
    {UART, "reg", NULL, REMOVE,
     "vm@0/device@9000000: reg is not whole pages of 4 KiB below the VM's RAM"},
    {UART, "reg", BYTES("\0\0\0\0\x09\0\0\0\0\0\0\0\0\0\x08\0"),
     "vm@0/device@9000000: reg is not whole pages of 4 KiB below the VM's RAM"},
    {UART, "reg", BYTES("\0\0\0\0\x40\0\0\0\0\0\0\0\0\0\x10\0"),
     "vm@0/device@9000000: reg is not whole pages of 4 KiB below the VM's RAM"},
    {UART, "reg", BYTES("\0\0\0\0\x3f\xff\xf0\0\0\0\0\0\0\0\x20\0"),
     "vm@0/device@9000000: reg is not whole pages of 4 KiB below the VM's RAM"},
    {UART, "reg", BYTES("\0\0\0\0\x08\0\0\0\0\0\0\0\0\0\x10\0"),
     "vm@0/device@9000000: reg: another device or the GIC is there"},
    {UART, "reg", BYTES("\0\0\0\0\x08\x0c\0\0\0\0\0\0\0\0\x10\0"),
     "vm@0/device@9000000: reg: another device or the GIC is there"},
    {RTC, "reg", BYTES("\0\0\0\0\x09\0\0\0\0\0\0\0\0\0\x10\0"),
     "vm@0/device@9010000: reg: another device or the GIC is there"},
    {RTC, "reg", BYTES("\0\0\0\0\x09\1\0\0\0\0\0\0\0\0\x20\0"),
     "vm@0/device@9010000: reg of an emulated device has 4 KiB"},
    {RTC, "emulate", BYTES("pl061\0"), "vm@0/device@9010000: emulate: hyp emulates pl031 only"},
    {RTC, "interrupts", NULL, REMOVE, "vm@0/device@9010000: an emulated device has one interrupt"},
    {RTC, "interrupts", BYTES("\0\0\0\x21"),
     "vm@0/device@9010000: an interrupt can belong to one device only"},
    {UART, "interrupts", BYTES("\0\0\0\x1b"),
     "vm@0/device@9000000: an interrupt must be the INTID of an SPI, 32 to 1019"},
    {UART, "interrupts", BYTES("\0\0\3\xfc"),
     "vm@0/device@9000000: an interrupt must be the INTID of an SPI, 32 to 1019"},
    {UART, "pa", NULL, REMOVE,
     "vm@0/device@9000000: pa is not the address of a page, as a pair of cells"},
    {UART, "pa", BYTES("\0\0\0\0\x09\0\1\0"),
     "vm@0/device@9000000: pa is not the address of a page, as a pair of cells"},
    {UART, "pa", BYTES("\xff\xff\xff\xff\xff\xff\xf0\0"),
     "vm@0/device@9000000: pa is not the address of a page, as a pair of cells"},
    {UART, "pa", BYTES("\0\0\0\0\x40\0\0\0"),
     "vm@0/device@9000000: pa: this is RAM, a device that no VM may have, or one of another VM"},
    {UART, "pa", BYTES("\0\0\0\0\x08\0\0\0"),
     "vm@0/device@9000000: pa: this is RAM, a device that no VM may have, or one of another VM"},
    {UART, "pa", BYTES("\0\0\0\0\x09\4\0\0"),
     "vm@1/device@9000000: pa: this is RAM, a device that no VM may have, or one of another VM"},
    {MODULE, "offset", NULL, REMOVE,
     "vm@0/module@0: offset and size must be pairs of cells, and not 0"},
    {MODULE, "size", BYTES("\0\0\0\0\0\0\0\0"),
     "vm@0/module@0: offset and size must be pairs of cells, and not 0"},
    {MODULE, "offset", BYTES("\0\0\0\0\0\0\0\0"),
     "vm@0/module@0: offset is no multiple of 4 KiB after the description"},
    {MODULE, "offset", BYTES("\0\0\0\0\0\0\x40\1"),
     "vm@0/module@0: offset is no multiple of 4 KiB after the description"},
    {MODULE, "offset", BYTES("\xff\xff\xff\xff\xff\xff\xf0\0"),
     "vm@0/module@0: the bundle ends before this module does"},
    {MODULE, "size", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"),
     "vm@0/module@0: the bundle ends before this module does"},
    {MODULE, "load", NULL, REMOVE, "vm@0/module@0: load must be a pair of cells"},
    {MODULE, "load", BYTES("\0\0\0\0\x3f\xff\xf0\0"),
     "vm@0/module@0: load: the module is not within the VM's RAM"},
    {MODULE, "load", BYTES("\0\0\0\0\x43\xff\xf0\0"),
     "vm@0/module@0: load: the module is not within the VM's RAM"},
    {MODULE, "room", BYTES("\0\0\0\0\0\0\0\1"), "vm@0/module@0: room is less than size"},
    {MODULE, "room", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"),
     "vm@0/module@0: load: the module is not within the VM's RAM"},
    {"/vm@0/module@1", "load", BYTES("\0\0\0\0\x40\x20\x10\0"),
     "vm@0/module@1: load: another module is there"},
    {FIRST, "nothing@0", BYTES(""), "vm@0/nothing@0: there is no such node in a description"},
    {FIRST, "module@9", BYTES(""),
     "vm@0/module@9: offset and size must be pairs of cells, and not 0"},
    {UART, "device@0", BYTES(""), "vm@0/device@0: there is no such node in a description"},
    {"/vm@1/module@0", NULL, NULL, REMOVE,
     "vm@1: the VM has no module, so there is nothing to run"},
};

/* Properties have no '@' in their names here, nodes have one. */
static void spoil_bundle(const struct spoil *spoil)
{
    good_bundle(bundle);
    int node = fdt_path_offset(bundle, spoil->path);
    int error;

    assert_true(node >= 0);
    assert_int_equal(fdt_open_into(bundle, bundle, GOOD_MODULE), 0);
    if (spoil->property == NULL) {
        error = fdt_del_node(bundle, node);
    } else if (spoil->size == REMOVE) {
        error = fdt_delprop(bundle, node, spoil->property);
    } else if (strchr(spoil->property, '@') != NULL) {
        error = fdt_add_subnode(bundle, node, spoil->property) < 0;
    } else {
        error = fdt_setprop(bundle, node, spoil->property, spoil->bytes, spoil->size);
    }
    assert_int_equal(error, 0);
    assert_int_equal(fdt_pack(bundle), 0);
}

static void say_fault(char *said, size_t size)
{
    (void)snprintf(said, size, "%s%s%s%s%s", fault.vm != NULL ? fault.vm : "",
                   fault.node != NULL ? "/" : "", fault.node != NULL ? fault.node : "",
                   fault.vm != NULL ? ": " : "", fault.text);
}

static void test_bad(void **state)
{
    char said[256];

    (void)state;
    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        const struct spoil *spoil = &spoils[i];

        spoil_bundle(spoil);
        if (describe_bytes(bundle, sizeof(bundle))) {
            fail_msg("%s %s: accepted, not '%s'", spoil->path, spoil->property, spoil->said);
        }
        say_fault(said, sizeof(said));
        if (strcmp(said, spoil->said) != 0) {
            fail_msg("%s %s: '%s', not '%s'", spoil->path, spoil->property, said, spoil->said);
        }
    }
}

/* A whole number of these is too many of something. */
static void test_too_many(void **state)
{
    char name[16];

    (void)state;
    good_bundle(bundle);
    assert_int_equal(fdt_open_into(bundle, bundle, GOOD_MODULE), 0);
    for (int i = 0; i < VM_REGION_MAX; i++) {
        char reg[16] = {0, 0, 0, 0, 0x0a, 0, (char)(i << 4), 0, 0, 0, 0, 0, 0, 0, 0x10, 0};
        char pa[8] = {0, 0, 0, 0, 0x0a, 0, (char)(i << 4), 0};
        (void)snprintf(name, sizeof(name), "device@a00%d", i);
        int node = fdt_add_subnode(bundle, fdt_path_offset(bundle, "/vm@0"), name);

        assert_true(node >= 0);
        assert_int_equal(fdt_setprop(bundle, node, "reg", reg, sizeof(reg)), 0);
        assert_int_equal(fdt_setprop(bundle, node, "pa", pa, sizeof(pa)), 0);
    }
    assert_false(describe_bytes(bundle, sizeof(bundle)));
    assert_string_equal(fault.text, "the VM has too many devices");
}

static void test_no_tree(void **state)
{
    (void)state;
    memset(bundle, 0, sizeof(bundle));
    assert_false(describe_bytes(bundle, sizeof(bundle)));
    assert_string_equal(fault.text, "it does not begin with a device tree");
    good_bundle(bundle);
    assert_false(describe_bytes(bundle, 39));
    assert_false(describe_bytes(bundle, fdt_totalsize(bundle) - 1));
    assert_string_equal(fault.text, "it does not begin with a device tree");
}

/* A tree without VMs, and one that ends in the middle of them. */
static void test_half_a_tree(void **state)
{
    (void)state;
    good_bundle(bundle);
    for (uint32_t size = fdt_size_dt_struct(bundle) - 8; size > 0; size -= 4) {
        fdt_set_size_dt_struct(bundle, size);
        assert_false(describe_bytes(bundle, sizeof(bundle)));
    }
    assert_int_equal(fdt_create_empty_tree(bundle, GOOD_MODULE), 0);
    assert_int_equal(fdt_setprop_string(bundle, 0, "compatible", "dormouse,hyp-vms"), 0);
    assert_false(describe_bytes(bundle, sizeof(bundle)));
    assert_string_equal(fault.text, "it describes no VM");
}

/* What holds of every description that is accepted. */
static void check_vm(const struct vm *vm)
{
    uint64_t ram = vm->regions[0].size;

    assert_true(vm->vcpu_count >= 1 && vm->vcpu_count <= CORE_MAX);
    assert_true(ram != 0 && ram % (2 * MIB) == 0);
    assert_true(vm->entry - 0x40000000 < ram);
    assert_true(vm->region_count <= VM_REGION_MAX && vm->device_count <= VM_EMULATED_MAX);
    for (unsigned i = 1; i < vm->region_count; i++) {
        assert_true(vm->regions[i].ipa + vm->regions[i].size <= 0x40000000);
        assert_true(vm->regions[i].pa % 4096 == 0 && vm->regions[i].size % 4096 == 0);
    }
    assert_true(vm->module_count >= 1 && vm->module_count <= VM_MODULE_MAX);
    for (unsigned i = 0; i < vm->module_count; i++) {
        const struct vm_module *module = &vm->modules[i];

        assert_true(module->size <= module->room && module->room <= ram);
        assert_true(module->ipa - 0x40000000 <= ram - module->room);
        assert_true(module->pa - GOOD_BUNDLE_PA <= sizeof(bundle) - module->size);
    }
}

/* Each byte of the description in turn has another value: refused, or all that was said holds. */
static void test_each_byte(void **state)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    uint32_t size;

    (void)state;
    good_bundle(bundle);
    size = fdt_totalsize(bundle);
    for (uint32_t at = 0; at < size; at++) {
        for (size_t i = 0; i < sizeof(changes); i++) {
            bundle[at] ^= changes[i];
            if (describe_bytes(bundle, sizeof(bundle))) {
                for (unsigned k = 0; k < vm_count; k++) {
                    check_vm(&vms[k]);
                }
            }
            bundle[at] ^= changes[i];
        }
    }
    assert_true(describe_bytes(bundle, sizeof(bundle)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_too_many),    cmocka_unit_test(test_no_tree),
        cmocka_unit_test(test_half_a_tree), cmocka_unit_test(test_each_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
