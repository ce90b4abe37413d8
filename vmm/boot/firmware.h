/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds the firmware that a distribution has installed, by the descriptors that QEMU, libvirt and
 * systemd-vmspawn use (QEMU's docs/interop/firmware.json).
 */
#ifndef DORMOUSE_BOOT_FIRMWARE_H
#define DORMOUSE_BOOT_FIRMWARE_H

#include <stdbool.h>
#include <stdint.h>

/* The least RAM that EDK2's map of the machine can be used with. */
#define FIRMWARE_MEMORY_MIN (UINT64_C(128) << 20)

struct firmware {
    char *code;     /* path */
    char *template; /* path of what its variables begin as, or NULL */
};

/*
 * Finds the files of `wanted`: a path, which has no template, or "auto": UEFI for an arm64 `virt`
 * machine, preferably without Secure Boot. The first that fits, in the order of the descriptors'
 * names. Returns 0, or -1 after report()ing one line. firmware_free() frees the paths.
 */
int firmware_find(const char *wanted, struct firmware *firmware);

/* The same in these folders; NULL ends the list. A descriptor hides those of the same name in later folders. */
int firmware_find_in(const char *const *folders, struct firmware *firmware);

void firmware_free(struct firmware *firmware);

#endif
