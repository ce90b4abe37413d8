/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/run_name.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/vm_folder.h"

static const char pty_target[] = "pty=";

/* A pseudo-terminal that has no link gets one. */
static void set_console_link(struct config *config)
{
    const size_t prefix = sizeof(pty_target) - 1;

    memcpy(config->own_console, pty_target, sizeof(pty_target));
    if (strcmp(config->console, "pty") == 0 &&
        vm_folder_path(config->own_console + prefix, sizeof(config->own_console) - prefix,
                       config->name, "console")) {
        config->console = config->own_console;
    }
}

void run_name_set_places(struct config *config)
{
    if (!config->name_given || !vm_folder_is_usable()) {
        return;
    }
    if (config->qmp == NULL &&
        vm_folder_path(config->own_qmp, sizeof(config->own_qmp), config->name, "qmp")) {
        config->qmp = config->own_qmp;
    }
    set_console_link(config);
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

/* "stdio", "none", or a file. */
static json_t *console_place(const char *target)
{
    bool word = strcmp(target, "stdio") == 0 || strcmp(target, "none") == 0;

    return word ? json_string(target) : log_path(target);
}

/* The link to the pseudo-terminal. */
static json_t *console_pty(const char *target)
{
    size_t prefix = sizeof(pty_target) - 1;

    return strncmp(target, pty_target, prefix) == 0 ? whole_path(target + prefix) : NULL;
}

/* A forwarding to the guest's ssh, "[ADDRESS/]PORT:22" in passt's words, or NULL. */
static const char *ssh_forward(const struct net_settings *net)
{
    for (unsigned i = 0; i < net->forward_count; i++) {
        const char *guest = strrchr(net->forwards[i].spec, ':');

        if (!net->forwards[i].udp && guest != NULL && strcmp(guest, ":22") == 0) {
            return net->forwards[i].spec;
        }
    }
    return NULL;
}

static json_t *find_ssh_forward(const struct config *config)
{
    for (unsigned i = 0; i < config->nets.count; i++) {
        const char *spec = ssh_forward(&config->nets.at[i]);

        if (spec != NULL) {
            return json_string(spec);
        }
    }
    return NULL;
}

static json_t *make_record(const struct config *config)
{
    json_t *pty = console_pty(config->console);

    return json_pack("{s:s, s:i, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*}", "name", config->name, "pid",
                     (int)getpid(), "qmp", whole_path(config->qmp), "pty", pty, "console",
                     pty == NULL ? console_place(config->console) : NULL, "events",
                     log_path(config->events), "vsock", whole_path(config->vsock.path), "ssh",
                     find_ssh_forward(config));
}

bool run_name_claim(struct vm_claim *claim, const struct config *config)
{
    *claim = (struct vm_claim)VM_CLAIM_NONE;
    return !config->name_given || !vm_folder_is_usable() ||
           vm_claim(claim, config->name, make_record(config));
}
