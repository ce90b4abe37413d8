/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A name of a VM, which one process has at a time: it keeps NAME.vm locked as long as it runs, whatever ends it. The
 * file says where the VM's sockets are.
 */
#ifndef DORMOUSE_CLIENT_VM_CLAIM_H
#define DORMOUSE_CLIENT_VM_CLAIM_H

#include <jansson.h>
#include <stdbool.h>

#include "client/vm_folder.h"

struct vm_claim {
    int fd;
    int folder_fd;
    char file[VM_FILE_SIZE];
    char path[VM_FOLDER_SIZE + VM_FILE_SIZE];
};

#define VM_CLAIM_NONE {.fd = -1, .folder_fd = -1}

/**
 * Takes the name, and writes `record`, a JSON object, into its file. A file that an ended process has left is
 * replaced. Takes over `record`. Returns false after report()ing one line: another VM has that name, for example.
 */
bool vm_claim(struct vm_claim *claim, const char *name, json_t *record);

/** Gives the name back, and removes its file; also inside the sandbox. */
void vm_release(struct vm_claim *claim);

/** Whether a process has the name whose file is open. */
bool vm_claim_is_held(int fd);

#endif
