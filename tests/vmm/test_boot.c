/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <libfdt.h>

#include "boot/boot.h"
#include "capture.h"
#include "kernels.h"
#include "scratch.h"

#define KIB         UINT64_C(1024)
#define MIB         (KIB * KIB)
#define RAM_BASE    UINT64_C(0x40000000)
#define RAM_SIZE    (6 * MIB)
#define KERNEL_BASE UINT64_C(0x40200000)

/* Ends in the middle of a page, at an address where no initrd may start; the next one is LOWEST. */
static const struct kernel_shape shape = {.file_size = 70001, .image_size = 100 * KIB + 1};
#define LOWEST      (KERNEL_BASE + 128 * KIB)
#define INITRD_BASE (RAM_BASE + RAM_SIZE / 2)
#define TREE_BASE   UINT64_C(0x40400000)
#define RAM_END     (RAM_BASE + RAM_SIZE)
enum { INITRD_SIZE = 50001, PSCI_1_1 = 0x10001 };

static struct config config;
static struct instances devices;
static struct memory memory;
static struct blob kernel;
static struct blob initrd;
static char said[1024];
static uint64_t tree_base; /* where load() found the tree */

static int setup(void **state)
{
    if (scratch_enter(state) || memory_create(&memory, ipa(RAM_BASE), RAM_SIZE)) {
        return -1;
    }
    kernel = kernel_image(&shape);
    blob_write(&kernel, "kernel");
    initrd = (struct blob){malloc(INITRD_SIZE), INITRD_SIZE};
    assert_non_null(initrd.bytes);
    memset(initrd.bytes, 0xc3, initrd.size);
    blob_write(&initrd, "initrd");
    config_init(&config);
    devices = (struct instances){0};
    instances_add_fixed(&devices);
    config.name = "tester";
    config.kernel = "kernel";
    config.initrd = "initrd";
    config.append = "scenario=1";
    config.memory_size = RAM_SIZE;
    config.cpu_count = 3;
    return 0;
}

static int teardown(void **state)
{
    memory_destroy(&memory);
    blob_free(&kernel);
    blob_free(&initrd);
    return scratch_leave(state);
}

static struct boot *open_boot(void)
{
    struct capture capture;
    struct boot *boot;

    capture_begin(&capture, STDERR_FILENO);
    boot = boot_open(&config, &devices);
    capture_end(&capture, said, sizeof(said));
    return boot;
}

static int load(struct boot *boot, struct boot_entry *entry)
{
    struct capture capture;
    int error;

    capture_begin(&capture, STDERR_FILENO);
    error = boot_load(boot, &memory, config.cpu_count, PSCI_1_1, entry);
    capture_end(&capture, said, sizeof(said));
    tree_base = error == 0 ? entry->x0 : 0;
    return error;
}

static void assert_refused(const char *line)
{
    assert_null(open_boot());
    assert_string_equal(said, line);
}

static void assert_not_loaded(const char *line)
{
    struct boot *boot = open_boot();
    struct boot_entry entry;

    assert_non_null(boot);
    assert_true(load(boot, &entry) < 0);
    assert_string_equal(said, line);
    boot_close(boot);
}

static struct boot *open_and_load(void)
{
    struct boot *boot = open_boot();
    struct boot_entry entry;

    assert_non_null(boot);
    assert_int_equal(load(boot, &entry), 0);
    assert_string_equal(said, "");
    assert_int_equal(entry.pc.value, KERNEL_BASE);
    return boot;
}

static uint8_t *ram(uint64_t address, uint64_t size)
{
    uint8_t *host = memory_at(&memory, ipa(address), size);

    assert_non_null(host);
    return host;
}

/* Returns the tree in guest memory. */
static const void *tree(void)
{
    const void *host = ram(tree_base, 4096);

    assert_int_equal(fdt_check_header(host), 0);
    return host;
}

static const void *chosen(const void *fdt, const char *name)
{
    return fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), name, NULL);
}

