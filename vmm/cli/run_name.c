/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/run_name.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/vm_folder.h"

void run_name_set_socket(struct config *config)
{
    if (config->name_given && config->qmp == NULL && vm_folder_is_usable() &&
        vm_folder_path(config->own_qmp, sizeof(config->own_qmp), config->name, "qmp")) {
        config->qmp = config->own_qmp;
    }
}

/* Other commands run in other folders. NULL: there is no such file, or its name is not UTF-8. */
static json_t *absolute_path(const char *path, size_t length)
{
    char whole[2 * PATH_MAX];
    char folder[PATH_MAX];

    if (path == NULL || length == 0) {
        return NULL;
    }
    if (path[0] == '/' || getcwd(folder, sizeof(folder)) == NULL) {
        folder[0] = '\0';
    }
    (void)snprintf(whole, sizeof(whole), "%s%s%.*s", folder, path[0] == '/' ? "" : "/", (int)length,
                   path);
    return json_string(whole);
}

static json_t *whole_path(const char *path)
{
    return absolute_path(path, path != NULL ? strlen(path) : 0);
}

/* The file of "FILE,max=SIZE". */
static json_t *log_path(const char *spec)
{
    const char *limit = spec != NULL ? strstr(spec, ",max=") : NULL;

    return limit != NULL ? absolute_path(spec, (size_t)(limit - spec)) : whole_path(spec);
}

static json_t *make_record(const struct config *config)
{
    return json_pack("{s:s, s:i, s:o*, s:o*, s:o*}", "name", config->name, "pid", (int)getpid(),
                     "qmp", whole_path(config->qmp), "events", log_path(config->events), "vsock",
                     whole_path(config->vsock.path));
}

bool run_name_claim(struct vm_claim *claim, const struct config *config)
{
    *claim = (struct vm_claim)VM_CLAIM_NONE;
    return !config->name_given || !vm_folder_is_usable() ||
           vm_claim(claim, config->name, make_record(config));
}
