/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool_guest.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <string.h>

#include "base/report.h"
#include "core/map.h"
#include "dev/instances.h"
#include "dev/node.h"
#include "dev/primecell.h"
#include "guest_tree.h"
#include "vpsci/abi.h"

static void guest_describe_pl011(const struct device_instance *instance, struct tree *tree)
{
    static const char clock_names[] = "uartclk\0apb_pclk";

    primecell_describe(instance, tree, clock_names, sizeof(clock_names));
}

static void guest_describe_pl031(const struct device_instance *instance, struct tree *tree)
{
    static const char clock_names[] = "apb_pclk";

    primecell_describe(instance, tree, clock_names, sizeof(clock_names));
}

/* Only what the device tree needs: hyp has the devices. */
static const struct device_class guest_pl011 = {
    .name = "pl011", .size = PRIMECELL_SIZE, .describe = guest_describe_pl011};
static const struct device_class guest_pl031 = {
    .name = "pl031", .size = PRIMECELL_SIZE, .describe = guest_describe_pl031};

enum { SPI_INTID = 32 };

static void guest_list_devices(struct instances *devices, const struct tool_vm *vm)
{
    *devices = (struct instances){0};
    if (vm->uart_pa != 0) {
        (void)instances_add(devices, &guest_pl011, ipa(MAP_UART_BASE), vm->uart_intid - SPI_INTID);
    }
    (void)instances_add(devices, &guest_pl031, ipa(MAP_RTC_BASE), vm->rtc_intid - SPI_INTID);
}

/* A module without the zeros at its end. */
static void guest_add_module(struct tool_guest *guest, struct ipa load, uint64_t room)
{
    const uint8_t *bytes = memory_at(&guest->memory, load, room);
    uint64_t size = room;

    if (bytes == NULL) {
        return;
    }
    while (size > 1 && bytes[size - 1] == 0) {
        size--;
    }
    guest->modules[guest->module_count++] = (struct tool_module){bytes, size, load, room};
}

static int guest_add_tree(struct tool_guest *guest, const struct tool_vm *vm)
{
    struct ipa start = ipa(guest->entry.x0);
    uint64_t room = memory_room(&guest->memory, start);
    void *tree = memory_at(&guest->memory, start, room);
    int error = guest_tree_edit(tree, room < MAP_DTB_SIZE ? room : MAP_DTB_SIZE, vm);

    if (error != 0) {
        report("%s: cannot adapt the device tree: %s", vm->config.name, fdt_strerror(error));
        return -EINVAL;
    }
    guest_add_module(guest, start, fdt_totalsize(tree));
    return 0;
}

static int guest_load(struct tool_guest *guest, struct boot *boot, const struct tool_vm *vm)
{
    const struct config *config = &vm->config;
    uint32_t version =
        config->psci_version != CONFIG_PSCI_DEFAULT ? config->psci_version : VPSCI_VERSION_NEWEST;
    int error = boot_load(boot, &guest->memory, config->cpu_count, version, &guest->entry);

    if (error != 0) {
        return error;
    }
    guest_add_module(guest, guest->entry.kernel.start, guest->entry.kernel.size);
    guest_add_module(guest, guest->entry.initrd.start, guest->entry.initrd.size);
    return guest_add_tree(guest, vm);
}

int tool_guest_open(struct tool_guest *guest, const struct tool_vm *vm)
{
    struct instances devices;

    *guest = (struct tool_guest){0};
    guest_list_devices(&devices, vm);
    struct boot *boot = boot_open(&vm->config, &devices);

    if (boot == NULL) {
        return -EINVAL;
    }
    int error = memory_create(&guest->memory, ipa(MAP_RAM_BASE), vm->config.memory_size);

    if (error != 0) {
        report("cannot reserve %" PRIu64 " MiB for the guest: %s", vm->config.memory_size >> 20,
               strerror(-error));
    } else {
        error = guest_load(guest, boot, vm);
    }
    boot_close(boot);
    if (error != 0) {
        tool_guest_close(guest);
    }
    return error;
}

void tool_guest_close(struct tool_guest *guest)
{
    memory_destroy(&guest->memory);
}