static uint64_t chosen_u64(const void *fdt, const char *name)
{
    const fdt64_t *value = chosen(fdt, name);

    assert_non_null(value);
    return fdt64_ld(value);
}

static void assert_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(bytes[i], 0);
    }
}

static void assert_pristine(void)
{
    uint64_t bss = KERNEL_BASE + shape.file_size;

    assert_memory_equal(ram(KERNEL_BASE, kernel.size), kernel.bytes, kernel.size);
    assert_zero(ram(bss, shape.image_size - shape.file_size), shape.image_size - shape.file_size);
    assert_memory_equal(ram(INITRD_BASE, initrd.size), initrd.bytes, initrd.size);
    assert_int_equal(fdt_check_full(tree(), fdt_totalsize(tree())), 0);
}

static void everything_is_where_the_map_says(void **state)
{
    (void)state;
    boot_close(open_and_load());
    assert_pristine();
    assert_int_equal(tree_base, TREE_BASE);
    assert_int_equal(chosen_u64(tree(), "linux,initrd-start"), INITRD_BASE);
    assert_int_equal(chosen_u64(tree(), "linux,initrd-end"), INITRD_BASE + INITRD_SIZE);
    assert_string_equal(chosen(tree(), "bootargs"), "scenario=1");
    assert_string_equal(fdt_getprop(tree(), 0, "serial-number", NULL), "tester");
    assert_true(fdt_path_offset(tree(), "/cpus/cpu@2") > 0);
    assert_true(fdt_path_offset(tree(), "/cpus/cpu@3") < 0);
}

static void an_initrd_is_not_needed(void **state)
{
    (void)state;
    config.initrd = NULL;
    boot_close(open_and_load());
    assert_null(chosen(tree(), "linux,initrd-start"));
    assert_null(chosen(tree(), "linux,initrd-end"));
    assert_zero(ram(INITRD_BASE, INITRD_SIZE), INITRD_SIZE);
}

static void a_text_offset_moves_the_entry(void **state)
{
    struct kernel_shape moved = shape;
    struct blob other;
    struct boot_entry entry;
    struct boot *boot;

    (void)state;
    moved.text_offset = 0x80000;
    other = kernel_image(&moved);
    blob_write(&other, "kernel");
    boot = open_boot();
    assert_non_null(boot);
    assert_int_equal(load(boot, &entry), 0);
    assert_int_equal(entry.pc.value, KERNEL_BASE + 0x80000);
    assert_int_equal(chosen_u64(tree(), "linux,initrd-start"), INITRD_BASE);
    boot_close(boot);
    blob_free(&other);
}

/* Checks that there is a seed, and that it differs from the one before. */
static void every_boot_has_new_seeds(void **state)
{
    const char *names[] = {"kaslr-seed", "rng-seed"};
    uint8_t first[2][8];
    struct boot *boot = open_and_load();
    struct boot_entry entry;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        memcpy(first[i], chosen(tree(), names[i]), sizeof(first[i]));
    }
    assert_memory_not_equal(first[0], first[1], sizeof(first[0]));
    assert_int_equal(load(boot, &entry), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_memory_not_equal(first[i], chosen(tree(), names[i]), sizeof(first[i]));
    }
    boot_close(boot);
}

static void a_reboot_undoes_what_the_guest_did_to_its_files(void **state)
{
    struct boot *boot = open_and_load();
    struct boot_entry entry;
    uint32_t tree_size = fdt_totalsize(tree());

    (void)state;
    memset(ram(tree_base, tree_size), 0xee, tree_size);
    memset(ram(KERNEL_BASE, shape.image_size), 0xee, shape.image_size);
    memset(ram(INITRD_BASE, INITRD_SIZE), 0xee, INITRD_SIZE);
    assert_int_equal(load(boot, &entry), 0);
    assert_pristine();
    boot_close(boot);
}

