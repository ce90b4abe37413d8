/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/boot.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"
#include "boot/fdt.h"
#include "boot/image.h"
#include "boot/layout.h"
#include "boot/source.h"
#include "core/map.h"
#include "dev/instances.h"
#include "psci/idle.h"
#include "vpsci/abi.h"

#define MIB (UINT64_C(1) << 20)

/* What --dump-dtb shows if KVM is to choose the version: every KVM that can suspend has it. */
enum { PSCI_VERSION_SHOWN = VPSCI_VERSION_1_1 };

struct boot_initrd {
    int fd;
    bool own; /* not the kernel's file, of which a UKI has it in a section */
    const char *path;
    struct image_part part; /* size 0: no initrd */
};

struct boot {
    const struct config *config;
    struct image *image;
    struct boot_initrd initrd;
    struct idle_plan idle;
    const struct instances *devices;
    bool prepared;
};

static struct ipa boot_kernel_base(void)
{
    return ipa(MAP_RAM_BASE + MAP_KERNEL_OFFSET);
}

/* The operator's initrd replaces that of a UKI. */
static int boot_open_initrd(struct boot *boot)
{
    struct boot_initrd *initrd = &boot->initrd;
    const struct config *config = boot->config;

    if (config->initrd == NULL) {
        initrd->path = config->kernel;
        initrd->part = image_initrd(boot->image, &initrd->fd);
        return 0;
    }
    initrd->path = config->initrd;
    initrd->fd = source_open(initrd->path, "initrd", config->memory_size, &initrd->part.size);
    initrd->own = initrd->fd >= 0;
    if (initrd->fd < 0) {
        return initrd->fd;
    }
    if (initrd->part.size == 0) {
        report("initrd %s is empty", initrd->path);
        return -EINVAL;
    }
    return 0;
}

static struct image *boot_open_image(const struct config *config)
{
    return config->kernel_at != CONFIG_KERNEL_AT_NONE
               ? image_open_raw(config->kernel, config->memory_size, config->kernel_at)
               : image_open(config->kernel, config->memory_size);
}

/* Firmware finds a kernel by itself. */
static int boot_open_kernel(struct boot *boot)
{
    if (boot->config->firmware != NULL) {
        return 0;
    }
    boot->image = boot_open_image(boot->config);
    return boot->image != NULL ? boot_open_initrd(boot) : -EINVAL;
}

struct boot *boot_open(const struct config *config, const struct instances *devices)
{
    struct boot *boot = malloc(sizeof(*boot));

    if (boot == NULL) {
        report("cannot open the guest's files: %s", strerror(ENOMEM));
        return NULL;
    }
    *boot = (struct boot){.config = config, .devices = devices};
    idle_plan(&boot->idle, config->idle, config->clusters, config->cpu_count);
    if (boot_open_kernel(boot) != 0) {
        boot_close(boot);
        return NULL;
    }
    return boot;
}

int boot_prepare(struct boot *boot)
{
    /* image_unpack() needs only its bounds. */
    const struct memory memory = {.base = ipa(MAP_RAM_BASE), .size = boot->config->memory_size};

    if (boot->image == NULL || boot->prepared) {
        return 0;
    }
    int error = image_unpack(boot->image, &memory, boot_kernel_base());
    if (error == 0) {
        error = image_check_payload(boot->image);
    }
    boot->prepared = error == 0;
    return error;
}

void boot_close(struct boot *boot)
{
    if (boot == NULL) {
        return;
    }
    image_close(boot->image);
    if (boot->initrd.own) {
        close(boot->initrd.fd);
    }
    free(boot);
}

static int boot_find_initrd_place(const struct boot *boot, const struct memory *memory,
                                  struct layout *layout)
{
    const struct boot_initrd *initrd = &boot->initrd;

    if (layout_place_initrd(layout, memory, initrd->part.size)) {
        return 0;
    }
    report("%s: initrd needs %" PRIu64 " MiB at 0x%" PRIx64 ", guest memory has %" PRIu64
           " MiB there; give more with --memory",
           initrd->path, (initrd->part.size + MIB - 1) / MIB, layout->initrd.value,
           memory_room(memory, layout->initrd) / MIB);
    return -ENOMEM;
}

