/* SPDX-License-Identifier: BSD-2-Clause */
#include "show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"
#include "hyp/core/describe.h"

#define MIB (UINT64_C(1) << 20)

/*
 * Besides the VMs' RAM: QEMU and boot loaders leave the first 128 MiB to the kernel, which is hyp, and put the
 * bundle above; 64 MiB are for what is lost by alignment, and for the machine's own tree.
 */
#define OTHER_RAM   (192 * MIB)
#define RAM_GRANULE (64 * MIB)

static uint64_t show_machine_ram(uint64_t bundle_size)
{
    uint64_t size = OTHER_RAM + bundle_size;

    for (unsigned i = 0; i < vm_count; i++) {
        size += vms[i].regions[0].size;
    }
    return (size + RAM_GRANULE - 1) / RAM_GRANULE * RAM_GRANULE;
}

static unsigned show_core_count(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CORE_MAX; i++) {
        if (vcpus[i].vm != NULL && vcpus[i].core >= count) {
            count = vcpus[i].core + 1;
        }
    }
    return count;
}

static void show_enabled(const struct vm *vm)
{
    printf("  PSCI");
    if (vm->psci_config.version != 0) {
        printf(" %u.%u", vm->psci_config.version >> 16, vm->psci_config.version & 0xffff);
    }
    printf(", suspend %s, enabled:", describe_policy_words[vm->suspend_policy]);
    for (const struct describe_word *word = describe_capability_words; word->word != NULL; word++) {
        if ((vm->psci_config.capabilities & word->value) != 0) {
            printf(" %s", word->word);
        }
    }
    printf("%s\n", vm->psci_config.capabilities == 0 ? " nothing" : "");
}

static void show_vm(const struct vm *vm)
{
    printf("vm %s: cores", vm->name);
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        printf(" %u", vm->vcpus[i].core);
    }
    printf(", %" PRIu64 " MiB, entry 0x%" PRIx64 "%s\n", vm->regions[0].size / MIB, vm->entry,
           vm->is_control ? ", control" : "");
    show_enabled(vm);
    for (unsigned i = 1; i < vm->region_count; i++) {
        printf("  device at 0x%" PRIx64 ": the machine's at 0x%" PRIx64 "\n", vm->regions[i].ipa,
               vm->regions[i].pa);
    }
    for (unsigned i = 0; i < vm->device_count; i++) {
        printf("  device at 0x%" PRIx64 ": emulated, interrupt %u\n", vm->devices[i].ipa,
               vm->devices[i].intid);
    }
    for (unsigned i = 0; i < vm->module_count; i++) {
        printf("  module at 0x%" PRIx64 ": %" PRIu64 " bytes\n", vm->modules[i].ipa,
               vm->modules[i].size);
    }
}

static int show_bytes(const char *path, const void *bytes, uint64_t size)
{
    const struct describe_input input = {.bundle = bytes, .size = size, .core_count = CORE_MAX};
    struct describe_fault fault;

    if (!describe_vms(&input, &fault)) {
        report("%s: %s%s%s%s%s", file_shown(path), fault.vm != NULL ? fault.vm : "",
               fault.node != NULL ? "/" : "", fault.node != NULL ? fault.node : "",
               fault.vm != NULL ? ": " : "", fault.text);
        return -EINVAL;
    }
    printf("needs: %u cores, %" PRIu64 " MiB of RAM\n", show_core_count(),
           show_machine_ram(size) / MIB);
    for (unsigned i = 0; i < vm_count; i++) {
        show_vm(&vms[i]);
    }
    if (fflush(stdout) != 0) {
        report("cannot write to standard output: %s", strerror(errno));
        return -EIO;
    }
    return 0;
}

int show_bundle(const char *path)
{
    uint64_t size;
    size_t got;
    int fd = file_open(path, "bundle", &size);

    if (fd < 0) {
        return fd;
    }
    void *bytes = malloc(size != 0 ? size : 1);
    int error = bytes == NULL ? -ENOMEM : file_read(fd, 0, bytes, size, &got);

    close(fd);
    if (error != 0) {
        report("cannot read %s: %s", file_shown(path), strerror(-error));
    } else {
        error = show_bytes(path, bytes, got);
    }
    free(bytes);
    return error;
}