/* A warm reset must keep all of RAM that kernel, initrd and tree do not use. */
static void a_reboot_keeps_the_rest_of_memory(void **state)
{
    struct boot *boot = open_and_load();
    struct boot_entry entry;
    const uint64_t initrd_end = (INITRD_BASE + INITRD_SIZE + 4095) & ~UINT64_C(4095);
    const struct {
        uint64_t start;
        uint64_t end;
    } kept[] = {
        {RAM_BASE, KERNEL_BASE},
        {KERNEL_BASE + shape.image_size, INITRD_BASE},
        {initrd_end, TREE_BASE},
        {TREE_BASE + fdt_totalsize(tree()), RAM_END},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        memset(ram(kept[i].start, 1), 0x77, kept[i].end - kept[i].start);
    }
    assert_int_equal(load(boot, &entry), 0);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        const uint8_t *bytes = ram(kept[i].start, 1);

        for (uint64_t j = 0; j < kept[i].end - kept[i].start; j++) {
            assert_int_equal(bytes[j], 0x77);
        }
    }
    assert_pristine();
    boot_close(boot);
}

static void a_cold_reboot_starts_from_nothing(void **state)
{
    struct boot *boot = open_and_load();
    struct boot_entry entry;

    (void)state;
    memset(memory.host, 0xee, RAM_SIZE);
    assert_int_equal(memory_clear(&memory), 0);
    assert_int_equal(load(boot, &entry), 0);
    assert_pristine();
    assert_zero(ram(RAM_BASE + RAM_SIZE - MIB, MIB), MIB);
    boot_close(boot);
}

static void a_file_that_cannot_be_opened_is_named(void **state)
{
    (void)state;
    config.kernel = "absent";
    assert_refused("dormouse: cannot open kernel image absent: No such file or directory\n");
    config.kernel = "initrd";
    assert_refused("dormouse: initrd: not an arm64 kernel (Image, Image.gz, EFI zboot, UKI or "
                   "ELF); a raw binary needs --kernel-at\n");
    config.kernel = "kernel";
    config.initrd = "absent";
    assert_refused("dormouse: cannot open initrd absent: No such file or directory\n");
    config.initrd = ".";
    assert_refused("dormouse: cannot open initrd .: Not a regular file\n");
    config.initrd = "/dev/null";
    assert_refused("dormouse: cannot open initrd /dev/null: Not a regular file\n");
    scratch_write("empty", "", 0);
    config.initrd = "empty";
    assert_refused("dormouse: initrd empty is empty\n");
}

/* For a restored guest nothing prepares the kernel, until it boots. */
static void a_kernel_is_checked_at_the_first_boot_at_the_latest(void **state)
{
    static const char words[] = "Xen version %d.%d%s (%s";

    (void)state;
    memcpy(kernel.bytes + kernel.size - sizeof(words), words, sizeof(words) - 1);
    blob_write(&kernel, "kernel");
    assert_not_loaded("dormouse: kernel: this is Xen, a hypervisor, which needs EL2; a guest has "
                      "EL1 only\n");
}