static int boot_load_initrd(const struct boot *boot, struct memory *memory, struct ipa start)
{
    const struct boot_initrd *initrd = &boot->initrd;

    if (initrd->part.size == 0) {
        return 0;
    }
    int error = source_load(memory, start, initrd->fd, initrd->part.offset, initrd->part.size);
    if (error == -ENODATA) {
        report("%s: has shrunk below its %" PRIu64 " bytes since it was opened", initrd->path,
               initrd->part.size);
    } else if (error != 0) {
        report("cannot map initrd %s: %s", initrd->path, strerror(-error));
    }
    return error;
}

/* `fdt_error` is an -FDT_ERR_*, or 0 if memory ran out. Returns -errno. */
static int boot_report_no_tree(int fdt_error)
{
    if (fdt_error == 0) {
        report("cannot create the device tree: %s", strerror(ENOMEM));
        return -ENOMEM;
    }
    if (fdt_error == -FDT_ERR_NOSPACE) {
        report("the device tree does not fit in its %" PRIu64 " MiB; give a shorter --append",
               MAP_DTB_SIZE / MIB);
        return -E2BIG;
    }
    report("cannot create the device tree: %s", fdt_strerror(fdt_error));
    return -EINVAL;
}

/*
 * Builds the tree in a buffer of its own, doubled until it is large enough: libfdt clears the whole
 * buffer, and clearing one for the largest possible tree takes longer than the rest. Returns the
 * buffer, or NULL with the error in *size.
 */
static void *boot_build_tree(const struct fdt_input *input, int *size)
{
    *size = -FDT_ERR_NOSPACE;
    for (size_t room = 8192; room <= MAP_DTB_SIZE && *size == -FDT_ERR_NOSPACE; room *= 2) {
        void *buffer = malloc(room);

        *size = buffer != NULL ? fdt_build(input, buffer, room) : 0;
        if (*size > 0) {
            return buffer;
        }
        free(buffer);
    }
    return NULL;
}

/* The seeds are the guest's secret: they must not appear in a core file of this process. */
static void boot_free_tree(void *tree, int size)
{
    explicit_bzero(tree, (size_t)size);
    free(tree);
}

/* Decides where everything goes. Reads no file, except a kernel whose header names no size. */
static int boot_plan(const struct boot *boot, const struct memory *memory, struct layout *layout)
{
    if (boot->image == NULL) {
        return 0;
    }
    int error = image_find_place(boot->image, memory, boot_kernel_base(), &layout->kernel);

    return error != 0 ? error : boot_find_initrd_place(boot, memory, layout);
}

/* Firmware expects the tree at the start of RAM. */
static bool boot_place_tree(const struct boot *boot, const struct memory *memory,
                            struct layout *layout, uint64_t size)
{
    if (boot->image == NULL) {
        layout->tree = ipa(MAP_RAM_BASE);
        return memory_contains(memory, layout->tree, size);
    }
    return layout_place_tree(layout, memory, boot->initrd.part.size, size);
}

/* The operator's command line replaces that of a UKI, as with systemd-stub. */
static const char *boot_command_line(const struct boot *boot)
{
    if (boot->config->append != NULL || boot->image == NULL) {
        return boot->config->append;
    }
    return image_command_line(boot->image);
}

/* Makes the tree for that layout and decides where it goes. Returns NULL after report()ing. */
static void *boot_make_tree(const struct boot *boot, const struct memory *memory,
                            struct layout *layout, struct fdt_input *input, int *size)
{
    input->idle = &boot->idle;
    input->devices = boot->devices;
    input->firmware = boot->config->firmware != NULL;
    input->name = boot->config->name;
    input->append = boot_command_line(boot);
    input->memory_size = boot->config->memory_size;
    input->initrd = layout->initrd;
    input->initrd_size = boot->initrd.part.size;

