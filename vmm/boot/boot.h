/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything a guest needs in its memory to start: kernel, initrd, device tree. layout.h
 * says where each goes. Firmware needs only the tree, at the start of RAM.
 *
 * Main thread, while no vCPU runs.
 */
#ifndef DORMOUSE_BOOT_BOOT_H
#define DORMOUSE_BOOT_BOOT_H

#include <stdint.h>

#include "config/config.h"
#include "core/ipa.h"
#include "core/memory.h"
#include "dev/instances.h"

struct boot; /* the open files */

/* Where something has been put; size 0: there is none. */
struct boot_place {
    struct ipa start;
    uint64_t size;
};

/* How the first vCPU starts: at `pc`, with x0 as given and x1 to x3 zero. */
struct boot_entry {
    struct ipa pc;
    uint64_t x0;              /* where the device tree is */
    struct boot_place kernel; /* with its BSS, as far as its size is known */
    struct boot_place initrd;
};

/*
 * Opens and checks the configuration's kernel and initrd; reads pipes to their end, so call it while signals still end
 * the process. `config` and `devices`, which the tree is to name, are used until
 * boot_close().
 * Returns NULL after report()ing one line.
 */
struct boot *boot_open(const struct config *config, const struct instances *devices);
/*
 * Unpacks a packed kernel, once for all boot_load(), and refuses one that cannot run in a guest. A hostile file may
 * take seconds, so call it while signals still end the process, unless no guest is to boot at first: the first
 * boot_load() does it otherwise. Returns 0, or -errno after report()ing one line.
 */
int boot_prepare(struct boot *boot);
/* NULL is ignored. */
void boot_close(struct boot *boot);

/*
 * Puts kernel, initrd and a new device tree, with fresh random seeds, into `memory`, and leaves the
 * rest of it alone. May be called again, for a reboot: what the guest did to its kernel, BSS, initrd
 * and tree is undone; what else it had in RAM is kept, as a warm reset requires. Afterwards KVM must
 * initialise every vCPU before it runs: that makes the host's writes visible to a guest whose caches
 * are off. `psci_version` is major << 16 | minor.
 * Returns 0, or -errno after report()ing one line.
 */
int boot_load(struct boot *boot, struct memory *memory, unsigned cpu_count, uint32_t psci_version,
              struct boot_entry *entry);

/*
 * Writes the tree that boot_load() would make, but for the seeds, to `path`, as file_put() does. It
 * is the same each time, and needs no KVM. SIGPIPE must be ignored. Returns 0, or -errno after
 * report()ing one line.
 */
int boot_write_dtb(const struct config *config, const struct instances *devices, const char *path);

#endif