static void an_initrd_that_leaves_no_room_moves_down_to_the_kernel(void **state)
{
    const struct {
        uint64_t size;
        uint64_t start;
        uint64_t tree;
    } rows[] = {
        {MIB, INITRD_BASE, TREE_BASE},           {MIB + 1, LOWEST, TREE_BASE},
        {TREE_BASE - LOWEST, LOWEST, TREE_BASE}, {TREE_BASE - LOWEST + 1, LOWEST, RAM_BASE},
        {RAM_END - LOWEST, LOWEST, RAM_BASE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(truncate("initrd", (off_t)rows[i].size), 0);
        boot_close(open_and_load());
        assert_int_equal(chosen_u64(tree(), "linux,initrd-start"), rows[i].start);
        assert_int_equal(chosen_u64(tree(), "linux,initrd-end"), rows[i].start + rows[i].size);
        assert_int_equal(tree_base, rows[i].tree);
    }
}

static void an_initrd_larger_than_memory_is_refused(void **state)
{
    (void)state;
    assert_int_equal(truncate("initrd", (off_t)(RAM_END - LOWEST + 1)), 0);
    assert_not_loaded("dormouse: initrd: initrd needs 4 MiB at 0x40220000, guest memory has 3 MiB "
                      "there; give more with --memory\n");
    assert_int_equal(truncate("initrd", (off_t)1 << 42), 0);
    assert_not_loaded("dormouse: initrd: initrd needs 4194304 MiB at 0x40220000, guest memory has "
                      "3 MiB there; give more with --memory\n");
}

static void an_initrd_that_shrinks_meanwhile_is_reported(void **state)
{
    struct boot *boot = open_boot();
    struct boot_entry entry;

    (void)state;
    assert_non_null(boot);
    assert_int_equal(truncate("initrd", 10), 0);
    assert_true(load(boot, &entry) < 0);
    assert_string_equal(said, "dormouse: initrd: has shrunk below its 50001 bytes since it "
                              "was opened\n");
    boot_close(boot);
}

static void a_kernel_that_fills_memory_leaves_no_room_for_an_initrd(void **state)
{
    const struct kernel_shape whole = {.file_size = 70001, .image_size = RAM_SIZE - 2 * MIB};
    struct blob other = kernel_image(&whole);

    (void)state;
    blob_write(&other, "kernel");
    assert_not_loaded("dormouse: initrd: initrd needs 1 MiB at 0x40600000, guest memory has 0 MiB "
                      "there; give more with --memory\n");
    blob_free(&other);
}

static void a_kernel_that_fills_memory_has_the_tree_below_it(void **state)
{
    const struct kernel_shape whole = {.file_size = 70001, .image_size = RAM_SIZE - 2 * MIB};
    struct blob other = kernel_image(&whole);

    (void)state;
    blob_write(&other, "kernel");
    config.initrd = NULL;
    boot_close(open_and_load());
    assert_int_equal(tree_base, RAM_BASE);
    assert_string_equal(chosen(tree(), "bootargs"), "scenario=1");
    blob_free(&other);
}

/* QEMU puts the initrd at 128 MiB and the tree above it. */
static void in_large_memory_all_is_where_qemu_has_it(void **state)
{
    (void)state;
    memory_destroy(&memory);
    config.memory_size = 512 * MIB;
    assert_int_equal(memory_create(&memory, ipa(RAM_BASE), config.memory_size), 0);
    boot_close(open_and_load());
    assert_int_equal(chosen_u64(tree(), "linux,initrd-start"), RAM_BASE + 128 * MIB);
    assert_int_equal(tree_base, RAM_BASE + 130 * MIB);
    config.initrd = NULL;
    boot_close(open_and_load());
    assert_int_equal(tree_base, RAM_BASE + 128 * MIB);
}

/* A UKI with a kernel, `initrd` and a command line. */
static void write_uki(void)
{
    const struct kernel_section sections[] = {
        {".cmdline", "of the UKI\n", 11},
        {".initrd", "initrd of the UKI", 17},
        {".linux", kernel.bytes, kernel.size},
    };
    struct blob uki = kernel_pe(sections, 3);

    blob_write(&uki, "kernel");
    blob_free(&uki);
}

static void a_uki_brings_initrd_and_command_line(void **state)
{
    (void)state;
    write_uki();
    config.initrd = NULL;
    config.append = NULL;
    struct boot *boot = open_and_load();
    for (int i = 0; i < 2; i++) {
        struct boot_entry entry;

        assert_string_equal(chosen(tree(), "bootargs"), "of the UKI");
        assert_int_equal(chosen_u64(tree(), "linux,initrd-start"), INITRD_BASE);
        assert_int_equal(chosen_u64(tree(), "linux,initrd-end"), INITRD_BASE + 17);
        assert_memory_equal(ram(INITRD_BASE, 17), "initrd of the UKI", 17);
        assert_memory_equal(ram(KERNEL_BASE, kernel.size), kernel.bytes, kernel.size);
        memset(memory.host, 0xee, RAM_SIZE);
        assert_int_equal(load(boot, &entry), 0);
    }
    boot_close(boot);
}

static void the_operators_initrd_and_command_line_replace_those_of_a_uki(void **state)
{
    (void)state;
    write_uki();
    boot_close(open_and_load());
    assert_string_equal(chosen(tree(), "bootargs"), "scenario=1");
    assert_pristine();
    config.append = "";
    boot_close(open_and_load());
    assert_string_equal(chosen(tree(), "bootargs"), "");
}

static void a_raw_binary_goes_to_its_offset(void **state)
{
    static const uint64_t offsets[] = {0, 0x80000, 4, RAM_SIZE - UINT64_C(50001) / 4 * 4 - 4};

    (void)state;
    config.kernel = "initrd"; /* any bytes */
    config.initrd = NULL;
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        struct boot_entry entry;

        config.kernel_at = offsets[i];
        struct boot *boot = open_boot();
        assert_non_null(boot);
        assert_int_equal(boot_prepare(boot), 0);
        assert_int_equal(load(boot, &entry), 0);
        assert_int_equal(entry.pc.value, RAM_BASE + offsets[i]);
        assert_memory_equal(ram(entry.pc.value, INITRD_SIZE), initrd.bytes, INITRD_SIZE);
        assert_int_equal(tree_base, i < 3 ? TREE_BASE : RAM_BASE);
        assert_string_equal(chosen(tree(), "bootargs"), "scenario=1");
        boot_close(boot);
    }
}