    void *tree = boot_build_tree(input, size);
    if (tree == NULL) {
        boot_report_no_tree(*size);
        return NULL;
    }
    if (!boot_place_tree(boot, memory, layout, (uint64_t)*size)) {
        report("guest memory has no room for the device tree, neither above nor below the kernel; "
               "give more with --memory");
        boot_free_tree(tree, *size);
        return NULL;
    }
    return tree;
}

static int boot_load_kernel(const struct boot *boot, struct memory *memory, struct layout *layout)
{
    if (boot->image == NULL) {
        return 0;
    }
    int error = image_load(boot->image, memory, boot_kernel_base(), &layout->kernel);
    if (error == 0) {
        error = boot_find_initrd_place(boot, memory, layout);
    }
    return error == 0 ? boot_load_initrd(boot, memory, layout->initrd) : error;
}

static int boot_load_parts(const struct boot *boot, struct memory *memory, struct fdt_input *input,
                           struct layout *layout)
{
    int error = boot_load_kernel(boot, memory, layout);
    int size;

    if (error != 0) {
        return error;
    }
    void *tree = boot_make_tree(boot, memory, layout, input, &size);
    if (tree == NULL) {
        return -ENOMEM;
    }
    memcpy(memory_at(memory, layout->tree, (uint64_t)size), tree, (size_t)size);
    boot_free_tree(tree, size);
    return 0;
}

static int boot_fill_seed(uint8_t seed[FDT_SEED_SIZE])
{
    ssize_t got;

    do {
        got = getrandom(seed, FDT_SEED_SIZE, 0);
    } while (got < 0 && errno == EINTR);
    if (got == FDT_SEED_SIZE) {
        return 0;
    }
    report("cannot get random seeds for the guest: %s", got < 0 ? strerror(errno) : "too few");
    return -EIO;
}

int boot_load(struct boot *boot, struct memory *memory, unsigned cpu_count, uint32_t psci_version,
              struct boot_entry *entry)
{
    uint8_t seed[FDT_SEED_SIZE];
    struct fdt_input input = {.cpu_count = cpu_count, .psci_version = psci_version, .seed = seed};
    struct layout layout = {0}; /* Firmware starts at address 0. */
    int error = boot_prepare(boot);

    if (error == 0) {
        error = boot_fill_seed(seed);
    }
    if (error == 0) {
        error = boot_load_parts(boot, memory, &input, &layout);
    }
    explicit_bzero(seed, sizeof(seed));
    if (error == 0) {
        *entry = (struct boot_entry){
            .pc = layout.kernel.entry,
            .x0 = layout.tree.value,
            .kernel = {layout.kernel.start, layout.kernel.end.value - layout.kernel.start.value},
            .initrd = {layout.initrd, boot->initrd.part.size},
        };
    }
    return error;
}

static int boot_put_dtb(const struct boot *boot, const struct memory *memory, const char *path)
{
    const struct config *config = boot->config;
    struct fdt_input input = {.cpu_count = config->cpu_count,
                              .psci_version = config->psci_version == CONFIG_PSCI_DEFAULT
                                                  ? PSCI_VERSION_SHOWN
                                                  : config->psci_version};
    struct layout layout = {0};
    int error = boot_plan(boot, memory, &layout);
    int size;

    if (error != 0) {
        return error;
    }
    void *tree = boot_make_tree(boot, memory, &layout, &input, &size);
    if (tree == NULL) {
        return -ENOMEM;
    }
    error = file_put(path, tree, (size_t)size);
    if (error != 0) {
        report("cannot write device tree %s: %s", file_shown(path), strerror(-error));
    }
    boot_free_tree(tree, size);
    return error;
}

int boot_write_dtb(const struct config *config, const struct instances *devices, const char *path)
{
    struct boot *boot = boot_open(config, devices);
    struct memory memory;
    int error;

    if (boot == NULL) {
        return -EINVAL;
    }
    error = memory_create(&memory, ipa(MAP_RAM_BASE), config->memory_size);
    if (error != 0) {
        report("cannot reserve %" PRIu64 " MiB of guest memory: %s", config->memory_size / MIB,
               strerror(-error));
    } else {
        error = boot_put_dtb(boot, &memory, path);
        memory_destroy(&memory);
    }
    boot_close(boot);
    return error;
}
