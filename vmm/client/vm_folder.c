/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/vm_folder.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char common_folder[] = "/run/dormouse";

static bool folder_of_user(char *folder)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");

    return runtime != NULL && runtime[0] == '/' &&
           (size_t)snprintf(folder, VM_FOLDER_SIZE, "%s/dormouse", runtime) < VM_FOLDER_SIZE;
}

void vm_folders(struct vm_folders *folders)
{
    folders->count = folder_of_user(folders->at[0]) ? 1 : 0;
    if (folders->count == 0 || strcmp(folders->at[0], common_folder) != 0) {
        memcpy(folders->at[folders->count++], common_folder, sizeof(common_folder));
    }
}

bool vm_folder_is_usable(void)
{
    struct vm_folders folders;

    vm_folders(&folders);
    char *folder = folders.at[0];
    if (access(folder, W_OK | X_OK) == 0) {
        return true;
    }
    return errno == ENOENT && access(dirname(folder), W_OK | X_OK) == 0;
}

bool vm_folder_path(char *path, size_t size, const char *name, const char *suffix)
{
    struct vm_folders folders;

    vm_folders(&folders);
    return (size_t)snprintf(path, size, "%s/%s.%s", folders.at[0], name, suffix) < size;
}