/* What a raw binary uses after its last byte is not known. */
static void a_raw_binary_has_room_behind_it(void **state)
{
    struct boot_entry entry;

    (void)state;
    memory_destroy(&memory);
    config.memory_size = 512 * MIB;
    assert_int_equal(memory_create(&memory, ipa(RAM_BASE), config.memory_size), 0);
    config.kernel_at = 256 * MIB;
    struct boot *boot = open_boot();
    assert_non_null(boot);
    assert_int_equal(load(boot, &entry), 0);
    assert_int_equal(chosen_u64(tree(), "linux,initrd-start"), RAM_BASE + 320 * MIB + 128 * KIB);
    assert_int_equal(tree_base, RAM_BASE + 322 * MIB);
    boot_close(boot);
}

static void a_raw_binary_beyond_memory_is_refused(void **state)
{
    (void)state;
    config.kernel = "initrd";
    config.initrd = NULL;
    config.kernel_at = RAM_SIZE - 50000;
    assert_not_loaded("dormouse: initrd: kernel needs 1 MiB at 0x405f3cb0, guest memory has 0 MiB "
                      "there; give more "
                      "with --memory\n");
    config.kernel_at = RAM_SIZE;
    assert_not_loaded("dormouse: initrd: kernel needs 1 MiB at 0x40600000, guest memory has 0 MiB "
                      "there; give more "
                      "with --memory\n");
    scratch_write("empty", "", 0);
    config.kernel = "empty";
    assert_refused("dormouse: kernel image empty is empty\n");
}

/* As QEMU has it: an ELF file finds the tree at the start of RAM, if it leaves room there. */
static void an_elf_file_has_the_tree_below_it_if_there_is_room(void **state)
{
    static const struct {
        uint64_t address;
        uint64_t size;
        uint64_t tree;
    } rows[] = {
        {RAM_BASE, 4096, TREE_BASE},          {RAM_BASE + 256, 4096, TREE_BASE},
        {RAM_BASE + 0x10000, 4096, RAM_BASE}, {RAM_BASE + 0x10000, RAM_SIZE - 0x10000, RAM_BASE},
        {RAM_BASE, 4 * MIB, TREE_BASE},
    };

    (void)state;
    config.initrd = NULL;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kernel_segment segment = {rows[i].address, rows[i].address, "code", 4,
                                               rows[i].size};
        struct blob elf = kernel_elf(&segment, 1, rows[i].address);
        struct boot_entry entry;

        blob_write(&elf, "kernel");
        blob_free(&elf);
        struct boot *boot = open_boot();
        assert_non_null(boot);
        assert_int_equal(load(boot, &entry), 0);
        assert_int_equal(entry.pc.value, rows[i].address);
        assert_int_equal(tree_base, rows[i].tree);
        boot_close(boot);
    }
}

