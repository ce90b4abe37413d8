/* SPDX-License-Identifier: BSD-2-Clause */
/** The VMs of this host that have names, and which of them an operator means. */
#ifndef DORMOUSE_CLIENT_VM_LIST_H
#define DORMOUSE_CLIENT_VM_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "client/vm_folder.h"

enum { VM_LIST_MAX = 4096 };

struct vm {
    char name[VM_SOCKET_SIZE]; /* or the path of a QMP socket, if that is what the operator gave */
    char qmp[VM_SOCKET_SIZE];
    bool running;   /* its process has the name */
    json_t *record; /* what it said of itself (vm_claim()); NULL: nothing can be read */
};

struct vm_list {
    struct vm *vms;
    size_t count;
    size_t unreadable; /* files of VMs that this user may not read, which are not among `vms` */
};

/**
 * All VMs that have files, also those whose process has ended; by name. Returns false after a report(): without memory,
 * or if a folder cannot be read. The common folder is passed over if this user has one and may not read that.
 */
bool vm_list_all(struct vm_list *list);

enum vm_choice {
    VM_CHOSEN,
    VM_UNKNOWN, /* a line was report()ed for each name that no VM has */
    VM_FAILED,  /* a line was report()ed, and the list is not whole */
};

/**
 * The VMs that are meant by these words: names, patterns as the shell has them, or paths of QMP sockets, which have a
 * slash. A pattern finds running VMs only, unless `ended`. `verb` begins the messages.
 */
enum vm_choice vm_list_choose(struct vm_list *list, const char *verb, char *const *words,
                              size_t count, bool ended);

void vm_list_free(struct vm_list *list);

/** Whether a name or a pattern means this VM; a pattern means a VM that has ended only if `ended`. */
bool vm_is_meant(const struct vm *vm, const char *word, bool ended);

/** A text of the VM's record; NULL: it has none of that name. */
const char *vm_text(const struct vm *vm, const char *name);
/** The ID of its process, or 0. */
long vm_pid(const struct vm *vm);

#endif
