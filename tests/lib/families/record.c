/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records pass between builds of libvpsci that have different families.
 *
 *   record save|restore FILE [statistics]
 *
 * The VM has two clusters of two vCPUs, and with a third argument statistics.
 */
#include <stdio.h>
#include <string.h>

#include "vpsci/vpsci.h"

static _Alignas(VPSCI_ALIGNMENT) unsigned char memory[4096], statistics[4096];

static uint64_t read_clock(void *host)
{
    (void)host;
    return 1;
}

static struct vpsci_vm *make_vm(bool counts)
{
    static const struct vpsci_mpidr mpidrs[] = {{0}, {1}, {0x100}, {0x101}};
    static const struct vpsci_ops ops = {.now = read_clock};
    struct vpsci_config config = {
        .size = sizeof(config), .vcpu_count = 4, .mpidrs = mpidrs, .ops = &ops};
    struct vpsci_vm *vm = NULL;

    if (counts) {
        config.capabilities = VPSCI_CAP_STATISTICS;
        config.statistics = statistics;
        config.statistics_size = sizeof(statistics);
    }
    return vpsci_init(memory, sizeof(memory), &config, &vm) ? NULL : vm;
}

int main(int argc, char **argv)
{
    static unsigned char record[4096];
    bool saves = argc > 2 && strcmp(argv[1], "save") == 0;
    struct vpsci_vm *vm = make_vm(argc > 3);
    FILE *file = argc > 2 ? fopen(argv[2], saves ? "wb" : "rb") : NULL;
    ptrdiff_t size = -1;

    if (!vm || !file) {
        return 2;
    }
    if (saves) {
        size = vpsci_save(vm, record, sizeof(record));
        return size < 0 || fwrite(record, 1, (size_t)size, file) != (size_t)size || fclose(file);
    }
    size = (ptrdiff_t)fread(record, 1, sizeof(record), file);
    (void)fclose(file);
    return vpsci_restore(vm, record, (size_t)size) != 0;
}