static void an_elf_file_that_leaves_no_room_for_the_tree_is_refused(void **state)
{
    const struct kernel_segment segment = {RAM_BASE, RAM_BASE, "code", 4, RAM_SIZE};
    struct blob elf = kernel_elf(&segment, 1, RAM_BASE);

    (void)state;
    blob_write(&elf, "kernel");
    blob_free(&elf);
    config.initrd = NULL;
    assert_not_loaded("dormouse: guest memory has no room for the device tree, neither above nor "
                      "below the kernel; "
                      "give more with --memory\n");
}

static void a_command_line_beyond_all_bounds_is_refused(void **state)
{
    char *append = malloc(3 * MIB + 1);

    (void)state;
    assert_non_null(append);
    memset(append, 'x', 3 * MIB);
    append[3 * MIB] = '\0';
    config.append = append;
    assert_not_loaded("dormouse: the device tree does not fit in its 2 MiB; give a shorter "
                      "--append\n");
    free(append);
}

static void the_largest_machine_has_a_tree_that_fits(void **state)
{
    (void)state;
    config.cpu_count = 512;
    boot_close(open_and_load());
    assert_true(fdt_path_offset(tree(), "/cpus/cpu@1f0f") > 0);
}

static void the_tree_names_the_devices_that_boot_was_given(void **state)
{
    (void)state;
    assert_int_equal(instances_add(&devices, device_class_find("pl031"), ipa(0x0a000000), 40), 0);
    boot_close(open_and_load());
    assert_true(fdt_path_offset(tree(), "/pl031@9010000") > 0);
    assert_true(fdt_path_offset(tree(), "/pl031@a000000") > 0);
}

static int dump(const char *path)
{
    struct capture capture;
    int error;

    capture_begin(&capture, STDERR_FILENO);
    error = boot_write_dtb(&config, &devices, path);
    capture_end(&capture, said, sizeof(said));
    return error;
}

/* Reads a file that contains a tree. */
static struct blob read_tree(const char *path)
{
    struct blob blob = {malloc(MIB), 0};
    FILE *file = scratch_open(path, "re");

    assert_non_null(blob.bytes);
    blob.size = fread(blob.bytes, 1, MIB, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(fdt_check_full(blob.bytes, blob.size), 0);
    assert_int_equal(fdt_totalsize(blob.bytes), blob.size);
    return blob;
}

static void a_dumped_tree_is_the_guests_own_but_for_the_seeds(void **state)
{
    struct blob dumped;

    (void)state;
    assert_int_equal(dump("tree"), 0);
    assert_string_equal(said, "");
    dumped = read_tree("tree");
    assert_null(chosen(dumped.bytes, "kaslr-seed"));
    assert_null(chosen(dumped.bytes, "rng-seed"));
    assert_string_equal(chosen(dumped.bytes, "bootargs"), "scenario=1");
    assert_int_equal(chosen_u64(dumped.bytes, "linux,initrd-start"), INITRD_BASE);
    assert_int_equal(chosen_u64(dumped.bytes, "linux,initrd-end"), INITRD_BASE + INITRD_SIZE);
    assert_true(fdt_path_offset(dumped.bytes, "/cpus/cpu@2") > 0);
    assert_int_equal(fdt_node_offset_by_compatible(dumped.bytes, -1, "arm,psci-1.0"),
                     fdt_path_offset(dumped.bytes, "/psci"));
    blob_free(&dumped);
}

static void a_dumped_tree_has_the_version_that_was_asked_for(void **state)
{
    struct blob dumped;

    (void)state;
    config.psci_version = 2;
    assert_int_equal(dump("tree"), 0);
    dumped = read_tree("tree");
    assert_true(fdt_node_offset_by_compatible(dumped.bytes, -1, "arm,psci-1.0") < 0);
    blob_free(&dumped);
}

static void dumping_twice_gives_the_same_bytes(void **state)
{
    struct blob first;
    struct blob second;

    (void)state;
    assert_int_equal(dump("first"), 0);
    assert_int_equal(dump("second"), 0);
    first = read_tree("first");
    second = read_tree("second");
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.bytes, second.bytes, first.size);
    blob_free(&first);
    blob_free(&second);
}

