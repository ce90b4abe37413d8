/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Folders in which the VMs of this host that have names are found: $XDG_RUNTIME_DIR/dormouse and /run/dormouse. For a
 * VM called NAME there are NAME.vm, which its process keeps locked (client/vm_claim.h), and sockets.
 */
#ifndef DORMOUSE_CLIENT_VM_FOLDER_H
#define DORMOUSE_CLIENT_VM_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

enum {
    VM_NAME_SIZE = 64,
    VM_FOLDERS_MAX = 2,
    VM_FOLDER_SIZE = 256,
    VM_FILE_SIZE = VM_NAME_SIZE + 8,
    VM_SOCKET_SIZE = 108, /* of sun_path */
};

struct vm_folders {
    char at[VM_FOLDERS_MAX][VM_FOLDER_SIZE];
    size_t count;
};

/** The first one is for new VMs. */
void vm_folders(struct vm_folders *folders);

/** Whether this user may put files into the folder for new VMs, or make that folder. */
bool vm_folder_is_usable(void);

/**
 * The path of NAME.SUFFIX in the folder for new VMs. Returns false if it is too long for `size` bytes.
 */
bool vm_folder_path(char *path, size_t size, const char *name, const char *suffix);

#endif