/* As for other programs, "-" is no file. */
static void a_dump_to_a_dash_goes_to_standard_output(void **state)
{
    struct capture capture;
    char tree[4] = "";

    (void)state;
    capture_begin(&capture, STDOUT_FILENO);
    int error = dump("-");
    capture_end(&capture, tree, sizeof(tree));
    assert_int_equal(error, 0);
    assert_memory_equal(tree, "\xd0\x0d\xfe", 3); /* the magic number, cut to the room here */
    assert_int_equal(access("-", F_OK), -1);
}

static void a_dump_replaces_a_file_and_leaves_no_other(void **state)
{
    struct blob dumped;
    size_t before;

    (void)state;
    scratch_write("tree", "old", 3);
    before = scratch_entry_count();
    assert_int_equal(dump("tree"), 0);
    dumped = read_tree("tree");
    assert_int_equal(scratch_entry_count(), before);
    blob_free(&dumped);
}

/* A limit on the size of files acts like a full disk, with another errno. */
static void a_dump_that_fails_leaves_the_old_file(void **state)
{
    char old[4] = "";
    size_t before;
    int fd;

    (void)state;
    scratch_write("tree", "old", 3);
    before = scratch_entry_count();
    scratch_limit_files(100);
    assert_int_equal(dump("tree"), -EFBIG);
    scratch_limit_files(RLIM_INFINITY);
    assert_string_equal(said, "dormouse: cannot write device tree tree: File too large\n");
    assert_int_equal(scratch_entry_count(), before);
    fd = open("tree", O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, old, sizeof(old)), 3);
    assert_string_equal(old, "old");
    close(fd);
}

static void a_dump_follows_a_link(void **state)
{
    struct blob dumped;
    struct stat info;

    (void)state;
    scratch_write("target", "longer than any tree could be, were it not so short", 51);
    assert_int_equal(truncate("target", 100000), 0);
    assert_int_equal(symlink("target", "link"), 0);
    assert_int_equal(dump("link"), 0);
    assert_int_equal(lstat("link", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    dumped = read_tree("target");
    blob_free(&dumped);
}

static void a_dump_goes_into_a_pipe(void **state)
{
    uint8_t header[40];
    int ends[2];
    char path[64];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    (void)snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
    assert_int_equal(dump(path), 0);
    assert_int_equal(read(ends[0], header, sizeof(header)), sizeof(header));
    assert_int_equal(fdt_magic(header), FDT_MAGIC);
    close(ends[0]);
    close(ends[1]);
}

static void a_dump_that_cannot_be_is_reported(void **state)
{
    (void)state;
    assert_int_equal(dump("absent/tree"), -ENOENT);
    assert_string_equal(
        said, "dormouse: cannot write device tree absent/tree: No such file or directory\n");
    assert_int_equal(dump("."), -EISDIR);
    assert_string_equal(said, "dormouse: cannot write device tree .: Is a directory\n");
    assert_int_equal(dump("/dev/full"), -ENOSPC);
    assert_string_equal(said,
                        "dormouse: cannot write device tree /dev/full: No space left on device\n");
    config.memory_size = 4096;
    assert_true(dump("tree") < 0);
    assert_string_equal(said,
                        "dormouse: kernel: kernel needs 1 MiB at 0x40200000, guest memory has "
                        "0 MiB there; give more with --memory\n");
    config.memory_size = UINT64_C(1) << 60;
    assert_true(dump("tree") < 0);
    assert_string_equal(said, "dormouse: cannot reserve 1099511627776 MiB of guest memory: Cannot "
                              "allocate memory\n");
    config.kernel = "absent";
    assert_true(dump("tree") < 0);
    assert_string_equal(said,
                        "dormouse: cannot open kernel image absent: No such file or directory\n");
    config.kernel = "";
    assert_true(dump("tree") < 0);
    assert_string_equal(said, "dormouse: cannot open kernel image '': No such file or directory\n");
    assert_int_equal(access("tree", F_OK), -1);
}

static void firmware_gets_a_tree_at_the_start_of_memory_and_no_kernel(void **state)
{
    struct boot_entry entry;

    (void)state;
    config.kernel = NULL;
    config.initrd = NULL;
    config.append = NULL;
    config.firmware = "auto";
    struct boot *boot = open_boot();
    assert_non_null(boot);
    assert_int_equal(boot_prepare(boot), 0);
    assert_int_equal(load(boot, &entry), 0);
    assert_int_equal(entry.pc.value, 0);
    assert_int_equal(entry.x0, RAM_BASE);
    const uint8_t *tree = ram(RAM_BASE, MIB);
    assert_int_equal(fdt_check_header(tree), 0);
    assert_true(fdt_path_offset(tree, "/rtc@9ff0000") > 0);
    assert_int_equal(*ram(KERNEL_BASE, 1), 0);
    boot_close(boot);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_is_where_the_map_says),
        TEST(an_initrd_is_not_needed),
        TEST(a_text_offset_moves_the_entry),
        TEST(every_boot_has_new_seeds),
        TEST(a_reboot_undoes_what_the_guest_did_to_its_files),
        TEST(a_reboot_keeps_the_rest_of_memory),
        TEST(a_cold_reboot_starts_from_nothing),
        TEST(a_file_that_cannot_be_opened_is_named),
        TEST(a_kernel_is_checked_at_the_first_boot_at_the_latest),
        TEST(an_initrd_that_leaves_no_room_moves_down_to_the_kernel),
        TEST(an_initrd_larger_than_memory_is_refused),
        TEST(an_initrd_that_shrinks_meanwhile_is_reported),
        TEST(a_kernel_that_fills_memory_leaves_no_room_for_an_initrd),
        TEST(a_kernel_that_fills_memory_has_the_tree_below_it),
        TEST(in_large_memory_all_is_where_qemu_has_it),
        TEST(a_uki_brings_initrd_and_command_line),
        TEST(the_operators_initrd_and_command_line_replace_those_of_a_uki),
        TEST(a_raw_binary_goes_to_its_offset),
        TEST(a_raw_binary_has_room_behind_it),
        TEST(a_raw_binary_beyond_memory_is_refused),
        TEST(an_elf_file_has_the_tree_below_it_if_there_is_room),
        TEST(an_elf_file_that_leaves_no_room_for_the_tree_is_refused),
        TEST(a_command_line_beyond_all_bounds_is_refused),
        TEST(the_largest_machine_has_a_tree_that_fits),
        TEST(the_tree_names_the_devices_that_boot_was_given),
        TEST(firmware_gets_a_tree_at_the_start_of_memory_and_no_kernel),
        TEST(a_dumped_tree_is_the_guests_own_but_for_the_seeds),
        TEST(a_dumped_tree_has_the_version_that_was_asked_for),
        TEST(dumping_twice_gives_the_same_bytes),
        TEST(a_dump_to_a_dash_goes_to_standard_output),
        TEST(a_dump_replaces_a_file_and_leaves_no_other),
        TEST(a_dump_that_fails_leaves_the_old_file),
        TEST(a_dump_follows_a_link),
        TEST(a_dump_goes_into_a_pipe),
        TEST(a_dump_that_cannot_be_is_reported),
    };

    /* A write beyond the limit on file sizes must fail, not end the test. */
    (void)signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
